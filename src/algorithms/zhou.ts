// zhou: supermasks drawn again in every step, each weight kept with a probability that is learnt.
//
//   m = 1 with probability σ(s), else 0
//   s ← SGD(s, ∂L/∂m ⊙ σ(s) (1 − σ(s)))      the gradient passes straight through the draw
//
// As published, how much is kept is an outcome, and evaluations draw a mask too. To be compared at a sparsity, here σ(s)
// starts around the fraction to keep, and evaluations keep the largest s. Nothing holds σ(s) near that fraction meanwhile:
// until most probabilities are near 0 or 1, which takes long training or a high rate, the mask that is evaluated does worse
// than those that were drawn.
import { z } from "zod";
import { descend, projectTopK } from "../native/mod.ts";
import type { Algorithm } from "./algorithm.ts";
import { descentParameters } from "./hyperparameters.ts";
import { keptSegmentsOf, scopeParameter } from "./scope.ts";

const parameters = z.strictObject({
  ...descentParameters({
    // The published rate is for half of the weights kept. Where a tenth is drawn little of the gradient comes through, so
    // that the search is above it.
    learningRate: { default: 20, range: [20, 20_000] },
    weightDecay: { default: 0, meaning: "pull of the scores to 0" },
  }),
  scope: scopeParameter("global"),
});

/** Scores start as logit(1 − sparsity) + U(−1/√fan_in, 1/√fan_in); defaults as in the code of edge-popup for this method on conv6. */
export const zhou: Algorithm<z.infer<typeof parameters>> = {
  name: "zhou",
  summary: "masks drawn again in every step by learnt probabilities, of which the largest are kept",
  source: "Zhou, Lan, Liu, Yosinski: Deconstructing Lottery Tickets: Zeros, Signs, and the " +
    "Supermask, NeurIPS 2019",
  role: "method",
  version: 1,
  masks: true,
  learns: "mask",
  parameters,

  start(context, p) {
    const { network, weights, segments, sparsity, metrics, vector, drawLatent, drawNoise } =
      context;
    const { momentum, weightDecay } = p;
    const scores = vector(), velocity = vector(), gradient = vector(), mask = vector();
    const chance = vector(), draw = vector();
    const kept = keptSegmentsOf(segments, sparsity, p.scope);
    const all = keptSegmentsOf(segments, 0, "global");
    drawLatent(scores);
    scores.affine(1, Math.log((1 - sparsity) / Math.max(sparsity, 1e-3))); // finite where all are kept, too

    return {
      state: { scores, velocity },
      latent: scores,
      step(batch, t, rate) {
        chance.copyFrom(scores);
        chance.sigmoid();
        drawNoise(draw, t);
        draw.negate();
        draw.add(chance); // σ(s) − u
        projectTopK(draw, all, { by: "value", floor: 0 }, mask);
        network.maskGradient(weights, mask, batch, gradient, metrics);
        gradient.multiply(chance);
        chance.complement();
        gradient.multiply(chance);
        descend(scores, velocity, gradient, { rate, momentum, weightDecay });
      },
      mask() {
        projectTopK(scores, kept, { by: "value" }, mask);
        return mask;
      },
    };
  },
};
