// What a check found: for people (Markdown), for spreadsheets (CSV), for programs (JSON).
// @ts-types="@types/d3-dsv"
import { csvFormatRows } from "d3-dsv";
import { markdownTable } from "markdown-table";
import { fixed, initialisationName, networkName, percent } from "../report/format.ts";
import type { CellCheck, Rules, Verdict } from "./compare.ts";

/** A whole check. */
export interface Check {
  readonly cells: readonly CellCheck[];
  readonly rules: Rules;
  /** What kept runs from being compared, a sentence each. */
  readonly obstacles: readonly string[];
}

/** 0: nothing got worse. 1: something did, beyond doubt. 3: nothing did, but not all could be compared. */
export function exitCodeOf({ cells, obstacles }: Check): 0 | 1 | 3 {
  if (cells.some(({ verdict }) => verdict === "worse" || verdict === "broken")) return 1;
  const gaps = cells.some(({ verdict, missing }) =>
    verdict === "not compared" || missing.length > 0
  );
  return gaps || obstacles.length > 0 ? 3 : 0;
}

const order: readonly Verdict[] = [
  "broken",
  "worse",
  "not compared",
  "inconclusive",
  "better",
  "unchanged",
  "same",
];

/** `2 worse, 18 same`, the worst first. */
export function summaryOf({ cells }: Check): string {
  const counts = order.map((verdict) => [
    cells.filter((cell) => cell.verdict === verdict).length,
    verdict,
  ]);
  return counts.filter(([count]) => count).map((pair) => pair.join(" ")).join(", ");
}

/** `mnist`, `mlp`, `kaiming-normal`, `50%`, `sbp`: where a cell is. */
export function placeOf({ configuration }: CellCheck): string[] {
  const { dataset, network, algorithm, sparsity } = configuration;
  const context = { ...configuration, network };
  return [
    dataset.name,
    networkName(context),
    initialisationName(context),
    percent(sparsity),
    algorithm.name,
  ];
}

const signed = (value: number) => (value > 0 ? "+" : "") + fixed(value);

/** `0.012`, `<0.0001`. */
const chance = (p: number) => p < 1e-4 ? "<0.0001" : p.toFixed(p < 0.01 ? 4 : 3);

/** The whole file, ending in a newline; cells that moved come first. */
export function checkMarkdown(check: Check): string {
  const { rules, obstacles } = check;
  const cells = [...check.cells].sort((a, b) =>
    order.indexOf(a.verdict) - order.indexOf(b.verdict)
  );
  const rows = cells.map((cell) => [
    ...placeOf(cell),
    String(cell.seeds),
    cell.before === null ? "" : fixed(cell.before),
    cell.now === null ? "" : fixed(cell.now),
    cell.difference === null ? "" : signed(cell.difference) +
      (cell.interval ? ` [${signed(cell.interval.low)}, ${signed(cell.interval.high)}]` : ""),
    cell.p === null ? "" : chance(cell.p),
    ["broken", "worse"].includes(cell.verdict) ? `**${cell.verdict}**` : cell.verdict,
  ]);
  const header = [
    "data set",
    "network",
    "initialisation",
    "sparsity",
    "algorithm",
    "seeds",
    "before",
    "now",
    "difference, points [95% interval]",
    "p of a loss",
    "verdict",
  ];
  const reasons = [
    ...reasonsOf(cells).map(([reason, places]) =>
      `- ${reason}: ${places.slice(0, 4).join("; ")}` +
      (places.length > 4 ? `; and ${places.length - 4} more` : "")
    ),
    ...obstacles.map((obstacle) => `- ${obstacle}`),
  ];
  const align = ["l", "l", "l", "l", "l", "r", "r", "r", "r", "r", "l"];
  return [
    `# Check: ${summaryOf(check)}`,
    markdownTable([header, ...rows], { align }),
    ...(reasons.length > 0 ? [reasons.join("\n")] : []),
    `Accuracy in percent after the last epoch, paired by seed. *Worse*: a loss of at least ${rules.floor} points, with ` +
    `at most ${
      percent(rules.level)
    } chance of any false alarm in the whole check (one-sided t test on the ` +
    `differences, Holm's correction). *Broken*: the same run with the same maskbench, libtorch, BLAS, processor and number of ` +
    `threads gave other losses or another mask.`,
  ].join("\n\n") + "\n";
}

// Each reason, with the cells that have it.
function reasonsOf(cells: readonly CellCheck[]): [string, string[]][] {
  const reasons = new Map<string, string[]>();
  for (const cell of cells) {
    for (const reason of cell.reasons) {
      const text = `**${cell.verdict}**, ${reason}`;
      reasons.set(text, [...reasons.get(text) ?? [], placeOf(cell).join(", ")]);
    }
  }
  return [...reasons];
}

/** A line for each cell. */
export function checkCsv({ cells }: Check): string {
  const header = [
    ...["dataset", "network", "initialisation", "sparsity", "algorithm", "seeds", "before", "now"],
    ...["difference", "low", "high", "p", "verdict", "reasons"],
  ];
  const text = (value: number | null | undefined) => value?.toString() ?? "";
  const rows = cells.map((cell) => [
    ...placeOf(cell),
    String(cell.seeds),
    ...[cell.before, cell.now, cell.difference, cell.interval?.low, cell.interval?.high, cell.p]
      .map(text),
    cell.verdict,
    cell.reasons.join("; "),
  ]);
  return csvFormatRows([header, ...rows]) + "\n";
}

/** Everything, ending in a newline. */
export function checkJson(check: Check): string {
  return JSON.stringify(
    { summary: summaryOf(check), exitCode: exitCodeOf(check), ...check },
    null,
    1,
  ) +
    "\n";
}
