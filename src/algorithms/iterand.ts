// IteRand: edge-popup by the scores' value, and from time to time some of the weights that are not kept are drawn again.
//
//   m = 1 for the largest z of every scope, else 0;   z ← SGD(z, ∂L/∂m)
//   every K steps, with probability r where m = 0:   w ← a new draw
import { z } from "zod";
import { descend, projectTopK } from "../native/mod.ts";
import type { Algorithm } from "./algorithm.ts";
import { descentParameters } from "./hyperparameters.ts";
import { keptSegmentsOf, scopeParameter } from "./scope.ts";

const parameters = z.strictObject({
  ...descentParameters({ learningRate: { default: 0.3 } }),
  scope: scopeParameter("layer"),
  every: z.int().min(1).default(300).describe("steps K between two draws of weights"),
  redrawn: z.number().min(0).max(1).default(0.1)
    .describe("probability r that a weight which is not kept is drawn again"),
});

/** Scores start as U(−√(6/fan_in), √(6/fan_in)); defaults are the published recipe for conv6 on CIFAR-10. */
export const iterand: Algorithm<z.infer<typeof parameters>> = {
  name: "iterand",
  summary: "edge-popup, and weights that are not kept are drawn again from time to time",
  source: "Chijiwa, Yamaguchi, Ida, Umakoshi, Inoue: Pruning Randomly Initialized Neural " +
    "Networks with Iterative Randomization, NeurIPS 2021",
  role: "method",
  version: 2,
  masks: true,
  learns: "mask",
  parameters,

  start(context, p) {
    const { network, weights, segments, sparsity, metrics, vector, drawLatent } = context;
    const { momentum, weightDecay } = p;
    const scores = vector(), velocity = vector(), gradient = vector(), mask = vector();
    const fresh = vector(), chosen = vector();
    const kept = keptSegmentsOf(segments, sparsity, p.scope);
    const all = keptSegmentsOf(segments, 0, "global");
    const select = () => projectTopK(scores, kept, { by: "value" }, mask);
    drawLatent(scores);
    scores.affine(Math.sqrt(6), 0); // Kaiming uniform with a = 0, where edge-popup has √5

    return {
      state: { weights, scores, velocity },
      latent: scores,
      before(t) {
        if (t === 0 || t % p.every !== 0) return;
        select();
        mask.complement();
        context.drawUniform(fresh);
        projectTopK(fresh, all, { by: "value", floor: p.redrawn }, chosen);
        chosen.complement();
        chosen.multiply(mask); // 1 where a weight is drawn again
        context.drawWeights(fresh);
        fresh.multiply(chosen);
        chosen.complement();
        weights.multiply(chosen);
        weights.add(fresh);
      },
      step(batch, _t, rate) {
        select();
        network.maskGradient(weights, mask, batch, gradient, metrics);
        descend(scores, velocity, gradient, { rate, momentum, weightDecay });
      },
      mask() {
        select();
        return mask;
      },
    };
  },
};
