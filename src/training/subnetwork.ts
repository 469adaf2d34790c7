// The subnetwork that a run ends with: in full, to be kept as a ticket, and in figures.
import { createHash } from "node:crypto";
import { Generator, type RealType, Vector } from "../native/mod.ts";
import type { Segment } from "../networks/network.ts";
import type { RunConfig } from "./config.ts";
import type { LayerKept } from "./result.ts";
import { drawWeights } from "./initialise.ts";
import type { RunSetup } from "./setup.ts";

/** The weights that are kept, and all else that it takes to use them. */
export interface Subnetwork {
  /** A byte a weight, 0 or 1; all weights are kept where there is none. */
  readonly mask?: Uint8Array<ArrayBuffer> | undefined;
  /** The kept weights in their order, where they are not those that the run began with. */
  readonly weights?: Float32Array<ArrayBuffer> | undefined;
  /** SHA-256 of the kept weights, as float32, little-endian. */
  readonly weightsDigest: string;
  /** What the network's normalisations use; see `MaskedNetwork.statistics`. */
  readonly statistics?: Float32Array<ArrayBuffer> | undefined;
}

/**
 * The subnetwork that a run ends with.
 * @param mask a byte a weight; none where all are kept
 */
export function subnetworkOf(
  { config, weights, segments, network, streams }: RunSetup,
  mask: Uint8Array<ArrayBuffer> | undefined,
): Subnetwork {
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

/** How many weights of every layer a mask keeps; all where there is none. */
export function layersKeptOf(
  segments: readonly Segment[],
  mask: Uint8Array | undefined,
): LayerKept[] {
  return segments.map(({ name, offset, length }) => ({
    name,
    weights: length,
    kept: mask ? mask.subarray(offset, offset + length).reduce((sum, bit) => sum + bit, 0) : length,
  }));
}

/**
 * The digest of a run's outcome: SHA-256 of its mask, or of its weights where there is none, and of what the network's
 * normalisations use.
 */
export function digestOf(
  { weights, network }: Pick<RunSetup, "weights" | "network">,
  mask: Uint8Array | undefined,
): string {
  const digest = createHash("sha256").update(mask ?? bytesOf(weights));
  if (network.statistics) digest.update(bytesOf(network.statistics));
  return digest.digest("hex");
}

const bytesOf = (vector: Vector<RealType>) => new Uint8Array(vector.download().buffer);

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

/** SHA-256 of weights, as in `Subnetwork.weightsDigest`. */
export function weightsDigestOf(weights: Float32Array): string {
  const bytes = new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);
  return createHash("sha256").update(bytes).digest("hex");
}

/** The weights that a mask keeps, in their order; all where there is none. */
export function keptWeightsOf(
  weights: Float32Array<ArrayBuffer>,
  mask: Uint8Array | undefined,
): Float32Array<ArrayBuffer> {
  return mask ? weights.filter((_, i) => mask[i] === 1) : weights;
}
