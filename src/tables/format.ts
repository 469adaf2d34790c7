// How figures and names are written in tables: the same value gives the same text everywhere.
import type { Interval, MeanDifference, Summary } from "../base/statistics.ts";
import type { Context } from "./table.ts";

/** `0.7` as `70%`, `0.995` as `99.5%`. */
export function formatPercent(fraction: number): string {
  return `${Number((100 * fraction).toPrecision(10))}%`;
}

/** `95.12`, never `−0.00`; with a true minus sign. */
export function formatFixed(value: number, decimals = 2): string {
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** `95.12 ± 0.21 (3)`, or `95.12 (1)` where one value has no deviation. */
export function formatAccuracy({ mean, deviation, n }: Summary): string {
  const spread = deviation === null ? "" : ` ± ${formatFixed(deviation)}`;
  return `${formatFixed(mean)}${spread} (${n})`;
}

/** `+0.42 [−0.10, +0.94]`, or `+0.42 [n/a]`; `†` behind it where the seeds are not paired. */
export function formatDifference({ mean, interval, method }: MeanDifference): string {
  return `${formatSigned(mean)} ${boundsText(interval)}${method === "welch" ? " †" : ""}`;
}

function boundsText(interval: Interval | null): string {
  return interval ? `[${formatSigned(interval.low)}, ${formatSigned(interval.high)}]` : "[n/a]";
}

/** `+0.42`, `−0.42` or `0.00`. */
export function formatSigned(value: number): string {
  const text = formatFixed(value);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

export { networkNameOf } from "../runs/label.ts";

/** `kaiming-normal`, or `kaiming-normal, fan-in scaled`. */
export function initialisationNameOf({ initialisation }: Context): string {
  return initialisation.name + (initialisation.scaleFan ? ", fan-in scaled" : "");
}
