// Gem-Miner: scores within the unit interval are rounded to the mask, and the smallest are frozen at 0, ever more of them.
//
//   m = 1 where z > 1/2, else 0;   z ← clip(SGD(z, ∂L/∂m + λ z), 0, 1), or with Adam
//   R times over the run:   of n, the n (1 − s)^(j/R) largest z stay, the others are 0 for good
import { z } from "zod";
import { descend, descendAdam, projectTopK } from "../native/mod.ts";
import type { Algorithm } from "./algorithm.ts";
import { descentParameters, omitDefault } from "./hyperparameters.ts";
import { keptSegmentsOf, scopeParameter } from "./scope.ts";

const parameters = z.strictObject({
  optimiser: omitDefault(
    z.enum(["sgd", "adam"]).default("sgd").describe("what the scores descend by"),
  ),
  ...descentParameters({
    learningRate: { default: 0.1 },
    momentum: { meaning: "momentum of the update; with Adam, its β₁" },
    weightDecay: { default: 1e-6, range: [1e-8, 1e-4], meaning: "λ, which pulls the scores to 0" },
  }),
  scope: scopeParameter("global"),
  freezes: z.int().min(1).default(30).describe("how often R more scores are frozen"),
});

/**
 * Scores start as U(0, 1). At most k weights are kept, fewer where scores are below 1/2. The published λ ‖z‖² has half of
 * this λ; its recipes for resnet20, of 150 epochs, go from 1e-8 at 50% sparsity by 1e-5 at 80% and 3e-5 at 95% to 1e-4 at
 * 98.6%: the more is to be frozen, the more λ must pull below 1/2 before. Those for conv4, which has no batch normalisation,
 * are with Adam at a rate of 0.01.
 */
export const gemMiner: Algorithm<z.infer<typeof parameters>> = {
  name: "gem-miner",
  summary: "scores rounded to a mask, the smallest frozen at 0 step by step",
  source: "Sreenivasan, Sohn, Yang, Grinde, Nagle, Wang, Xing, Lee, Papailiopoulos: Rare Gems: " +
    "Finding Lottery Tickets at Initialization, NeurIPS 2022",
  role: "method",
  version: 1,
  masks: true,
  learns: "mask",
  parameters,
  keepsFewer: () => true,

  start({ network, weights, segments, sparsity, steps, metrics, vector, drawUniform }, p) {
    const { momentum, weightDecay } = p;
    const scores = vector(), velocity = vector(), gradient = vector(), mask = vector();
    const second = p.optimiser === "adam" ? vector() : undefined;
    const alive = vector(), all = keptSegmentsOf(segments, 0, "global");
    const round = () => projectTopK(scores, all, { by: "value", floor: 0.5 }, mask);
    // Freezing j comes before this step; after the last one there is still learning.
    const freezes = new Map(
      Array.from(
        { length: p.freezes },
        (_, i) => [Math.floor((i + 1) * steps / (p.freezes + 1)), (i + 1) / p.freezes] as const,
      ),
    );
    drawUniform(scores);
    alive.fill(1);

    return {
      state: { scores, velocity, alive, ...second && { second } },
      latent: scores,
      before(t) {
        const part = freezes.get(t);
        if (part === undefined) return;
        const remaining = keptSegmentsOf(segments, 1 - (1 - sparsity) ** part, p.scope);
        projectTopK(scores, remaining, { by: "value", floor: 0 }, alive);
        scores.multiply(alive);
        velocity.multiply(alive);
        second?.multiply(alive);
      },
      step(batch, t, rate) {
        round();
        network.maskGradient(weights, mask, batch, gradient, metrics);
        const update = { rate, weightDecay, low: 0, high: 1 };
        if (second) {
          const adam = { ...update, step: t + 1, beta1: momentum };
          descendAdam(scores, velocity, second, gradient, adam);
        } else {
          descend(scores, velocity, gradient, { ...update, momentum });
        }
        scores.multiply(alive);
      },
      mask() {
        round();
        return mask;
      },
    };
  },
};
