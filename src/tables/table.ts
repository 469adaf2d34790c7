// The table of a folder of runs, as data: rows, columns, cells and differences. Nothing here reads a file or the clock.
import { algorithms } from "../algorithms/registry.ts";
import {
  holm,
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
import type { Value } from "../algorithms/space.ts";
import { type Column, columnOf, columnsOf, compareValues, scopeOf } from "./columns.ts";
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

/** The difference of two cells, and what may be said of it. */
export interface CellDifference extends MeanDifference {
  /** After Holm's correction over all differences of the table; `null` where p is. */
  readonly correctedP: number | null;
  readonly verdict: DifferenceVerdict;
  /** Whether the two masks keep the same fraction, within half a point; true where one has no mask. */
  readonly isAtEqualDensity: boolean;
  /** What the two select within, `layer` or `global`, where that differs. */
  readonly scopes?: readonly [minuend: Value, subtrahend: Value];
}

/** What is said of the first of two, at a corrected p below 0.05; `unknown` where chance can't be estimated. */
export type DifferenceVerdict = "better" | "worse" | "no difference shown" | "unknown";

/** Whether one of the two is shown to be better. */
export const isDecided = (verdict: DifferenceVerdict): boolean =>
  verdict === "better" || verdict === "worse";

/** The corrected p that a verdict needs. */
export const LEVEL = 0.05;

/** Fractions of the weights that are kept count as equal up to here. */
export const DENSITY_TOLERANCE = 0.005;

export interface Row {
  readonly context: Context;
  readonly sparsity: number;
  /** One for each column of the table; `null` without runs. */
  readonly cells: readonly (Cell | null)[];
  /** One for each comparison of the table, in percentage points; `null` where either column has no runs. */
  readonly differences: readonly (CellDifference | null)[];
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
  const cells = groups.map(({ runs }) => {
    const byColumn = Map.groupBy(runs, (run) => columnOf(run.configuration, columns));
    return columns.map((column) => cellOf(column, byColumn.get(column) ?? []));
  });
  const differences = cellDifferencesOf(
    cells.flatMap((row) =>
      comparisons.map(({ minuend, subtrahend }) =>
        [row[columns.indexOf(minuend)]!, row[columns.indexOf(subtrahend)]!] as const
      )
    ),
  );
  const rows = groups.map(({ context, sparsity, seeds }, i): Row => ({
    context,
    sparsity,
    cells: cells[i]!,
    differences: differences.slice(i * comparisons.length, (i + 1) * comparisons.length),
    seeds,
  }));
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

/** The difference of each pair of cells with all that may be said of it; the correction is over all of them. */
export function cellDifferencesOf(
  pairs: readonly (readonly [minuend: Cell | null, subtrahend: Cell | null])[],
): (CellDifference | null)[] {
  const differences = pairs.map(([minuend, subtrahend]) => differenceOf(minuend, subtrahend));
  const corrected = holm(differences.map((difference) => difference?.p ?? null));
  return differences.map((difference, i) => {
    if (!difference) return null;
    const minuend = pairs[i]![0]!, subtrahend = pairs[i]![1]!, correctedP = corrected[i]!;
    const scopes = [minuend, subtrahend].map(({ runs }) => scopeOf(runs[0]!.configuration));
    const areUnlike = scopes.every((scope) => scope !== undefined) && scopes[0] !== scopes[1];
    return {
      ...difference,
      correctedP,
      verdict: verdictOf(difference.mean, correctedP),
      isAtEqualDensity: [minuend, subtrahend].some(({ column }) => isUnmasked(column.algorithm)) ||
        areClose(minuend.kept, subtrahend.kept),
      ...areUnlike ? { scopes: [scopes[0]!, scopes[1]!] as const } : {},
    };
  });
}

function verdictOf(mean: number, correctedP: number | null): DifferenceVerdict {
  if (correctedP === null) return "unknown";
  if (correctedP >= LEVEL) return "no difference shown";
  return mean > 0 ? "better" : "worse";
}

/** Whether a mask keeps the fraction of the weights that its row says. */
export function keepsItsFraction({ kept }: Cell, { sparsity }: Pick<Row, "sparsity">): boolean {
  return areClose(kept, 1 - sparsity);
}

// The sum is exact to far less than this.
const areClose = (a: number, b: number) => Math.abs(a - b) <= DENSITY_TOLERANCE + 1e-9;

/** Paired where both have the same seeds: those share weights, initial latent and order of the pictures. */
export function differenceOf(minuend: Cell | null, subtrahend: Cell | null): MeanDifference | null {
  if (!minuend || !subtrahend) return null;
  const seeds = (cell: Cell) => canonicalJson(cell.runs.map((run) => run.configuration.seed));
  const method = seeds(minuend) === seeds(subtrahend) ? pairedDifference : welchDifference;
  return method(accuraciesOf(minuend.runs), accuraciesOf(subtrahend.runs));
}
