// The table for people: what the figures mean, the figures, how they came about, and what is missing.
import { markdownTable } from "markdown-table";
import type { InvalidRunFile } from "../runs/run_file.ts";
import { differingSettingsOf, factColumns, settingTextOf } from "./facts.ts";
import { formatAccuracy, formatDifference } from "./format.ts";
import { legendOfTable, missingNoteOf, settingsNoteOf } from "./notes.ts";
import { cellRanksOf } from "./ranking.ts";
import type { Row, Table } from "./table.ts";

/** The whole file, ending in a newline. The same bytes for the same runs. */
export function markdownOf(table: Table, invalidFiles: readonly InvalidRunFile[] = []): string {
  const parts = table.rows.length
    ? [
      title(table),
      legendOfTable(table),
      figures(table),
      settingsNoteOf(table),
      missingNoteOf(table, invalidFiles),
    ]
    : ["No finished run.", missingNoteOf(table, invalidFiles)];
  return parts.filter((part) => part).join("\n\n") + "\n";
}

function title({ rows }: Table): string {
  const names = new Set(rows.map(({ context }) => context.dataset.name));
  return `# Accuracy on ${[...names].join(", ")}`;
}

function figures(table: Table): string {
  const { columns, comparisons, rows, against } = table, differ = differingSettingsOf(table);
  const places = [...Object.keys(factColumns), ...differ];
  const placeOf = (row: Row) => [
    ...Object.values(factColumns).map((text) => text(row)),
    ...differ.map((name) => settingTextOf(name, row)),
  ];
  if (against) {
    // A line for each column, as there may be many: differences beside figures would be two of each.
    return tableText(
      [...places, "algorithm"],
      ["accuracy", `− ${against.label}, points [95% interval]`],
      rows.flatMap((row) => {
        const texts = cellTexts(row);
        const differences = differenceTexts(row);
        return columns.flatMap((column, i) => {
          const at = comparisons.findIndex(({ minuend }) => minuend === column);
          return row.cells[i]
            ? [[...placeOf(row), column.label, texts[i]!, differences[at] ?? "—"]]
            : [];
        });
      }),
    );
  }
  return tableText(
    places,
    [
      ...columns.map(({ label }) => label),
      ...comparisons.map(({ label }) => `${label}, points [95% interval]`),
    ],
    rows.map((row) => [...placeOf(row), ...cellTexts(row), ...differenceTexts(row)]),
  );
}

function tableText(
  places: readonly string[],
  figures: readonly string[],
  lines: readonly (readonly string[])[],
): string {
  return markdownTable([[...places, ...figures], ...lines].map((line) => line.map(escaped)), {
    align: [...places.map(() => "l"), ...figures.map(() => "r")],
  });
}

const differenceTexts = (row: Row) =>
  row.differences.map((one) => one ? formatDifference(one) : "n/a");

function cellTexts(row: Row): string[] {
  const standings = cellRanksOf(row);
  return row.cells.map((cell, i) => {
    if (!cell) return "—";
    const text = formatAccuracy(cell.accuracy);
    if (standings[i] === "best") return `**${text}**`;
    return standings[i] === "open" ? `≈ ${text}` : text;
  });
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|");
}
