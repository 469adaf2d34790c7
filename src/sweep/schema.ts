// What a sweep file may say: a grid of runs. Published as JSON Schema in bench/sweep.schema.json.
import { z } from "zod";
import { type Algorithm, valueSchema } from "../algorithms/algorithm.ts";
import { algorithms } from "../algorithms/registry.ts";
import type { Value } from "../algorithms/space.ts";
import {
  decimalCommaFault,
  distinctList,
  objectWithKeys,
  shortTextOf,
  strictObject,
} from "../base/schema_errors.ts";
import { packFolderNamePattern, packNameOf, SIZES } from "../datasets/pack.ts";
import { datasets } from "../datasets/registry.ts";
import { describedLayersSchema } from "../networks/described.ts";
import { networks } from "../networks/registry.ts";
import { configurationSchema, type Initialisation, type RunConfig } from "../training/config.ts";
import { type AlgorithmPair, compareSchemaOf } from "./compare_schema.ts";
import { tuneSchema, type TuneSection } from "./tune_schema.ts";

const namesOf = (registry: readonly { readonly name: string }[]) =>
  registry.map(({ name }) => name);
const names = (registry: readonly { readonly name: string }[]) => z.enum(namesOf(registry));

const sparsity = z.number({ error: ({ input }) => noSparsity(input) })
  .min(0, { error: ({ input }) => noSparsity(input) })
  .lt(1, { error: ({ input }) => noSparsity(input) });

/** Two sparsities that differ by less are one that was computed in two ways: no network has so many weights. */
const SPARSITY_DIFFERENCE_MIN = 1e-9;

const sparsities = distinctList(sparsity, "sparsity").superRefine((list, context) => {
  const sorted = list.map((value, place) => ({ value, place })).sort((a, b) => a.value - b.value);
  for (const [i, { value, place }] of sorted.entries()) {
    const before = sorted[i - 1];
    if (!before || before.value === value) continue;
    if (value - before.value >= SPARSITY_DIFFERENCE_MIN) continue;
    const [first, second] = place < before.place ? [value, before.value] : [before.value, value];
    context.addIssue({
      code: "custom",
      path: [Math.max(place, before.place)],
      message: `${second} is ${first} but for its last digits: write one of them`,
    });
  }
});

function noSparsity(input: unknown): string {
  const comma = decimalCommaFault(input);
  if (comma) return comma;
  const number = typeof input === "string"
    ? parseFloat(input)
    : typeof input === "number"
    ? input
    : NaN;
  const meant = number > 1 && number < 100 ? Number((number / 100).toPrecision(6)) : number;
  return `${
    shortTextOf(input)
  } is no sparsity: expected a number, the fraction of the weights that is ` +
    `removed, at least 0 and less than 1${meant >= 0 && meant < 1 ? `; write ${meant}` : ""}`;
}

export type { Value };

/** One that depends on the sparsity, the network or both; `byNetwork` comes first. */
export interface DependentValue {
  /** A value for each sparsity, such as `"0.5"`. */
  readonly bySparsity?: Readonly<Record<string, Value>> | undefined;
  /** A value for each network, or one for each of its sparsities. */
  readonly byNetwork?: Readonly<Record<string, Value | DependentValue>> | undefined;
}

/** A hyper-parameter as in a sweep file; a list is another dimension of the grid. */
export type ParameterValues = Value | readonly Value[] | DependentValue;

/** An algorithm and the hyper-parameters that are not left to their defaults. */
export interface AlgorithmEntry {
  /** That of an algorithm. */
  readonly name: string;
  /** A hyper-parameter by its name. */
  readonly [parameter: string]: ParameterValues | undefined;
}

const sparsityKey = z.string().refine(
  (key) => sparsity.safeParse(key.trim() === "" ? NaN : Number(key)).success,
  {
    error: ({ input }) =>
      decimalCommaFault(input) ??
        `${shortTextOf(input)} is no sparsity: expected a key such as "0.5"`,
  },
);

function varying(parameter: z.ZodType, networkNames: readonly string[]): z.ZodType {
  const value = valueSchema(parameter);
  const bySparsity = z.record(sparsityKey, value).optional()
    .describe('a value for each sparsity, such as "0.5"');
  const byNetwork = objectWithKeys(
    networkNames,
    z.union([value, strictObject({ bySparsity })]),
  ).optional()
    .describe("a value for each network, or one for each of its sparsities");
  const list = distinctList(value, "value").describe("each value is run: for tuning");
  const depending = strictObject({ bySparsity, byNetwork }).refine(
    (given) => Object.keys(given).length === 1,
    {
      error: 'expected either "bySparsity" or "byNetwork"',
      when: ({ issues }) => issues.length === 0,
    },
  );
  return z.union([value, list, depending]).optional()
    .describe(`${parameter.description}; default ${defaultOf(parameter)}`);
}

const defaultOf = (parameter: z.ZodType) => JSON.stringify(parameter.parse(undefined)) ?? "none";

function algorithmEntry(
  { name, summary, parameters }: Algorithm,
  networkNames: readonly string[],
) {
  const hyperparameters = Object.entries(parameters.shape).map(([key, schema]) => [
    key,
    varying(schema as z.ZodType, networkNames),
  ]);
  return strictObject({
    name: z.literal(name).describe(summary),
    ...Object.fromEntries(hyperparameters),
  });
}

const packedFolder = strictObject({
  folder: z.string().regex(packFolderNamePattern, {
    error: ({ input }) =>
      `${shortTextOf(input)} names no packed folder: expected letters, digits, ".", "_" and "-"`,
  }).describe('the name given to "deno task pack"; by default the last part of its path'),
  size: z.int().min(SIZES.min).max(SIZES.max).default(224)
    .describe("height and width of what the networks read; it must be packed for that"),
}).transform(({ folder, size }) => packNameOf(folder, size));

const choices = configurationSchema.shape, initialisation = choices.initialisation.shape.name;

/** A network that the sweep itself describes. */
const describedNetwork = strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, {
    error: ({ input }) =>
      `${shortTextOf(input)} names no network: expected small letters, digits and "-", 40 at most`,
  }).describe("any but those that are there already"),
  width: widthSchema(),
  layers: describedLayersSchema.describe(
    "in their order; what each reads is worked out, and the last is linear",
  ),
});

function widthSchema() {
  return z.number().positive().max(64).default(1).describe("multiplies the hidden channels");
}

/**
 * A sweep file, checked, with the names that there are by now: modules may have brought some. Written out in
 * `bench/sweep.schema.json` by `maskbench schema`.
 * @param described the names of networks that the sweep describes
 */
export function sweepSchema(
  described: readonly string[] = [],
): ReturnType<typeof makeSweepSchema> {
  const names = JSON.stringify([...[algorithms, networks, datasets].map(namesOf), described]);
  if (made?.names !== names) made = { names, schema: makeSweepSchema(described) };
  return made.schema;
}

let made: { names: string; schema: ReturnType<typeof makeSweepSchema> } | undefined;

function makeSweepSchema(described: readonly string[]) {
  const networkNames = [...namesOf(networks), ...described];
  const algorithmEntries = algorithms.map((algorithm) => algorithmEntry(algorithm, networkNames));
  return strictObject({
    $schema: z.string().optional().describe(
      "for editors: the path or address of sweep.schema.json",
    ),
    extends: z.string().refine(() => false, {
      error: "is for files, which are read with the one that they name",
    }).optional()
      .describe(
        "the name of a sweep file in the same folder, whose keys count where this one has none",
      ),
    name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, {
      error: ({ input }) =>
        `${shortTextOf(input)} names no folder: expected letters, digits, ".", "_" and "-"`,
    })
      .describe("of the sweep; its results go to results/<name>"),
    dataset: z.union([names(datasets).transform((name): string => name), packedFolder])
      .describe("what the networks are to tell apart: a name, or a folder of pictures"),
    split: choices.dataset.shape.split.default("test")
      .describe("what accuracy is measured on; to tune, training pictures held out"),
    networks: distinctList(
      z.union([
        names(networks).transform((name): RunConfig["network"] => ({ name, width: 1 })),
        strictObject({ name: names(networks), width: widthSchema() })
          .transform((network): RunConfig["network"] => network),
        describedNetwork.transform((network): RunConfig["network"] => network),
      ]),
      "network",
    ),
    algorithms: distinctList(
      z.union([
        names(algorithms).transform((name): AlgorithmEntry => ({ name })),
        z.discriminatedUnion("name", algorithmEntries as unknown as [typeof algorithmEntries[0]])
          .transform((entry) => entry as AlgorithmEntry),
      ]),
      "algorithm",
    ),
    compare: compareSchemaOf(namesOf(algorithms)).optional(),
    sparsities: sparsities.describe("fractions of the weights that are removed"),
    initialisations: distinctList(
      z.union([
        initialisation.transform((name): Initialisation => ({ name, scaleFan: false })),
        strictObject({
          name: initialisation,
          scaleFan: z.boolean().default(false).describe("divide the variance by the kept fraction"),
        }),
      ]),
      "initialisation",
    ).prefault(["kaiming-normal"]).describe("how the fixed weights are drawn"),
    seeds: distinctList(z.int().min(0), "seed").default([1]),
    epochs: z.int().min(1).max(1_000_000),
    batchSize: z.int().min(1).max(1_000_000).default(128),
    schedule: choices.schedule.default("cosine").describe("of the learning rate"),
    warmUp: z.int().min(0).max(1_000_000).default(0)
      .describe(
        "epochs, fewer than all, in which the learning rate climbs to its base in equal steps",
      ),
    labelSmoothing: z.number().min(0).lt(1).default(0)
      .describe("share of a training label that is spread over all classes"),
    augmentation: choices.augmentation.default("none")
      .describe(
        "of training pictures; crop-flip pads by 4 pixels of the mean colour, random-resized-crop is for folders of pictures",
      ),
    precision: choices.precision.default("float32")
      .describe(
        "of convolutions and matrix products; bfloat16 where the processor or the GPU has it, tf32 on a GPU",
      ),
    tune: tuneSchema().prefault({}),
  }).describe("A sweep of maskbench: every combination of what is listed is one run.");
}

/** A sweep as it is read: all defaults filled in, but for hyper-parameters. */
export interface Sweep {
  /** The address of the schema that an editor checks the file with. */
  readonly $schema?: string | undefined;
  /** In files alone: what is read has the keys of the file that it names. */
  readonly extends?: string | undefined;
  /** Results go to `results/<name>`. */
  readonly name: string;
  /** The name of a data set or packed folder. */
  readonly dataset: string;
  /** What accuracy is measured on. */
  readonly split: RunConfig["dataset"]["split"];
  /** What masks are learnt of. */
  readonly networks: readonly RunConfig["network"][];
  /** What learns them. */
  readonly algorithms: readonly AlgorithmEntry[];
  /** Whose difference tables show; by default that of the last method and the reference. */
  readonly compare?: readonly AlgorithmPair[] | undefined;
  /** Fractions of the weights that are removed. */
  readonly sparsities: readonly number[];
  /** How the fixed random weights are drawn. */
  readonly initialisations: readonly Initialisation[];
  /** One run of every combination for each. */
  readonly seeds: readonly number[];
  /** Passes over the training pictures. */
  readonly epochs: number;
  /** Pictures of a step. */
  readonly batchSize: number;
  /** The learning rate over epochs. */
  readonly schedule: RunConfig["schedule"];
  /** Epochs in which the learning rate climbs to its base; 0 where there are none. */
  readonly warmUp: number;
  /** Share of a training label that is spread over all classes, in [0, 1). */
  readonly labelSmoothing: number;
  /** What is done to training pictures. */
  readonly augmentation: RunConfig["augmentation"];
  /** What convolutions and matrix products compute in. */
  readonly precision: RunConfig["precision"];
  /** How `tune` chooses hyper-parameters. */
  readonly tune: TuneSection;
}

/** The text of `bench/sweep.schema.json`. */
export function schemaText(): string {
  const schema = z.toJSONSchema(sweepSchema(), { io: "input", unrepresentable: "any" });
  return JSON.stringify(schema, null, 2) + "\n";
}
