// What an algorithm is: a name, its hyper-parameters, and a learner that turns batches into a mask.
import { z } from "zod";
import type { Batch, MaskedNetwork, Vector } from "../native/mod.ts";
import type { Segment } from "../networks/network.ts";
import type { Mark } from "./mark.ts";
import type { ParametersSchema } from "./schema_types.ts";

/** What a learner works with. All vectors have length n and the layout of the segments. */
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
  /** Uniform draws from (0, 1), which depend on the seed of the stream `latent` and on the number `draw` alone. */
  drawNoise(into: Vector, draw: number): void;
  /** Another draw of weights from the stream `weights`, whose first were those of the run. */
  drawWeights(into: Vector): void;
}

/** One run's learner. Everything it holds is on the device; a call only queues work there. */
export interface Learner {
  /** The vectors that carry what was learnt from one step to the next, by name: the learner's whole state. */
  readonly state: Readonly<Record<string, Vector>>;
  /** The vector that is learnt, which is one of the state; null where nothing is. */
  readonly latent: Vector | null;
  /**
   * Does what some steps need done before them; unlike the step it is not recorded.
   * @param t the step to come, counted from 0 over the whole run
   */
  before?(t: number): void;
  /**
   * One training step, the same calls each time: loss and gradient at the current mask, then the update.
   * @param t counted from 0 over the whole run
   * @param rate learning rate of this step
   */
  step(batch: Batch, t: number, rate: number): void;
  /**
   * The mask to evaluate, 0/1 only, or `null` where the network is used whole. It follows from the state and changes nothing
   * else; the next call or step may overwrite the vector.
   */
  mask(): Vector | null;
  /**
   * Gives the weights the values that an evaluation multiplies by the mask, where steps leave others in them. To be called
   * between the last step and an evaluation, or any other use of the weights; more steps may follow.
   */
  finalise?(): void;
}

/**
 * What an algorithm is in a comparison. A `method` looks for a subnetwork among weights that stay random, and so does the
 * one `reference`, which the others are compared with where a sweep names no pairs. The bounds are the ends of the scale:
 * an `upper bound` trains the weights, a `lower bound` learns nothing.
 */
export type AlgorithmRole = "method" | "reference" | "upper bound" | "lower bound";

/** One file of this folder, listed in `registry.ts`. */
export interface Algorithm<Parameters = unknown> {
  /** As sweep files and tables name it. */
  readonly name: string;
  /** One line for people: a phrase without a verb, since reports say "for scale, …" of a bound. */
  readonly summary: string;
  /** Paper, year. */
  readonly source: string;
  /** What it is in a comparison. */
  readonly role: AlgorithmRole;
  /** How plots draw it; without one it takes a mark that no other algorithm of the table has. */
  readonly mark?: Mark;
  /** Raised when the same configuration would give another outcome; part of a run's identity. */
  readonly version: number;
  /** False where sparsity means nothing to it (`dense`): it is then run once and at sparsity 0. */
  readonly masks: boolean;
  /** What is learnt; null where nothing is (`random`): a run then only evaluates. */
  readonly learns: "mask" | "weights" | null;
  /**
   * Hyper-parameters, each with a description and a default. An algorithm that learns has `learningRate`, which the loop
   * scales by the schedule.
   */
  readonly parameters: ParametersSchema;
  /**
   * Whether its masks may keep fewer weights than the sparsity leaves, as where few of them exceed a floor. Without it they
   * keep as many on every machine: with the scope `global` in all, else in every layer.
   * @param parameters all of them, as `parameters` parses them
   */
  keepsFewer?(parameters: Parameters): boolean;
  /** Begins a run. @param parameters all of them, as `parameters` parses them */
  start(context: LearnerContext, parameters: Parameters): Learner;
}

/** The schema of a hyper-parameter's values, without its default. */
export function valueSchema(parameter: z.core.$ZodType): z.ZodType {
  return (parameter instanceof z.ZodDefault ? parameter.unwrap() : parameter) as z.ZodType;
}
