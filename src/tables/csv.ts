// The table for programs: one line for each cell and each difference, with all there is to say of it.
// @ts-types="@types/d3-dsv"
import { csvFormatRows } from "d3-dsv";
import { type Interval, meanInterval } from "../base/statistics.ts";
import { textCell } from "../base/text.ts";
import type { RunConfig } from "../training/config.ts";
import { layersDigestOf } from "../runs/identity.ts";
import { type CellRank, cellRanksOf } from "./ranking.ts";
import type { Comparison } from "./comparisons.ts";
import { type Cell, isUnmasked, type Row, type Table } from "./table.ts";

type Field = string | number | boolean | null | undefined;

/** One line, by the names of its columns. A field is empty where it is unknown or has no meaning. */
export type CsvLine = Readonly<Record<string, Field>>;

/**
 * Lines of `quantity` `accuracy` (percent) and `difference` (percentage points), each with mean, deviation and 95%
 * interval. `standing` is the cell's rank, see `CellRank`. `corrected_p` is p after Holm's correction over the `compared`
 * differences of the table that have one. An algorithm without a mask has one line for its context, at sparsity 0.
 */
export function csvLinesOf(table: Table): CsvLine[] {
  const cells = table.rows.flatMap((row) => {
    const ranks = cellRanksOf(row);
    return row.cells.flatMap((cell, i) => cell ? [cellFields(row, cell, ranks[i])] : []);
  });
  const differences = table.rows.flatMap((row) =>
    table.comparisons.flatMap((comparison, i) => differenceFields(row, comparison, i, table))
  );
  const once = new Map(
    [...cells, ...differences].map((fields) => [JSON.stringify(fields), fields]),
  );
  return [...once.values()];
}

/** The whole file: the lines of `csvLinesOf` below the names of their columns. */
export const csvOf = (table: Table): string => csvTextOf(csvLinesOf(table));

/** Lines below the names of their columns. */
export function csvTextOf(lines: readonly CsvLine[]): string {
  const all = [...new Set(lines.flatMap(Object.keys))];
  // Hyper-parameters differ between algorithms: they come last, by name.
  const parameters = all.filter((name) => name.startsWith("parameter_")).sort();
  const names = [...all.filter((name) => !parameters.includes(name)), ...parameters];
  return csvFormatRows([names, ...lines.map((line) => names.map((name) => textOf(line[name])))]) +
    "\n";
}

/** What the runs of a row have in common, for programs. */
export function contextFields({ context }: Pick<Row, "context">): Record<string, Field> {
  const { dataset, network, initialisation } = context;
  return {
    dataset: dataset.name,
    checksum: dataset.checksum,
    split: dataset.split,
    network: network.name,
    width: network.width,
    ...network.layers ? { layers: layersDigestOf(network)!.slice(0, 8) } : {},
    initialisation: initialisation.name,
    scale_fan: initialisation.scaleFan,
    epochs: context.epochs,
    batch_size: context.batchSize,
    schedule: context.schedule,
    ...(context.warmUp ? { warm_up: context.warmUp } : {}),
    ...(context.labelSmoothing ? { label_smoothing: context.labelSmoothing } : {}),
    augmentation: context.augmentation,
    precision: context.precision,
  };
}

/** The hyper-parameters of a run, for programs. */
export const parameterFields = ({ parameters }: RunConfig["algorithm"]): CsvLine =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [`parameter_${name}`, value]),
  );

function cellFields(row: Row, cell: Cell, rank: CellRank | undefined): Record<string, Field> {
  const { algorithm } = cell.runs[0]!.configuration;
  return {
    ...contextFields(row),
    sparsity: isUnmasked(algorithm.name) ? 0 : row.sparsity,
    quantity: "accuracy",
    column: cell.column.label,
    algorithm: algorithm.name,
    version: algorithm.version,
    n: cell.accuracy.n,
    seeds: cell.runs.map((run) => run.configuration.seed).join(" "),
    mean: rounded(cell.accuracy.mean),
    deviation: rounded(cell.accuracy.deviation),
    ...intervalFields(meanInterval(cell.accuracy)),
    method: null,
    standing: rank,
    best_epoch_mean: rounded(cell.bestEpoch),
    kept: rounded(cell.kept),
    images_per_second_median: rounded(cell.imagesPerSecond),
    ...Object.fromEntries(
      (["device", "processor", "threads", "jobs"] as const).map((name) => [
        name,
        [...new Set(cell.runs.map((run) => run.environment[name]))].sort().join(" | "),
      ]),
    ),
    ...parameterFields(algorithm),
  };
}

function differenceFields(
  row: Row,
  comparison: Comparison,
  i: number,
  table: Table,
): Record<string, Field>[] {
  const difference = row.differences[i];
  if (!difference) return [];
  const pairs = difference.method === "paired"
    ? row.cells[table.columns.indexOf(comparison.minuend)]!.runs
    : undefined;
  return [{
    ...contextFields(row),
    sparsity: row.sparsity,
    quantity: "difference",
    column: comparison.label.replaceAll("−", "-"),
    n: difference.n,
    seeds: pairs?.map((run) => run.configuration.seed).join(" "),
    mean: rounded(difference.mean),
    ...intervalFields(difference.interval),
    method: difference.method,
    p: significant(difference.p),
    corrected_p: significant(difference.correctedP),
    correction: difference.p === null ? null : "Holm",
    compared: table.rows.flatMap(({ differences }) => differences).filter((one) => one?.p != null)
      .length,
    verdict: difference.verdict,
    equal_density: difference.isAtEqualDensity,
    scopes: difference.scopes?.join(" "),
  }];
}

function intervalFields(interval: Interval | null): Record<string, Field> {
  return { low: rounded(interval?.low), high: rounded(interval?.high) };
}

function textOf(field: Field): string {
  return typeof field === "string" ? textCell(field) : String(field ?? "");
}

// A p may be tiny.
function significant(p: number | null): Field {
  return p === null ? null : Number(p.toPrecision(6));
}

// Six decimals are more than any figure here is precise to, and hide rounding in the last bits.
function rounded(figure: number | null | undefined): Field {
  return figure === null || figure === undefined ? null : Number(figure.toFixed(6));
}
