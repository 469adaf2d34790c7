// Hyper-parameters: those of gradient descent, which most algorithms share, and what a run's configuration records.
import { z } from "zod";
import type { DefaultedSchema, NumberSchema, ParametersSchema } from "./schema_types.ts";
import { searchRanges, type Value } from "./space.ts";

/** What an algorithm says of a shared hyper-parameter where the usual does not hold for it. */
export interface DescentOverride {
  /** Its default. */
  readonly default?: number;
  /** Both ends of what a tuning searches, uniform in the logarithm. */
  readonly range?: readonly [number, number];
  /** What it is, for people. */
  readonly meaning?: string;
}

/** Schemas to spread into an algorithm's `parameters`. */
export interface DescentParameters {
  /** Over 0. */
  readonly learningRate: NumberSchema;
  /** In [0, 1). */
  readonly momentum: NumberSchema;
  /** 0 or more. */
  readonly weightDecay: NumberSchema;
}

/**
 * The hyper-parameters of gradient descent, with their published defaults and where a tuning searches: for the learning
 * rate the three decades from a tenth of the published one on, for weight decay also exactly 0.
 */
export function descentParameters({ learningRate, momentum = {}, weightDecay = {} }: {
  readonly learningRate: DescentOverride & { readonly default: number };
  readonly momentum?: Pick<DescentOverride, "meaning">;
  readonly weightDecay?: DescentOverride;
}): DescentParameters {
  const rate = learningRate.default;
  return {
    learningRate: z.number().positive().default(rate)
      .describe("learning rate before the schedule")
      .register(searchRanges, { log: learningRate.range ?? [rate / 10, rate * 100] }),
    momentum: z.number().min(0).lt(1).default(0.9)
      .describe(momentum.meaning ?? "momentum of the update")
      .register(searchRanges, { among: [0.5, 0.8, 0.9, 0.95, 0.98] }),
    weightDecay: z.number().min(0).default(weightDecay.default ?? 1e-4)
      .describe(weightDecay.meaning ?? "pull of the latent towards its centre")
      .register(searchRanges, { log: weightDecay.range ?? [1e-6, 1e-2], zero: 0.25 }),
  };
}

const omitted = new WeakSet<z.core.$ZodType>();

/**
 * Marks a hyper-parameter that an algorithm got after runs of it were published: where it has its default, configurations
 * leave it out, so that these runs keep their identities. It is the last call on a hyper-parameter: others copy it, unmarked.
 */
export function omitDefault<Parameter extends DefaultedSchema>(parameter: Parameter): Parameter {
  omitted.add(parameter);
  return parameter;
}

interface Parameterised {
  readonly parameters: ParametersSchema;
}

/** The defaults that configurations leave out. */
function omittedDefaultsOf({ parameters }: Parameterised): Record<string, unknown> {
  const later = Object.entries(parameters.shape).filter(([, parameter]) => omitted.has(parameter));
  return Object.fromEntries(
    later.map(([name, parameter]) => [name, z.parse(parameter, undefined)]),
  );
}

/**
 * The hyper-parameters of an algorithm as a configuration records them: with defaults where none is given, but without
 * those that `omitDefault` marks and that have their default.
 * @throws {z.ZodError} where the algorithm has no such hyper-parameter or value
 */
export function recordParameters(
  algorithm: Parameterised,
  given: Readonly<Record<string, unknown>>,
): Record<string, Value> {
  const all = Object.entries(algorithm.parameters.parse(given)) as [string, Value][];
  const omittable = omittedDefaultsOf(algorithm);
  return Object.fromEntries(
    all.filter(([name, value]) => !(name in omittable && omittable[name] === value)),
  );
}

/** All hyper-parameters, from what a configuration records of them. */
export function completeParameters(
  algorithm: Parameterised,
  recorded: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return { ...omittedDefaultsOf(algorithm), ...recorded };
}
