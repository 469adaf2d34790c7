// An algorithm of one's own, in a file anywhere: `deno task maskbench bench sweep.json --use my_algorithm.ts`. It is edge-popup
// by the scores' value instead of their magnitude.
import {
  type Algorithm,
  descend,
  descentParameters,
  keptSegmentsOf,
  projectTopK,
  scopeParameter,
} from "maskbench";
import { z } from "zod";

const parameters = z.strictObject({
  ...descentParameters({ learningRate: { default: 0.1, range: [0.01, 10] } }),
  scope: scopeParameter("global"),
});

const signedPopup: Algorithm<z.infer<typeof parameters>> = {
  name: "signed-popup",
  summary: "a score for each weight, learnt straight through the selection of the largest",
  source: "an example",
  role: "method",
  version: 1,
  masks: true,
  learns: "mask",
  parameters,

  start({ network, weights, segments, sparsity, metrics, vector, drawLatent }, p) {
    const scores = vector(), velocity = vector(), gradient = vector(), mask = vector();
    const kept = keptSegmentsOf(segments, sparsity, p.scope);
    drawLatent(scores);

    return {
      state: { scores, velocity },
      latent: scores,
      step(batch, _t, rate) {
        projectTopK(scores, kept, { by: "value" }, mask);
        network.maskGradient(weights, mask, batch, gradient, metrics);
        descend(scores, velocity, gradient, {
          rate,
          momentum: p.momentum,
          weightDecay: p.weightDecay,
        });
      },
      mask() {
        projectTopK(scores, kept, { by: "value" }, mask);
        return mask;
      },
    };
  },
};

export const algorithms = [signedPopup];
