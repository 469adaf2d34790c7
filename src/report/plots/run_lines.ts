// Figures of every run by epoch: thin lines, one a run, each a link to its run file that tells what it is.
import type { Mark } from "../../algorithms/mark.ts";
import { formatPercent } from "../../tables/format.ts";
import type { Row, Table, TableRun } from "../../tables/table.ts";
import type { EpochResult } from "../../training/result.ts";
import { domainOf, spreadApart } from "./axis.ts";
import { rowTitleOf } from "./plot.ts";
import { endLabel, marksOf } from "./style.ts";

/** A figure that an epoch has. */
export interface EpochFigure {
  /** With its unit. */
  readonly title: string;
  /** `undefined` where the epoch doesn't have it. */
  readonly of: (epoch: EpochResult) => number | undefined;
  /** What the run came to, for its label: `loss 0.012`. */
  readonly says: (value: number) => string;
  readonly height: number;
}

interface Drawn {
  readonly run: TableRun;
  readonly mark: Mark;
  readonly label: string;
  readonly values: readonly { readonly x: number; readonly y: number }[];
}

/** Of one row: what learns, in the order of the columns. */
function drawnOf(row: Row, table: Table, { of }: EpochFigure): Drawn[] {
  const marks = marksOf(table.columns);
  return row.cells.flatMap((cell, i) =>
    (cell?.runs ?? []).flatMap((run) => {
      const values = run.result.epochs.filter(({ epoch }) => epoch > 0)
        .map((epoch) => ({ x: epoch.epoch, y: of(epoch) }))
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
    const drawn = runLines(row, table, figures);
    return drawn ? [{ place: rowTitleOf(row, table), ...drawn }] : [];
  });
}

/** The figures of a row one below the other, by epoch; `undefined` where no run of it has any. */
function runLines(row: Row, table: Table, figures: readonly EpochFigure[]) {
  const own = figures.map((figure) => ({ figure, drawn: drawnOf(row, table, figure) }))
    .filter(({ drawn }) => drawn.length > 0);
  if (own.length === 0) return undefined;
  const epochs = Math.max(
    ...own.flatMap(({ drawn }) => drawn.flatMap(({ values }) => values.map(({ x }) => x))),
  );
  const panels = own.map(({ figure, drawn }, i) =>
    panel(figure, drawn, { epochs, last: i === own.length - 1, scope: figures })
  );
  return { spec: { vconcat: panels, spacing: 40, bounds: "flush" }, alt: altOf(own) };
}

interface Place {
  readonly epochs: number;
  readonly last: boolean;
  readonly scope: readonly EpochFigure[];
}

function panel(
  { title, height }: EpochFigure,
  drawn: readonly Drawn[],
  { epochs, last, scope }: Place,
) {
  const all = drawn.flatMap(({ values }) => values.map(({ y }) => ({ low: y, high: y })));
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
  const ends = [...Map.groupBy(drawn, ({ label }) => label)].map(([label, runs]) => ({
    label,
    mark: runs[0]!.mark,
    y: runs.reduce((sum, { values }) => sum + values.at(-1)!.y, 0) / runs.length,
  }));
  const places = spreadApart(ends.map(({ y }) => y), (domain[1] - domain[0]) * 13 / height);
  return {
    width: 220,
    height,
    layer: [
      ...drawn.map(({ run, mark, label, values }) => ({
        data: {
          values: values.map((value) => ({
            ...value,
            href: `../runs/${run.identity}.json`,
            says: saying(run, label, scope),
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
        endLabel(mark, label, { x: Math.max(2, epochs), y: places[i]! }, axes)
      ),
    ],
  };
}

function saying(
  { configuration, result }: TableRun,
  label: string,
  figures: readonly EpochFigure[],
): string {
  const last = result.epochs.at(-1)!;
  const parts = figures.flatMap(({ of, says }) => {
    const value = of(last);
    return value === undefined ? [] : [says(value)];
  });
  const { sparsity, seed } = configuration;
  const place = [
    label,
    ...sparsity > 0 ? [`sparsity ${formatPercent(sparsity)}`] : [],
    `seed ${seed}`,
  ];
  return `${place.join(", ")}: after epoch ${last.epoch} ${parts.join(", ")}`;
}

function altOf(own: readonly { figure: EpochFigure; drawn: readonly Drawn[] }[]): string {
  return own.map(({ figure, drawn }) => {
    const texts = [...Map.groupBy(drawn, ({ label }) => label)].map(([label, runs]) => {
      const mean = (at: number) =>
        figure.says(runs.reduce((sum, { values }) => sum + values.at(at)!.y, 0) / runs.length);
      return `${label} from ${mean(0)} to ${mean(-1)}`;
    });
    return `${figure.title}, mean over seeds, from the first epoch to the last: ${
      texts.join("; ")
    }.`;
  }).join(" ");
}
