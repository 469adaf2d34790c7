// What a table compares: pairs of algorithms, or every column with one of them.
import { algorithms } from "../algorithms/registry.ts";
import type { Value } from "../algorithms/space.ts";
import { UserError } from "../base/errors.ts";
import type { AlgorithmPair } from "../sweep/compare_schema.ts";
import type { Column, ColumnSetting } from "./columns.ts";

/** Two columns, one minus the other. */
export interface Comparison {
  readonly minuend: Column;
  readonly subtrahend: Column;
  /** `sbp − edge-popup` */
  readonly label: string;
}

/**
 * The pairs of algorithms that both have columns.
 * @param named by the sweep; without any, the last method of the table is compared with the reference
 */
export function pairsIn(
  columns: readonly Column[],
  named: readonly AlgorithmPair[] | undefined,
): readonly AlgorithmPair[] {
  const isThere = (name: string) => columns.some(({ algorithm }) => algorithm === name);
  return (named ?? usualPairs(columns)).filter((pair) => pair.every(isThere));
}

function usualPairs(columns: readonly Column[]): AlgorithmPair[] {
  const lastOf = (wanted: string) =>
    algorithms.findLast(({ name, role }) =>
      role === wanted && columns.some(({ algorithm }) => algorithm === name)
    )?.name;
  const method = lastOf("method"), reference = lastOf("reference");
  return method !== undefined && reference !== undefined ? [[method, reference]] : [];
}

/** The columns of each pair that belong together, in the order of the pairs. */
export function comparisonsOf(
  pairs: readonly AlgorithmPair[],
  columns: readonly Column[],
): Comparison[] {
  const columnsOf = (name: string) => columns.filter(({ algorithm }) => algorithm === name);
  return pairs.flatMap(([minuend, subtrahend]) =>
    columnsOf(minuend).flatMap((column) =>
      columnsOf(subtrahend).filter(({ setting }) => areMatching(setting, column.setting))
        .map((other) => comparisonOf(column, other))
    )
  );
}

// Settings match where they agree in what both have, 0 and unset being one. Equal learning rates are no match: two algorithms descend in
// different quantities, so columns for several rates of both are left for `best` to choose from.
function areMatching(a: ColumnSetting, b: ColumnSetting): boolean {
  return Object.keys(a).every((name) =>
    !(name in b) || name === "version" || name !== "learningRate" && areSame(a[name]!, b[name]!)
  );
}

const areSame = (a: Value, b: Value) =>
  a === b || [a, b].every((value) => value === 0 || value === "unset");

/** Every other column compared with one. */
export function comparisonsWith(reference: Column, columns: readonly Column[]): Comparison[] {
  return columns.filter((column) => column !== reference)
    .map((column) => comparisonOf(column, reference));
}

function comparisonOf(minuend: Column, subtrahend: Column): Comparison {
  return { minuend, subtrahend, label: `${minuend.label} − ${subtrahend.label}` };
}

/** The column of that label, or the only one of that algorithm. @throws {UserError} if there is none */
export function columnNamed(name: string, columns: readonly Column[]): Column {
  const found = columns.find(({ label }) => label === name);
  if (found) return found;
  const ofAlgorithm = columns.filter(({ algorithm }) => algorithm === name);
  if (ofAlgorithm.length === 1) return ofAlgorithm[0]!;
  throw new UserError(
    `no column of the table is ${JSON.stringify(name)}: expected ${
      columns.map(({ label }) => JSON.stringify(label)).join(", ") || "some run to be finished"
    }`,
  );
}
