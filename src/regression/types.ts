// The outcome of a check for a cell: the verdict and its grounds.
import type { Interval } from "../base/statistics.ts";
import type { BaselineCell } from "./baseline.ts";
import type { Gate, MetricName } from "./rules.ts";

/**
 * - `same`: not a bit is different
 * - `unchanged`: a loss beyond the limit is ruled out
 * - `better`, `worse`: beyond the limit, and significant
 * - `broken`: same run, same circumstances, other bytes; or on any machine what no machine may change, see `invariants.ts`
 * - `inconclusive`: the evidence does not suffice
 * - `not compared`: there is nothing to compare, see `reasons`
 */
export type Verdict =
  | "same"
  | "unchanged"
  | "better"
  | "worse"
  | "broken"
  | "inconclusive"
  | "not compared";

/** Numbers of rounds, each a measurement in a process of its own. */
export interface RoundCounts {
  /** Those of the baseline. */
  readonly before: number;
  /** Those of this check. */
  readonly now: number;
}

/** A cell of the baseline, compared with its runs; for speed and memory, all cells that differ in sparsity alone. */
export interface CellCheck {
  /** The configuration of the cell, or of the first of them. */
  readonly configuration: BaselineCell["configuration"];
  /** The sparsity of the cell, or of all of them, ascending. */
  readonly sparsities: readonly number[];
  /** What is compared. */
  readonly metric: MetricName;
  /** What the comparison shows. */
  readonly verdict: Verdict;
  /** Whether that verdict fails the check, if it is a bad one. */
  readonly gate: Gate;
  /** Sentences: the reasons of the verdict, and what could not be compared. */
  readonly reasons: readonly string[];
  /** Number of runs compared, one for each seed. */
  readonly runs: number;
  /** Rounds that they were measured in, before and now; `null` for a metric that is not compared by rounds. */
  readonly rounds: RoundCounts | null;
  /** Seeds of the baseline that have no run now. */
  readonly missing: readonly number[];
  /**
   * Means before and now over the seeds compared: accuracy in percent, memory in MB, speed in images per second, now as
   * on the machine of before.
   */
  readonly before: number | null;
  /** The mean now; see `before`. */
  readonly now: number | null;
  /** Now less before, paired by seed, in points of accuracy or percent, with its 95% interval. */
  readonly difference: number | null;
  /** The interval of the difference. */
  readonly interval: Interval | null;
  /** The probability of a loss as large by chance, one-sided; `null` where nothing differs or can be tested. */
  readonly p: number | null;
}
