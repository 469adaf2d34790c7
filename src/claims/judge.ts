// Whether claims hold, fail or are open, by the runs that they name and corrected over all of them.
import { dirname, join } from "node:path";
import { UserError } from "../base/errors.ts";
import { holm, MAX_COUNT, tProbability, valueCountFor } from "../base/statistics.ts";
import { readRunFolder } from "../runs/run_folder.ts";
import { columnNamed } from "../tables/comparisons.ts";
import { factColumns, rowNameOf } from "../tables/facts.ts";
import { formatAccuracy, formatDifference } from "../tables/format.ts";
import {
  type Cell,
  type CellDifference,
  cellDifferencesOf,
  isDecided,
  LEVEL,
  type Row,
  type Table,
  tableOf,
} from "../tables/table.ts";
import type { ClaimedComparison, ClaimsFile, RegisteredClaim } from "./claims_file.ts";

/** `open`: the runs decide neither way. */
export type Standing = "holds" | "fails" | "open";

/** What was found for a comparison. */
export interface ComparedCells {
  /** `mlp, sparsity 50%` */
  readonly row: string;
  readonly difference: CellDifference;
  readonly minuend: Cell;
  readonly subtrahend: Cell;
}

/** What the runs say of one comparison of a claim. */
export interface JudgedComparison {
  readonly comparison: ClaimedComparison;
  /** Nothing where there are no runs yet: the comparison is open. */
  readonly found?: ComparedCells;
  readonly standing: Standing;
  /** The probability of such runs if the claim were false, after Holm's correction; `null` where nothing is tested. */
  readonly correctedP: number | null;
  /** For an open one: about so many seeds more would settle it, were mean and spread to stay; `null` for over a thousand. */
  readonly seedsMore?: number | null;
}

export interface JudgedClaim {
  readonly claim: RegisteredClaim;
  /** A claim holds where all its comparisons do, and fails where one does. */
  readonly standing: Standing;
  readonly comparisons: readonly JudgedComparison[];
}

/**
 * Judges all claims of a file.
 * @param path of the file, which folders of runs are named from
 * @throws {UserError} where a claim names rows or columns that are not there, or says nothing of unequal density
 */
export async function judgeClaims({ claims }: ClaimsFile, path: string): Promise<JudgedClaim[]> {
  const tables = new Map<string, Table>();
  const drafts: (Draft & { readonly claim: RegisteredClaim })[] = [];
  for (const claim of claims) {
    for (const [i, comparison] of claim.compares.entries()) {
      const folder = join(dirname(path), comparison.runs);
      const table = tables.get(folder) ?? tableOf((await readRunFolder(folder)).runs);
      tables.set(folder, table);
      drafts.push({ claim, ...foundIn(table, comparison, `${claim.name}: compares[${i}]`) });
    }
  }
  const holds = holm(drafts.map(({ tests }) => tests.holds));
  const fails = holm(drafts.map(({ tests }) => tests.fails));
  const tested = drafts.filter(({ tests }) => tests.holds !== null).length;
  const judged = drafts.map((draft, i) => judgementOf(draft, holds[i]!, fails[i]!, tested));
  return claims.map((claim) => {
    const comparisons = judged.filter((_, i) => drafts[i]!.claim === claim);
    return { claim, standing: standingOf(comparisons), comparisons };
  });
}

function standingOf(comparisons: readonly JudgedComparison[]): Standing {
  if (comparisons.some(({ standing }) => standing === "fails")) return "fails";
  return comparisons.every(({ standing }) => standing === "holds") ? "holds" : "open";
}

interface Draft {
  readonly comparison: ClaimedComparison;
  readonly found?: ComparedCells;
  readonly tests: Tests;
}

function foundIn(table: Table, comparison: ClaimedComparison, where: string): Draft {
  const { sparsity, network, initialisation } = comparison;
  if (table.rows.length === 0) return { comparison, tests: untested };
  const rows = table.rows.filter((row) =>
    Math.abs(row.sparsity - sparsity) < 1e-9 &&
    (network === undefined || factColumns.network!(row) === network) &&
    (initialisation === undefined || factColumns.initialisation!(row) === initialisation)
  );
  if (rows.length !== 1) {
    throw new UserError(
      `${where}: ${rows.length} rows of ${comparison.runs} are meant: expected one of ${
        table.rows.map((row) => rowNameOf(row, table)).join("; ") || "some finished runs"
      }`,
    );
  }
  const [row] = rows as [Row];
  const cells = [comparison.minuend, comparison.subtrahend].map((label) => {
    const column = columnNamed(label, table.columns);
    const cell = row.cells[table.columns.indexOf(column)];
    if (!cell) throw new UserError(`${where}: ${label} has no runs at ${rowNameOf(row, table)}`);
    return cell;
  });
  const [minuend, subtrahend] = cells as [Cell, Cell];
  const difference = cellDifferencesOf([[minuend, subtrahend]])[0]!;
  if (!difference.isAtEqualDensity && !comparison.unequalDensity) {
    throw new UserError(
      `${where}: the two keep ${(100 * minuend.kept).toFixed(1)}% and ${
        (100 * subtrahend.kept).toFixed(1)
      }% of the weights: a sentence that says so has "unequalDensity": true`,
    );
  }
  return {
    comparison,
    found: { row: rowNameOf(row, table), difference, minuend, subtrahend },
    tests: testsOf(difference, comparison.expects),
  };
}

/** The probabilities of such runs if the claim were false, and if it were true; `null` where they can't be had. */
interface Tests {
  readonly holds: number | null;
  readonly fails: number | null;
}

const untested: Tests = { holds: null, fails: null };

function testsOf(
  { mean, standardError, degrees }: CellDifference,
  expects: ClaimedComparison["expects"],
): Tests {
  if (standardError === null || degrees === null || expects === "undecided") {
    return untested;
  }
  // The probability of a mean at least as high where the true one is `truth`.
  const above = (truth: number) => 1 - tProbability((mean - truth) / standardError, degrees);
  const below = (truth: number) => tProbability((mean - truth) / standardError, degrees);
  // Two-sided, since the claim was made after runs that could have said the opposite.
  const twice = (p: number) => Math.min(1, 2 * p);
  if (expects === "better") return { holds: twice(above(0)), fails: twice(below(0)) };
  if (expects === "worse") return { holds: twice(below(0)), fails: twice(above(0)) };
  const { within } = expects;
  return {
    holds: Math.max(above(-within), below(within)), // two one-sided tests
    fails: Math.min(1, 2 * Math.min(above(within), below(-within))),
  };
}

function judgementOf(
  draft: Draft,
  holds: number | null,
  fails: number | null,
  tested: number,
): JudgedComparison {
  const { comparison, found } = draft, { expects } = comparison;
  if (!found) return { comparison, standing: "open", correctedP: null };
  const { verdict, mean, standardError, n } = found.difference;
  const judged = (standing: Standing, correctedP: number | null): JudgedComparison => ({
    comparison,
    found,
    standing,
    correctedP,
  });
  if (expects === "undecided") {
    return judged(isDecided(verdict) ? "fails" : "holds", null);
  }
  if (holds !== null && holds < LEVEL) return judged("holds", holds);
  if (fails !== null && fails < LEVEL) return judged("fails", fails);
  const size = typeof expects === "object"
    ? Math.abs(expects.within - Math.abs(mean))
    : Math.abs(mean);
  const share = LEVEL / Math.max(1, tested) / (typeof expects === "object" ? 1 : 2);
  const enough = standardError === null
    ? MAX_COUNT
    : valueCountFor(standardError * Math.sqrt(n), size, share);
  const seedsMore = enough < MAX_COUNT ? Math.max(1, enough - n) : null;
  return { ...judged("open", holds), seedsMore };
}

/** The judgement in words, a line for each comparison. */
export function linesOf({ claim, standing, comparisons }: JudgedClaim): string[] {
  return [
    `${standing.padEnd(5)}  ${claim.name}: ${claim.says}`,
    ...comparisons.map((one) => `       ${comparisonTextOf(one)}`),
  ];
}

function comparisonTextOf(
  { comparison, found, standing, correctedP, seedsMore }: JudgedComparison,
) {
  const { minuend, subtrahend, runs } = comparison;
  if (!found) return `${standing}: ${minuend} − ${subtrahend}: ${runs} has no finished runs yet`;
  const { row, difference } = found;
  const p = correctedP === null ? "" : `, corrected p ${Number(correctedP.toPrecision(2))}`;
  const more = seedsMore === undefined
    ? ""
    : seedsMore === null
    ? "; more than a thousand seeds would be needed"
    : `; about ${seedsMore} more seed${seedsMore === 1 ? "" : "s"} would settle it`;
  return `${standing}: ${minuend} ${formatAccuracy(found.minuend.accuracy)} − ${subtrahend} ` +
    `${formatAccuracy(found.subtrahend.accuracy)} at ${row}: ${
      formatDifference(difference)
    }${p}${more}`;
}
