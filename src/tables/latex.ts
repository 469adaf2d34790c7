// The table for papers: LaTeX with booktabs, to be pasted or \input.
import { type Interval, type MeanDifference, type Summary } from "../base/statistics.ts";
import { differingSettingsOf, factColumns, settingTextOf, splitFactColumns } from "./facts.ts";
import { formatFixed, formatSigned } from "./format.ts";
import { legendOfTable } from "./notes.ts";
import { type CellRank, cellRanksOf } from "./ranking.ts";
import type { Table } from "./table.ts";

/** A LaTeX `table` with the legend of table.md in comments above it; needs `\usepackage{booktabs}`. Ends in a newline. */
export function latexOf(table: Table): string {
  const { alike, differing } = splitFactColumns(table);
  const settings = differingSettingsOf(table);
  const facts = [...differing, ...settings];
  const header = [
    ...facts,
    ...table.columns.map(({ label }) => label),
    ...table.comparisons.map(({ label }) => label),
  ];
  const rows = table.rows.map((row) => {
    const ranks = cellRanksOf(row);
    return [
      ...differing.map((name) => escapeLatex(factColumns[name]!(row))),
      ...settings.map((name) => escapeLatex(settingTextOf(name, row))),
      ...row.cells.map((cell, i) => cell ? accuracyText(cell.accuracy, ranks[i]) : "--"),
      ...row.differences.map((one) => one ? differenceText(one) : "n/a"),
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
    "mean $\\pm$ standard deviation (seeds); differences in points with their 95\\% confidence interval. Bold: the highest mean of a row's masks; " +
    "$\\approx$: lower, but not told apart from it by the 95\\% interval of their difference.}",
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
function accuracyText({ mean, deviation, n }: Summary, rank: CellRank | undefined): string {
  const spread = deviation === null ? "" : ` \\pm ${number(deviation)}`;
  const text = `$${number(mean)}${spread}$ (${n})`;
  if (rank === "best") return `{\\boldmath\\bfseries ${text}}`;
  return rank === "open" ? `$\\approx$ ${text}` : text;
}

function differenceText({ mean, interval, method }: MeanDifference): string {
  return `$${signedNumber(mean)}$ ${bounds(interval)}${method === "welch" ? " \\dag" : ""}`;
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
