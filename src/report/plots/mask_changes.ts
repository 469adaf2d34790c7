// How much of the mask each epoch changes, a line for each run.
import { formatFixed } from "../../tables/format.ts";
import type { Plot } from "./plot.ts";
import { type EpochFigure, runPanelsOf } from "./run_lines.ts";

const figure: EpochFigure = {
  title: "entries of the mask that changed, %",
  valueOf: ({ maskChange }) => maskChange === undefined ? undefined : 100 * maskChange,
  textOf: (part) => `${formatFixed(part)}% of the mask changed`,
  height: 150,
};

export const maskChangesPlot: Plot = {
  name: "mask-changes",
  title: "How much of the mask each epoch changes",
  question: "When does the mask settle?",
  caption: () =>
    "The part of the binary mask's entries that are not as they were one epoch before; of the first epoch, before " +
    "the first step. A line is a run.",
  panels: ({ table }) => {
    const panels = runPanelsOf(table, [figure]);
    if (panels.length === 0) {
      return "These run files don't tell how much of the mask changed: they were made before that was recorded, or " +
        "nothing in them learns a mask.";
    }
    return panels;
  },
};
