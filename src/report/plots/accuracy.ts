// Accuracy against sparsity: a line for each algorithm, with bars for the spread over seeds.
import type { Mark } from "../../algorithms/mark.ts";
import { formatAccuracy as accuracyText, formatPercent } from "../../tables/format.ts";
import { type Cell, isUnmasked, type Row, type Table } from "../../tables/table.ts";
import { type Domain, domainOf, groupsOf, spreadApart, spreadOf } from "./axis.ts";
import { contextsOf, contextTitleOf, type Plot, type VegaLiteSpec } from "./plot.ts";
import { endLabel, marksOf } from "./style.ts";

const HEIGHT = 210, STRIP = 46, LABEL = 13;

/** Of a panel alone, and of one among several. */
const WIDE = 300, SMALL = 220;

type Axes = Readonly<Record<"x" | "y", VegaLiteSpec>>;

/** One algorithm in one context. */
interface Line {
  readonly label: string;
  readonly mark: Mark;
  readonly whole: boolean;
  readonly points: readonly Point[];
  /** Lowest and highest of the bars. */
  readonly low: number;
  readonly high: number;
}

interface Point {
  readonly x: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export const accuracyPlot: Plot = {
  name: "accuracy",
  title: "Test accuracy against sparsity",
  question: "How accurate are they?",
  caption: () =>
    "Accuracy after the last epoch, mean over seeds; bars, and the band of what has no mask, reach one standard " +
    "deviation to either side. Sparsity is the part of the weights that is removed. Where some lie far below the " +
    "rest, they have a strip of their own with its own axis.",
  panels: ({ table }) =>
    contextsOf(table).map(({ context, rows }, _, { length }) => {
      const lines = linesOf(rows, table);
      const groups = groupsOf(lines), xs = rows.map(({ sparsity }) => 100 * sparsity);
      const strips = groups.map((group, i) =>
        strip(group, xs, {
          main: i === 0,
          last: i === groups.length - 1,
          split: context.dataset.split,
          width: length > 1 ? SMALL : WIDE,
        })
      );
      return {
        place: contextTitleOf(context, table),
        alt: altOf(rows, table),
        spec: { vconcat: strips, spacing: 14, bounds: "flush" },
      };
    }),
};

function linesOf(rows: readonly Row[], table: Table): Line[] {
  const marks = marksOf(table.columns);
  return table.columns.flatMap(({ label, algorithm }, i) => {
    const points = rows.flatMap(({ cells, sparsity }) => {
      const cell = cells[i];
      return cell
        ? [{ x: 100 * sparsity, mean: cell.accuracy.mean, ...spreadOf(cell.accuracy) }]
        : [];
    });
    if (points.length === 0) return [];
    const low = Math.min(...points.map((point) => point.low));
    const high = Math.max(...points.map((point) => point.high));
    return [{ label, mark: marks[i]!, whole: isUnmasked(algorithm), points, low, high }];
  });
}

interface Place {
  readonly main: boolean;
  readonly last: boolean;
  readonly split: string;
  readonly width: number;
}

function strip(
  lines: readonly Line[],
  xs: readonly number[],
  { main, last, split, width }: Place,
): VegaLiteSpec {
  const height = main ? HEIGHT : STRIP;
  const y = domainOf(lines, [0, 100]), x = domainOf(xs.map((x) => ({ low: x, high: x })));
  const end = x[1];
  const labels = spreadApart(
    lines.map(({ points }) => points.at(-1)!.mean),
    (y[1] - y[0]) * LABEL / height,
  );
  const axes = {
    x: {
      field: "x",
      type: "quantitative",
      scale: { domain: x, nice: false },
      title: last ? "sparsity, % of the weights removed" : null,
      axis: { values: xs, labels: last, ticks: last },
    },
    y: {
      field: "mean",
      type: "quantitative",
      scale: { domain: y, nice: false, zero: false },
      title: main ? `${split} accuracy, %` : null,
      axis: { tickCount: main ? 6 : 3, minExtent: 30 },
    },
  };
  return {
    width,
    height,
    layer: lines.flatMap((line, i) => [
      ...drawn(line, axes, x),
      ...endLabel(line.mark, line.label, { x: end, mean: labels[i]! }, axes),
    ]),
  };
}

function drawn({ mark, whole, points }: Line, axes: Axes, x: Domain): VegaLiteSpec[] {
  const { light, dash, shape } = mark;
  const bounds = {
    ...axes,
    y: { ...axes.y, field: "low" },
    y2: { field: "high" },
  };
  if (whole) {
    const [{ mean, low, high }] = points as [Point];
    const ends = x.map((x) => ({ x, mean, low, high }));
    return [
      {
        data: { values: ends },
        mark: { type: "area", color: light, opacity: 0.12 },
        encoding: bounds,
      },
      {
        data: { values: ends },
        mark: { type: "line", color: light, strokeWidth: 1.25 },
        encoding: axes,
      },
    ];
  }
  return [
    {
      data: { values: points },
      mark: { type: "rule", color: light, strokeWidth: 1.5 },
      encoding: bounds,
    },
    {
      data: { values: points },
      mark: { type: "line", color: light, strokeWidth: 2, strokeDash: dash },
      encoding: axes,
    },
    {
      data: { values: points },
      mark: {
        type: "point",
        shape,
        size: 46,
        opacity: 1,
        stroke: light,
        fill: light,
        strokeWidth: 1.5,
      },
      encoding: axes,
    },
  ];
}

function altOf(rows: readonly Row[], table: Table): string {
  const of = (cell: Cell | null | undefined) => cell ? accuracyText(cell.accuracy) : "none";
  return table.columns.map(({ label, algorithm }, i) =>
    isUnmasked(algorithm)
      ? `${label}: ${of(rows[0]!.cells[i])}.`
      : `${label}: ${
        rows.map((row) => `${of(row.cells[i])} at ${formatPercent(row.sparsity)}`).join(", ")
      }.`
  ).join(" ");
}
