// A run file: one finished run is one file, `DIR/runs/<identity>.json`, written whole or not at all.
//
// Format 2 has a checksum over all else, epochs by column, and of a run's speed medians and a few samples. Format 1, which
// had all samples and no checksum, is read as well, as if it were format 2.
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { z } from "zod";
import { writeFileAtomically } from "../base/atomic_files.ts";
import { digestSchema } from "../base/digest.ts";
import { UserError } from "../base/errors.ts";
import { columnsSchema, listsByKeyOf } from "../base/columns.ts";
import { repeatedKeyOf } from "../base/json.ts";
import { readPlainText } from "../base/plain_files.ts";
import { firstErrorOf } from "../base/schema_errors.ts";
import { plainText, printable } from "../base/text.ts";
import { configurationSchema, type RunConfig } from "../training/config.ts";
import type { RunResult } from "../training/result.ts";
import { speedSummaryOf } from "../training/speed.ts";
import { canonicalJson, identityOf } from "./identity.ts";

/** Raised when a run file changes so that an older maskbench can't read it. */
const FORMAT = 2;

const fraction = z.number().min(0).max(1);
const count = z.int().min(0);

/** The schema of an epoch. */
export const epochSchema = z.strictObject({
  epoch: count,
  learningRate: z.number(),
  trainLoss: z.number(),
  trainAccuracy: fraction,
  testLoss: z.number(),
  testAccuracy: fraction,
  maskChange: fraction.exactOptional(),
});

const seconds = z.number().min(0);

/** The schema of a measurement of speed. */
export const speedSampleSchema = z.strictObject({
  imagesPerSecond: z.number().positive(),
  matmul: z.number().positive(),
  copy: z.number().positive(),
  waited: fraction,
});

const speedSummarySchema = z.strictObject({
  stretches: count,
  quiet: fraction,
  medians: speedSampleSchema.omit({ waited: true }).exactOptional(),
  sample: columnsSchema(speedSampleSchema),
});

const resultSchema = z.strictObject({
  epochs: columnsSchema(epochSchema).pipe(z.array(epochSchema).min(1)),
  lastTestAccuracy: fraction,
  bestTestAccuracy: fraction,
  layers: z.array(z.strictObject({ name: plainText, weights: count, kept: count })),
  digest: digestSchema,
  firstBatch: digestSchema.exactOptional(),
  controls: z.strictObject({
    shuffled: fraction,
    inverted: fraction,
    redrawn: fraction,
    chance: fraction,
  }).exactOptional(),
  streams: z.record(plainText, count),
  seconds: z.strictObject({ train: seconds, evaluation: seconds, total: seconds }),
  imagesPerSecond: z.number().min(0),
  speed: speedSummarySchema.optional(),
  peakMemoryBytes: count,
});

/** The schema of what a run was made with. */
export const environmentSchema = z.object({
  maskbench: plainText,
  /** Git commit, with `-dirty` after it where files were changed; `unknown`, or empty in older files, where none is known. */
  commit: plainText,
  deno: plainText,
  libtorch: plainText,
  blas: plainText,
  /** The kernels in use, as the library's description names them; older files don't say. */
  instructions: plainText.exactOptional(),
  device: z.enum(["cpu", "cuda"]),
  /** As in `processorOf`. */
  processor: plainText,
  system: plainText,
  threads: z.int().min(1),
  /** Runs side by side. */
  jobs: z.int().min(1),
  /** ISO 8601, UTC. */
  started: z.iso.datetime(),
  finished: z.iso.datetime(),
}) satisfies z.ZodType<Environment>;

const common = {
  identity: digestSchema,
  configuration: configurationSchema,
  environment: environmentSchema,
};
/** What a run file may say, in either format. */
export const runFileSchema = z.discriminatedUnion("format", [
  z.strictObject({
    format: z.literal(1),
    ...common,
    result: resultSchema.extend({
      epochs: z.array(epochSchema).min(1),
      speed: z.array(speedSampleSchema).optional(),
    }),
  }),
  z.strictObject({
    format: z.literal(FORMAT),
    ...common,
    result: resultSchema,
    checksum: digestSchema,
  }),
]);

/** What a run was made with: versions, device, threads, time. No part of its identity. */
export interface Environment {
  /** Its version. */
  readonly maskbench: string;
  /** Git commit, with `-dirty` after it where files were changed; `unknown`, or empty in older files, where none is known. */
  readonly commit: string;
  /** Version of Deno. */
  readonly deno: string;
  /** Version of libtorch. */
  readonly libtorch: string;
  /** The file that matrix products come from. */
  readonly blas: string;
  /** The kernels in use, as the library's description names them; older files don't say. */
  readonly instructions?: string;
  /** Where the run computed. */
  readonly device: "cpu" | "cuda";
  /** As `processorOf` names it. */
  readonly processor: string;
  /** The operating system, its release and architecture. */
  readonly system: string;
  /** Processor threads of the run. */
  readonly threads: number;
  /** Runs side by side. */
  readonly jobs: number;
  /** ISO 8601, UTC. */
  readonly started: string;
  /** ISO 8601, UTC. */
  readonly finished: string;
}

/** One finished run: its configuration, what came out, and what it was made with. */
export interface RunFile {
  /** That of the configuration; also the file's name. */
  readonly identity: string;
  /** What was run. */
  readonly configuration: RunConfig;
  /** What came out. */
  readonly result: RunResult;
  /** What it was made with. */
  readonly environment: Environment;
}

/** Where the run files of a sweep's folder are. */
export const runsFolder = (folder: string): string => join(folder, "runs");

/** The file of a run, whether it exists or not. */
export const runPathOf = (folder: string, identity: string): string =>
  join(runsFolder(folder), `${identity}.json`);

/** A finished run, with the identity of its configuration. */
export function runFileOf(run: Omit<RunFile, "identity">): RunFile {
  return { identity: identityOf(run.configuration), ...run };
}

/** SHA-256 of the canonical JSON of a file without its checksum: another one means that it was changed after the run. */
const checksumOf = (file: object) => createHash("sha256").update(canonicalJson(file)).digest("hex");

/** A run as one line of JSON, without the newline: what `runs.jsonl` has for each run. */
export function runLineOf(run: RunFile): string {
  const { identity, configuration, environment, result: { speed, ...rest } } = run;
  const result = {
    ...rest,
    epochs: listsByKeyOf(rest.epochs),
    ...(speed && { speed: { ...speed, sample: listsByKeyOf(speed.sample) } }),
  };
  const file = { format: FORMAT, identity, configuration, result, environment };
  return JSON.stringify({ ...file, checksum: checksumOf(file) });
}

/** A run as the text of a file: the same JSON, with a line for each value, list and flat object. */
export function runTextOf(run: RunFile): string {
  return `${textOf(JSON.parse(runLineOf(run)), "")}\n`;
}

// Lists of numbers and objects without objects in them stand on one line.
function textOf(value: unknown, indent: string): string {
  const parts = typeof value === "object" && value !== null ? Object.values(value) : [];
  if (!parts.some((part) => typeof part === "object")) return JSON.stringify(value);
  const inner = `${indent} `;
  if (Array.isArray(value)) {
    return `[\n${value.map((part) => inner + textOf(part, inner)).join(",\n")}\n${indent}]`;
  }
  const lines = Object.entries(value as object).map(([key, part]) =>
    `${inner}${JSON.stringify(key)}: ${textOf(part, inner)}`
  );
  return `{\n${lines.join(",\n")}\n${indent}}`;
}

/** Writes a finished run, whole or not at all. @throws {WriteError} where it can't */
export async function writeRunFile(folder: string, run: RunFile): Promise<void> {
  await writeFileAtomically(runPathOf(folder, run.identity), runTextOf(run));
}

/**
 * Reads a run file and checks it: that it is one, and that its identity is that of its configuration.
 * @throws {UserError} that says what is wrong with it
 */
export async function readRunFile(path: string): Promise<RunFile> {
  let text: string;
  try {
    text = await readPlainText(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof UserError) throw error;
    throw new UserError(`can't be read: ${(error as Error).message}`); // whoever calls names the file
  }
  return parseRunFile(text, basename(path));
}

/** The same of a file's text. @param name of the file */
export function parseRunFile(text: string, name: string): RunFile {
  const run = parseRun(text);
  if (name !== `${run.identity}.json`) {
    throw new UserError(`is not the run that its name says: its configuration is ${run.identity}`);
  }
  return run;
}

/**
 * A run from its JSON, in either format.
 * @throws {UserError} where it is none, where its identity is not its configuration's, where it was changed after the run,
 * or where it contradicts itself
 */
export function parseRun(text: string): RunFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError(`can't be read: ${printable((error as Error).message)}`);
  }
  const { data, error } = runFileSchema.safeParse(json);
  if (error) throw new UserError(`is no run file: ${firstErrorOf(error)}`);
  const { identity, configuration, environment } = data;
  const run = { identity, configuration, result: resultOf(data), environment };
  const expected = identityOf(configuration);
  if (identity !== expected) {
    throw new UserError(`is not the run that its name says: its configuration is ${expected}`);
  }
  if (data.format === FORMAT) {
    const { checksum, ...file } = json as typeof data;
    if (checksum !== checksumOf(file)) {
      throw new UserError("was changed after the run: its checksum is another");
    }
  }
  const contradiction = repeatedKeyOf(text) ?? contradictionOf(run);
  if (contradiction) throw new UserError(`contradicts itself: ${contradiction}`);
  return run;
}

// What format 1 said of speed, as format 2 says it.
function resultOf(data: z.infer<typeof runFileSchema>): RunResult {
  if (data.format === FORMAT) return data.result;
  const { speed, ...result } = data.result;
  return speed ? { ...result, speed: speedSummaryOf(speed) } : result;
}

/** What a run file says that can't be so, however it came to be; nothing where all fits together. */
function contradictionOf({ configuration, result }: RunFile): string | undefined {
  const { epochs, layers, streams, lastTestAccuracy, bestTestAccuracy } = result;
  const learns = epochs[0]!.epoch > 0, count = learns ? configuration.epochs : 1;
  if (epochs.length !== count) return `${epochs.length} epochs, where there must be ${count}`;
  const wrong = epochs.findIndex(({ epoch }, i) => epoch !== (learns ? i + 1 : 0));
  if (wrong >= 0) return `epoch ${epochs[wrong]!.epoch}, where ${wrong + 1} must be`;
  const accuracies = epochs.map(({ testAccuracy }) => testAccuracy);
  if (lastTestAccuracy !== accuracies.at(-1)) {
    return `lastTestAccuracy ${lastTestAccuracy}, where the last epoch has ${accuracies.at(-1)}`;
  }
  const best = Math.max(...accuracies);
  if (bestTestAccuracy !== best) return `bestTestAccuracy ${bestTestAccuracy}, where ${best} is`;
  if (layers.length === 0) return "no layers";
  const full = layers.find(({ weights, kept }) => kept > weights);
  if (full) return `layer ${full.name} keeps ${full.kept} of ${full.weights} weights`;
  if (new Set(layers.map(({ name }) => name)).size < layers.length) return "a layer stands twice";
  if (streams.weights === undefined) return "no seed of the weights";
  return undefined;
}
