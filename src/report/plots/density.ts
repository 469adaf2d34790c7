// Accuracy against the fraction of the weights that the masks keep, which need not be what the sparsity allows.
import { formatShare } from "../../tables/format.ts";
import { isAtEqualDensityThroughout } from "../../tables/density.ts";
import { accuracyPanelsOf } from "./accuracy_lines.ts";
import type { Plot } from "./plot.ts";

export const densityPlot: Plot = {
  name: "density",
  title: "Test accuracy against the fraction kept",
  question: "How accurate are they for what they keep?",
  caption: () =>
    "The same accuracies, each where its masks stand by the mean fraction of the weights that they keep. Compare what lies " +
    "one above the other: at one sparsity some algorithms keep fewer weights than they may.",
  panels: ({ table }) =>
    isAtEqualDensityThroughout(table)
      ? "Every mask keeps the fraction of the weights that its row says, within half a point: the first plot says it all."
      : accuracyPanelsOf(table, {
        title: "weights kept, %",
        placeOf: ({ kept }) => 100 * kept,
        ticksOf: (rows) => rows.map(({ sparsity }) => 100 * (1 - sparsity)),
        wordsOf: (accuracy, cell) =>
          cell ? `${accuracy} with ${formatShare(cell.kept)} kept` : accuracy,
      }),
};
