// Figures of every run by epoch: a thin line for each run, which names the run and links to its run file.
import type { Mark } from "../../algorithms/mark.ts";
import { formatPercent } from "../../tables/format.ts";
import type { Row, Table, TableRun } from "../../tables/table.ts";
import type { EpochResult } from "../../training/result.ts";
import { domainOf, spreadApart } from "./axis.ts";
import { rowTitleOf } from "./plot.ts";
import { endLabel, marksOf } from "./style.ts";

/** A figure that an epoch has. */
export interface EpochFigure {
  /** The title of its axis, with the unit. */
  readonly title: string;
  /** The figure; `undefined` where the epoch doesn't have it. */
  readonly valueOf: (epoch: EpochResult) => number | undefined;
  /** The figure in words, for the label of a run: `loss 0.012`. */
  readonly textOf: (value: number) => string;
  /** In pixels. */
  readonly height: number;
}

/** A run as a line. */
interface RunLine {
  readonly run: TableRun;
  readonly mark: Mark;
  readonly label: string;
  readonly values: readonly { readonly x: number; readonly y: number }[];
}

/** The lines of one row's runs that learn, in the order of the columns. */
function linesOf(row: Row, table: Table, { valueOf }: EpochFigure): RunLine[] {
  const marks = marksOf(table.columns);
  return row.cells.flatMap((cell, i) =>
    (cell?.runs ?? []).flatMap((run) => {
      const values = run.result.epochs.filter(({ epoch }) => epoch > 0)
        .map((epoch) => ({ x: epoch.epoch, y: valueOf(epoch) }))
        .filter((point): point is { x: number; y: number } => point.y !== undefined);
      return values.length > 0
        ? [{ run, mark: marks[i]!, label: table.columns[i]!.label, values }]
        : [];
    })
  );
}

/** A panel for each row of which any run has a figure. */
export function runPanelsOf(table: Table, figures: readonly EpochFigure[]) {
  return table.rows.flatMap((row) => {
    const panel = panelOf(row, table, figures);
    return panel ? [{ subtitle: rowTitleOf(row, table), ...panel }] : [];
  });
}

/** The figures of a row one below the other, by epoch; `undefined` where no run of it has any. */
function panelOf(row: Row, table: Table, figures: readonly EpochFigure[]) {
  const own = figures.map((figure) => ({ figure, lines: linesOf(row, table, figure) }))
    .filter(({ lines }) => lines.length > 0);
  if (own.length === 0) return undefined;
  const epochs = Math.max(
    ...own.flatMap(({ lines }) => lines.flatMap(({ values }) => values.map(({ x }) => x))),
  );
  const charts = own.map(({ figure, lines }, i) =>
    chartOf(figure, lines, { epochs, last: i === own.length - 1, figures })
  );
  return { spec: { vconcat: charts, spacing: 40, bounds: "flush" }, alt: altOf(own) };
}

/** What the charts of a panel, one below the other, have in common, and whether one is the last. */
interface ChartLayout {
  readonly epochs: number;
  readonly last: boolean;
  readonly figures: readonly EpochFigure[];
}

function chartOf(
  { title, height }: EpochFigure,
  lines: readonly RunLine[],
  { epochs, last, figures }: ChartLayout,
) {
  const all = lines.flatMap(({ values }) => values.map(({ y }) => ({ low: y, high: y })));
  const domain = domainOf(all, [0, Infinity]);
  const axes = {
    x: {
      field: "x",
      type: "quantitative",
      scale: { domain: [1, Math.max(2, epochs)], nice: false },
      title: last ? "epoch" : null,
      axis: { tickMinStep: 1, tickCount: 6, format: "d", labels: last, ticks: last },
    },
    y: {
      field: "y",
      type: "quantitative",
      scale: { domain, nice: false, zero: false },
      title,
      axis: { tickCount: 5, minExtent: 30 },
    },
  };
  const ends = [...Map.groupBy(lines, ({ label }) => label)].map(([label, runs]) => ({
    label,
    mark: runs[0]!.mark,
    y: runs.reduce((sum, { values }) => sum + values.at(-1)!.y, 0) / runs.length,
  }));
  const heights = spreadApart(ends.map(({ y }) => y), (domain[1] - domain[0]) * 13 / height);
  return {
    width: 220,
    height,
    layer: [
      ...lines.map(({ run, mark, label, values }) => ({
        data: {
          values: values.map((value) => ({
            ...value,
            href: `../runs/${run.identity}.json`,
            says: labelTextOf(run, label, figures),
          })),
        },
        mark: {
          type: values.length > 1 ? "line" : "point",
          aria: true,
          color: mark.light,
          strokeWidth: 1.5,
          strokeDash: mark.dash,
          opacity: 1,
        },
        encoding: {
          ...axes,
          href: { field: "href", type: "nominal" },
          description: { field: "says", type: "nominal" },
        },
      })),
      ...ends.flatMap(({ label, mark }, i) =>
        endLabel(mark, label, { x: Math.max(2, epochs), y: heights[i]! }, axes)
      ),
    ],
  };
}

function labelTextOf(
  { configuration, result }: TableRun,
  label: string,
  figures: readonly EpochFigure[],
): string {
  const last = result.epochs.at(-1)!;
  const parts = figures.flatMap(({ valueOf, textOf }) => {
    const value = valueOf(last);
    return value === undefined ? [] : [textOf(value)];
  });
  const { sparsity, seed } = configuration;
  const names = [
    label,
    ...sparsity > 0 ? [`sparsity ${formatPercent(sparsity)}`] : [],
    `seed ${seed}`,
  ];
  return `${names.join(", ")}: after epoch ${last.epoch} ${parts.join(", ")}`;
}

function altOf(own: readonly { figure: EpochFigure; lines: readonly RunLine[] }[]): string {
  return own.map(({ figure, lines }) => {
    const texts = [...Map.groupBy(lines, ({ label }) => label)].map(([label, runs]) => {
      const mean = (at: number) =>
        figure.textOf(runs.reduce((sum, { values }) => sum + values.at(at)!.y, 0) / runs.length);
      return `${label} from ${mean(0)} to ${mean(-1)}`;
    });
    return `${figure.title}, mean over seeds, from the first epoch to the last: ${
      texts.join("; ")
    }.`;
  }).join(" ");
}
