// dense: no mask, the weights themselves are learnt. It is the upper end of the scale that masks are measured on.
import { z } from "zod";
import { descend } from "../native/mod.ts";
import type { Algorithm } from "./algorithm.ts";
import { descentParameters } from "./hyperparameters.ts";

const parameters = z.strictObject({
  ...descentParameters({ learningRate: { default: 0.1, range: [0.001, 1] } }),
});

/** Stochastic gradient descent with momentum and weight decay, from the same random weights. */
export const dense: Algorithm<z.infer<typeof parameters>> = {
  name: "dense",
  summary: "the same weights trained without a mask",
  source: "stochastic gradient descent with momentum",
  role: "upper bound",
  mark: { light: "#20252b", dark: "#e3e8ed", dash: [1, 0], shape: "triangle-up", glyph: "▲" },
  version: 1,
  masks: false,
  learns: "weights",
  parameters,

  start({ network, weights, metrics, vector }, { momentum, weightDecay }) {
    const velocity = vector(), gradient = vector();

    return {
      state: { weights, velocity },
      latent: weights,
      step(batch, _t, rate) {
        network.weightGradient(weights, null, batch, gradient, metrics);
        descend(weights, velocity, gradient, { rate, momentum, weightDecay });
      },
      mask: () => null,
    };
  },
};
