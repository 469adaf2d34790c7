// The verdict on a cell: from its differences, what they are worth, and the rules.
import { type Interval, tProbability, tQuantile } from "../base/statistics.ts";
import type { BaselineCell } from "./baseline.ts";
import type { Metric } from "./metrics.ts";
import { type Rules, valueFor } from "./rules.ts";
import type { CellCheck, RoundCounts, Verdict } from "./types.ts";

/** How the values differ that a mean is of: seeds, or rounds before and now. */
export interface DifferenceSample {
  readonly deviation: number;
  readonly degrees: number;
  /** The variance of the mean, in variances of a value. */
  readonly weight: number;
}

/** What a t test made of a cell, with the deviation and degrees of freedom after `shrinkVariances`. */
export interface CellTest {
  /** Of a loss as large by chance, one-sided. */
  readonly p: number;
  /** 95%, as it is shown. */
  readonly interval: Interval;
  /** Of the mean. */
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
  /** Now less before, on the metric's scale; `null` of no runs. */
  readonly mean: number | null;
  /** None of a single value. */
  readonly sample: DifferenceSample | undefined;
  /** Seeds that gave other bytes than promised. */
  readonly broken: readonly number[];
  readonly identical: boolean;
  /** What keeps it from being compared. */
  readonly obstacle: string | undefined;
  readonly test?: CellTest | undefined;
}

/** What Holm's correction made of a cell's p, among so many tested. */
export interface CorrectedTest {
  readonly worse: number | null;
  readonly better: number | null;
  readonly tested: number;
}

/** Judges a cell by one metric. */
export function judgeCells(
  draft: CellDraft,
  metric: Metric,
  { worse, better, tested }: CorrectedTest,
  { level, limits, gates }: Rules,
): CellCheck {
  const { configuration, sparsities, missing, runs, rounds, before, now, mean, broken, test } =
    draft;
  const gateOf = (name: "bytes" | typeof metric.name) => valueFor(gates, name, configuration);
  const strictest = metric.ofMachine || gateOf("bytes") === "warn" ? gateOf(metric.name) : "fail";
  const difference = mean === null ? null : metric.difference(mean);
  const cell = {
    configuration,
    metric: metric.name,
    runs,
    rounds,
    sparsities,
    missing,
    before,
    now,
    difference,
    interval: test?.interval ?? null,
    p: test?.p ?? null,
  };
  const absent = missing.length > 0 && !metric.ofMachine
    ? [`there is no run of seed ${missing.join(", ")}`]
    : [];
  const say = (verdict: Verdict, gate = strictest, ...reasons: string[]): CellCheck => ({
    ...cell,
    verdict,
    gate,
    reasons: [...reasons, ...absent],
  });

  if (draft.obstacle !== undefined) return say("not compared", strictest, draft.obstacle);
  if (mean === null || difference === null) {
    if (!metric.ofMachine) return say("not compared");
    return say("inconclusive", strictest, "no stretch of a run now had the processor to itself");
  }
  const limit = valueFor(limits, metric.name, configuration), least = metric.loss(limit);
  const unit = metric.unit === "%" ? "%" : " points";
  const amount = `${Math.abs(difference).toFixed(metric.unit === "%" ? 1 : 2)}${unit}`;
  const beyond = `over the limit of ${limit}${unit}, beyond chance`;
  // A process is now and then slower than others lead to expect: a single one is no evidence against what it ran.
  const alone = rounds !== null && Math.min(rounds.before, rounds.now) < 2;
  const lost = !alone && worse !== null && worse < level && mean <= -least;
  if (broken.length > 0) {
    const gate = lost && gateOf(metric.name) === "fail" ? "fail" : gateOf("bytes");
    return say(
      "broken",
      gate,
      `the same run in the same circumstances gave other bytes, with seed ${broken.join(", ")}` +
        (lost ? `; and ${amount} ${metric.lost}, beyond chance` : ""),
    );
  }
  if (draft.identical) return say("same");
  if (lost) return say("worse", gateOf(metric.name), `${amount} ${metric.lost}: ${beyond}`);
  if (better !== null && better < level && mean >= least) {
    return say("better", strictest, `${amount} ${metric.gained}: ${beyond}`);
  }
  const what = metric.ofMachine ? "runs" : "seeds";
  if (!test) {
    const text = metric.byRounds
      ? "one round before and one now say nothing of chance: make the baseline of several"
      : `one ${what.slice(0, -1)} says nothing of chance: at least 3 would do`;
    return say("inconclusive", strictest, text);
  }
  // Of a few rounds no more can be asked than that they rule out twice the limit, which is what they are to find.
  const { byRounds } = metric, share = level / tested, most = byRounds ? 2 * least : least;
  const reach = tQuantile(test.degrees, byRounds ? 0.975 : 1 - share) * test.error;
  if (mean > -least && mean - reach > -most) return say("unchanged");
  const looks = byRounds && mean <= -least, loss = looks ? -mean : most;
  const size = byRounds ? `${Math.abs(metric.difference(-loss)).toFixed(1)}%` : `${limit}${unit}`;
  const prior = test.degrees - draft.sample!.degrees;
  const enough = valueCountFor(test.deviation, loss, share, prior, rounds ? 2 : 1);
  return say(
    "inconclusive",
    strictest,
    rounds
      ? `with ${counted(rounds.before)} before and ${rounds.now} now a loss of ${size} is not ` +
        `${looks ? "told from chance" : "ruled out"}: about ${enough} of each would do`
      : `with ${runs} ${what} a loss of ${size} is not ruled out: about ${enough} would do`,
  );
}

const counted = (rounds: number) => rounds === 1 ? "one round" : `${rounds} rounds`;

/**
 * Values from which on a loss of `limit` is significant at `level`, one-sided, with that deviation.
 * @param prior degrees of freedom that the deviation has from elsewhere
 * @param sides 1: so many differences, such as of seeds; 2: so many before, and so many now
 */
export function valueCountFor(
  deviation: number,
  limit: number,
  level: number,
  prior = 0,
  sides: 1 | 2 = 1,
): number {
  for (let n = 2; n < 1000; n++) {
    const error = deviation * Math.sqrt(sides / n);
    if (tProbability(-limit / error, prior + sides * (n - 1)) < level) return n;
  }
  return 1000;
}
