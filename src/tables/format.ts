// How figures and names are written in tables: the same value gives the same text everywhere.
import type { Difference, Interval, Summary } from "../base/statistics.ts";
import type { Context } from "./table.ts";

/** `0.7` as `70%`, `0.995` as `99.5%`. */
export function percent(fraction: number): string {
  return `${Number((100 * fraction).toPrecision(10))}%`;
}

/** `95.12`, never `−0.00`; with a true minus sign. */
export function fixed(value: number, decimals = 2): string {
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** `95.12 ± 0.21 (3)`, or `95.12 (1)` where one value says nothing of the spread. */
export function accuracy({ mean, deviation, n }: Summary): string {
  const spread = deviation === null ? "" : ` ± ${fixed(deviation)}`;
  return `${fixed(mean)}${spread} (${n})`;
}

/** `+0.42 [−0.10, +0.94]`, or `+0.42 [n/a]`; `†` behind it where the seeds are not paired. */
export function difference({ mean, interval, method }: Difference): string {
  return `${signed(mean)} ${bounds(interval)}${method === "welch" ? " †" : ""}`;
}

function bounds(interval: Interval | null): string {
  return interval ? `[${signed(interval.low)}, ${signed(interval.high)}]` : "[n/a]";
}

/** `+0.42`, `−0.42` or `0.00`. */
export function signed(value: number): string {
  const text = fixed(value);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

export { networkName } from "../runs/label.ts";

/** `kaiming-normal`, or `kaiming-normal, fan-in scaled`. */
export function initialisationName({ initialisation }: Context): string {
  return initialisation.name + (initialisation.scaleFan ? ", fan-in scaled" : "");
}
