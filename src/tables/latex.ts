// The table for papers: LaTeX with booktabs, to be pasted or \input.
import type { Interval } from "../base/statistics.ts";
import { differingSettingsOf, factColumns, settingTextOf, splitFactColumns } from "./facts.ts";
import { differenceMarksOf, formatFixed, formatKept, formatSigned } from "./format.ts";
import { legendOfTable } from "./notes.ts";
import { type CellRank, cellRanksOf } from "./ranking.ts";
import type { Cell, CellDifference, Row, Table } from "./table.ts";

/** A LaTeX `table` with the legend of table.md in comments above it; needs `\usepackage{booktabs}`. Ends in a newline. */
export function latexOf(table: Table): string {
  const { alike, differing } = splitFactColumns(table);
  const settings = differingSettingsOf(table);
  const facts = [...differing, ...settings];
  const header = [
    ...facts,
    ...table.columns.map(({ label }) => label),
    ...table.comparisons.flatMap(({ label }) => [label, "verdict"]),
  ];
  const rows = table.rows.map((row) => {
    const ranks = cellRanksOf(row);
    return [
      ...differing.map((name) => escapeLatex(factColumns[name]!(row))),
      ...settings.map((name) => escapeLatex(settingTextOf(name, row))),
      ...row.cells.map((cell, i) => cell ? accuracyText(cell, row, ranks[i]) : "--"),
      ...row.differences.flatMap((one) => one ? [differenceText(one), one.verdict] : ["n/a", "--"]),
    ];
  });
  const everywhere = alike.map((name) => escapeLatex(factColumns[name]!(table.rows[0]!))).join(
    ", ",
  );
  const line = (cells: readonly string[]) => `    ${cells.join(" & ")} \\\\`;
  const align = header.map((_, i) => i < facts.length ? "l" : "r").join("");
  return [
    "% \\usepackage{booktabs}",
    ...legendOfTable(table).split("\n").map((text) => `% ${text.replaceAll("**", "")}`),
    "\\begin{table}",
    "  \\centering",
    `  \\caption{Accuracy in percent${everywhere && ` (${everywhere})`} after the last epoch, ` +
    "mean $\\pm$ standard deviation (seeds); differences in points with their 95\\% confidence interval, " +
    "and a verdict after Holm's correction over the table. Bold: the highest mean of a row's masks; " +
    "$\\approx$: lower, but not ruled out as the best at 95\\%.}",
    `  \\begin{tabular}{${align}}`,
    "    \\toprule",
    line(header.map(escapeLatex)),
    "    \\midrule",
    ...rows.map(line),
    "    \\bottomrule",
    "  \\end{tabular}",
    "\\end{table}",
  ].join("\n") + "\n";
}

// \boldmath only works outside of mathematics, so the whole cell is bold.
function accuracyText(cell: Cell, row: Row, rank: CellRank | undefined): string {
  const { mean, deviation, n } = cell.accuracy;
  const spread = deviation === null ? "" : ` \\pm ${number(deviation)}`;
  const kept = formatKept(cell, row);
  const text = `$${number(mean)}${spread}$ (${n})${kept && `, ${escapeLatex(kept)}`}`;
  if (rank === "best") return `{\\boldmath\\bfseries ${text}}`;
  if (rank === "unknown") return `? ${text}`;
  return rank === "open" ? `$\\approx$ ${text}` : text;
}

const latexMarks: Readonly<Record<string, string>> = { "†": "\\dag", "‡": "\\ddag", "§": "\\S" };

function differenceText(difference: CellDifference): string {
  const marks = differenceMarksOf(difference).map((mark) => ` ${latexMarks[mark]}`);
  return `$${signedNumber(difference.mean)}$ ${bounds(difference.interval)}${marks.join("")}`;
}

function bounds(interval: Interval | null): string {
  return interval ? `$[${signedNumber(interval.low)}, ${signedNumber(interval.high)}]$` : "[n/a]";
}

// The minus sign of mathematics is a hyphen in LaTeX.
const number = (value: number) => formatFixed(value).replace("−", "-");
const signedNumber = (value: number) => formatSigned(value).replace("−", "-");

const special: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
  "−": "$-$",
  "×": "$\\times$",
  "—": "---",
};

/** Escapes text, so that LaTeX sets it as it is. */
export function escapeLatex(text: string): string {
  return text.replace(/[\\~^−×—]|[&%$#_{}]/g, (char) => special[char] ?? `\\${char}`)
    .replace(/\s+/g, " ");
}
