// What a check says of a cell: the verdict, and what it rests on.
import type { Interval } from "../base/statistics.ts";
import type { BaselineCell } from "./baseline.ts";
import type { Gate, MetricName } from "./rules.ts";

/**
 * - `same`: not a bit is different
 * - `unchanged`: a loss beyond the limit is ruled out
 * - `better`, `worse`: beyond the limit, and significant
 * - `broken`: same run, same circumstances, other bytes
 * - `inconclusive`: too little evidence to tell
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

/** How often the same was measured, each time in a process of its own. */
export interface RoundCounts {
  readonly before: number;
  readonly now: number;
}

/** A cell of the baseline, or of speed and memory all cells alike but for sparsity, beside the runs that belong to it. */
export interface CellCheck {
  /** Of the cell, or the first of them. */
  readonly configuration: BaselineCell["configuration"];
  /** Of the cell, or all of them, ascending. */
  readonly sparsities: readonly number[];
  readonly metric: MetricName;
  readonly verdict: Verdict;
  /** Whether that verdict, where it is a bad one, fails the check. */
  readonly gate: Gate;
  /** Sentences: why that verdict, and what could not be compared. */
  readonly reasons: readonly string[];
  /** Runs compared: a cell's seeds. */
  readonly runs: number;
  /** Rounds that they were measured in, before and now; `null` of what is not told by rounds. */
  readonly rounds: RoundCounts | null;
  /** Seeds of the baseline without a run to compare. */
  readonly missing: readonly number[];
  /**
   * Means before and now over the seeds compared: accuracy in percent, memory in MB, speed in images per second, now as
   * the machine of before would have it.
   */
  readonly before: number | null;
  readonly now: number | null;
  /** Now less before, paired by seed, in points of accuracy or percent, with its 95% interval. */
  readonly difference: number | null;
  readonly interval: Interval | null;
  /** Of a loss as large by chance, one-sided; `null` where nothing differs or can be tested. */
  readonly p: number | null;
}
