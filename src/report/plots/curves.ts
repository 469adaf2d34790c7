// Learning curves: training loss and accuracy by epoch, a line for each run.
import { formatFixed } from "../../tables/format.ts";
import type { Plot } from "./plot.ts";
import { type EpochFigure, runPanelsOf } from "./run_lines.ts";

const figures: readonly EpochFigure[] = [
  {
    title: "training loss, nats",
    valueOf: ({ trainLoss }) => trainLoss,
    textOf: (loss) => `training loss ${loss.toFixed(3)}`,
    height: 110,
  },
  {
    title: "accuracy, %",
    valueOf: ({ testAccuracy }) => 100 * testAccuracy,
    textOf: (accuracy) => `accuracy ${formatFixed(accuracy)}%`,
    height: 110,
  },
];

export const curvesPlot: Plot = {
  name: "curves",
  title: "Learning curves",
  question: "How do they learn?",
  caption: () =>
    "A line is a run: its mean training loss over each epoch, and its accuracy on the evaluation split after it. Point " +
    "at a line, or reach the panel with the tab key and go from run to run with the arrow keys, to see which run it " +
    "is; a click or the enter key opens its run file. What learns nothing has no curve.",
  panels: ({ table }) => {
    const panels = runPanelsOf(table, figures);
    return panels.length > 0 ? panels : "None of the runs learnt anything by epochs.";
  },
};
