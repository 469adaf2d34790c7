// What a sweep file may say: a grid of runs. Published as JSON Schema in bench/sweep.schema.json.
import { z } from "zod";
import { algorithms } from "../algorithms/registry.ts";
import type { Algorithm } from "../algorithms/algorithm.ts";
import { datasets } from "../datasets/registry.ts";
import { networks } from "../networks/registry.ts";
import { distinct, strict } from "./faults.ts";

const names = (registry: readonly { readonly name: string }[]) =>
  z.enum(registry.map(({ name }) => name) as [string, ...string[]]);

const sparsity = z.number().min(0, "expected at least 0").lt(
  1,
  "is the fraction of the weights that is removed, from 0 up to but without 1: write 0.5 for 50%",
);

// A hyper-parameter: one value, a list (another dimension of the grid), or a value by sparsity, network or both.
function varying(parameter: z.ZodType): z.ZodType {
  const value = parameter instanceof z.ZodDefault ? parameter.unwrap() as z.ZodType : parameter;
  const bySparsity = strict({
    bySparsity: z.record(z.string(), value).describe('a value for each sparsity, such as "0.5"'),
  });
  const byNetwork = strict({
    byNetwork: z.record(z.string(), z.union([value, bySparsity]))
      .describe("a value for each network, or one for each of its sparsities"),
  });
  const list = distinct(value, "value").describe("each value is run: for tuning");
  return z.union([value, list, bySparsity, byNetwork]).optional()
    .describe(`${parameter.description}; default ${defaultOf(parameter)}`);
}

const defaultOf = (parameter: z.ZodType) => JSON.stringify(parameter.parse(undefined));

function algorithmEntry({ name, summary, parameters }: Algorithm) {
  const hyperparameters = Object.entries(parameters.shape).map(([key, schema]) => [
    key,
    varying(schema as z.ZodType),
  ]);
  return strict({
    name: z.literal(name).describe(summary),
    ...Object.fromEntries(hyperparameters),
  });
}

const algorithmEntries = algorithms.map(algorithmEntry);

/** A sweep file, checked. Written out in `bench/sweep.schema.json` by `maskbench schema`. */
export const sweepSchema = strict({
  $schema: z.string().optional().describe("for editors: the path or address of sweep.schema.json"),
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "expected letters, digits, '.', '_', '-'")
    .describe("of the sweep; its results go to results/<name>"),
  dataset: names(datasets).describe("what the networks are to tell apart"),
  split: z.enum(["test", "validation"]).default("test")
    .describe("what accuracy is measured on; to tune, training pictures held out"),
  networks: distinct(
    z.union([
      names(networks),
      strict({
        name: names(networks),
        width: z.number().positive().max(64).default(1).describe("multiplies the hidden channels"),
      }),
    ]),
    "network",
  ),
  algorithms: distinct(
    z.discriminatedUnion("name", algorithmEntries as unknown as [typeof algorithmEntries[0]]),
    "algorithm",
  ),
  sparsities: distinct(sparsity, "sparsity").describe("fractions of the weights that are removed"),
  initialisations: distinct(
    z.union([
      z.enum(["kaiming-normal", "signed-kaiming-constant"]),
      strict({
        name: z.enum(["kaiming-normal", "signed-kaiming-constant"]),
        scaleFan: z.boolean().default(false).describe("divide the variance by the kept fraction"),
      }),
    ]),
    "initialisation",
  ).default(["kaiming-normal"]).describe("how the fixed weights are drawn"),
  seeds: distinct(z.int().min(0), "seed").default([1]),
  epochs: z.int().min(1).max(1_000_000),
  batchSize: z.int().min(1).max(1_000_000).default(128),
  schedule: z.enum(["cosine", "constant"]).default("cosine").describe("of the learning rate"),
  augmentation: z.enum(["none", "crop-flip"]).default("none").describe("of training pictures"),
  precision: z.literal("float32").default("float32"),
}).describe("A sweep of maskbench: every combination of what is listed is one run.");

/** All defaults filled in, but for hyper-parameters. */
export type Sweep = z.infer<typeof sweepSchema>;

/** The text of `bench/sweep.schema.json`. */
export function publishedSchema(): string {
  const schema = z.toJSONSchema(sweepSchema, { io: "input", unrepresentable: "any" });
  return JSON.stringify(schema, null, 2) + "\n";
}
