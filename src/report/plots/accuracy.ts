// Accuracy against sparsity.
import { formatPercent } from "../../tables/format.ts";
import { accuracyPanelsOf } from "./accuracy_lines.ts";
import type { Plot } from "./plot.ts";

export const accuracyPlot: Plot = {
  name: "accuracy",
  title: "Test accuracy against sparsity",
  question: "How accurate are they?",
  caption: () =>
    "Accuracy after the last epoch, mean over seeds; bars, and the band of what has no mask, reach one standard " +
    "deviation to either side. Sparsity is the part of the weights that is removed. Where some lie far below the " +
    "rest, they have a strip of their own with its own axis.",
  panels: ({ table }) =>
    accuracyPanelsOf(table, {
      title: "sparsity, % of the weights removed",
      placeOf: (_, { sparsity }) => 100 * sparsity,
      ticksOf: (rows) => rows.map(({ sparsity }) => 100 * sparsity),
      wordsOf: (accuracy, _, { sparsity }) => `${accuracy} at ${formatPercent(sparsity)}`,
    }),
};
