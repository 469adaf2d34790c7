// edge-popup: keep the weights whose learnt scores are largest in magnitude.
//
//   Π = 1 for the largest |z| of every scope, else 0
//   m = (1 − α) min(1, |z| / 2τ) + α Π,   α = min(1, t / (ρT))    τ the smallest |z| that Π keeps; without a ramp m = Π
//   z ← SGD(z, ∂L/∂m ⊙ sign(z))            the gradient passes straight through the selection
//
// The ramp is not published: it is SBP's, so that the two can be compared with it and without.
import { z } from "zod";
import { descend, projectTopK } from "../native/mod.ts";
import type { Algorithm } from "./algorithm.ts";
import { descentParameters, omitDefault } from "./hyperparameters.ts";
import { projectedShareAt } from "./ramp.ts";
import { keptSegmentsOf, scopeParameter } from "./scope.ts";

const parameters = z.strictObject({
  ...descentParameters({ learningRate: { default: 0.1 } }),
  scope: scopeParameter("layer"),
  ramp: omitDefault(
    z.number().min(0).max(1).default(0)
      .describe(
        "fraction ρ of the steps after which the mask is binary; 0: from the first step on",
      ),
  ),
});

/** Scores z start as U(−1/√fan_in, 1/√fan_in); defaults are the published recipe for CIFAR-10. */
export const edgePopup: Algorithm<z.infer<typeof parameters>> = {
  name: "edge-popup",
  summary: "a score for each weight, learnt straight through the selection of the largest |score|",
  source:
    "Ramanujan, Wortsman, Kembhavi, Farhadi, Rastegari: What's Hidden in a Randomly Weighted " +
    "Neural Network?, CVPR 2020",
  role: "reference",
  mark: { light: "#b84300", dark: "#ff9a4a", dash: [6, 3], shape: "diamond", glyph: "◆" },
  version: 1,
  masks: true,
  learns: "mask",
  parameters,

  start({ network, weights, segments, sparsity, steps, metrics, vector, drawLatent }, p) {
    const { momentum, weightDecay, ramp } = p;
    const scores = vector(), velocity = vector(), gradient = vector(), mask = vector();
    const kept = keptSegmentsOf(segments, sparsity, p.scope);
    const selection = { by: "magnitude", relaxation: ramp > 0 ? "relative" : "clipped" } as const;
    drawLatent(scores);

    return {
      state: { scores, velocity },
      latent: scores,
      step(batch, t, rate) {
        const alpha = projectedShareAt(ramp, t, steps);
        projectTopK(scores, kept, { ...selection, alpha }, mask);
        network.maskGradient(weights, mask, batch, gradient, metrics);
        const straightThrough = true;
        descend(scores, velocity, gradient, { rate, momentum, weightDecay, straightThrough });
      },
      mask() {
        projectTopK(scores, kept, { by: "magnitude" }, mask);
        return mask;
      },
    };
  },
};
