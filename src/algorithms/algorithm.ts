// What an algorithm is: a name, its hyper-parameters, and a learner that turns batches into a mask.
import { z } from "zod";
import type { Batch, MaskedNetwork, Vector } from "../native/mod.ts";
import type { Segment } from "../networks/network.ts";
import { searchRanges } from "./space.ts";

/** What a learner is given. All vectors have length n and the layout of the segments. */
export interface LearnerContext {
  /** The network whose mask is learnt. */
  readonly network: MaskedNetwork;
  /** Drawn once; an algorithm may change them, and says so. Evaluations multiply them by the mask. */
  readonly weights: Vector;
  /** Its layers within the flat vectors. */
  readonly segments: readonly Segment[];
  /** Fraction of the weights removed. */
  readonly sparsity: number;
  /** Training steps of the whole run, T. */
  readonly steps: number;
  /** Sums over steps: loss × images, and correct predictions. */
  readonly metrics: Vector<"float64">;
  /** A new vector of zeros, length n, freed with the run. */
  vector(): Vector;
  /** U(−1/√fan_in, 1/√fan_in) by layer from the stream `latent`: Kaiming uniform with a = √5. */
  drawLatent(into: Vector): void;
  /** A uniform draw from [0, 1) from the stream `latent`. */
  drawUniform(into: Vector): void;
  /** Draw number `draw` from (0, 1), as many as are asked for: a function of the seed of the stream `latent` and of it. */
  drawNoise(into: Vector, draw: number): void;
  /** A draw like that of the weights, which were the first, from the stream `weights`. */
  drawWeights(into: Vector): void;
}

/** One run's learner. Everything it holds is on the device; a call only queues work there. */
export interface Learner {
  /** The vectors that carry what was learnt from one step to the next, by name: the learner's whole state. */
  readonly state: Readonly<Record<string, Vector>>;
  /**
   * What some steps need done before them, where there is any: it is not recorded with the step.
   * @param t of the step to come, counted from 0 over the whole run
   */
  before?(t: number): void;
  /**
   * One training step, the same calls each time: loss and gradient at the current mask, then the update.
   * @param t counted from 0 over the whole run
   * @param rate learning rate of this step
   */
  step(batch: Batch, t: number, rate: number): void;
  /** The mask to evaluate, 0/1 only, or `null` where the network is used whole. */
  mask(): Vector | null;
}

/** One file of this folder, listed in `registry.ts`. */
export interface Algorithm<Parameters = unknown> {
  /** As sweep files and tables name it. */
  readonly name: string;
  /** One line for people. */
  readonly summary: string;
  /** Paper, year. */
  readonly source: string;
  /** Raised when the same configuration would give another outcome; part of a run's identity. */
  readonly version: number;
  /** False where sparsity means nothing to it (`dense`): it is then run once and at sparsity 0. */
  readonly masks: boolean;
  /** What is learnt; null where nothing is (`random`): a run then only evaluates. */
  readonly learns: "mask" | "weights" | null;
  /**
   * Hyper-parameters, each with a description and a default, or optional. One that learns has `learningRate`;
   * the loop scales it by the schedule.
   */
  readonly parameters: z.ZodObject<z.ZodRawShape>;
  /** Begins a run. @param parameters as `parameters` parsed them, defaults filled in */
  start(setting: LearnerContext, parameters: Parameters): Learner;
}

/** What the values of a hyper-parameter are checked by, its default aside. */
export function valueSchema(parameter: z.core.$ZodType): z.ZodType {
  const wrapped = parameter instanceof z.ZodDefault || parameter instanceof z.ZodOptional;
  return (wrapped ? parameter.unwrap() : parameter) as z.ZodType;
}

/**
 * The hyper-parameters of gradient descent that learners share, with their published defaults and where a tuning looks:
 * for a rate by default in the three decades from a tenth of the published one on, for decay also at exactly 0.
 */
export const descent = {
  learningRate: (rate: number, log: [number, number] = [rate / 10, rate * 100]) =>
    z.number().positive().default(rate).describe("learning rate before the schedule")
      .register(searchRanges, { log }),
  momentum: z.number().min(0).lt(1).default(0.9).describe("momentum of the update")
    .register(searchRanges, { among: [0.5, 0.8, 0.9, 0.95, 0.98] }),
  weightDecay: (
    decay = 1e-4,
    meaning = "pull of the latent towards its centre",
    log: [number, number] = [1e-6, 1e-2],
  ) =>
    z.number().min(0).default(decay).describe(meaning).register(searchRanges, { log, zero: 0.25 }),
};
