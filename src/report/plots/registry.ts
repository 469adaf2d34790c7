// All plots, in the order of the page. A new one is its file and a line here.
import { accuracyPlot } from "./accuracy.ts";
import { curvesPlot } from "./curves.ts";
import { densityPlot } from "./density.ts";
import { differencePlot } from "./difference.ts";
import { layersPlot } from "./layers.ts";
import { maskChangesPlot } from "./mask_changes.ts";
import type { Plot } from "./plot.ts";
import { speedPlot } from "./speed.ts";

/** All plots, in the order of the page. */
export const plots: readonly Plot[] = [
  accuracyPlot,
  densityPlot,
  differencePlot,
  curvesPlot,
  layersPlot,
  maskChangesPlot,
  speedPlot,
];
