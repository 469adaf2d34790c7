// How the fixed random weights and the latent vector start, layer by layer from their own streams.
import type { Generator, Vector } from "../native/mod.ts";
import type { Segment } from "../networks/network.ts";
import type { Initialisation } from "./config.ts";

/**
 * Draws the weights of every layer with the deviation √(2 / fan_in) (He et al., ICCV 2015): `kaiming-normal` from
 * N(0, deviation²), `signed-kaiming-constant` (Ramanujan et al., CVPR 2020) as sign(N(0, 1)) · deviation. With
 * `scaleFan` the fan-in counts only the kept weights, so that the sparse network keeps the scale of activations.
 */
export function drawWeights(
  into: Vector,
  segments: readonly Segment[],
  { name, scaleFan }: Initialisation,
  sparsity: number,
  generator: Generator,
): void {
  for (const { offset, length, fanIn } of segments) {
    const deviation = Math.sqrt(2 / (fanIn * (scaleFan ? 1 - sparsity : 1)));
    generator.normal(into, deviation, offset, length);
    if (name === "signed-kaiming-constant") {
      into.sign(offset, length);
      into.affine(deviation, 0, offset, length);
    }
  }
}

/** U(−1/√fan_in, 1/√fan_in) by layer: PyTorch's Kaiming uniform with a = √5, as edge-popup's scores start. */
export function drawLatent(
  into: Vector,
  segments: readonly Segment[],
  generator: Generator,
): void {
  for (const { offset, length, fanIn } of segments) {
    const bound = 1 / Math.sqrt(fanIn);
    generator.uniform(into, -bound, bound, offset, length);
  }
}
