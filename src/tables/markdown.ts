// The table for people: what the figures mean, the figures, how the runs were made, and what is missing.
import { markdownTable } from "markdown-table";
import type { InvalidRunFile } from "../runs/run_folder.ts";
import { densityMarkdownOf } from "./density.ts";
import { differingSettingsOf, factColumns, settingTextOf } from "./facts.ts";
import { formatAccuracy, formatDifference, formatKept } from "./format.ts";
import { legendOfTable, missingNoteOf, settingsNoteOf } from "./notes.ts";
import { cellRanksOf, rankMarks } from "./ranking.ts";
import type { Row, Table } from "./table.ts";

/** The whole file, ending in a newline. The same bytes for the same runs. */
export function markdownOf(table: Table, invalidFiles: readonly InvalidRunFile[] = []): string {
  const parts = table.rows.length
    ? [
      titleOf(table),
      legendOfTable(table),
      figuresOf(table),
      densityMarkdownOf(table),
      settingsNoteOf(table),
      missingNoteOf(table, invalidFiles),
    ]
    : ["No finished run.", missingNoteOf(table, invalidFiles)];
  return parts.filter((part) => part).join("\n\n") + "\n";
}

function titleOf({ rows }: Table): string {
  const names = new Set(rows.map(({ context }) => context.dataset.name));
  return `# Accuracy on ${[...names].join(", ")}`;
}

function figuresOf(table: Table): string {
  const { columns, comparisons, rows, against } = table;
  const settings = differingSettingsOf(table);
  const facts = [...Object.keys(factColumns), ...settings];
  const factsOf = (row: Row) => [
    ...Object.values(factColumns).map((text) => text(row)),
    ...settings.map((name) => settingTextOf(name, row)),
  ];
  if (against) {
    // There may be many columns, each with a difference: one line for each is narrower.
    return tableText(
      [...facts, "algorithm"],
      ["accuracy", `− ${against.label}, points [95% interval]`, "verdict"],
      rows.flatMap((row) => {
        const texts = cellTexts(row);
        const differences = differenceTexts(row);
        return columns.flatMap((column, i) => {
          const index = comparisons.findIndex(({ minuend }) => minuend === column);
          return row.cells[i]
            ? [[...factsOf(row), column.label, texts[i]!, ...(differences[index] ?? ["—", "—"])]]
            : [];
        });
      }),
    );
  }
  return tableText(
    facts,
    [
      ...columns.map(({ label }) => label),
      ...comparisons.flatMap(({ label }) => [`${label}, points [95% interval]`, "verdict"]),
    ],
    rows.map((row) => [...factsOf(row), ...cellTexts(row), ...differenceTexts(row).flat()]),
  );
}

function tableText(
  facts: readonly string[],
  figures: readonly string[],
  lines: readonly (readonly string[])[],
): string {
  return markdownTable([[...facts, ...figures], ...lines].map((line) => line.map(escapeMarkdown)), {
    align: [...facts.map(() => "l"), ...figures.map(() => "r")],
  });
}

const differenceTexts = (row: Row) =>
  row.differences.map((one) => one ? [formatDifference(one), one.verdict] : ["n/a", "—"]);

function cellTexts(row: Row): string[] {
  const ranks = cellRanksOf(row);
  return row.cells.map((cell, i) => {
    if (!cell) return "—";
    const kept = formatKept(cell, row);
    const text = [formatAccuracy(cell.accuracy), ...kept ? [kept] : []].join(", ");
    if (ranks[i] === "best") return `**${text}**`;
    return ranks[i] === undefined ? text : `${rankMarks[ranks[i]]} ${text}`;
  });
}

function escapeMarkdown(text: string): string {
  return text.replaceAll("|", "\\|");
}
