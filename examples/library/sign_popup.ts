// An algorithm of one's own: edge-popup whose scores descend by the sign of the gradient, so that every layer moves at one rate.
import {
  type Algorithm,
  descend,
  descentParameters,
  keptSegmentsOf,
  projectTopK,
  scopeParameter,
} from "@maskbench/maskbench";
import { z } from "zod";

const parameters = z.strictObject({
  ...descentParameters({ learningRate: { default: 0.001 } }),
  scope: scopeParameter("layer"),
});

const signPopup: Algorithm<z.infer<typeof parameters>> = {
  name: "sign-popup",
  summary: "edge-popup whose scores descend by the sign of the gradient",
  source: "an example",
  role: "method",
  version: 1,
  masks: true,
  learns: "mask",
  parameters,

  start({ network, weights, segments, sparsity, metrics, vector, drawLatent }, p) {
    const { momentum, weightDecay } = p;
    const scores = vector(), velocity = vector(), gradient = vector(), mask = vector();
    const kept = keptSegmentsOf(segments, sparsity, p.scope);
    drawLatent(scores);

    return {
      state: { scores, velocity },
      latent: scores,
      step(batch, _, rate) {
        projectTopK(scores, kept, { by: "magnitude" }, mask);
        network.maskGradient(weights, mask, batch, gradient, metrics);
        gradient.sign();
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

export const algorithms = [signPopup];
