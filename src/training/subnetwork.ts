// What a run has found, in full: the subnetwork, to be kept as a ticket.
import { createHash } from "node:crypto";
import { Generator, Vector } from "../native/mod.ts";
import type { Segment } from "../networks/network.ts";
import type { RunConfig } from "./config.ts";
import { drawWeights } from "./initialise.ts";
import type { RunSetup } from "./setup.ts";

/** A subnetwork. */
export interface Subnetwork {
  /** A byte a weight, 0 or 1; all are kept where there is none. */
  readonly mask?: Uint8Array<ArrayBuffer> | undefined;
  /** The kept weights in their order, where they are not those that the run began with. */
  readonly weights?: Float32Array<ArrayBuffer> | undefined;
  /** SHA-256 of the kept weights, as float32, little-endian. */
  readonly weightsDigest: string;
  /** What the network's normalisations use; see `MaskedNetwork.statistics`. */
  readonly statistics?: Float32Array<ArrayBuffer> | undefined;
}

/** The subnetwork as the learner leaves it. */
export function subnetworkOf(
  { learner, weights, segments, network, streams }: RunSetup,
  config: RunConfig,
): Subnetwork {
  const last = learner.mask(); // may write the weights
  const mask = last ? Uint8Array.from(last.download()) : undefined;
  const kept = keptWeightsOf(weights.download(), mask);
  const drawn = keptWeightsOf(redrawWeights(config, streams.weights.seed, segments), mask);
  const weightsDigest = weightsDigestOf(kept);
  return {
    mask,
    weights: weightsDigest === weightsDigestOf(drawn) ? undefined : kept,
    weightsDigest,
    statistics: network.statistics?.download() as Float32Array<ArrayBuffer> | undefined,
  };
}

/** The weights that a run begins with, drawn again from the seed of their stream. */
export function redrawWeights(
  { initialisation, sparsity }: Pick<RunConfig, "initialisation" | "sparsity">,
  seed: number,
  segments: readonly Segment[],
): Float32Array<ArrayBuffer> {
  using generator = new Generator(seed);
  using weights = new Vector(segments.reduce((sum, { length }) => sum + length, 0), "float32");
  drawWeights(weights, segments, initialisation, sparsity, generator);
  return weights.download();
}

/** SHA-256 of weights, as `weightsDigest` is made. */
export function weightsDigestOf(weights: Float32Array): string {
  const bytes = new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);
  return createHash("sha256").update(bytes).digest("hex");
}

/** Those of the weights that are kept, in their order. */
export function keptWeightsOf(
  weights: Float32Array<ArrayBuffer>,
  mask: Uint8Array | undefined,
): Float32Array<ArrayBuffer> {
  return mask ? weights.filter((_, i) => mask[i] === 1) : weights;
}
