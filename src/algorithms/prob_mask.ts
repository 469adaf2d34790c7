// prob-mask: the probability of each weight to be kept is learnt, through relaxed draws, and projected so that they sum up
// to what may be kept.
//
//   m = σ((logit p + logit u) / τ),   u uniform,   τ = 1 − (1 − τ₁) t/T     relaxed at first, nearly binary at the end
//   p ← Adam(p, mean over K draws of ∂L/∂m ⊙ ∂m/∂p)
//   p ← clip(p − v, 0, 1),   the smallest v ≥ 0 with Σ p ≤ k,   k falling from all weights, at 16% to 60% of the run
//
// As published, weights are learnt with it by default; here they stay as drawn. The published code clips the gradient's
// norm to 3, which is an option here, and evaluates a draw; here τ and k fall with every step instead of every epoch, and
// evaluations keep the largest p, with the running statistics of a network that has any. Its float32 gives no gradient at
// p = 1, where all start; here it is the formula's, ∂m/∂p = (1 − u) / u at first.
import { z } from "zod";
import { descendAdam, projectCappedSimplex, projectTopK, relaxMask } from "../native/mod.ts";
import type { Algorithm } from "./algorithm.ts";
import { descentParameters, omitDefault } from "./hyperparameters.ts";
import { annealedSegmentsOf, keptSegmentsOf, scopeParameter } from "./scope.ts";

const parameters = z.strictObject({
  ...descentParameters({
    learningRate: { default: 6e-3 },
    momentum: { meaning: "decay β₁ of Adam's first moment" },
    weightDecay: { default: 0, meaning: "pull of the probabilities to 0" },
  }),
  scope: scopeParameter("global"),
  draws: z.int().min(1).max(16).default(2).describe("relaxed masks K in every step"),
  temperature: z.number().min(1e-3).max(1).default(0.03)
    .describe("temperature τ₁ at the end of the run; it falls from 1"),
  keptAtFirst: z.number().min(0).max(1).default(1)
    .describe("fraction that k falls from, between 16% and 60% of the run; 0: k stays the same"),
  clipNorm: omitDefault(
    z.number().min(0).default(0)
      .describe("Euclidean norm that the gradient has at most, published 3; 0: any"),
  ),
});

/**
 * Probabilities start as what is kept at first, which is no less than 1 − sparsity. At most k weights are kept, fewer where
 * fewer have a probability above 0.
 */
export const probMask: Algorithm<z.infer<typeof parameters>> = {
  name: "prob-mask",
  summary: "the probability to keep each weight, learnt through relaxed draws and projected",
  source: "Zhou, Zhang, Xu, Zhang: Effective Sparsification of Neural Networks with Global " +
    "Sparsity Constraint, CVPR 2021",
  role: "method",
  version: 2,
  masks: true,
  learns: "mask",
  parameters,
  keepsFewer: () => true,

  start({ network, weights, segments, sparsity, steps, metrics, vector, drawNoise }, p) {
    const { momentum, weightDecay } = p;
    const probability = vector(), first = vector(), second = vector(), mask = vector();
    const noise = vector(), slope = vector(), part = vector(), gradient = vector();
    const kept = keptSegmentsOf(segments, sparsity, p.scope);
    probability.fill(Math.max(p.keptAtFirst, 1 - sparsity));

    return {
      state: { probability, first, second },
      latent: probability,
      step(batch, t, rate) {
        const temperature = 1 - (1 - p.temperature) * t / steps;
        gradient.zero();
        metrics.affine(p.draws, 0);
        for (let draw = 0; draw < p.draws; draw++) {
          drawNoise(noise, p.draws * t + draw);
          relaxMask(probability, noise, temperature, mask, slope);
          network.maskGradient(weights, mask, batch, part, metrics);
          part.multiply(slope);
          gradient.add(part);
        }
        metrics.affine(1 / p.draws, 0); // so that the step adds the mean over its draws
        gradient.affine(1 / p.draws, 0);
        if (p.clipNorm > 0) gradient.clipNorm(p.clipNorm);
        descendAdam(probability, first, second, gradient, {
          rate,
          step: t + 1,
          beta1: momentum,
          weightDecay,
        });
        const remaining = 1 - Math.min(1, Math.max(0, (t / steps - 0.16) / (0.6 - 0.16)));
        projectCappedSimplex(probability, annealedSegmentsOf(kept, p.keptAtFirst, remaining ** 3));
      },
      mask() {
        projectTopK(probability, kept, { by: "value", floor: 0 }, mask);
        return mask;
      },
    };
  },
};
