// The table for people: what the figures mean, the figures, how they came about, and what is missing.
import { markdownTable } from "markdown-table";
import type { SetAside } from "../sweep/store.ts";
import { differing, settingText, shared } from "./facts.ts";
import { accuracy, difference, fixed } from "./format.ts";
import { legend, missing, settings } from "./notes.ts";
import { type Cell, isUnmasked, type Row, type Table } from "./table.ts";

/** The whole file, ending in a newline. The same bytes for the same runs. */
export function markdownOf(table: Table, setAside: readonly SetAside[] = []): string {
  const parts = table.rows.length
    ? [title(table), legend(table), figures(table), settings(table), missing(table, setAside)]
    : ["No finished run.", missing(table, setAside)];
  return parts.filter((part) => part).join("\n\n") + "\n";
}

function title({ rows }: Table): string {
  const names = new Set(rows.map(({ context }) => context.dataset.name));
  return `# Accuracy on ${[...names].join(", ")}`;
}

function figures(table: Table): string {
  const differ = differing(table);
  const places = [...Object.keys(shared), ...differ];
  const header = [
    ...places,
    ...table.columns.map(({ label }) => label),
    ...table.comparisons.map(({ label }) => `${label}, points [95% interval]`),
  ];
  const lines = table.rows.map((row) => [
    ...Object.values(shared).map((text) => text(row)),
    ...differ.map((name) => settingText(name, row)),
    ...cellTexts(row),
    ...row.differences.map((one) => one ? difference(one) : "n/a"),
  ]);
  return markdownTable([header, ...lines].map((line) => line.map(escaped)), {
    align: header.map((_, i) => (i < places.length ? "l" : "r")),
  });
}

// Cells that read the same are marked the same.
function cellTexts(row: Row): string[] {
  const isMask = (cell: Cell | null) => cell !== null && !isUnmasked(cell.column.algorithm);
  const masks = row.cells.filter(isMask).map((cell) => cell!.accuracy.mean);
  const best = masks.length > 1 ? fixed(Math.max(...masks)) : undefined;
  return row.cells.map((cell) => {
    if (!cell) return "—";
    const text = accuracy(cell.accuracy);
    return isMask(cell) && fixed(cell.accuracy.mean) === best ? `**${text}**` : text;
  });
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|");
}
