// Which mask of a row did best, and which others the runs can't distinguish from it.
import type { MeanDifference } from "../base/statistics.ts";
import { formatFixed } from "./format.ts";
import { type Cell, differenceOf, isUnmasked, type Row } from "./table.ts";

/** `best`: the highest mean of the row's masks. `open`: lower, yet these runs can't distinguish it from the best. */
export type CellRank = "best" | "open";

/** The rank of each cell of a row; cells without a mask have none, and neither has a mask that is the only one. */
export function cellRanksOf({ cells }: Row): (CellRank | undefined)[] {
  const masks = cells.filter((cell) => cell !== null && !isUnmasked(cell.column.algorithm));
  if (masks.length < 2) return cells.map(() => undefined);
  const best = masks.reduce((a, b) => b!.accuracy.mean > a!.accuracy.mean ? b : a)!;
  return cells.map((cell) => cell && masks.includes(cell) ? rankOf(cell, best) : undefined);
}

// Cells that show the same figure have the same mark.
function rankOf(cell: Cell, best: Cell): CellRank | undefined {
  if (formatFixed(cell.accuracy.mean) === formatFixed(best.accuracy.mean)) return "best";
  return isUndecided(differenceOf(best, cell)) ? "open" : undefined;
}

/** Whether a difference may be chance: its interval holds zero, or it has none. */
export function isUndecided(difference: MeanDifference | null): boolean {
  const interval = difference?.interval;
  return !interval || interval.low <= 0 && interval.high >= 0;
}
