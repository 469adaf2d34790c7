// dense: no mask, the weights themselves are learnt. The upper end of the scale that masks are measured on.
import { z } from "zod";
import { descend } from "../native/mod.ts";
import { type Algorithm, descent } from "./algorithm.ts";

const parameters = z.strictObject({
  learningRate: descent.learningRate(0.1, [0.001, 1]),
  momentum: descent.momentum,
  weightDecay: descent.weightDecay(),
});

/** Stochastic gradient descent with momentum and weight decay, from the same random weights. */
export const dense: Algorithm<z.infer<typeof parameters>> = {
  name: "dense",
  summary: "the weights learnt, no mask: the upper end of the scale",
  source: "stochastic gradient descent with momentum",
  version: 1,
  masks: false,
  learns: "weights",
  parameters,

  start({ network, weights, metrics, vector }, p) {
    const velocity = vector(), gradient = vector();

    return {
      state: { weights, velocity },
      step(batch, _t, rate) {
        network.weightGradient(weights, null, batch, gradient, metrics);
        descend(weights, velocity, gradient, {
          rate,
          momentum: p.momentum,
          decay: p.weightDecay,
        });
      },
      mask: () => null,
    };
  },
};
