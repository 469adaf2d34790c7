// The table for papers: LaTeX with booktabs, to be pasted or \input.
import { type Interval, type MeanDifference, type Summary } from "../base/statistics.ts";
import { differingSettingsOf, factColumns, settingTextOf, splitFactColumns } from "./facts.ts";
import { formatFixed, formatSigned } from "./format.ts";
import { legendOfTable } from "./notes.ts";
import { type CellRank, cellRanksOf } from "./ranking.ts";
import type { Table } from "./table.ts";

/** A `table` with the legend of table.md in comments above it; needs `\usepackage{booktabs}`. Ends in a newline. */
export function latexOf(table: Table): string {
  const { alike, telling } = splitFactColumns(table), differ = differingSettingsOf(table);
  const places = [...telling, ...differ];
  const header = [
    ...places,
    ...table.columns.map(({ label }) => label),
    ...table.comparisons.map(({ label }) => label),
  ];
  const rows = table.rows.map((row) => {
    const standings = cellRanksOf(row);
    return [
      ...telling.map((name) => escapeLatex(factColumns[name]!(row))),
      ...differ.map((name) => escapeLatex(settingTextOf(name, row))),
      ...row.cells.map((cell, i) => cell ? accuracy(cell.accuracy, standings[i]) : "--"),
      ...row.differences.map((one) => one ? difference(one) : "n/a"),
    ];
  });
  const everywhere = alike.map((name) => escapeLatex(factColumns[name]!(table.rows[0]!))).join(
    ", ",
  );
  const line = (cells: readonly string[]) => `    ${cells.join(" & ")} \\\\`;
  const align = header.map((_, i) => i < places.length ? "l" : "r").join("");
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

// Bold as people read it, not as mathematics: \boldmath only works outside of it.
function accuracy({ mean, deviation, n }: Summary, standing: CellRank | undefined): string {
  const spread = deviation === null ? "" : ` \\pm ${number(deviation)}`;
  const text = `$${number(mean)}${spread}$ (${n})`;
  if (standing === "best") return `{\\boldmath\\bfseries ${text}}`;
  return standing === "open" ? `$\\approx$ ${text}` : text;
}

function difference({ mean, interval, method }: MeanDifference): string {
  return `$${signedNumber(mean)}$ ${bounds(interval)}${method === "welch" ? " \\dag" : ""}`;
}

function bounds(interval: Interval | null): string {
  return interval ? `$[${signedNumber(interval.low)}, ${signedNumber(interval.high)}]$` : "[n/a]";
}

// Within mathematics the minus sign is a hyphen.
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

/** Text that LaTeX sets as it stands here. */
export function escapeLatex(text: string): string {
  return text.replace(/[\\~^−×—]|[&%$#_{}]/g, (char) => special[char] ?? `\\${char}`)
    .replace(/\s+/g, " ");
}
