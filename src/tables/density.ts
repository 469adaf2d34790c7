// Accuracy by the fraction of the weights that is kept: rows of cells whose masks are equally dense, whatever sparsity they
// were asked for.
import { markdownTable } from "markdown-table";
import { differingSettingsOf, factColumns, settingTextOf, splitFactColumns } from "./facts.ts";
import { formatAccuracy, formatShare } from "./format.ts";
import {
  type Cell,
  DENSITY_TOLERANCE,
  isUnmasked,
  keepsItsFraction,
  type Row,
  type Table,
} from "./table.ts";

/** Cells of one context that keep the same fraction, within half a point. */
export interface DensityRow {
  /** A row of the table with that context. */
  readonly row: Row;
  /** The mean of what its cells keep. */
  readonly kept: number;
  /** One for each column of the table; `null` without a cell that keeps as much. */
  readonly cells: readonly (Cell | null)[];
}

/** Whether every mask keeps the fraction that its row says. */
export function isAtEqualDensityThroughout({ rows }: Table): boolean {
  return rows.every((row) => masksOf(row).every((cell) => keepsItsFraction(cell, row)));
}

function masksOf({ cells }: Row): Cell[] {
  return cells.filter((cell) => cell !== null && !isUnmasked(cell.column.algorithm)) as Cell[];
}

/** The rows of each context, densest first. A column has at most one cell in each. */
export function densityRowsOf({ rows, columns }: Table): DensityRow[] {
  return [...Map.groupBy(rows, ({ context }) => context).values()].flatMap((members) => {
    const groups: Cell[][] = [];
    for (const cell of members.flatMap(masksOf).sort((a, b) => b.kept - a.kept)) {
      const last = groups.at(-1);
      const joins = last !== undefined && last[0]!.kept - cell.kept <= DENSITY_TOLERANCE &&
        last.every(({ column }) => column !== cell.column);
      if (joins) last.push(cell);
      else groups.push([cell]);
    }
    return groups.map((group) => ({
      row: members[0]!,
      kept: group.reduce((sum, { kept }) => sum + kept, 0) / group.length,
      cells: columns.map((column) => group.find((cell) => cell.column === column) ?? null),
    }));
  });
}

/** That table in Markdown; empty where each row of the main one is of equal density already. */
export function densityMarkdownOf(table: Table): string {
  if (isAtEqualDensityThroughout(table)) return "";
  const masked = table.columns.flatMap(({ algorithm, label }, i) =>
    isUnmasked(algorithm) ? [] : [{ label, i }]
  );
  const facts = splitFactColumns(table).differing.filter((name) => name !== "sparsity");
  const settings = differingSettingsOf(table);
  const lines = densityRowsOf(table).map(({ row, kept, cells }) => [
    ...facts.map((name) => factColumns[name]!(row)),
    ...settings.map((name) => settingTextOf(name, row)),
    formatShare(kept),
    ...masked.map(({ i }) => cells[i] ? formatAccuracy(cells[i].accuracy) : "—"),
  ]);
  const header = [...facts, ...settings, "kept", ...masked.map(({ label }) => label)];
  const text = markdownTable([header, ...lines], {
    align: header.map((_, i) => i < facts.length + settings.length ? "l" : "r"),
  });
  return `The same accuracies by the fraction of the weights that the masks keep, within half a point:\n\n${text}`;
}
