// magnitude: train the weights, keep those that are largest in magnitude, and train these on. It is what masks over
// random weights are compared with.
//
//   w ← SGD(w, ∂L/∂w)   for the first π T of T steps;   m = 1 for the largest |w|, w ← w ⊙ m;   w ← SGD(w, ∂L/∂w ⊙ m)
import { z } from "zod";
import { descend, projectTopK } from "../native/mod.ts";
import type { Algorithm } from "./algorithm.ts";
import { descentParameters } from "./hyperparameters.ts";
import { keptSegmentsOf, scopeParameter } from "./scope.ts";

const parameters = z.strictObject({
  ...descentParameters({ learningRate: { default: 0.1, range: [0.001, 1] } }),
  scope: scopeParameter("layer"),
  prune: z.number().min(0).max(1).default(0.5)
    .describe("fraction π of the steps after which weights are removed; 1: at the end alone"),
});

/** One pruning, no rewinding. Before it, evaluations use the weights that would be kept then. */
export const magnitude: Algorithm<z.infer<typeof parameters>> = {
  name: "magnitude",
  summary: "the weights trained, pruned by magnitude and trained on",
  source: "Han, Pool, Tran, Dally: Learning both Weights and Connections for Efficient Neural " +
    "Networks, NeurIPS 2015",
  role: "upper bound",
  version: 1,
  masks: true,
  learns: "weights",
  parameters,

  start({ network, weights, segments, sparsity, steps, metrics, vector }, p) {
    const { momentum, weightDecay } = p;
    const velocity = vector(), gradient = vector(), mask = vector(), alive = vector();
    alive.fill(1);
    const kept = keptSegmentsOf(segments, sparsity, p.scope), pruned = Math.round(p.prune * steps);
    const select = () => projectTopK(weights, kept, { by: "magnitude" }, mask);

    return {
      state: { weights, velocity, alive },
      latent: weights,
      before(t) {
        if (t !== pruned) return;
        select();
        alive.copyFrom(mask);
        weights.multiply(alive);
        velocity.multiply(alive);
      },
      step(batch, _t, rate) {
        network.weightGradient(weights, alive, batch, gradient, metrics);
        descend(weights, velocity, gradient, { rate, momentum, weightDecay });
      },
      mask() {
        select(); // after the pruning it selects the same weights again, as what was removed stays 0
        return mask;
      },
    };
  },
};
