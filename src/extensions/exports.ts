// What a module may bring, and whether it is what it says: checked before anything of it is called.
import { z } from "zod";
import type { Algorithm } from "../algorithms/algorithm.ts";
import { UserError } from "../base/errors.ts";
import { describeUnknown, errorTextsOf } from "../base/schema_errors.ts";
import { plainText } from "../base/text.ts";
import type { DatasetSource } from "../datasets/dataset.ts";
import type { NetworkSource } from "../networks/network.ts";

/** What a module exports: any of these. */
export interface Extension {
  /** What learns masks. */
  readonly algorithms?: readonly Algorithm[];
  /** What they are learnt of. */
  readonly networks?: readonly NetworkSource[];
  /** What they are learnt on. */
  readonly datasets?: readonly DatasetSource[];
}

const name = z.string({ error: "expected a name" }).regex(/^[a-z][a-z0-9-]{0,39}$/, {
  error: 'expected a name of small letters, digits and "-", such as "my-algorithm"',
});
const text = plainText.min(1, { error: "expected a text" }).max(1000);
const method = (what: string) =>
  z.custom<(...args: never[]) => unknown>((value) => typeof value === "function", {
    error: `expected a function: ${what}`,
  });
const size = z.int({ error: "expected a whole number" }).min(1);
const shape = z.tuple([size, size, size], { error: "expected [channels, height, width]" });

const algorithmSchema = z.looseObject({
  name,
  summary: text,
  source: text,
  role: z.enum(["method", "upper bound", "lower bound"], {
    error: 'expected "method", "upper bound" or "lower bound"; the reference is edge-popup',
  }),
  version: z.int({ error: "expected a whole number from 1 on" }).min(1),
  masks: z.boolean({ error: "expected true or false" }),
  learns: z.enum(["mask", "weights"], { error: 'expected "mask", "weights" or null' }).nullable(),
  parameters: z.custom<z.ZodObject>((value) => value instanceof z.ZodObject, {
    error: 'expected z.strictObject({ … }), z from "zod"',
  }),
  start: method("start(context, parameters)"),
  keepsFewer: method("keepsFewer(parameters)").optional(),
});

const networkSchema = z.looseObject({
  name,
  summary: text,
  source: text,
  inputShape: shape,
  classes: size,
  smallest: size.optional(),
  build: method("build({ scaled, inputShape, classes })"),
});

const datasetSchema = z.looseObject({
  name,
  summary: text,
  source: text,
  licence: text,
  shape,
  classes: z.array(text, { error: "expected a list of names" }).min(1),
  trainCount: size,
  testCount: size,
  load: method("load(folders)"),
});

const kinds = {
  algorithms: z.array(algorithmSchema, { error: "expected a list of algorithms" }).optional(),
  networks: z.array(networkSchema, { error: "expected a list of networks" }).optional(),
  datasets: z.array(datasetSchema, { error: "expected a list of data sets" }).optional(),
};

/**
 * Checks what a module exports.
 * @param shown how it is called in messages
 * @throws {UserError} with the place of the first fault, what is there and what is allowed
 */
export function checkExports(
  exported: Readonly<Record<string, unknown>>,
  shown: string,
): Extension {
  const names = Object.keys(kinds),
    own = Object.keys(exported).filter((key) => names.includes(key));
  if (own.length === 0) {
    const unknown = Object.keys(exported)[0];
    throw new UserError(
      `${shown} exports ${
        unknown === undefined ? "nothing" : describeUnknown(unknown, names)
      }: expected lists named ${names.join(", ")}, any of them`,
    );
  }
  const given = Object.fromEntries(own.map((key) => [key, exported[key]]));
  const { error } = z.object(kinds).safeParse(given, { reportInput: true });
  if (error) throw new UserError(`${shown}: ${errorTextsOf(error)[0]}`);
  const extension = given as Extension;
  extension.algorithms?.forEach((algorithm, i) =>
    checkParameters(algorithm, `${shown}: algorithms[${i}]`)
  );
  return extension;
}

// Each hyper-parameter has words and a default, and what learns has a rate for the schedule to scale.
function checkParameters({ parameters, learns }: Algorithm, where: string): void {
  for (const [key, schema] of Object.entries(parameters.shape) as [string, z.ZodType][]) {
    const place = `${where}.parameters.${key}`;
    if (!schema.description) throw new UserError(`${place}: expected .describe("what it is")`);
    if (!schema.safeParse(undefined).success) {
      throw new UserError(`${place}: expected .default(VALUE): without one it can't be left out`);
    }
  }
  if (learns !== null && !("learningRate" in parameters.shape)) {
    throw new UserError(
      `${where}.parameters: expected a learningRate, which the schedule scales, or "learns": null`,
    );
  }
}
