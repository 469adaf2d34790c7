// Every difference of the table in percentage points, with its interval and a line at zero.
import type { Mark } from "../../algorithms/mark.ts";
import { formatDifference as differenceText, formatPercent } from "../../tables/format.ts";
import { type Context, isDecided, type Row, type Table } from "../../tables/table.ts";
import { domainOf } from "./axis.ts";
import { contextsOf, contextTitleOf, type Panel, type Plot, type VegaLiteSpec } from "./plot.ts";
import { legendOf, marksOf, paper } from "./style.ts";

/** Between the marks of two comparisons at one sparsity, in percent of the weights. */
const STEP = 1.2;

export const differencePlot: Plot = {
  name: "difference",
  title: "Difference in accuracy, with its interval",
  question: "Is one of the two better?",
  caption: ({ table: { comparisons } }) =>
    `${
      comparisons.map(({ label }) => label).join("; ")
    }, in percentage points of accuracy, with the 95% confidence ` +
    "interval (Student's t). Above the line at zero the first is more accurate. A hollow mark: no difference is shown, " +
    "after Holm's correction over all of them, or chance can't be estimated. Each interval is for itself: of twenty such, one misses.",
  panels: ({ table }) => {
    if (table.comparisons.length === 0) {
      return "There are no two algorithms whose difference could be shown.";
    }
    const marks = comparisonMarksOf(table);
    return contextsOf(table).flatMap(({ context, rows }, _, { length }) =>
      panelOf(context, rows, table, { marks, width: length > 1 ? 220 : 300 })
    );
  },
};

/** A mark for each comparison: the first column's where it is not taken yet, else the other's, else any that is left. */
function comparisonMarksOf({ columns, comparisons }: Table): Mark[] {
  const all = marksOf(columns), taken: Mark[] = [];
  for (const { minuend, subtrahend } of comparisons) {
    const own = [minuend, subtrahend].map((column) => all[columns.indexOf(column)]!);
    taken.push([...own, ...all].find((mark) => !taken.includes(mark)) ?? own[0]!);
  }
  return taken;
}

interface Point {
  readonly x: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  /** Whether no difference is shown. */
  readonly open: boolean;
  readonly label: string;
  readonly says: string;
}

function pointsOf(rows: readonly Row[], { comparisons }: Table): Point[] {
  const shift = (i: number) => STEP * (i - (comparisons.length - 1) / 2);
  return rows.flatMap((row) =>
    row.differences.flatMap((one, i) =>
      one
        ? [{
          x: 100 * row.sparsity + shift(i),
          mean: one.mean,
          low: one.interval?.low ?? one.mean,
          high: one.interval?.high ?? one.mean,
          open: !isDecided(one.verdict),
          label: comparisons[i]!.label,
          says: `${differenceText(one)} at ${formatPercent(row.sparsity)}`,
        }]
        : []
    )
  );
}

function panelOf(
  context: Context,
  rows: readonly Row[],
  table: Table,
  { marks, width }: { readonly marks: readonly Mark[]; readonly width: number },
): Panel[] {
  const points = pointsOf(rows, table), labels = table.comparisons.map(({ label }) => label);
  if (points.length === 0) return [];
  return [{
    subtitle: contextTitleOf(context, table),
    alt: labels.map((label) => {
      const own = points.filter((point) => point.label === label).map(({ says }) => says);
      return `${label}, points: ${own.join("; ")}.`;
    }).join(" "),
    spec: {
      width,
      height: 210,
      data: { values: points },
      layer: layersOf(points, rows, labels, marks),
    },
  }];
}

/** The line at zero, the intervals, and the marks at the means. */
function layersOf(
  points: readonly Point[],
  rows: readonly Row[],
  labels: readonly string[],
  marks: readonly Mark[],
): VegaLiteSpec[] {
  const axes = axesOf(points, rows);
  const color = {
    field: "label",
    type: "nominal",
    scale: { domain: labels, range: marks.map(({ light }) => light) },
    legend: labels.length > 1 ? legendOf(labels) : null,
  };
  return [
    {
      data: { values: [{ zero: 0 }] },
      mark: { type: "rule", color: paper.words.light, strokeWidth: 1 },
      encoding: { y: { field: "zero", type: "quantitative" } },
    },
    {
      mark: { type: "rule", strokeWidth: 2 },
      encoding: { ...axes, y: { ...axes.y, field: "low" }, y2: { field: "high" }, color },
    },
    {
      mark: { type: "point", size: 64, opacity: 1, strokeWidth: 2 },
      encoding: {
        ...axes,
        stroke: color,
        shape: { ...color, scale: { domain: labels, range: marks.map(({ shape }) => shape) } },
        fill: {
          condition: marks.map(({ light }, i) => ({
            test: `!datum.open && datum.label === ${JSON.stringify(labels[i])}`,
            value: light,
          })),
          value: paper.ground.light,
        },
      },
    },
  ];
}

function axesOf(points: readonly Point[], rows: readonly Row[]) {
  const x = domainOf(points.map(({ x }) => ({ low: x, high: x })));
  const y = domainOf([...points, { low: 0, high: 0 }]);
  return {
    x: {
      field: "x",
      type: "quantitative",
      scale: { domain: x, nice: false },
      title: "sparsity, % of the weights removed",
      axis: { values: rows.map(({ sparsity }) => 100 * sparsity) },
    },
    y: {
      field: "mean",
      type: "quantitative",
      scale: { domain: y, nice: false },
      title: "difference of accuracy, points",
      axis: { tickCount: 6, minExtent: 30 },
    },
  };
}
