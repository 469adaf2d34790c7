// Sweep files that repeat the runs of a folder, made of their configurations and checked by expanding them again.
import { UserError } from "../../base/errors.ts";
import { packOf } from "../../datasets/pack.ts";
import { datasets } from "../../datasets/registry.ts";
import { canonicalJson } from "../../runs/identity.ts";
import { expandSweep } from "../../sweep/expand.ts";
import type { AlgorithmPair } from "../../sweep/compare_schema.ts";
import { checkSweep } from "../../sweep/read.ts";
import { type Row, type Table, type TableRun } from "../../tables/table.ts";
import type { Choice } from "../../tuning/choices.ts";
import { entriesOf } from "../../tuning/sweep_entries.ts";

/** A sweep file whose grid holds all runs of some rows. */
export interface Repeat {
  /** Its text, ending in a newline. */
  readonly text: string;
  /** Number of runs of its grid, and of those in the table. */
  readonly runs: number;
  readonly present: number;
}

/**
 * One sweep for each set of rows that can be one; `undefined` where the runs are no grid.
 * @param compare the pairs that the sweep of the runs named, for these to name
 */
export function repeatsOf(
  table: Table,
  compare?: readonly AlgorithmPair[],
): (Repeat | undefined)[] {
  const files = Map.groupBy(table.rows, ({ context }) => {
    const { network: _n, initialisation: _i, ...settings } = context;
    return canonicalJson(settings);
  });
  return [...files.values()].map((rows) => repeatOf(rows, table, compare));
}

function repeatOf(
  rows: readonly Row[],
  table: Table,
  compare: readonly AlgorithmPair[] = [],
): Repeat | undefined {
  const { network: _n, initialisation: _i, dataset, ...settings } = rows[0]!.context;
  const distinct = <T>(
    values: readonly T[],
  ) => [...new Map(values.map((value) => [canonicalJson(value), value])).values()];
  const runs = [
    ...new Map(
      rows.flatMap(({ cells }) => cells.flatMap((cell) => cell?.runs ?? []))
        .map((run) => [run.identity, run]),
    ).values(),
  ];
  const source = packOf(dataset.name) ??
    (datasets.find(({ name }) => name === dataset.name) ??
      datasets.find(({ name }) => dataset.name.startsWith(`${name}-`)))?.name;
  const algorithms = table.columns.flatMap((_, i) => entriesOf(choicesOf(rows, i)))
    .flatMap(({ algorithms }) => algorithms);
  const own = compare.filter((pair) =>
    pair.every((name) => algorithms.some((entry) => entry.name === name))
  );
  const sweep = {
    name: dataset.name,
    dataset: source,
    split: dataset.split,
    networks: distinct(rows.map(({ context }) => context.network)),
    algorithms,
    ...own.length > 0 ? { compare: own } : {},
    sparsities: distinct(rows.map(({ sparsity }) => sparsity)),
    initialisations: distinct(rows.map(({ context }) => context.initialisation)),
    seeds: distinct(runs.map(({ configuration }) => configuration.seed)).sort((a, b) => a - b),
    ...settings,
  };
  try {
    const checked = { ...checkSweep(sweep), dataset: dataset.name };
    const again = new Set(expandSweep(checked, dataset.checksum).runs.map(canonicalJson));
    if (!runs.every(({ configuration }) => again.has(canonicalJson(configuration)))) return;
    return { text: JSON.stringify(sweep, null, 2) + "\n", runs: again.size, present: runs.length };
  } catch (error) {
    if (error instanceof UserError) return; // a network or an algorithm that this version doesn't know
    throw error;
  }
}

// A column has one setting in each row, as the outcome of a tuning has, and so is written to a sweep file the same way.
function choicesOf(rows: readonly Row[], column: number): Choice[] {
  return rows.flatMap(({ context, sparsity, cells }): Choice[] => {
    const cell = cells[column];
    if (!cell) return [];
    const { name, parameters } = cell.runs[0]!.configuration.algorithm;
    const seeds = cell.runs.map((run: TableRun) => run.configuration.seed);
    const candidates = [{ parameters, accuracy: cell.accuracy, seeds }];
    return [{ context, sparsity, algorithm: name, candidates, tuned: [], warnings: [] }];
  });
}
