// Runs beside a baseline: what got worse, what was promised to be the same and is not, what can't be told.
import { algorithms } from "../algorithms/registry.ts";
import { shrinkVariances } from "../base/shrinkage.ts";
import { holm, summarise, tProbability, tQuantile } from "../base/statistics.ts";
import { isReproducible } from "../runs/environment.ts";
import { canonicalJson } from "../runs/identity.ts";
import type { RunFile } from "../runs/run_file.ts";
import type { RunConfig } from "../training/config.ts";
import {
  type Baseline,
  type BaselineCell,
  type BaselineEnvironment,
  baselineEnvironmentOf,
  type BaselineRun,
  baselineRunOf,
  indexByIdentity,
  lossesDigestOf,
} from "./baseline.ts";
import { type CellDraft, type DifferenceSample, judgeCells } from "./judge.ts";
import { type Metric, metrics } from "./metrics.ts";
import { defaultRules, type Rules } from "./rules.ts";
import type { CellCheck, RoundCounts } from "./types.ts";

/**
 * Compares runs with a baseline: every cell's accuracy; then speed, then memory, which hang little on sparsity.
 * @param again all or some of the runs in other processes, for what is told by rounds, see `compareInRounds`
 */
export function compareWithBaseline(
  baseline: Baseline,
  runs: readonly RunFile[],
  rules: Rules = defaultRules,
  again: readonly (readonly RunFile[])[] = [],
): CellCheck[] {
  const byCell = Map.groupBy(runs, ({ configuration }) => cellOf(configuration));
  const rounds = again.map(indexByIdentity);
  const pairings = baseline.cells.map((cell) => {
    const found = byCell.get(cellOf({ ...cell.configuration, seed: 0 })) ?? [];
    return pair(cell, baseline.environments, found, rounds);
  });
  const alike = merged(pairings);
  return metrics.flatMap((metric) => {
    const drafts = test(
      (metric.ofMachine ? alike : pairings).flatMap((pairing) => draft(pairing, metric)),
      metric,
    );
    // Holm's correction, for losses and gains each: the k-th smallest p of m counts for (m − k + 1) times as much.
    const tested = drafts.filter(({ test }) => test).length;
    const worse = holm(drafts.map(({ test }) => test ? test.p : null));
    const better = holm(drafts.map(({ test }) => test ? 1 - test.p : null));
    return drafts.map((draft, i) =>
      judgeCells(draft, metric, { worse: worse[i]!, better: better[i]!, tested }, rules)
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
  readonly made: { readonly before: BaselineEnvironment; readonly now: BaselineEnvironment };
  /** Whether losses and mask are those of before, to the last bit, in every round. */
  readonly same: boolean;
}

interface Pairing {
  readonly configuration: BaselineCell["configuration"];
  readonly sparsities: readonly number[];
  readonly pairs: readonly Pair[];
  readonly missing: readonly number[];
}

function pair(
  { configuration, runs }: BaselineCell,
  environments: readonly BaselineEnvironment[],
  found: readonly RunFile[],
  rounds: readonly ReadonlyMap<string, RunFile>[],
): Pairing {
  const pairs = runs.flatMap((before): Pair[] => {
    const run = ofThisVersion(
      found.filter(({ configuration }) => configuration.seed === before.seed),
    );
    if (!run) return [];
    const made = {
      before: environments[before.environment]!,
      now: baselineEnvironmentOf(run.environment),
    };
    const again = rounds.map((round) => {
      const other = round.get(run.identity); // one that was made otherwise tells nothing of this one
      return other && isReproducible(other.environment, made.now) &&
          otherMachine(other.environment, made.now) === undefined
        ? other
        : undefined;
    });
    const same = [run, ...again].every((run) =>
      !run || run.result.digest === before.mask && lossesDigestOf(run.result) === before.losses
    );
    // Memory is that of the first round, in which all runs of the baseline were made.
    const { peakMemoryBytes } = run.result;
    const now = { ...baselineRunOf([run, ...again], before.environment), peakMemoryBytes };
    return [{ before, now, made, same }];
  });
  const missing = runs.map(({ seed }) => seed)
    .filter((seed) => !pairs.some(({ before }) => before.seed === seed));
  return { configuration, sparsities: [configuration.sparsity], pairs, missing };
}

// A folder that was compared before may hold what another version of the algorithm came to.
function ofThisVersion(runs: readonly RunFile[]): RunFile | undefined {
  const versionOf = ({ configuration }: RunFile) => configuration.algorithm.version;
  return runs.find((run) =>
    algorithms.find(({ name }) => name === run.configuration.algorithm.name)?.version ===
      versionOf(run)
  ) ?? runs.toSorted((a, b) => versionOf(b) - versionOf(a))[0];
}

/** What cells have in common that are compared together in speed and memory: all but sparsity and what goes with it. */
export function groupOf(
  { sparsity: _, algorithm, ...rest }: BaselineCell["configuration"],
): string {
  return canonicalJson({ ...rest, algorithm: algorithm.name });
}

function merged(pairings: readonly Pairing[]): Pairing[] {
  const groups = Map.groupBy(pairings, ({ configuration }) => groupOf(configuration));
  return [...groups.values()].map((group) => ({
    configuration: group[0]!.configuration,
    sparsities: [...new Set(group.flatMap(({ sparsities }) => sparsities))].sort((a, b) => a - b),
    pairs: group.flatMap(({ pairs }) => pairs),
    missing: [], // said of accuracy already
  }));
}

type Machine = Pick<BaselineEnvironment, "device" | "processor" | "threads" | "jobs">;

/** In what the machine is another one, or used otherwise, so that speed and memory are not to be compared. */
function otherMachine(a: Machine, b: Machine): string | undefined {
  const keys = ["device", "processor", "threads", "jobs"] as const;
  const other = keys.find((key) => a[key] !== b[key]);
  return other && `${other} ${a[other]} before, ${b[other]} now`;
}

// What one metric has of a cell; nothing where it does not apply, as speed does not where nothing is learnt.
function draft({ pairs, ...common }: Pairing, metric: Metric): CellDraft[] {
  const none = { runs: 0, rounds: null, before: null, now: null, broken: [], identical: false };
  if (!metric.ofMachine) {
    const broken = pairs.filter(({ same, before, now, made }) =>
      !same && before.identity === now.identity && isReproducible(made.before, made.now)
    ).map(({ before }) => before.seed);
    const identical = pairs.length > 0 && pairs.every(({ same }) => same);
    return [{ ...common, ...figures(pairs, metric), broken, identical, obstacle: undefined }];
  }
  if (pairs.length === 0) return [];
  if (metric.name === "speed" && pairs.every(({ before }) => before.imagesPerSecond === 0)) {
    return [];
  }
  const others = pairs.map(({ made }) => otherMachine(made.before, made.now));
  const here = pairs.filter((_, i) => others[i] === undefined);
  if (here.length === 0) {
    const obstacle = `another machine or use of it: ${others[0]}`;
    return [{ ...common, ...none, mean: null, sample: undefined, obstacle }];
  }
  const isKnown = (run: BaselineRun) => metric.values(run).some((value) => value !== null);
  const known = here.filter(({ before }) => isKnown(before));
  if (known.length === 0) {
    const obstacle = `the baseline has no ${metric.name} of it`;
    return [{ ...common, ...none, mean: null, sample: undefined, obstacle }];
  }
  const both = known.filter(({ now }) => isKnown(now));
  return [{ ...common, ...none, ...figures(both, metric), obstacle: undefined }];
}

function figures(pairs: readonly Pair[], metric: Metric) {
  const { mean, sample, differences, rounds } = metric.byRounds
    ? byRounds(pairs, metric)
    : { ...byRuns(pairs, metric), rounds: null };
  const meanOf = (values: readonly number[]) => values.length > 0 ? summarise(values).mean : null;
  return {
    runs: pairs.length,
    rounds,
    mean,
    sample,
    before: meanOf(pairs.map(({ before }) => metric.shown(before, 0))),
    now: meanOf(pairs.map(({ before }, i) => metric.shown(before, differences[i]!))),
  };
}

// Now less before, run by run: what the seeds' differences have in common, beside how they differ.
function byRuns(pairs: readonly Pair[], { values }: Metric) {
  const differences = pairs.map(({ before, now }) => values(now)[0]! - values(before)[0]!);
  if (differences.length === 0) return { mean: null, sample: undefined, differences };
  const { n, mean, deviation } = summarise(differences);
  const sample: DifferenceSample | undefined = deviation === null
    ? undefined
    : { deviation, degrees: n - 1, weight: 1 / n };
  return { mean, sample, differences };
}

// Now less before, round by round. Runs of one process share what chance does to it, such as where its memory lies, and
// so are no evidence of their own: a round is one measurement, the mean over its runs of how far each is off its usual.
function byRounds(pairs: readonly Pair[], { values }: Metric) {
  const known = (list: readonly (number | null | undefined)[]) =>
    list.filter((value) => value !== null && value !== undefined);
  const usual = pairs.map(({ before }) => summarise(known(values(before))).mean);
  const roundsOf = (side: "before" | "now") => {
    const runs = pairs.map((pair) => values(pair[side]));
    const count = Math.max(0, ...runs.map((rounds) => rounds.length));
    return Array.from({ length: count }, (_, round) =>
      known(runs.map((rounds, i) => {
        const value = rounds[round] ?? null;
        return value === null ? null : value - usual[i]!;
      }))).filter((off) => off.length > 0).map((off) => summarise(off).mean);
  };
  const before = roundsOf("before"), now = roundsOf("now");
  const rounds: RoundCounts = { before: before.length, now: now.length };
  if (pairs.length === 0) return { mean: null, sample: undefined, differences: [], rounds };
  const one = summarise(before), other = summarise(now), mean = other.mean - one.mean;
  const degrees = one.n + other.n - 2;
  const squares = [one, other].map(({ n, deviation }) => (n - 1) * (deviation ?? 0) ** 2);
  const sample: DifferenceSample | undefined = degrees === 0 ? undefined : {
    deviation: Math.sqrt((squares[0]! + squares[1]!) / degrees),
    degrees,
    weight: 1 / one.n + 1 / other.n,
  };
  return { mean, sample, differences: pairs.map(() => mean), rounds };
}

// A t test for each cell, with its deviation drawn towards that of the other cells.
function test(drafts: readonly CellDraft[], { finest, difference: shown }: Metric): CellDraft[] {
  const testable = drafts.flatMap(({ identical, mean, sample }, place) =>
    identical || mean === null || !sample ? [] : [{ place, mean, sample }]
  );
  const { variances, degrees } = shrinkVariances(
    testable.map(({ sample }) => Math.max(sample.deviation, finest) ** 2),
    testable.map(({ sample }) => sample.degrees),
  );
  const tests = new Map(testable.map(({ place, mean, sample }, i) => {
    const deviation = Math.sqrt(variances[i]!), error = deviation * Math.sqrt(sample.weight);
    const reach = tQuantile(degrees[i]!) * error;
    const [low, high] = [shown(mean - reach), shown(mean + reach)].sort((a, b) => a - b);
    return [place, {
      p: tProbability(mean / error, degrees[i]!),
      interval: { low: low!, high: high! },
      error,
      deviation,
      degrees: degrees[i]!,
    }];
  }));
  return drafts.map((draft, place) => ({ ...draft, test: tests.get(place) }));
}
