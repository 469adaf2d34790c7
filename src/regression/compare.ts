// Runs beside a baseline: what got worse, what was promised to be the same and is not, what can't be told.
import { comparable } from "../sweep/environment.ts";
import { canonicalJson } from "../sweep/identity.ts";
import type { RunConfig } from "../training/config.ts";
import type { RunFile } from "../sweep/store.ts";
import { type Interval, summarise, tProbability, tQuantile } from "../statistics.ts";
import {
  type Baseline,
  type BaselineCell,
  type BaselineRun,
  figuresOf,
  type Made,
  madeOf,
} from "./baseline.ts";
import { type Draft, judge } from "./judge.ts";
import { type Metric, metrics } from "./metrics.ts";
import { squeeze } from "./noise.ts";
import { defaultRules, type Gate, type MetricName, type Rules } from "./rules.ts";

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

/** Compares runs with a baseline: every cell's accuracy; then speed, then memory, which hang little on sparsity. */
export function compare(
  baseline: Baseline,
  runs: readonly RunFile[],
  rules: Rules = defaultRules,
): CellCheck[] {
  const byCell = Map.groupBy(runs, ({ configuration }) => cellOf(configuration));
  const pairings = baseline.cells.map((cell) =>
    pair(cell, baseline.environments, byCell.get(cellOf({ ...cell.configuration, seed: 0 })) ?? [])
  );
  const alike = merged(pairings);
  return metrics.flatMap((metric) => {
    const drafts = test(
      (metric.ofMachine ? alike : pairings).flatMap((pairing) => draft(pairing, metric)),
      metric,
    );
    // Holm's correction, for losses and gains each: the k-th smallest p of m counts for (m − k + 1) times as much.
    const tested = drafts.filter(({ p }) => p !== undefined).length;
    const worse = holm(drafts.map(({ p = null }) => p));
    const better = holm(drafts.map(({ p }) => p === undefined ? null : 1 - p));
    return drafts.map((draft, i) =>
      judge(draft, metric, { worse: worse[i]!, better: better[i]!, tested }, rules)
    );
  });
}

// Seed and version of the algorithm's implementation aside: those are what may differ.
function cellOf({ seed: _, algorithm, ...rest }: RunConfig): string {
  const { version: __, ...meant } = algorithm;
  return canonicalJson({ ...rest, algorithm: meant });
}

interface Pair {
  readonly before: BaselineRun;
  readonly now: BaselineRun;
  readonly made: { readonly before: Made; readonly now: Made };
}

interface Pairing {
  readonly configuration: BaselineCell["configuration"];
  readonly sparsities: readonly number[];
  readonly pairs: readonly Pair[];
  readonly missing: readonly number[];
}

function pair(
  { configuration, runs }: BaselineCell,
  environments: readonly Made[],
  found: readonly RunFile[],
): Pairing {
  const pairs = runs.flatMap((before): Pair[] => {
    const now = found.find(({ configuration }) => configuration.seed === before.seed);
    if (!now) return [];
    const made = { before: environments[before.environment]!, now: madeOf(now.environment) };
    return [{ before, now: figuresOf(now, before.environment), made }];
  });
  const missing = runs.map(({ seed }) => seed)
    .filter((seed) => !pairs.some(({ before }) => before.seed === seed));
  return { configuration, sparsities: [configuration.sparsity], pairs, missing };
}

// Cells of one network and algorithm together, whatever sparsity and the hyper-parameters that go with it.
function merged(pairings: readonly Pairing[]): Pairing[] {
  const groups = Map.groupBy(
    pairings,
    ({ configuration: { sparsity: _, algorithm, ...rest } }) =>
      canonicalJson({ ...rest, algorithm: algorithm.name }),
  );
  return [...groups.values()].map((group) => ({
    configuration: group[0]!.configuration,
    sparsities: [...new Set(group.flatMap(({ sparsities }) => sparsities))].sort((a, b) => a - b),
    pairs: group.flatMap(({ pairs }) => pairs),
    missing: [], // said of accuracy already
  }));
}

const isSame = ({ before, now }: Pair): boolean =>
  before.losses === now.losses && before.mask === now.mask;

/** In what the machine is another one, or used otherwise, so that speed and memory are not to be compared. */
function otherMachine(a: Made, b: Made): string | undefined {
  const keys = ["device", "processor", "threads", "jobs"] as const;
  const other = keys.find((key) => a[key] !== b[key]);
  return other && `${other} ${a[other]} before, ${b[other]} now`;
}

// What one metric has of a cell; nothing where it does not apply, as speed does not where nothing is learnt.
function draft({ pairs, ...common }: Pairing, metric: Metric): Draft[] {
  const none = { runs: 0, before: null, now: null, broken: [], identical: false, differences: [] };
  if (!metric.ofMachine) {
    const broken = pairs.filter((pair) =>
      !isSame(pair) && pair.before.identity === pair.now.identity &&
      comparable(pair.made.before, pair.made.now)
    ).map(({ before }) => before.seed);
    const identical = pairs.length > 0 && pairs.every(isSame);
    return [{ ...common, ...figures(pairs, metric), broken, identical, obstacle: undefined }];
  }
  if (pairs.length === 0) return [];
  if (metric.name === "speed" && pairs.every(({ before }) => before.imagesPerSecond === 0)) {
    return [];
  }
  const others = pairs.map(({ made }) => otherMachine(made.before, made.now));
  const here = pairs.filter((_, i) => others[i] === undefined);
  if (here.length === 0) {
    return [{ ...common, ...none, obstacle: `another machine or use of it: ${others[0]}` }];
  }
  const known = here.filter(({ before }) => metric.value(before) !== null);
  if (known.length === 0) {
    return [{ ...common, ...none, obstacle: `the baseline has no ${metric.name} of it` }];
  }
  const both = known.filter(({ now }) => metric.value(now) !== null);
  return [{
    ...common,
    ...figures(both, metric),
    broken: [],
    identical: false,
    obstacle: undefined,
  }];
}

function figures(pairs: readonly Pair[], metric: Metric) {
  const differences = pairs.map(({ before, now }) => metric.value(now)! - metric.value(before)!);
  const mean = (values: readonly number[]) => values.length > 0 ? summarise(values).mean : null;
  return {
    runs: pairs.length,
    differences,
    before: mean(pairs.map(({ before }) => metric.shown(before, 0))),
    now: mean(pairs.map(({ before }, i) => metric.shown(before, differences[i]!))),
  };
}

// A t test for each cell, with the spread of its seeds' differences drawn towards that of the other cells'.
function test(drafts: readonly Draft[], { finest, difference: shown }: Metric): Draft[] {
  const testable = drafts.filter(({ identical, differences }) =>
    !identical && differences.length > 1
  );
  const summaries = testable.map(({ differences }) => summarise(differences));
  const { variances, degrees } = squeeze(
    summaries.map(({ deviation }) => Math.max(deviation!, finest) ** 2),
    summaries.map(({ n }) => n - 1),
  );
  const tests = new Map(testable.map((draft, i) => {
    const { n, mean } = summaries[i]!, error = Math.sqrt(variances[i]! / n);
    const reach = tQuantile(degrees[i]!) * error;
    const [low, high] = [shown(mean - reach), shown(mean + reach)].sort((a, b) => a - b);
    const chance = {
      p: tProbability(mean / error, degrees[i]!),
      interval: { low: low!, high: high! },
      deviation: Math.sqrt(variances[i]!),
      degrees: degrees[i]!,
    };
    return [draft, chance];
  }));
  return drafts.map((draft) => ({ ...draft, ...tests.get(draft) }));
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
