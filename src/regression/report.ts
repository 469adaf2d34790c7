// The result of a check: for people (Markdown), for spreadsheets (CSV), for programs (JSON).
import { markdownText } from "../base/text.ts";
import { isDeepStrictEqual } from "node:util";
// @ts-types="@types/d3-dsv"
import { csvFormatRows } from "d3-dsv";
import { markdownTable } from "markdown-table";
import { canonicalJson } from "../runs/identity.ts";
import { columnOf, columnsOf } from "../tables/columns.ts";
import { differingSettingsOf, settingTextOf } from "../tables/facts.ts";
import {
  formatFixed,
  formatPercent,
  initialisationNameOf,
  networkNameOf,
} from "../tables/format.ts";
import { type MetricName, metricNames, type Rules } from "./rules.ts";
import type { CellCheck, Verdict } from "./types.ts";

/** A whole check. */
export interface CheckResult {
  readonly cells: readonly CellCheck[];
  readonly rules: Rules;
  /** Reasons why runs could not be compared, a sentence each. */
  readonly obstacles: readonly string[];
}

const bad: readonly Verdict[] = ["broken", "worse"];

/** Whether the cell fails the check. */
export const isFailure = ({ verdict, gate }: CellCheck): boolean =>
  bad.includes(verdict) && gate === "fail";

/** Whether the cell should have been compared, and could not be. */
const isMissing = ({ verdict, missing, gate }: CellCheck): boolean =>
  gate === "fail" && (verdict === "not compared" || missing.length > 0);

/** 0: nothing that fails got worse. 1: something did, beyond doubt. 3: nothing did, but not all could be compared. */
export function exitCodeOf({ cells, obstacles }: CheckResult): 0 | 1 | 3 {
  if (cells.some(isFailure)) return 1;
  return cells.some(isMissing) || obstacles.length > 0 ? 3 : 0;
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

/** `accuracy: 2 worse, 18 same; speed: 20 unchanged`, the worst first. */
export function checkSummaryOf({ cells }: CheckResult): string {
  return [...Map.groupBy(cells, ({ metric }) => metric)].map(([metric, cells]) => {
    const counts = order.map((verdict) => [
      cells.filter((cell) => cell.verdict === verdict).length,
      verdict,
    ]);
    return `${metric}: ${
      counts.filter(([count]) => count).map((pair) => pair.join(" ")).join(", ")
    }`;
  }).join("; ");
}

/**
 * The facts that name a cell: `mnist`, `mlp`, `kaiming-normal`, `50%`, `sbp (scope=layer)`. In the brackets, and after them,
 * are its differences from the algorithm's other cells. Speed and memory are of all settings of an algorithm together.
 */
export function cellNamerOf(cells: readonly CellCheck[]): (cell: CellCheck) => string[] {
  const rowFacts = cells.map(({ configuration }) => ({
    context: configuration,
    sparsity: configuration.sparsity,
  }));
  const settings = differingSettingsOf({ rows: rowFacts });
  const configurations = cells.map(({ configuration }) => ({ ...configuration, seed: 0 }));
  const rows = Map.groupBy(configurations, ({ algorithm: _, ...row }) => canonicalJson(row));
  const columns = columnsOf([...rows.values()]);
  return ({ configuration, sparsities, metric }) => [
    configuration.dataset.name,
    networkNameOf(configuration),
    initialisationNameOf(configuration),
    [...new Set([sparsities[0]!, sparsities.at(-1)!])].map(formatPercent).join(" to "),
    [
      metric === "accuracy"
        ? columnOf({ ...configuration, seed: 0 }, columns).label
        : configuration.algorithm.name,
      ...settings.map((name) =>
        `${name} ${
          settingTextOf(name, { context: configuration, sparsity: configuration.sparsity })
        }`
      ),
    ].join(", "),
  ];
}

const signedText = (text: string) => (/^−|^0\.?0*$/.test(text) ? "" : "+") + text;

/** Numbers of decimals of a metric's figures and differences. */
const decimals = { accuracy: [2, 2], speed: [0, 1], memory: [0, 1] } as const;

/** `0.012`, `<0.0001`. */
const probabilityText = (p: number) => p < 1e-4 ? "<0.0001" : p.toFixed(p < 0.01 ? 4 : 3);

/** The verdict as the tables show it. */
function verdictTextOf(cell: CellCheck): string {
  if (isFailure(cell)) return `**${cell.verdict}**`;
  return bad.includes(cell.verdict) ? `${cell.verdict}, a warning` : cell.verdict;
}

const header = ["data set", "network", "initialisation", "sparsity", "algorithm"];

function tableMarkdownOf(
  metric: MetricName,
  cells: readonly CellCheck[],
  factsOf: (cell: CellCheck) => string[],
): string {
  const [figure, difference] = decimals[metric];
  const by = (value: number) => signedText(formatFixed(value, difference));
  const rows = cells.map((cell) => [
    ...factsOf(cell),
    String(cell.runs),
    ...(metric === "speed" ? [roundsOf(cell)] : []),
    cell.before === null ? "" : formatFixed(cell.before, figure),
    cell.now === null ? "" : formatFixed(cell.now, figure),
    cell.difference === null ? "" : by(cell.difference) +
      (cell.interval ? ` [${by(cell.interval.low)}, ${by(cell.interval.high)}]` : ""),
    cell.p === null ? "" : probabilityText(cell.p),
    verdictTextOf(cell),
  ]);
  const unit = metric === "accuracy" ? "points" : "%";
  const columns = [
    metric === "accuracy" ? "seeds" : "runs",
    ...(metric === "speed" ? ["rounds before, now"] : []),
    "before",
    "now",
    `difference, ${unit} [95% interval]`,
    "p of a loss",
  ];
  const sides = [...header.map(() => "l"), ...columns.map(() => "r"), "l"];
  return markdownTable([[...header, ...columns, "verdict"], ...rows], { align: sides });
}

/** `5, 3` */
const roundsOf = ({ rounds }: CellCheck) => rounds ? `${rounds.before}, ${rounds.now}` : "";

/** The explanation of a metric above its table. */
const meanings: Readonly<Record<MetricName, string>> = {
  accuracy: "Accuracy in percent after the last epoch.",
  speed:
    "Speed in images a second, by the time of a matrix product and a copy measured in the same run: *now* is what the " +
    "machine of *before* would do. A round is all runs in one process; what looks slower than the limit is measured in " +
    "more of them.",
  memory: "Memory in MB: the most that the process held, other runs at the same time included.",
};

/** The whole file, ending in a newline. Cells that changed come first, and of speed and memory only those are shown. */
export function checkMarkdownOf(check: CheckResult): string {
  const { rules, obstacles } = check;
  const cells = [...check.cells].sort((a, b) =>
    order.indexOf(a.verdict) - order.indexOf(b.verdict)
  );
  const factsOf = cellNamerOf(cells);
  const sections = metricNames.flatMap((metric) => {
    const all = cells.filter((cell) => cell.metric === metric);
    const shown = metric === "accuracy"
      ? all
      : all.filter(({ verdict }) => ["worse", "better", "inconclusive"].includes(verdict));
    return shown.length > 0
      ? [`${meanings[metric]}\n\n${tableMarkdownOf(metric, shown, factsOf)}`]
      : [];
  });
  const reasons = [
    ...reasonsOf(cells, factsOf).map(([reason, names]) =>
      `- ${reason}: ${names.slice(0, 4).join("; ")}` +
      (names.length > 4 ? `; and ${names.length - 4} more` : "")
    ),
    ...obstacles.map((obstacle) => `- ${obstacle}`),
  ];
  return [
    `# Check: ${checkSummaryOf(check)}`,
    ...sections,
    ...(reasons.length > 0 ? [reasons.join("\n")] : []),
    `Paired by seed. *Worse*: a loss over the limit (${limitsOf(rules)}), with at most ${
      formatPercent(rules.level)
    } chance of any false alarm in the whole check, for each of accuracy, speed and memory (one-sided t test on the ` +
    `differences, of speed on the means of rounds, their spread shrunk towards that of all cells, Holm's correction). *Broken*: the same run with the same ` +
    `maskbench, libtorch, BLAS, processor and number of threads gave other losses or another mask, or on any machine a ` +
    `run keeps another number of weights or began with another batch.`,
  ].join("\n\n") + "\n";
}

/** The limits in words, with those of some cells: `0.5 points of accuracy, 5% of speed, 10% of memory`. */
function limitsOf({ limits }: Rules): string {
  return limits.filter(({ metric, where }, i) =>
    // A limit that a later one replaces is left out.
    !limits.some((later, j) =>
      j > i && later.metric === metric && (!later.where || isDeepStrictEqual(later.where, where))
    )
  ).map(({ metric, where, value }) =>
    `${value}${metric === "accuracy" ? " points" : "%"} of ${metric}` +
    (where ? ` where ${where.key} is ${where.value}` : "")
  ).join(", ");
}

// Each reason is followed by the names of the cells that have it.
function reasonsOf(
  cells: readonly CellCheck[],
  factsOf: (cell: CellCheck) => string[],
): [string, string[]][] {
  const reasons = new Map<string, string[]>();
  for (const cell of cells) {
    for (const reason of cell.reasons) {
      const text = `**${cell.metric} ${cell.verdict}**, ${markdownText(reason)}`;
      reasons.set(text, [...reasons.get(text) ?? [], factsOf(cell).join(", ")]);
    }
  }
  return [...reasons];
}

/** A line for each cell and metric. */
export function checkCsvOf({ cells }: CheckResult): string {
  const header = [
    ...["dataset", "network", "initialisation", "sparsity", "algorithm", "metric", "runs"],
    ...["rounds before", "rounds now"],
    ...["before", "now", "difference", "low", "high", "p", "verdict", "gate", "reasons"],
  ];
  const text = (value: number | null | undefined) => value?.toString() ?? "";
  const factsOf = cellNamerOf(cells);
  const rows = cells.map((cell) => [
    ...factsOf(cell),
    cell.metric,
    String(cell.runs),
    text(cell.rounds?.before),
    text(cell.rounds?.now),
    ...[cell.before, cell.now, cell.difference, cell.interval?.low, cell.interval?.high, cell.p]
      .map(text),
    cell.verdict,
    cell.gate,
    cell.reasons.join("; "),
  ]);
  return csvFormatRows([header, ...rows]) + "\n";
}

/** Everything, ending in a newline. */
export function checkJsonOf(check: CheckResult): string {
  return JSON.stringify(
    { summary: checkSummaryOf(check), exitCode: exitCodeOf(check), ...check },
    null,
    1,
  ) +
    "\n";
}
