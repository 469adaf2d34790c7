// Compares runs with a baseline: what got worse, what should be the same and is not, and what is inconclusive.
import { algorithmRegistry, algorithms } from "../algorithms/registry.ts";
import { shrinkVariances } from "../base/shrinkage.ts";
import { holm, summarise, tProbability, tQuantile } from "../base/statistics.ts";
import { isReproducible } from "../runs/environment.ts";
import { networkRegistry } from "../networks/registry.ts";
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
import { invariantChangesOf } from "./invariants.ts";
import { type CellDraft, type DifferenceSample, judgeCells } from "./judge.ts";
import { type Metric, metrics } from "./metrics.ts";
import { defaultRules, type Rules } from "./rules.ts";
import type { CellCheck, RoundCounts } from "./types.ts";

/**
 * Compares runs with a baseline: every cell's accuracy; then speed, then memory, which depend little on sparsity.
 * @param again all or some of the runs in other processes, for metrics that are compared by rounds, see `compareInRounds`
 */
export function compareWithBaseline(
  baseline: Baseline,
  runs: readonly RunFile[],
  rules: Rules = defaultRules,
  again: readonly (readonly RunFile[])[] = [],
): CellCheck[] {
  const byCell = Map.groupBy(runs, ({ configuration }) => cellKeyOf(configuration));
  const rounds = again.map(indexByIdentity);
  const pairings = baseline.cells.map((cell) => {
    const found = byCell.get(cellKeyOf({ ...cell.configuration, seed: 0 })) ?? [];
    return pairingOf(cell, baseline.environments, found, rounds);
  });
  const groups = mergePairings(pairings);
  return metrics.flatMap((metric) => {
    const drafts = testDrafts(
      (metric.ofMachine ? groups : pairings).flatMap((pairing) => draftsOf(pairing, metric)),
      metric,
    );
    // Holm's correction is made for losses and for gains: the k-th smallest p of m counts for (m − k + 1) times as much.
    const tested = drafts.filter(({ test }) => test).length;
    const worse = holm(drafts.map(({ test }) => test ? test.p : null));
    const better = holm(drafts.map(({ test }) => test ? 1 - test.p : null));
    return drafts.map((draft, i) =>
      judgeCells(draft, metric, { worse: worse[i]!, better: better[i]!, tested }, rules)
    );
  });
}

// The key of a cell leaves out what may differ within it: the seed, and the version of the algorithm and of modules.
function cellKeyOf({ seed: _, algorithm, ...rest }: RunConfig): string {
  const { version: __, module: ___, ...unversioned } = algorithm;
  const { module: ____, ...network } = rest.network;
  return canonicalJson({ ...rest, network, algorithm: unversioned });
}

/** A run of the baseline with the same run now. */
interface Pair {
  readonly before: BaselineRun;
  readonly now: BaselineRun;
  readonly environments: {
    readonly before: BaselineEnvironment;
    readonly now: BaselineEnvironment;
  };
  /** Whether losses and mask are the same as before, to the last bit, in every round. */
  readonly same: boolean;
  /** What must be the same on every machine and is not, a clause each. */
  readonly invariantChanges: readonly string[];
  /** Whether the baseline knows the first batch, and the run does not. */
  readonly isUnrecorded: boolean;
}

/** The pairs of a cell, or of several cells. */
interface Pairing {
  readonly configuration: BaselineCell["configuration"];
  readonly sparsities: readonly number[];
  readonly pairs: readonly Pair[];
  readonly missing: readonly number[];
}

function pairingOf(
  { configuration, runs }: BaselineCell,
  environments: readonly BaselineEnvironment[],
  found: readonly RunFile[],
  rounds: readonly ReadonlyMap<string, RunFile>[],
): Pairing {
  const pairs = runs.flatMap((before): Pair[] => {
    const run = newestOf(
      found.filter(({ configuration }) => configuration.seed === before.seed),
    );
    if (!run) return [];
    const made = {
      before: environments[before.environment]!,
      now: baselineEnvironmentOf(run.environment),
    };
    const again = rounds.map((round) => {
      const other = round.get(run.identity);
      // A run that was made in another way says nothing about this one.
      return other && isReproducible(other.environment, made.now) &&
          machineDifferenceOf(other.environment, made.now) === undefined
        ? other
        : undefined;
    });
    const same = [run, ...again].every((run) =>
      !run || run.result.digest === before.mask && lossesDigestOf(run.result) === before.losses
    );
    // Memory counts in the first round alone, which has all runs of the baseline, as later rounds may not.
    const { peakMemoryBytes } = run.result;
    const now = { ...baselineRunOf([run, ...again], before.environment), peakMemoryBytes };
    return [{
      before,
      now,
      environments: made,
      same,
      invariantChanges: invariantChangesOf(before, run),
      isUnrecorded: before.firstBatch !== undefined && now.firstBatch === undefined,
    }];
  });
  const missing = runs.map(({ seed }) => seed)
    .filter((seed) => !pairs.some(({ before }) => before.seed === seed));
  return { configuration, sparsities: [configuration.sparsity], pairs, missing };
}

// A folder that was compared before may hold runs of another version of the algorithm, or of a module, too.
function newestOf(runs: readonly RunFile[]): RunFile | undefined {
  const versionOf = ({ configuration }: RunFile) => configuration.algorithm.version;
  const isCurrent = ({ configuration: { algorithm, network } }: RunFile) =>
    algorithms.find(({ name }) => name === algorithm.name)?.version === algorithm.version &&
    algorithmRegistry.moduleOf(algorithm.name) === algorithm.module &&
    networkRegistry.moduleOf(network.name) === network.module;
  return runs.find(isCurrent) ?? runs.toSorted((a, b) => versionOf(b) - versionOf(a))[0];
}

/** The key of cells whose speed and memory are compared together: all but sparsity and hyper-parameters. */
export function groupOf(
  { sparsity: _, algorithm, ...rest }: BaselineCell["configuration"],
): string {
  return canonicalJson({ ...rest, algorithm: algorithm.name });
}

function mergePairings(pairings: readonly Pairing[]): Pairing[] {
  const groups = Map.groupBy(pairings, ({ configuration }) => groupOf(configuration));
  return [...groups.values()].map((group) => ({
    configuration: group[0]!.configuration,
    sparsities: [...new Set(group.flatMap(({ sparsities }) => sparsities))].sort((a, b) => a - b),
    pairs: group.flatMap(({ pairs }) => pairs),
    missing: [], // These are reported with accuracy.
  }));
}

type Machine = Pick<BaselineEnvironment, "device" | "processor" | "threads" | "jobs">;

/** The difference in the machine or its use that makes speed and memory incomparable; nothing without one. */
function machineDifferenceOf(a: Machine, b: Machine): string | undefined {
  const keys = ["device", "processor", "threads", "jobs"] as const;
  const different = keys.find((key) => a[key] !== b[key]);
  return different && `${different} ${a[different]} before, ${b[different]} now`;
}

// The draft of a cell by one metric; nothing where the metric does not apply, as speed does not where nothing is learnt.
function draftsOf({ pairs, ...common }: Pairing, metric: Metric): CellDraft[] {
  const none = {
    ...{ runs: 0, rounds: null, before: null, now: null },
    ...{ broken: [], invariantChanges: [], unrecorded: [], identical: false },
  };
  if (!metric.ofMachine) {
    const broken = pairs.filter(({ same, before, now, environments }) =>
      !same && before.identity === now.identity &&
      isReproducible(environments.before, environments.now)
    ).map(({ before }) => before.seed);
    const identical = pairs.length > 0 && pairs.every(({ same }) => same);
    return [{
      ...common,
      ...figuresOf(pairs, metric),
      broken,
      invariantChanges: changesBySeedOf(pairs),
      unrecorded: pairs.filter(({ isUnrecorded }) => isUnrecorded).map(({ before }) => before.seed),
      identical,
      obstacle: undefined,
    }];
  }
  if (pairs.length === 0) return [];
  if (metric.name === "speed" && pairs.every(({ before }) => before.imagesPerSecond === 0)) {
    return [];
  }
  const differences = pairs.map(({ environments: { before, now } }) =>
    machineDifferenceOf(before, now)
  );
  const comparable = pairs.filter((_, i) => differences[i] === undefined);
  if (comparable.length === 0) {
    const obstacle = `another machine or use of it: ${differences[0]}`;
    return [{ ...common, ...none, mean: null, sample: undefined, obstacle }];
  }
  const isKnown = (run: BaselineRun) => metric.values(run).some((value) => value !== null);
  const known = comparable.filter(({ before }) => isKnown(before));
  if (known.length === 0) {
    const obstacle = `the baseline has no ${metric.name} of it`;
    return [{ ...common, ...none, mean: null, sample: undefined, obstacle }];
  }
  const both = known.filter(({ now }) => isKnown(now));
  return [{ ...common, ...none, ...figuresOf(both, metric), obstacle: undefined }];
}

// Each change once, with the seeds that have it.
function changesBySeedOf(pairs: readonly Pair[]): string[] {
  const seeds = new Map<string, number[]>();
  for (const { before: { seed }, invariantChanges } of pairs) {
    for (const change of invariantChanges) seeds.set(change, [...seeds.get(change) ?? [], seed]);
  }
  return [...seeds].map(([change, seeds]) => `${change}, with seed ${seeds.join(", ")}`);
}

function figuresOf(pairs: readonly Pair[], metric: Metric) {
  const { mean, sample, differences, rounds } = metric.byRounds
    ? differenceByRounds(pairs, metric)
    : { ...differenceByRuns(pairs, metric), rounds: null };
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

// Now less before, run by run: the mean of the seeds' differences, and their deviation.
function differenceByRuns(pairs: readonly Pair[], { values }: Metric) {
  const differences = pairs.map(({ before, now }) => values(now)[0]! - values(before)[0]!);
  if (differences.length === 0) return { mean: null, sample: undefined, differences };
  const { n, mean, deviation } = summarise(differences);
  const sample: DifferenceSample | undefined = deviation === null
    ? undefined
    : { deviation, degrees: n - 1, weight: 1 / n };
  return { mean, sample, differences };
}

// Now less before, round by round. Runs of one process share what chance does to it, such as the layout of its memory, and so
// are no independent evidence: a round is one measurement, the mean of its runs' distances from their usual value.
function differenceByRounds(pairs: readonly Pair[], { values }: Metric) {
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
      }))).filter((distances) => distances.length > 0)
      .map((distances) => summarise(distances).mean);
  };
  const before = roundsOf("before");
  const now = roundsOf("now");
  const rounds: RoundCounts = { before: before.length, now: now.length };
  if (pairs.length === 0) return { mean: null, sample: undefined, differences: [], rounds };
  const earlier = summarise(before);
  const later = summarise(now);
  const mean = later.mean - earlier.mean;
  const degrees = earlier.n + later.n - 2;
  const squares = [earlier, later].map(({ n, deviation }) => (n - 1) * (deviation ?? 0) ** 2);
  const sample: DifferenceSample | undefined = degrees === 0 ? undefined : {
    deviation: Math.sqrt((squares[0]! + squares[1]!) / degrees),
    degrees,
    weight: 1 / earlier.n + 1 / later.n,
  };
  return { mean, sample, differences: pairs.map(() => mean), rounds };
}

// A t test for each cell, with its deviation shrunk towards that of the other cells.
function testDrafts(
  drafts: readonly CellDraft[],
  { finest, difference: shown }: Metric,
): CellDraft[] {
  const testable = drafts.flatMap(({ identical, mean, sample }, index) =>
    identical || mean === null || !sample ? [] : [{ index, mean, sample }]
  );
  const { variances, degrees } = shrinkVariances(
    testable.map(({ sample }) => Math.max(sample.deviation, finest) ** 2),
    testable.map(({ sample }) => sample.degrees),
  );
  const tests = new Map(testable.map(({ index, mean, sample }, i) => {
    const deviation = Math.sqrt(variances[i]!);
    const error = deviation * Math.sqrt(sample.weight);
    const reach = tQuantile(degrees[i]!) * error;
    const [low, high] = [shown(mean - reach), shown(mean + reach)].sort((a, b) => a - b);
    return [index, {
      p: tProbability(mean / error, degrees[i]!),
      interval: { low: low!, high: high! },
      error,
      deviation,
      degrees: degrees[i]!,
    }];
  }));
  return drafts.map((draft, index) => ({ ...draft, test: tests.get(index) }));
}
