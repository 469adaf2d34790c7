// All plots, in the order of the page. A new one is its file and a line here.
import { accuracy } from "./accuracy.ts";
import { curves } from "./curves.ts";
import { difference } from "./difference.ts";
import { layers } from "./layers.ts";
import { maskChanges } from "./mask_changes.ts";
import type { Plot } from "./plot.ts";
import { speed } from "./speed.ts";

/** All plots, in the order of the page. */
export const plots: readonly Plot[] = [accuracy, difference, curves, layers, maskChanges, speed];
