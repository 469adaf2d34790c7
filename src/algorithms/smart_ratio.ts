// smart-ratio: a random mask whose layers keep less the deeper they lie. Nothing is learnt: a mask that a method learns from
// data should be better than this.
//
//   p_l ∝ (L − l + 1)² + (L − l + 1),   l = 1 … L − 1;   the last layer keeps a fraction of its own
//
// These are the published ratios of residual networks, used for all networks. There the weights are then trained, which shows what the mask of a
// pruning method is worth; here they stay as drawn, which shows what a mask that was learnt is worth.
import { z } from "zod";
import { type KeptSegment, projectTopK } from "../native/mod.ts";
import type { Segment } from "../networks/network.ts";
import type { Algorithm } from "./algorithm.ts";

const parameters = z.strictObject({
  last: z.number().min(0).max(1).default(0.3).describe("fraction that the last layer keeps"),
});

/** As many weights are kept as `random` of global scope would. */
export const smartRatio: Algorithm<z.infer<typeof parameters>> = {
  name: "smart-ratio",
  summary: "a random mask that thins out towards the output",
  source:
    "Su, Chen, Cai, Wu, Gao, Wang, Lee: Sanity-Checking Pruning Methods: Random Tickets can " +
    "Win the Jackpot, NeurIPS 2020",
  role: "lower bound",
  version: 1,
  masks: true,
  learns: null,
  parameters,

  start({ segments, sparsity, vector, drawUniform }, { last }) {
    const mask = vector(), draw = vector();
    drawUniform(draw);
    projectTopK(draw, smartRatioSegmentsOf(segments, sparsity, last), { by: "value" }, mask);
    return { state: {}, latent: null, step: () => {}, mask: () => mask };
  },
};

/**
 * How many weights each layer keeps: n − int(sparsity · n) in all, by the ratios above. A layer that is full leaves its
 * surplus to the others. @param last the fraction that the last layer keeps, unless the others are full
 */
export function smartRatioSegmentsOf(
  segments: readonly Segment[],
  sparsity: number,
  last: number,
): KeptSegment[] {
  const sizes = segments.map(({ length }) => length), layers = sizes.length;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const all = sum(sizes), kept = all - Math.trunc(sparsity * all);
  const others = sizes.slice(0, -1), lastSize = sizes.at(-1)!;
  const lastKept = Math.max(kept - sum(others), Math.min(kept, Math.round(last * lastSize)));
  const ratios = others.map((_, l) => (layers - l) ** 2 + (layers - l));
  const shares = distribute(kept - lastKept, others.map((size, l) => size * ratios[l]!), others);
  // Rounded down, but for those that lose most by it, so that the sum stays the same.
  const counts = shares.map(Math.floor);
  const byLoss = shares.map((share, l) => ({ l, loss: share - counts[l]! }))
    .sort((a, b) => b.loss - a.loss || a.l - b.l);
  for (const { l } of byLoss.slice(0, kept - lastKept - sum(counts))) counts[l]!++;
  return segments.map(({ offset, length }, l) => ({
    offset,
    length,
    kept: l < layers - 1 ? counts[l]! : lastKept,
  }));
}

/** Distributes a total in proportion to weights, but to none more than its size. */
function distribute(total: number, weights: readonly number[], sizes: readonly number[]): number[] {
  const full = new Set<number>();
  for (;;) {
    let rest = total, weightSum = 0; // of those that are not full
    sizes.forEach((size, i) => full.has(i) ? rest -= size : weightSum += weights[i]!);
    const share = (i: number) => weightSum > 0 ? weights[i]! * rest / weightSum : 0;
    const over = sizes.findIndex((size, i) => !full.has(i) && share(i) > size);
    if (over < 0) return sizes.map((size, i) => full.has(i) ? size : share(i));
    full.add(over);
  }
}
