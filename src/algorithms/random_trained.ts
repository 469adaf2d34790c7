// random-trained: a uniformly drawn mask, and the weights that it keeps are trained. It is the middle of the scale: what is left
// of the network by chance, learnt as usual. A mask that is worth anything over random weights need not reach it, and one
// for trained weights must.
//
//   m drawn once;   w ← SGD(w, ∂L/∂w ⊙ m)
import { z } from "zod";
import { descend, projectTopK } from "../native/mod.ts";
import type { Algorithm } from "./algorithm.ts";
import { descentParameters } from "./hyperparameters.ts";
import { keptSegmentsOf, scopeParameter } from "./scope.ts";

const parameters = z.strictObject({
  ...descentParameters({ learningRate: { default: 0.1, range: [0.001, 1] } }),
  scope: scopeParameter("layer"),
});

/** The mask is that of `random` with the same scope and seed. */
export const randomTrained: Algorithm<z.infer<typeof parameters>> = {
  name: "random-trained",
  summary: "a mask drawn at random, and the weights that it keeps trained",
  source: "uniform draw; stochastic gradient descent with momentum",
  role: "upper bound",
  version: 1,
  masks: true,
  learns: "weights",
  parameters,

  start({ network, weights, segments, sparsity, metrics, vector, drawUniform }, p) {
    const { momentum, weightDecay } = p;
    const velocity = vector(), gradient = vector(), mask = vector(), draw = vector();
    drawUniform(draw);
    projectTopK(draw, keptSegmentsOf(segments, sparsity, p.scope), { by: "value" }, mask);
    weights.multiply(mask);

    return {
      state: { weights, velocity },
      latent: weights,
      step(batch, _t, rate) {
        network.weightGradient(weights, mask, batch, gradient, metrics);
        descend(weights, velocity, gradient, { rate, momentum, weightDecay });
      },
      mask: () => mask,
    };
  },
};
