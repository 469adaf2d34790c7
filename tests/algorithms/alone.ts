// A learner alone with a small network and one batch, so that a step of it can be followed number by number.
import { algorithmOf } from "../../src/algorithms/registry.ts";
import type { Learner } from "../../src/algorithms/algorithm.ts";
import { Batch, MaskedNetwork, Vector } from "../../src/native/mod.ts";
import { type Segment, segmentsOf } from "../../src/networks/network.ts";
import { device } from "../library.ts";

export interface Alone {
  readonly learner: Learner;
  readonly segments: readonly Segment[];
  readonly batch: Batch;
  /** Those that the learner has, which it may change. */
  readonly weights: Vector;
  readonly metrics: Vector<"float64">;
  /** What the learner's scores start from. */
  readonly latent: Float32Array;
  /** Draw number `draw` of the learner's noise. */
  noiseOf(draw: number): Float32Array<ArrayBuffer>;
  /** ∂L/∂m on the batch, of the network with these weights and this mask. */
  maskGradient(weights: ArrayLike<number>, mask: ArrayLike<number>): Float32Array;
}

/** Numbers from (0, 1) that follow from the seed. */
function numbers(length: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
  for (let i = 0; i < 10; i++) next();
  return Float32Array.from({ length }, () => ((next() >>> 9) + 0.5) / 2 ** 23);
}

/**
 * @param parameters that are not the algorithm's defaults
 * @param steps of the whole run
 * @param valuesOf the weights, of what else they would be
 */
export function alone(
  name: string,
  parameters: object,
  { sparsity, steps, valuesOf = (drawn) => drawn }: {
    readonly sparsity: number;
    readonly steps: number;
    readonly valuesOf?: (drawn: Float32Array<ArrayBuffer>) => Float32Array<ArrayBuffer>;
  },
  free: DisposableStack,
): Alone {
  const shape = [1, 4, 4] as const, pictures = 12;
  const network = free.use(
    new MaskedNetwork(
      {
        name: "small",
        inputShape: shape,
        layers: [
          { kind: "flatten" },
          { kind: "linear", inputs: 16, outputs: 10 },
          { kind: "relu" },
          { kind: "linear", inputs: 10, outputs: 3 },
        ],
      },
      "float32",
      device,
    ),
  );
  const segments = segmentsOf(network.network.layers);
  const batch = free.use(new Batch(pictures, shape, "float32", device));
  batch.upload(
    numbers(16 * pictures, 1).map((x) => 2 * x - 1),
    Int32Array.from({ length: pictures }, (_, i) => i % 3),
  );
  const signed = (seed: number) => numbers(network.size, seed).map((x) => x - 0.5);
  const weights = free.use(Vector.from(valuesOf(signed(2)), "float32", device)), latent = signed(3);
  const metrics = free.use(new Vector(2, "float64", device));
  const noiseOf = (draw: number) => numbers(network.size, 100 + draw);
  const learner = algorithmOf(name).start({
    network,
    weights,
    segments,
    sparsity,
    steps,
    metrics,
    vector: () => free.use(new Vector(network.size, "float32", device)),
    drawLatent: (into) => into.upload(latent),
    drawUniform: () => {},
    drawNoise: (into, draw) => into.upload(noiseOf(draw)),
    drawWeights: () => {},
  }, algorithmOf(name).parameters.parse(parameters));
  return {
    learner,
    segments,
    batch,
    weights,
    metrics,
    latent,
    noiseOf,
    maskGradient(weights, mask) {
      using w = Vector.from(Float32Array.from(weights), "float32", device);
      using m = Vector.from(Float32Array.from(mask), "float32", device);
      using gradient = new Vector(network.size, "float32", device);
      using sums = new Vector(2, "float64", device);
      network.maskGradient(w, m, batch, gradient, sums);
      return gradient.download();
    },
  };
}

/** Ones at the largest of each range, the others 0; of equal ones the later. */
export function largest(
  values: ArrayLike<number>,
  ranges: readonly { readonly offset: number; readonly length: number }[],
  sparsity: number,
): number[] {
  const mask = Array<number>(values.length).fill(0);
  for (const { offset, length } of ranges) {
    const order = Array.from({ length }, (_, i) => offset + i)
      .sort((a, b) => values[a]! - values[b]! || a - b);
    for (const i of order.slice(Math.trunc(sparsity * length))) mask[i] = 1;
  }
  return mask;
}

/** Whether two lists of numbers are the same to within a tolerance; NaN never is. */
export const near = (a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number): boolean =>
  a.length === b.length && Array.from(a).every((x, i) => Math.abs(x - b[i]!) <= tolerance);
