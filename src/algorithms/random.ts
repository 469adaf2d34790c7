// random: a uniformly drawn mask, nothing learnt. It is the lower end of the scale that masks are measured on.
import { z } from "zod";
import { projectTopK } from "../native/mod.ts";
import type { Algorithm } from "./algorithm.ts";
import { keptSegmentsOf, scopeParameter } from "./scope.ts";

const parameters = z.strictObject({ scope: scopeParameter("layer") });

/** Every mask with the right number of ones is equally likely (float32 draws that tie aside). */
export const random: Algorithm<z.infer<typeof parameters>> = {
  name: "random",
  summary: "a mask drawn at random",
  source: "uniform draw",
  role: "lower bound",
  mark: {
    light: "#858b91",
    dark: "#80878e",
    dash: [1.5, 3],
    shape: "M-.8,-.8L.8,.8M-.8,.8L.8,-.8", // a cross
    glyph: "×",
  },
  version: 1,
  masks: true,
  learns: null,
  parameters,

  start({ segments, sparsity, vector, drawUniform }, p) {
    const mask = vector(), draw = vector();
    drawUniform(draw);
    projectTopK(draw, keptSegmentsOf(segments, sparsity, p.scope), { by: "value" }, mask);
    return { state: {}, latent: null, step: () => {}, mask: () => mask };
  },
};
