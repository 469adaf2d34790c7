// Learning curves: training loss and accuracy by epoch, a line for each run.
import { fixed } from "../../tables/format.ts";
import type { Plot } from "./plot.ts";
import { type Figure, runPanels } from "./run_lines.ts";

const figures: readonly Figure[] = [
  {
    title: "training loss, nats",
    of: ({ trainLoss }) => trainLoss,
    says: (loss) => `training loss ${loss.toFixed(3)}`,
    height: 110,
  },
  {
    title: "accuracy, %",
    of: ({ testAccuracy }) => 100 * testAccuracy,
    says: (accuracy) => `accuracy ${fixed(accuracy)}%`,
    height: 110,
  },
];

export const curves: Plot = {
  name: "curves",
  title: "Learning curves",
  question: "How do they learn?",
  caption: () =>
    "A line is a run: its mean training loss over each epoch, and its accuracy on the evaluation split after it. Point " +
    "at a line, or reach the panel with the tab key and go from run to run with the arrow keys, to see which run it " +
    "is; a click or the enter key opens its run file. What learns nothing has no curve.",
  panels: ({ table }) => {
    const panels = runPanels(table, figures);
    return panels.length > 0 ? panels : "None of the runs learnt anything by epochs.";
  },
};
