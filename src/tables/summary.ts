// What was compared and what came out, in two plain sentences made of the table's figures.
import { algorithms } from "../algorithms/registry.ts";
import type { Comparison } from "./comparisons.ts";
import { rowNamesOf } from "./facts.ts";
import { formatFixed, formatPercent, networkNameOf } from "./format.ts";
import type { DifferenceVerdict, Row, Table } from "./table.ts";

/** Plain text: what was compared, and a sentence on each comparison. The table must have a row. */
export function findingsOf(table: Table): { compared: string; found: readonly string[] } {
  return { compared: comparedTextOf(table), found: findingTextsOf(table) };
}

function comparedTextOf({ rows, columns }: Table): string {
  const distinct = (texts: readonly string[]) => [...new Set(texts)];
  const names = columns.filter(({ algorithm }) => !boundTextOf(algorithm)).map(({ label }) =>
    label
  );
  const bounds = columns.flatMap(({ algorithm }) => boundTextOf(algorithm) ?? []);
  const sparsities = rows.map(({ sparsity }) => sparsity);
  const low = Math.min(...sparsities);
  const high = Math.max(...sparsities);
  const seeds = distinct(rows.flatMap((row) => row.seeds).map(String)).length;
  const subject = names.length === 0
    ? "The ends of the scale were run"
    : (names.length === 1 ? `The algorithm ${names[0]}` : `Each of ${joinedByAnd(names)}`) +
      " looked for a subnetwork inside networks of random, never trained weights";
  return `${subject}: ${
    joinedByAnd(distinct(rows.map(({ context }) => networkNameOf(context))))
  } on ` +
    `${joinedByAnd(distinct(rows.map(({ context }) => context.dataset.name)))}, ` +
    (low === high
      ? `with ${formatPercent(low)} of the weights removed`
      : `with ${formatPercent(low)} to ${formatPercent(high)} of the weights removed`) +
    `, ${seeds} ${seeds === 1 ? "seed" : "seeds"}` +
    (bounds.length && names.length ? `; for scale, ${joinedByAnd(distinct(bounds))}.` : ".");
}

/** What an algorithm is that is there for scale; nothing for one that looks for a mask. */
function boundTextOf(name: string): string | undefined {
  const known = algorithms.find((algorithm) => algorithm.name === name);
  const isBound = known?.role === "upper bound" || known?.role === "lower bound";
  return isBound ? `${known.summary} (${name})` : undefined;
}

function findingTextsOf(table: Table): string[] {
  const { comparisons } = table;
  if (comparisons.length > 0) {
    return comparisons.map((comparison, i) => outcomeTextOf(comparison, i, table));
  }
  const cells = table.rows.flatMap((row) =>
    row.cells.filter((cell) => cell !== null).map((cell) => ({ row, cell }))
  );
  const { row, cell } = cells.reduce((a, b) => b.cell.accuracy.mean > a.cell.accuracy.mean ? b : a);
  return [
    `The highest mean accuracy is ${formatFixed(cell.accuracy.mean)}%, of ${cell.column.label} (` +
    `${rowNamesOf([row], table)}); no two algorithms are compared.`,
  ];
}

// The sentence says where the first column is more accurate than the second, where less, and where nothing can be said.
function outcomeTextOf({ minuend, subtrahend }: Comparison, i: number, table: Table): string {
  const rows = table.rows.filter((row) => row.differences[i]);
  const withVerdict = (...verdicts: DifferenceVerdict[]) =>
    rows.filter((row) => verdicts.includes(row.differences[i]!.verdict));
  const more = withVerdict("better"), less = withVerdict("worse");
  const open = withVerdict("no difference shown", "unknown");
  const a = minuend.label;
  const b = subtrahend.label;
  const all = (some: readonly Row[]) => some.length === rows.length && rows.length > 1;
  // A long list says less than a number.
  const at = (some: readonly Row[]) =>
    some.length > 4 ? `in ${some.length} of ${rows.length} rows` : `at ${rowNamesOf(some, table)}`;
  const where = (some: readonly Row[]) => all(some) ? "everywhere" : at(some);
  const parts = [
    ...more.length
      ? [`${a} is more accurate than ${b} by ${rangeTextOfDifferences(more, i)} ${where(more)}`]
      : [],
    ...less.length
      ? [`${a} is less accurate than ${b} by ${rangeTextOfDifferences(less, i)} ${where(less)}`]
      : [],
    ...open.length
      ? [`no difference of ${a} and ${b} is shown ${all(open) ? "anywhere" : at(open)}`]
      : [],
  ];
  if (parts.length === 0) return `${a} and ${b} have no setting in common.`;
  const count = table.rows.flatMap(({ differences }) => differences)
    .filter((one) => one && one.p !== null).length;
  const why = count === 0
    ? ": there are too few seeds to say"
    : `, at the 5% level${count > 1 ? ` after Holm's correction over ${count} differences` : ""}`;
  const unequal = rows.filter((row) => !row.differences[i]!.isAtEqualDensity);
  const warnings = [
    ...unequal.length > 0
      ? [`The two keep different fractions of the weights ${where(unequal)}.`]
      : [],
    ...rows.some((row) => row.differences[i]!.scopes)
      ? [
        "This compares unlike with unlike: one has a k for each layer, the other one k for the whole network.",
      ]
      : [],
  ];
  const text = [`${parts.join("; ")}${why}.`, ...warnings].join(" ");
  return text.startsWith(a) ? text : text[0]!.toUpperCase() + text.slice(1); // a name stays as it is
}

function rangeTextOfDifferences(rows: readonly Row[], i: number): string {
  const sizes = rows.map((row) => Math.abs(row.differences[i]!.mean));
  const low = formatFixed(Math.min(...sizes));
  const high = formatFixed(Math.max(...sizes));
  return low === high ? `${low} points` : `${low} to ${high} points`;
}

function joinedByAnd(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
