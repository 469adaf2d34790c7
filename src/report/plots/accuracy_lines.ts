// Accuracy against what is removed, or kept: a line for each algorithm, with bars for the spread over seeds.
import type { Mark } from "../../algorithms/mark.ts";
import { formatAccuracy as accuracyText } from "../../tables/format.ts";
import { type Cell, isUnmasked, type Row, type Table } from "../../tables/table.ts";
import { type Domain, domainOf, groupsOf, spreadApart, spreadOf } from "./axis.ts";
import { contextsOf, contextTitleOf, type Panel, type VegaLiteSpec } from "./plot.ts";
import { endLabel, marksOf } from "./style.ts";

/** Heights in pixels of the main strip, of one below it, and of a label. */
const MAIN_HEIGHT = 210;
const LOWER_HEIGHT = 46;
const LABEL_HEIGHT = 13;

/** Widths in pixels of a panel alone, and of one among several. */
const SINGLE_WIDTH = 300;
const SHARED_WIDTH = 220;

type Axes = Readonly<Record<"x" | "y", VegaLiteSpec>>;

/** One algorithm in one context. */
interface Line {
  readonly label: string;
  readonly mark: Mark;
  /** Whether the algorithm has no mask, so that its one accuracy is drawn across all sparsities. */
  readonly unmasked: boolean;
  readonly points: readonly Point[];
  /** The lowest and the highest end of its bars. */
  readonly low: number;
  readonly high: number;
}

interface Point {
  readonly x: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** What accuracy is drawn against. */
export interface AccuracyAxis {
  readonly title: string;
  /** The place of a cell, in percent. */
  placeOf(cell: Cell, row: Row): number;
  /** The places that are labelled. */
  ticksOf(rows: readonly Row[]): number[];
  /** `97.59 ± 0.10 (5) at 30%`: a point in words. */
  wordsOf(accuracy: string, cell: Cell | null | undefined, row: Row): string;
}

/** A panel for each context of the table. */
export function accuracyPanelsOf(table: Table, against: AccuracyAxis): Panel[] {
  return contextsOf(table).map(({ context, rows }, _, { length }) => {
    const lines = linesOf(rows, table, against);
    const groups = groupsOf(lines);
    const ticks = against.ticksOf(rows);
    const places = lines.flatMap(({ unmasked, points }) =>
      unmasked ? [] : points.map(({ x }) => x)
    );
    const strips = groups.map((group, i) =>
      stripOf(group, { title: against.title, ticks, places: [...ticks, ...places] }, {
        main: i === 0,
        last: i === groups.length - 1,
        split: context.dataset.split,
        width: length > 1 ? SHARED_WIDTH : SINGLE_WIDTH,
      })
    );
    return {
      subtitle: contextTitleOf(context, table),
      alt: altOf(rows, table, against),
      spec: { vconcat: strips, spacing: 14, bounds: "flush" },
    };
  });
}

function linesOf(rows: readonly Row[], table: Table, against: AccuracyAxis): Line[] {
  const marks = marksOf(table.columns);
  return table.columns.flatMap(({ label, algorithm }, i) => {
    const points = rows.flatMap((row) => {
      const cell = row.cells[i];
      return cell
        ? [{
          x: against.placeOf(cell, row),
          mean: cell.accuracy.mean,
          ...spreadOf(cell.accuracy),
        }]
        : [];
    }).sort((a, b) => a.x - b.x);
    if (points.length === 0) return [];
    const low = Math.min(...points.map((point) => point.low));
    const high = Math.max(...points.map((point) => point.high));
    return [{ label, mark: marks[i]!, unmasked: isUnmasked(algorithm), points, low, high }];
  });
}

/** How one of the strips of a panel, one below the other, is drawn. */
interface StripLayout {
  readonly main: boolean;
  readonly last: boolean;
  readonly split: string;
  readonly width: number;
}

function stripOf(
  lines: readonly Line[],
  { title, ticks, places }: {
    readonly title: string;
    readonly ticks: readonly number[];
    readonly places: readonly number[];
  },
  { main, last, split, width }: StripLayout,
): VegaLiteSpec {
  const height = main ? MAIN_HEIGHT : LOWER_HEIGHT;
  const y = domainOf(lines, [0, 100]);
  const x = domainOf(places.map((x) => ({ low: x, high: x })));
  const end = x[1];
  const labels = spreadApart(
    lines.map(({ points }) => points.at(-1)!.mean),
    (y[1] - y[0]) * LABEL_HEIGHT / height,
  );
  const axes = {
    x: {
      field: "x",
      type: "quantitative",
      scale: { domain: x, nice: false },
      title: last ? title : null,
      axis: { values: ticks, labels: last, ticks: last },
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
      ...lineLayersOf(line, axes, x),
      ...endLabel(line.mark, line.label, { x: end, mean: labels[i]! }, axes),
    ]),
  };
}

function lineLayersOf({ mark, unmasked, points }: Line, axes: Axes, x: Domain): VegaLiteSpec[] {
  const { light, dash, shape } = mark;
  const bounds = {
    ...axes,
    y: { ...axes.y, field: "low" },
    y2: { field: "high" },
  };
  if (unmasked) {
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

function altOf(rows: readonly Row[], table: Table, against: AccuracyAxis): string {
  const textOf = (cell: Cell | null | undefined) => cell ? accuracyText(cell.accuracy) : "none";
  return table.columns.map(({ label, algorithm }, i) =>
    isUnmasked(algorithm)
      ? `${label}: ${textOf(rows[0]!.cells[i])}.`
      : `${label}: ${
        rows.map((row) => against.wordsOf(textOf(row.cells[i]), row.cells[i], row)).join(", ")
      }.`
  ).join(" ");
}
