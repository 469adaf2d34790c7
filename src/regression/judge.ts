// The verdict on a cell: from its differences, what they are worth, and the rules.
import { type Interval, MAX_COUNT, tQuantile, valueCountFor } from "../base/statistics.ts";
import type { BaselineCell } from "./baseline.ts";
import type { Metric } from "./metrics.ts";
import { type Rules, valueFor } from "./rules.ts";
import type { CellCheck, RoundCounts, Verdict } from "./types.ts";

/** How the values of a mean differ: those of seeds, or of rounds before and now. */
export interface DifferenceSample {
  readonly deviation: number;
  readonly degrees: number;
  /** The variance of the mean, in variances of a value. */
  readonly weight: number;
}

/** The outcome of a t test on a cell, with the deviation and degrees of freedom after `shrinkVariances`. */
export interface CellTest {
  /** The probability of a loss as large by chance, one-sided. */
  readonly p: number;
  /** The 95% interval of the difference, in the unit that is shown. */
  readonly interval: Interval;
  /** The standard error of the mean. */
  readonly error: number;
  readonly deviation: number;
  readonly degrees: number;
}

/** A cell before its verdict. */
export interface CellDraft {
  readonly configuration: BaselineCell["configuration"];
  readonly sparsities: readonly number[];
  readonly missing: readonly number[];
  readonly runs: number;
  readonly rounds: RoundCounts | null;
  readonly before: number | null;
  readonly now: number | null;
  /** Now less before, on the metric's scale; `null` without runs. */
  readonly mean: number | null;
  /** Missing for a single value. */
  readonly sample: DifferenceSample | undefined;
  /** Seeds that gave other bytes than promised. */
  readonly broken: readonly number[];
  /** What must be the same on every machine and is not, a sentence each. */
  readonly invariantChanges: readonly string[];
  /** Seeds whose runs don't say what the baseline knows of their first batch. */
  readonly unrecorded: readonly number[];
  readonly identical: boolean;
  /** The reason why it can't be compared. */
  readonly obstacle: string | undefined;
  readonly test?: CellTest | undefined;
}

/** The p-values of a cell after Holm's correction, and the number of cells tested. */
export interface CorrectedTest {
  readonly worse: number | null;
  readonly better: number | null;
  readonly tested: number;
}

/** Judges a cell by one metric. */
export function judgeCells(
  draft: CellDraft,
  metric: Metric,
  corrected: CorrectedTest,
  rules: Rules,
): CellCheck {
  const { configuration, sparsities, missing, runs, rounds, before, now, mean, test } = draft;
  const { verdict, gate, reasons } = judgementOf(draft, metric, corrected, rules);
  const missingReasons = missing.length > 0 && !metric.ofMachine
    ? [`there is no run of seed ${missing.join(", ")}`]
    : [];
  return {
    configuration,
    metric: metric.name,
    runs,
    rounds,
    sparsities,
    missing,
    before,
    now,
    difference: mean === null ? null : metric.difference(mean),
    interval: test?.interval ?? null,
    p: test?.p ?? null,
    verdict,
    gate,
    reasons: [...reasons, ...missingReasons],
  };
}

type Judgement = Pick<CellCheck, "verdict" | "gate" | "reasons">;

function judgementOf(
  draft: CellDraft,
  metric: Metric,
  { worse, better, tested }: CorrectedTest,
  { level, limits, gates }: Rules,
): Judgement {
  const { configuration, rounds, mean, broken, invariantChanges, unrecorded, test } = draft;
  const gateOf = (name: "bytes" | typeof metric.name) => valueFor(gates, name, configuration);
  const strictest = metric.ofMachine || gateOf("bytes") === "warn" ? gateOf(metric.name) : "fail";
  const judge = (verdict: Verdict, gate = strictest, ...reasons: string[]): Judgement => ({
    verdict,
    gate,
    reasons,
  });

  if (draft.obstacle !== undefined) return judge("not compared", strictest, draft.obstacle);
  if (mean === null) {
    if (!metric.ofMachine) return judge("not compared");
    return judge("inconclusive", strictest, "no stretch of a run now had the processor to itself");
  }
  const limit = valueFor(limits, metric.name, configuration);
  const smallestLoss = metric.loss(limit);
  const unit = unitTextOf(metric);
  const size = Math.abs(metric.difference(mean)).toFixed(metric.unit === "%" ? 1 : 2);
  const beyond = `over the limit of ${limit}${unit}, beyond chance`;
  // One process may be slower than others lead to expect, so a single round is no evidence against what it ran.
  const isSingle = rounds !== null && Math.min(rounds.before, rounds.now) < 2;
  const isLost = !isSingle && worse !== null && worse < level && mean <= -smallestLoss;
  if (broken.length > 0 || invariantChanges.length > 0) {
    const gate = isLost && gateOf(metric.name) === "fail" ? "fail" : gateOf("bytes");
    const otherBytes = "the same run in the same circumstances gave other bytes, with seed ";
    const reasons = [
      ...invariantChanges,
      ...(broken.length > 0 ? [otherBytes + broken.join(", ")] : []),
    ];
    const loss = isLost ? `; and ${size}${unit} ${metric.lost}, beyond chance` : "";
    return judge("broken", gate, ...reasons.slice(0, -1), reasons.at(-1) + loss);
  }
  if (draft.identical) return judge("same");
  if (isLost) {
    return judge("worse", gateOf(metric.name), `${size}${unit} ${metric.lost}: ${beyond}`);
  }
  if (unrecorded.length > 0) {
    const seeds = unrecorded.join(", ");
    return judge("not compared", strictest, `no record of the first batch, with seed ${seeds}`);
  }
  if (better !== null && better < level && mean >= smallestLoss) {
    return judge("better", strictest, `${size}${unit} ${metric.gained}: ${beyond}`);
  }
  if (!test) return judge("inconclusive", strictest, untestedTextOf(metric));
  const reason = doubtOn({ ...draft, mean, test }, metric, limit, level / tested);
  return reason === undefined ? judge("unchanged") : judge("inconclusive", strictest, reason);
}

const unitTextOf = ({ unit }: Metric) => unit === "%" ? "%" : " points";

function untestedTextOf({ ofMachine, byRounds }: Metric): string {
  return byRounds
    ? "one round before and one now say nothing of chance: make the baseline of several"
    : `one ${ofMachine ? "run" : "seed"} says nothing of chance: at least 3 would do`;
}

/**
 * Why a loss is not ruled out, and how many values would do so, where that is more than there are: a loss that shows can
 * leave doubt with as many as that. Nothing where it is ruled out. A few rounds can't be asked for more than to rule out
 * twice the limit, which is the loss that they are meant to find.
 * @param share of the level that this test has
 */
function doubtOn(
  { mean, test, sample, rounds, runs }: CellDraft & {
    readonly mean: number;
    readonly test: CellTest;
  },
  metric: Metric,
  limit: number,
  share: number,
): string | undefined {
  const { byRounds } = metric;
  const smallestLoss = metric.loss(limit);
  const largestLoss = byRounds ? 2 * smallestLoss : smallestLoss;
  const reach = tQuantile(test.degrees, byRounds ? 0.975 : 1 - share) * test.error;
  if (mean > -smallestLoss && mean - reach > -largestLoss) return undefined;
  const looksLost = byRounds && mean <= -smallestLoss;
  const loss = looksLost ? -mean : largestLoss;
  const size = byRounds
    ? `${Math.abs(metric.difference(-loss)).toFixed(1)}%`
    : `${limit}${unitTextOf(metric)}`;
  const prior = test.degrees - sample!.degrees;
  const enough = valueCountFor(test.deviation, loss, share, prior, rounds ? 2 : 1);
  const present = rounds ? Math.min(rounds.before, rounds.now) : runs;
  const isHelpful = enough > present && enough < MAX_COUNT;
  const advice = isHelpful ? `: about ${enough} ${rounds ? "of each " : ""}would do` : "";
  if (!rounds) {
    const values = metric.ofMachine ? "runs" : "seeds";
    return `with ${runs} ${values} a loss of ${size} is not ruled out${advice}`;
  }
  return `with ${
    roundsTextOf(rounds.before)
  } before and ${rounds.now} now a loss of ${size} is not ` +
    `${looksLost ? "told from chance" : "ruled out"}${advice}`;
}

const roundsTextOf = (rounds: number) => rounds === 1 ? "one round" : `${rounds} rounds`;
