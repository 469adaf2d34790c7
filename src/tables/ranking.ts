// Which mask of a row did best, and which others can't be told apart from it.
import type { MeanDifference } from "../base/statistics.ts";
import { formatFixed } from "./format.ts";
import { type Cell, differenceOf, isUnmasked, type Row } from "./table.ts";

/** `best`: the highest mean of the row's masks. `open`: lower, yet these runs can't tell it apart from the best. */
export type CellRank = "best" | "open";

/** Of each cell of a row; nothing of what has no mask, nor where there is only one mask. */
export function cellRanksOf({ cells }: Row): (CellRank | undefined)[] {
  const masks = cells.filter((cell) => cell !== null && !isUnmasked(cell.column.algorithm));
  if (masks.length < 2) return cells.map(() => undefined);
  const best = masks.reduce((a, b) => b!.accuracy.mean > a!.accuracy.mean ? b : a)!;
  return cells.map((cell) => cell && masks.includes(cell) ? standing(cell, best) : undefined);
}

// Cells that read the same are marked the same.
function standing(cell: Cell, best: Cell): CellRank | undefined {
  if (formatFixed(cell.accuracy.mean) === formatFixed(best.accuracy.mean)) return "best";
  return isUndecided(differenceOf(best, cell)) ? "open" : undefined;
}

/** Whether a difference may be chance: its interval holds zero, or it has none. */
export function isUndecided(difference: MeanDifference | null): boolean {
  const interval = difference?.interval;
  return !interval || interval.low <= 0 && interval.high >= 0;
}
