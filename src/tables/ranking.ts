// Which mask of a row did best, and which others may be as good: multiple comparisons with the best (Hsu 1984).
import { formatFixed } from "./format.ts";
import { type Cell, differenceOf, isUnmasked, keepsItsFraction, LEVEL, type Row } from "./table.ts";

/**
 * `best`: the highest mean of the row's masks. `open`: lower, yet not ruled out as the best. `unknown`: lower, and chance can't
 * be estimated.
 */
export type CellRank = "best" | "open" | "unknown";

/** The marks of lower means; the best is bold. */
export const rankMarks = { open: "≈", unknown: "?" } as const;

/**
 * The rank of each cell of a row; cells have none that are ruled out, have no mask, or keep another fraction than the row
 * says, and neither has a mask that is the only one.
 *
 * A mask is ruled out where one of the other m − 1 is better by a two-sided t test at 0.05 / (m − 1). So the true best is
 * ruled out with a probability of 2.5% at most, whichever it is and however many there are.
 */
export function cellRanksOf(row: Row): (CellRank | undefined)[] {
  const masks = row.cells.filter((cell) =>
    cell !== null && !isUnmasked(cell.column.algorithm) && keepsItsFraction(cell, row)
  ) as Cell[];
  if (masks.length < 2) return row.cells.map(() => undefined);
  const best = masks.reduce((a, b) => b.accuracy.mean > a.accuracy.mean ? b : a);
  return row.cells.map((cell) =>
    cell && masks.includes(cell) ? rankOf(cell, best, masks) : undefined
  );
}

// Cells that show the same figure have the same mark.
function rankOf(cell: Cell, best: Cell, masks: readonly Cell[]): CellRank | undefined {
  if (formatFixed(cell.accuracy.mean) === formatFixed(best.accuracy.mean)) return "best";
  const level = LEVEL / (masks.length - 1);
  if (masks.some((other) => isBetter(other, cell, level))) return undefined;
  return differenceOf(best, cell)!.p === null ? "unknown" : "open";
}

function isBetter(cell: Cell, other: Cell, level: number): boolean {
  const { mean, p } = differenceOf(cell, other)!;
  return p !== null && mean > 0 && p < level;
}
