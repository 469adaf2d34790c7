// Sanity controls: a mask that was learnt for its weights should drop to chance once the mask or the weights are others.
//
//   shuffled  m ∘ π, π a permutation within each layer     the same number of ones in each layer, elsewhere
//   inverted  1 − m                                        the weights that were not kept
//   redrawn   m, w drawn again                             the same mask over other weights of the same kind
//
// Nothing is learnt or recomputed for them: whatever else the network holds stays as training left it, the running
// statistics of batch normalisation too.
import { Generator, Vector } from "../native/mod.ts";
import type { Segment } from "../networks/network.ts";
import type { RunConfig } from "./config.ts";
import { drawWeights } from "./initialise.ts";
import type { Controls } from "./result.ts";
import { streamSeedOf } from "./streams.ts";

/**
 * Accuracies of the controls of a mask. The permutations, layer by layer, and then the weights are drawn from the stream
 * `controls` of the run's seed.
 * @param accuracy gives that of the network with these weights under this mask, in [0, 1]
 */
export function controlsOf(
  { seed, initialisation, sparsity }: RunConfig,
  mask: Vector,
  weights: Vector,
  segments: readonly Segment[],
  accuracy: (weights: Vector, mask: Vector) => number,
): Omit<Controls, "chance"> {
  using generator = new Generator(streamSeedOf(seed, "controls"));
  using changed = new Vector(mask.length, "float32", mask.device);
  const bits = mask.download();
  changed.upload(shuffleMask(bits, segments, generator));
  const shuffled = accuracy(weights, changed);
  changed.upload(bits);
  changed.complement();
  const inverted = accuracy(weights, changed);
  drawWeights(changed, segments, initialisation, sparsity, generator);
  const redrawn = accuracy(changed, mask); // the vector holds weights now
  return { shuffled, inverted, redrawn };
}

/** The entries of every layer in a random order. */
export function shuffleMask(
  bits: Float32Array<ArrayBuffer>,
  segments: readonly Pick<Segment, "offset" | "length">[],
  generator: Generator,
): Float32Array<ArrayBuffer> {
  const result = bits.slice();
  for (const { offset, length } of segments) {
    using order = new Vector(length, "int64");
    generator.permutation(order);
    order.download().forEach((from, to) => result[offset + to] = bits[offset + Number(from)]!);
  }
  return result;
}
