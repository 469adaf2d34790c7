// edge-popup: keep the weights whose learnt scores are largest in magnitude.
//
//   m = 1 for the largest |z| of every scope, else 0
//   z ← SGD(z, ∂L/∂m ⊙ sign(z))            the gradient passes straight through the selection
import { z } from "zod";
import { descend, projectTopK } from "../native/mod.ts";
import { type Algorithm, descent } from "./algorithm.ts";
import { keptSegments, scope } from "./scope.ts";

const parameters = z.strictObject({
  learningRate: descent.learningRate(0.1),
  momentum: descent.momentum,
  weightDecay: descent.weightDecay(),
  scope: scope("layer"),
});

/** Scores z start as U(−1/√fan_in, 1/√fan_in); defaults are the published recipe for CIFAR-10. */
export const edgePopup: Algorithm<z.infer<typeof parameters>> = {
  name: "edge-popup",
  summary: "a score for each weight, learnt straight through the selection of the largest |score|",
  source:
    "Ramanujan, Wortsman, Kembhavi, Farhadi, Rastegari: What's Hidden in a Randomly Weighted " +
    "Neural Network?, CVPR 2020",
  version: 1,
  masks: true,
  learns: "mask",
  parameters,

  start({ network, weights, segments, sparsity, metrics, vector, drawLatent }, p) {
    const scores = vector(), velocity = vector(), gradient = vector(), mask = vector();
    const kept = keptSegments(segments, sparsity, p.scope);
    drawLatent(scores);

    return {
      state: { scores, velocity },
      step(batch, _t, rate) {
        projectTopK(scores, kept, { by: "magnitude" }, mask);
        network.maskGradient(weights, mask, batch, gradient, metrics);
        descend(scores, velocity, gradient, {
          rate,
          momentum: p.momentum,
          decay: p.weightDecay,
          straightThrough: true,
        });
      },
      mask() {
        projectTopK(scores, kept, { by: "magnitude" }, mask);
        return mask;
      },
    };
  },
};
