// Runs beside a baseline: what got worse, what was promised to be the same and is not, what can't be told.
import { canonicalJson } from "../sweep/identity.ts";
import type { RunConfig } from "../training/config.ts";
import type { RunFile } from "../sweep/store.ts";
import { type Interval, meanInterval, summarise, tProbability, tQuantile } from "../statistics.ts";
import {
  type Baseline,
  type BaselineCell,
  type BaselineRun,
  lossesOf,
  type Made,
  madeOf,
} from "./baseline.ts";

/** What counts as a regression of accuracy. */
export interface Rules {
  /** Losses smaller than this many percentage points don't count, however certain. */
  readonly floor: number;
  /** The chance of any false alarm about accuracy in a whole check, at most. */
  readonly level: number;
}

/** Half a point, and one false alarm in a hundred checks. */
export const defaultRules: Rules = { floor: 0.5, level: 0.01 };

/**
 * - `same`: not a bit is different
 * - `unchanged`: a loss beyond the floor is ruled out
 * - `better`, `worse`: beyond the floor, and significant
 * - `broken`: same run, same circumstances, other bytes
 * - `inconclusive`: too few seeds to tell
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

/** A cell of the baseline, beside the runs that belong to it. */
export interface CellCheck {
  readonly configuration: BaselineCell["configuration"];
  readonly verdict: Verdict;
  /** Sentences: why that verdict, and what could not be compared. */
  readonly reasons: readonly string[];
  /** Seeds compared. */
  readonly seeds: number;
  /** Seeds of the baseline without a run to compare. */
  readonly missing: readonly number[];
  /** Mean accuracy in percent, before and now, over the seeds compared. */
  readonly before: number | null;
  readonly now: number | null;
  /** Now minus before in points, paired by seed, with its 95% interval. */
  readonly difference: number | null;
  readonly interval: Interval | null;
  /** Of a loss as large by chance, one-sided; `null` where nothing differs or can be tested. */
  readonly p: number | null;
}

/** Compares runs with a baseline, cell by cell. */
export function compare(
  baseline: Baseline,
  runs: readonly RunFile[],
  rules: Rules = defaultRules,
): CellCheck[] {
  const byCell = Map.groupBy(runs, ({ configuration }) => cellOf(configuration));
  const drafts = baseline.cells.map((cell) => {
    const found = byCell.get(cellOf({ ...cell.configuration, seed: 0 })) ?? [];
    return draft(cell, baseline.environments, found);
  });
  // Holm's correction, for losses and gains each: the k-th smallest p of m counts for (m − k + 1) times as much.
  const tested = drafts.filter(({ p }) => p !== null).length;
  const worse = holm(drafts.map(({ p }) => p));
  const better = holm(drafts.map(({ p }) => p === null ? null : 1 - p));
  return drafts.map((draft, i) => judge(draft, worse[i]!, better[i]!, tested, rules));
}

// Seed and version of the algorithm's implementation aside: those are what may differ.
function cellOf({ seed: _, algorithm, ...rest }: RunConfig): string {
  const { version: __, ...meant } = algorithm;
  return canonicalJson({ ...rest, algorithm: meant });
}

/** Points that no comparison is finer than: equal differences on all seeds are no certainty beyond a picture or so. */
const FINEST = 0.01;

interface Draft extends Omit<CellCheck, "verdict"> {
  readonly broken: readonly number[];
  /** Of the differences, and at least `FINEST`; `null` of fewer than two. */
  readonly deviation: number | null;
  readonly identical: boolean;
}

function draft(
  { configuration, runs }: BaselineCell,
  environments: readonly Made[],
  found: readonly RunFile[],
): Draft {
  const pairs = runs.flatMap((before) => {
    const now = found.find(({ configuration }) => configuration.seed === before.seed);
    return now ? [{ before, now, same: isSame(before, now) }] : [];
  });
  const missing = runs.map(({ seed }) => seed)
    .filter((seed) => !pairs.some(({ before }) => before.seed === seed));
  const reasons = missing.length > 0 ? [`there is no run of seed ${missing.join(", ")}`] : [];
  const broken = pairs.filter(({ before, now, same }) =>
    !same && before.identity === now.identity &&
    comparable(environments[before.environment]!, madeOf(now.environment))
  ).map(({ before }) => before.seed);

  const none = { before: null, now: null, difference: null, interval: null, p: null };
  const common = { configuration, seeds: pairs.length, missing, broken, reasons };
  if (pairs.length === 0) return { ...common, ...none, deviation: null, identical: false };
  const before = pairs.map(({ before }) => 100 * before.accuracy);
  const now = pairs.map(({ now }) => 100 * now.result.lastTestAccuracy);
  const summary = summarise(now.map((value, i) => value - before[i]!)), { n, mean } = summary;
  const means = { before: summarise(before).mean, now: summarise(now).mean, difference: mean };
  const deviation = summary.deviation === null ? null : Math.max(summary.deviation, FINEST);
  const identical = pairs.every(({ same }) => same);
  if (identical || deviation === null) {
    return { ...common, ...means, interval: null, p: null, deviation, identical };
  }
  return {
    ...common,
    ...means,
    interval: meanInterval({ n, mean, deviation }),
    p: tProbability(mean / (deviation / Math.sqrt(n)), n - 1),
    deviation,
    identical,
  };
}

const isSame = (before: BaselineRun, { result }: RunFile): boolean =>
  before.losses === lossesOf(result) && before.mask === result.digest;

/** Whether two runs of one identity are promised to give the same bytes. */
export function comparable(a: Made, b: Made): boolean {
  const keys = ["maskbench", "libtorch", "blas", "device", "processor", "threads"] as const;
  return keys.every((key) => a[key] === b[key]);
}

function judge(
  { broken, deviation, identical, ...cell }: Draft,
  worse: number | null,
  better: number | null,
  tested: number,
  { floor, level }: Rules,
): CellCheck {
  const say = (verdict: Verdict, ...reasons: string[]): CellCheck => ({
    ...cell,
    verdict,
    reasons: [...reasons, ...cell.reasons],
  });
  const { difference, seeds } = cell;
  const points = (value: number) => `${Math.abs(value).toFixed(2)} points`;
  if (difference === null) return say("not compared");
  const lost = worse !== null && worse < level && difference <= -floor;
  if (broken.length > 0) {
    return say(
      "broken",
      `the same run in the same circumstances gave other bytes, with seed ${broken.join(", ")}` +
        (lost ? `; and ${points(difference)} are lost, beyond chance` : ""),
    );
  }
  if (identical) return say("same");
  if (lost) {
    return say(
      "worse",
      `${points(difference)} are lost: over the floor of ${floor}, beyond chance`,
    );
  }
  if (better !== null && better < level && difference >= floor) {
    return say(
      "better",
      `${points(difference)} are gained: over the floor of ${floor}, beyond chance`,
    );
  }
  if (deviation === null) {
    return say("inconclusive", "one seed says nothing of chance: at least 3 would do");
  }
  const share = level / tested;
  const lowest = difference - tQuantile(seeds - 1, 1 - share) * deviation / Math.sqrt(seeds);
  if (lowest <= -floor) {
    return say(
      "inconclusive",
      `with ${seeds} seeds a loss of ${floor} points is not ruled out: about ` +
        `${seedsFor(deviation, floor, share)} would do`,
    );
  }
  return say("unchanged");
}

/** Seeds from which on a loss of `floor` is significant at `level`, one-sided, with that deviation of differences. */
export function seedsFor(deviation: number, floor: number, level: number): number {
  for (let n = 2; n < 1000; n++) {
    if (tProbability(-floor / (deviation / Math.sqrt(n)), n - 1) < level) return n;
  }
  return 1000;
}

/** Holm's step-down correction; nulls are not counted and stay. */
export function holm(ps: readonly (number | null)[]): (number | null)[] {
  const order = ps.flatMap((p, i) => p === null ? [] : [{ p, i }]).sort((a, b) => a.p - b.p);
  const adjusted: (number | null)[] = ps.map(() => null);
  let most = 0;
  order.forEach(({ p, i }, rank) => {
    most = Math.max(most, Math.min(1, (order.length - rank) * p));
    adjusted[i] = most;
  });
  return adjusted;
}
