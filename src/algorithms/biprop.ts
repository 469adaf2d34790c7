// biprop: edge-popup over binary weights: of the weights that are kept the signs alone count, with one gain for each layer.
//
//   m = 1 for the largest |z| of every scope, else 0
//   b = α sign(w) ⊙ m,   α = ‖w ⊙ m‖₁ / Σ m  of every layer      the nearest binary weights to w ⊙ m
//   z ← SGD(z, ∂L/∂b ⊙ w ⊙ sign(z))            the gradient passes straight through both
import { z } from "zod";
import { descend, projectTopK } from "../native/mod.ts";
import type { Algorithm } from "./algorithm.ts";
import { descentParameters, omitDefault } from "./hyperparameters.ts";
import { annealedSegmentsOf, keptSegmentsOf, scopeParameter } from "./scope.ts";

const parameters = z.strictObject({
  ...descentParameters({ learningRate: { default: 0.1 } }),
  scope: scopeParameter("layer"),
  progression: omitDefault(
    z.number().min(0).max(1).default(0)
      .describe("fraction of the steps in which k falls evenly from all weights; 0: never"),
  ),
});

/**
 * Scores start as edge-popup's. Evaluations use α sign(w), with the gain of the mask that is evaluated. Over weights of
 * one magnitude in each layer, as signed-kaiming-constant draws them, it is edge-popup. Where one k is for the network, the
 * published code has a progression over the first ten epochs.
 */
export const biprop: Algorithm<z.infer<typeof parameters>> = {
  name: "biprop",
  summary: "edge-popup over the signs of the weights, with a gain for each layer",
  source: "Diffenderfer, Kailkhura: Multi-Prize Lottery Ticket Hypothesis: Finding Accurate " +
    "Binary Neural Networks by Pruning A Randomly Weighted Network, ICLR 2021",
  role: "method",
  version: 1,
  masks: true,
  learns: "mask",
  parameters,

  start({ network, weights, segments, sparsity, steps, metrics, vector, drawLatent }, p) {
    const { momentum, weightDecay } = p;
    const scores = vector(), velocity = vector(), gradient = vector(), mask = vector();
    const drawn = vector();
    const kept = keptSegmentsOf(segments, sparsity, p.scope);
    drawn.copyFrom(weights);
    drawLatent(scores);
    const select = (remaining = 0) =>
      projectTopK(scores, annealedSegmentsOf(kept, 1, remaining), { by: "magnitude" }, mask);
    const binarise = (remaining = 0) => {
      select(remaining);
      weights.copyFrom(drawn);
      weights.multiply(mask);
      for (const { offset, length } of segments) weights.binarise(offset, length);
    };

    return {
      state: { scores, velocity },
      latent: scores,
      step(batch, t, rate) {
        binarise(p.progression > 0 ? Math.max(0, 1 - t / (p.progression * steps)) : 0);
        network.weightGradient(weights, null, batch, gradient, metrics); // ∂L/∂b
        gradient.multiply(drawn);
        const straightThrough = true;
        descend(scores, velocity, gradient, { rate, momentum, weightDecay, straightThrough });
      },
      mask() {
        select();
        return mask;
      },
      // The weights are whole again, with the gains of the mask: its controls are evaluated over them under other masks.
      finalise() {
        binarise();
        const binary = weights.download();
        weights.copyFrom(drawn);
        for (const { offset, length } of segments) {
          const gain = binary.subarray(offset, offset + length).find((value) => value !== 0) ?? 0;
          weights.sign(offset, length);
          weights.affine(Math.abs(gain), 0, offset, length);
        }
      },
    };
  },
};
