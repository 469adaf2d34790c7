// A run file: one finished run is one file, `DIR/runs/<identity>.json`, written whole or not at all.
import { basename, join } from "node:path";
import { z } from "zod";
import { writeFileAtomically } from "../base/atomic_files.ts";
import { digestSchema } from "../base/digest.ts";
import { UserError } from "../base/errors.ts";
import { parseJsonAs } from "../base/json.ts";
import { configurationSchema, type RunConfig } from "../training/config.ts";
import type { RunResult } from "../training/result.ts";
import { identityOf } from "./identity.ts";

/** Raised when a run file changes so that older ones can no longer be read. */
const FORMAT = 1;

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

const resultSchema = z.strictObject({
  epochs: z.array(epochSchema).min(1),
  lastTestAccuracy: fraction,
  bestTestAccuracy: fraction,
  layers: z.array(z.strictObject({ name: z.string(), weights: count, kept: count })),
  digest: digestSchema,
  controls: z.strictObject({
    shuffled: fraction,
    inverted: fraction,
    redrawn: fraction,
    chance: fraction,
  }).exactOptional(),
  streams: z.record(z.string(), count),
  seconds: z.strictObject({ train: seconds, evaluation: seconds, total: seconds }),
  imagesPerSecond: z.number().min(0),
  speed: z.array(speedSampleSchema).optional(),
  peakMemoryBytes: count,
});

/** The schema of what a run was made with. */
export const environmentSchema = z.object({
  maskbench: z.string(),
  /** Git commit, with `-dirty` after it where files were changed; `unknown`, or empty in older files, where none is known. */
  commit: z.string(),
  deno: z.string(),
  libtorch: z.string(),
  blas: z.string(),
  /** The kernels in use, as the library's description names them; older files don't say. */
  instructions: z.string().exactOptional(),
  device: z.enum(["cpu", "cuda"]),
  /** As in `processorOf`. */
  processor: z.string(),
  system: z.string(),
  threads: z.int().min(1),
  /** Runs side by side. */
  jobs: z.int().min(1),
  /** ISO 8601, UTC. */
  started: z.iso.datetime(),
  finished: z.iso.datetime(),
});

const runFileSchema = z.strictObject({
  format: z.literal(FORMAT),
  identity: digestSchema,
  configuration: configurationSchema,
  result: resultSchema,
  environment: environmentSchema,
});

/** What a run was made with: versions, device, threads, time. No part of its identity. */
export type Environment = z.infer<typeof environmentSchema>;

/** One finished run: its configuration, what came out, and what it was made with. */
export interface RunFile {
  /** Raised when a run file changes so that older ones can no longer be read. */
  readonly format: typeof FORMAT;
  /** That of the configuration; also the file's name. */
  readonly identity: string;
  readonly configuration: RunConfig;
  readonly result: RunResult;
  readonly environment: Environment;
}

/** A file among the run files that is no run file, or not the one that it claims to be. */
export interface InvalidRunFile {
  readonly path: string;
  readonly reason: string;
}

/** The contents of a sweep's folder. */
export interface RunFolder {
  /** In ascending order of their identities. */
  readonly runs: readonly RunFile[];
  /** Files that are no runs. */
  readonly invalidFiles: readonly InvalidRunFile[];
}

/** Where the run files of a sweep's folder are. */
export const runsFolder = (folder: string): string => join(folder, "runs");

/** The file of a run, whether it exists or not. */
export const runPathOf = (folder: string, identity: string): string =>
  join(runsFolder(folder), `${identity}.json`);

/** The contents of a run file, with format and identity. */
export function runFileOf(run: Omit<RunFile, "format" | "identity">): RunFile {
  return { format: FORMAT, identity: identityOf(run.configuration), ...run };
}

/** Writes a finished run, whole or not at all. @throws {WriteError} where it can't */
export async function writeRunFile(folder: string, run: RunFile): Promise<void> {
  await writeFileAtomically(runPathOf(folder, run.identity), JSON.stringify(run, null, 1) + "\n");
}

/**
 * Reads a run file and checks it: that it is one, and that its identity is that of its configuration.
 * @throws {UserError} that says what is wrong with it
 */
export async function readRunFile(path: string): Promise<RunFile> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw error;
    throw new UserError(`can't be read: ${(error as Error).message}`); // whoever calls names the file
  }
  return parseRunFile(text, basename(path));
}

/** The same of a file's text. @param name of the file */
export function parseRunFile(text: string, name: string): RunFile {
  const run = parseJsonAs(runFileSchema, text, {
    noJson: (reason) => new UserError(`can't be read: ${reason}`),
    invalid: (fault) => new UserError(`is no run file: ${fault}`),
  });
  const identity = identityOf(run.configuration);
  if (run.identity !== identity || name !== `${identity}.json`) {
    throw new UserError(`is not the run that its name says: its configuration is ${identity}`);
  }
  return run;
}

/** All runs of a sweep's folder; what is no run is named, and never fatal. No folder: no runs. */
export async function readRunFolder(folder: string): Promise<RunFolder> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(runsFolder(folder))) {
      if (name.endsWith(".json") && !name.startsWith(".")) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new UserError(`${runsFolder(folder)} can't be read: ${(error as Error).message}`);
    }
  }
  const runs: RunFile[] = [], invalidFiles: InvalidRunFile[] = [];
  for (const name of names.sort()) {
    const path = join(runsFolder(folder), name);
    try {
      runs.push(await readRunFile(path));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue; // it was removed meanwhile
      if (!(error instanceof UserError)) throw error;
      invalidFiles.push({ path, reason: error.message });
    }
  }
  return { runs, invalidFiles };
}
