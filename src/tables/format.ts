// How figures and names are written in tables: the same value gives the same text everywhere.
import type { Interval, Summary } from "../base/statistics.ts";
import {
  type Cell,
  type CellDifference,
  type Context,
  isUnmasked,
  keepsItsFraction,
  type Row,
} from "./table.ts";

/** `0.7` as `70%`, `0.995` as `99.5%`. */
export function formatPercent(fraction: number): string {
  return `${Number((100 * fraction).toPrecision(10))}%`;
}

/** A fraction that was measured, to a tenth of a percent: `50.8%`. */
export function formatShare(fraction: number): string {
  return formatPercent(Number(fraction.toFixed(3)));
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

/** `keeps 50.8%` where a mask keeps another fraction than its row says; else nothing. */
export function formatKept(cell: Cell, row: Row): string {
  const isUnsaid = !isUnmasked(cell.column.algorithm) && !keepsItsFraction(cell, row);
  return isUnsaid ? `keeps ${formatShare(cell.kept)}` : "";
}

/** `+0.42 [−0.10, +0.94]`, or `+0.42 [n/a]`, with the marks of `differenceMarksOf`. */
export function formatDifference(difference: CellDifference): string {
  const { mean, interval } = difference;
  return [formatInterval(mean, interval), ...differenceMarksOf(difference)].join(" ");
}

/** `+0.42 [−0.10, +0.94]`, or `+0.42 [n/a]`. */
export function formatInterval(mean: number, interval: Interval | null): string {
  return `${formatSigned(mean)} ${boundsText(interval)}`;
}

/** What a difference is to be read with: `†` seeds not paired, `‡` unequal density, `§` unlike scopes. */
export function differenceMarksOf(
  { method, isAtEqualDensity, scopes }: CellDifference,
): string[] {
  return [
    ...method === "welch" ? ["†"] : [],
    ...isAtEqualDensity ? [] : ["‡"],
    ...scopes ? ["§"] : [],
  ];
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
