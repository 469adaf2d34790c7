// The table of a folder of runs, as data: rows, columns, cells and differences. Nothing here reads a file or the clock.
import { algorithms } from "../algorithms/registry.ts";
import {
  type MeanDifference,
  median,
  pairedDifference,
  summarise,
  type Summary,
  welchDifference,
} from "../base/statistics.ts";
import { canonicalJson } from "../runs/identity.ts";
import type { Environment } from "../runs/run_file.ts";
import type { AlgorithmPair } from "../sweep/compare_schema.ts";
import type { RunConfig } from "../training/config.ts";
import type { RunResult } from "../training/result.ts";
import { type Column, columnOf, columnsOf, compareValues } from "./columns.ts";
import {
  columnNamed,
  type Comparison,
  comparisonsOf,
  comparisonsWith,
  pairsIn,
} from "./comparisons.ts";

/** The part of a run file that a table needs. */
export interface TableRun {
  readonly identity: string;
  readonly configuration: RunConfig;
  readonly result: RunResult;
  readonly environment: Environment;
}

/** All of a configuration but algorithm, sparsity and seed: what makes results of a row comparable. */
export type Context = Omit<RunConfig, "algorithm" | "sparsity" | "seed">;

/** The runs of one column in one row. Accuracies are in percent. */
export interface Cell {
  readonly column: Column;
  /** By seed; each seed once. */
  readonly runs: readonly TableRun[];
  /** After the last epoch. */
  readonly accuracy: Summary;
  /** Mean over each run's best epoch: optimistic, and in no table but the CSV. */
  readonly bestEpoch: number;
  /** Mean fraction of the weights that the final masks keep. */
  readonly kept: number;
  /** Median over the runs of training images per second; `null` where nothing was learnt. */
  readonly imagesPerSecond: number | null;
}

export interface Row {
  readonly context: Context;
  readonly sparsity: number;
  /** One for each column of the table; `null` without runs. */
  readonly cells: readonly (Cell | null)[];
  /** One for each comparison of the table, in percentage points; `null` where either column has no runs. */
  readonly differences: readonly (MeanDifference | null)[];
  /** Seeds that some run of the same context has. */
  readonly seeds: readonly number[];
}

export interface Table {
  readonly columns: readonly Column[];
  /** The pairs of algorithms that are compared: those whose columns the table has. */
  readonly pairs: readonly AlgorithmPair[];
  /** What every other column is compared with instead, where one was asked for. */
  readonly against?: Column;
  readonly comparisons: readonly Comparison[];
  readonly rows: readonly Row[];
  /** Runs whose accuracy, or kept fraction, is no number from 0 to 1; they are in no cell. */
  readonly leftOut: readonly TableRun[];
}

/** Whether an algorithm works without a mask, so that its one result is in every row of its context. */
export function isUnmasked(algorithm: string): boolean {
  return algorithms.find(({ name }) => name === algorithm)?.masks === false;
}

/** What a table compares. */
export interface TableOptions {
  /** Pairs of algorithms; without any, the last method is compared with the reference, see `AlgorithmRole`. */
  readonly compare?: readonly AlgorithmPair[] | undefined;
  /** The label of a column that all others are compared with, and pairs are not. */
  readonly against?: string | undefined;
}

/**
 * The same table for the same runs, in whatever order they come.
 * @throws {UserError} if there is no column to be `against`
 */
export function tableOf(
  runs: readonly TableRun[],
  { compare, against }: TableOptions = {},
): Table {
  const sorted = runs.toSorted((a, b) => compareValues(a.identity, b.identity));
  const usable = sorted.filter(({ result }) => isUsable(result));
  const groups = groupsOf(usable);
  const columns = columnsOf(
    groups.map((group) => group.runs.map(({ configuration }) => configuration)),
  );
  const reference = against === undefined ? undefined : columnNamed(against, columns);
  const pairs = reference ? [] : pairsIn(columns, compare);
  const comparisons = reference
    ? comparisonsWith(reference, columns)
    : comparisonsOf(pairs, columns);
  const rows = groups.map(({ context, sparsity, runs, seeds }): Row => {
    const byColumn = Map.groupBy(runs, (run) => columnOf(run.configuration, columns));
    const cells = columns.map((column) => cellOf(column, byColumn.get(column) ?? []));
    const differences = comparisons.map(({ minuend, subtrahend }) =>
      differenceOf(cells[columns.indexOf(minuend)]!, cells[columns.indexOf(subtrahend)]!)
    );
    return { context, sparsity, cells, differences, seeds };
  });
  return {
    columns,
    pairs,
    ...(reference ? { against: reference } : {}),
    comparisons,
    rows,
    leftOut: sorted.filter(({ result }) => !isUsable(result)),
  };
}

/** Whether the figures of a run are numbers from 0 to 1, as in every mean. */
export function isUsable(result: RunResult): boolean {
  return [result.lastTestAccuracy, result.bestTestAccuracy, keptFraction(result)]
    .every((value) => typeof value === "number" && value >= 0 && value <= 1);
}

interface Group {
  readonly context: Context;
  readonly sparsity: number;
  readonly runs: readonly TableRun[];
  readonly seeds: readonly number[];
}

// Each group has the runs of one row; groups are in the order of the rows.
function groupsOf(runs: readonly TableRun[]): Group[] {
  const contexts = Map.groupBy(runs, (run) => canonicalJson(contextOf(run.configuration)));
  return [...contexts.values()]
    .map((members) => ({ members, context: contextOf(members[0]!.configuration) }))
    .sort((a, b) => compareContexts(a.context, b.context))
    .flatMap(({ members, context }) => {
      const isWhole = ({ configuration }: TableRun) => isUnmasked(configuration.algorithm.name);
      const whole = members.filter(isWhole);
      const masked = members.filter((run) => !isWhole(run));
      const distinct = (values: number[]) => [...new Set(values)].sort(compareValues);
      const sparsities = distinct(masked.map((run) => run.configuration.sparsity));
      const seeds = distinct(members.map((run) => run.configuration.seed));
      return (sparsities.length ? sparsities : [0]).map((sparsity) => ({
        context,
        sparsity,
        seeds,
        runs: [...whole, ...masked.filter((run) => run.configuration.sparsity === sparsity)],
      }));
    });
}

/** The context of a run: runs of one row share it. */
export function contextOf(config: RunConfig): Context {
  const { algorithm: _a, sparsity: _s, seed: _i, ...context } = config;
  return context;
}

/** The order of contexts, which is that of rows. */
export function compareContexts(a: Context, b: Context): number {
  return compareValues(a.dataset.name, b.dataset.name) ||
    compareValues(a.network.name, b.network.name) ||
    compareValues(a.network.width, b.network.width) ||
    compareValues(a.initialisation.name, b.initialisation.name) ||
    compareValues(canonicalJson(a), canonicalJson(b));
}

function cellOf(column: Column, runs: readonly TableRun[]): Cell | null {
  if (runs.length === 0) return null;
  const bySeed = runs.toSorted((a, b) => a.configuration.seed - b.configuration.seed);
  const results = bySeed.map(({ result }) => result);
  return {
    column,
    runs: bySeed,
    accuracy: summarise(accuraciesOf(bySeed)),
    bestEpoch: summarise(results.map((result) => 100 * result.bestTestAccuracy)).mean,
    kept: summarise(results.map(keptFraction)).mean,
    imagesPerSecond: median(
      results.map((result) => result.imagesPerSecond).filter((rate) => rate > 0),
    ),
  };
}

/** Accuracies after the last epoch, in percent. */
export function accuraciesOf(runs: readonly TableRun[]): number[] {
  return runs.map(({ result }) => 100 * result.lastTestAccuracy);
}

function keptFraction({ layers }: RunResult): number {
  const sum = (key: "kept" | "weights") => layers.reduce((total, layer) => total + layer[key], 0);
  return sum("kept") / sum("weights");
}

/** Paired where both have the same seeds: those share weights, initial latent and order of the pictures. */
export function differenceOf(minuend: Cell | null, subtrahend: Cell | null): MeanDifference | null {
  if (!minuend || !subtrahend) return null;
  const seeds = (cell: Cell) => canonicalJson(cell.runs.map((run) => run.configuration.seed));
  const method = seeds(minuend) === seeds(subtrahend) ? pairedDifference : welchDifference;
  return method(accuraciesOf(minuend.runs), accuraciesOf(subtrahend.runs));
}
