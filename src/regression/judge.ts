// The verdict on a cell: from its differences, what they are worth, and the rules.
import { type Interval, summarise, tProbability, tQuantile } from "../statistics.ts";
import type { BaselineCell } from "./baseline.ts";
import type { CellCheck, Verdict } from "./compare.ts";
import type { Metric } from "./metrics.ts";
import { type Rules, valueFor } from "./rules.ts";

/** A cell before its verdict. */
export interface Draft {
  readonly configuration: BaselineCell["configuration"];
  readonly sparsities: readonly number[];
  readonly missing: readonly number[];
  readonly runs: number;
  readonly before: number | null;
  readonly now: number | null;
  /** Now less before of each seed, on the metric's scale. */
  readonly differences: readonly number[];
  /** Seeds that gave other bytes than promised. */
  readonly broken: readonly number[];
  readonly identical: boolean;
  /** What keeps it from being compared. */
  readonly obstacle: string | undefined;
  /** Of a t test, where there was one: deviation and degrees of freedom after `squeeze`. */
  readonly p?: number;
  readonly interval?: Interval;
  readonly deviation?: number;
  readonly degrees?: number;
}

/** What Holm's correction made of a cell's p, among so many tested. */
export interface Corrected {
  readonly worse: number | null;
  readonly better: number | null;
  readonly tested: number;
}

/** Judges a cell by one metric. */
export function judge(
  draft: Draft,
  metric: Metric,
  { worse, better, tested }: Corrected,
  { level, limits, gates }: Rules,
): CellCheck {
  const { configuration, sparsities, missing, runs, before, now, broken, deviation, degrees } =
    draft;
  const gateOf = (name: "bytes" | typeof metric.name) => valueFor(gates, name, configuration);
  const strictest = metric.ofMachine || gateOf("bytes") === "warn" ? gateOf(metric.name) : "fail";
  const mean = runs > 0 ? summarise(draft.differences).mean : null;
  const difference = mean === null ? null : metric.difference(mean);
  const cell = {
    configuration,
    metric: metric.name,
    runs,
    sparsities,
    missing,
    before,
    now,
    difference,
    interval: draft.interval ?? null,
    p: draft.p ?? null,
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
  const what = metric.ofMachine ? "runs" : "seeds";
  const unit = metric.unit === "%" ? "%" : " points";
  const amount = `${Math.abs(difference).toFixed(metric.unit === "%" ? 1 : 2)}${unit}`;
  const beyond = `over the limit of ${limit}${unit}, beyond chance`;
  const lost = worse !== null && worse < level && mean <= -least;
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
  if (deviation === undefined || degrees === undefined) {
    const text = `one ${what.slice(0, -1)} says nothing of chance: at least 3 would do`;
    return say("inconclusive", strictest, text);
  }
  const share = level / tested;
  if (mean - tQuantile(degrees, 1 - share) * deviation / Math.sqrt(runs) > -least) {
    return say("unchanged");
  }
  const enough = seedsFor(deviation, least, share, degrees - (runs - 1));
  return say(
    "inconclusive",
    strictest,
    `with ${runs} ${what} a loss of ${limit}${unit} is not ruled out: about ${enough} would do`,
  );
}

/**
 * Seeds from which on a loss of `limit` is significant at `level`, one-sided, with that deviation of differences.
 * @param prior degrees of freedom that the deviation has from elsewhere
 */
export function seedsFor(deviation: number, limit: number, level: number, prior = 0): number {
  for (let n = 2; n < 1000; n++) {
    if (tProbability(-limit / (deviation / Math.sqrt(n)), prior + n - 1) < level) return n;
  }
  return 1000;
}
