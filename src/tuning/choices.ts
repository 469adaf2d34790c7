// Tuning: which setting of an algorithm did best on the validation split, for each row of a table.
import { algorithms } from "../algorithms/registry.ts";
import type { Value } from "../algorithms/space.ts";
import { UserError } from "../base/errors.ts";
import { summarise, type Summary } from "../base/statistics.ts";
import { canonicalJson } from "../runs/identity.ts";
import { compareAlgorithms, compareValues } from "../tables/columns.ts";
import {
  accuraciesOf,
  compareContexts,
  type Context,
  contextOf,
  isUsable,
  type TableRun,
} from "../tables/table.ts";

/** Hyper-parameters by name. */
export type Parameters = Readonly<Record<string, Value>>;

/** A setting of an algorithm that was tried. */
export interface Candidate {
  readonly parameters: Parameters;
  /** After the last epoch, in percent, over the seeds. */
  readonly accuracy: Summary;
  readonly seeds: readonly number[];
}

/** The settings of one algorithm that were tried in one context and at one sparsity. */
export interface Choice {
  readonly context: Context;
  readonly sparsity: number;
  readonly algorithm: string;
  /** Best first; of equals, the one with the smaller values. */
  readonly candidates: readonly Candidate[];
  /** Hyper-parameters of which several values were tried, in this context and at this sparsity or elsewhere. */
  readonly tuned: readonly string[];
  /** Reasons why the best may be no good choice, a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * The choices that the runs allow, in the order of a table's rows.
 * @throws {UserError} if there is no run, or one was measured on the test split
 */
export function choicesOf(runs: readonly TableRun[]): Choice[] {
  const onTest = runs.filter((run) => run.configuration.dataset.split === "test").length;
  if (onTest > 0) {
    throw new UserError(
      `${onTest} of ${runs.length} runs were measured on the test split, and a setting chosen on ` +
        'the test set is no fair comparison: tune with "split": "validation" in the sweep file',
    );
  }
  const usable = runs.filter(({ result }) => isUsable(result));
  if (usable.length === 0) throw new UserError("there is no finished run to choose from");

  const current = usable.filter(({ configuration: { algorithm } }) =>
    algorithm.version === newestVersionOf(algorithm.name, usable)
  );
  const cells = Map.groupBy(current, ({ configuration }) => {
    const { algorithm, sparsity } = configuration;
    return canonicalJson([contextOf(configuration), sparsity, algorithm.name]);
  });
  const grids = [...cells.values()].map((members) => ({
    members,
    candidates: candidatesOf(members),
  }));
  return grids.map(({ members, candidates }): Choice => {
    const { configuration } = members[0]!;
    const algorithm = configuration.algorithm.name;
    const alike = grids.filter((grid) =>
      grid.members[0]!.configuration.algorithm.name === algorithm
    );
    const tuned = [...new Set(alike.flatMap((grid) => varyingNames(grid.candidates)))].sort();
    return {
      context: contextOf(configuration),
      sparsity: configuration.sparsity,
      algorithm,
      candidates,
      tuned,
      warnings: [
        ...edgeWarnings(algorithm, candidates),
        ...seedWarnings(candidates),
        ...versionWarnings(algorithm, usable),
      ],
    };
  }).sort((a, b) =>
    compareContexts(a.context, b.context) || compareAlgorithms(a.algorithm, b.algorithm) ||
    compareValues(a.sparsity, b.sparsity)
  );
}

function candidatesOf(runs: readonly TableRun[]): Candidate[] {
  const settings = Map.groupBy(runs, (run) => canonicalJson(run.configuration.algorithm));
  return [...settings.values()].map((members): Candidate => {
    const bySeed = members.toSorted((a, b) => a.configuration.seed - b.configuration.seed);
    return {
      parameters: bySeed[0]!.configuration.algorithm.parameters,
      accuracy: summarise(accuraciesOf(bySeed)),
      seeds: bySeed.map((run) => run.configuration.seed),
    };
  }).sort((a, b) => b.accuracy.mean - a.accuracy.mean || byValues(a.parameters, b.parameters));
}

function byValues(a: Parameters, b: Parameters): number {
  for (const name of Object.keys(a).sort()) {
    const order = compareValues(a[name]!, b[name] ?? "");
    if (order) return order;
  }
  return 0;
}

function varyingNames(candidates: readonly Candidate[]): string[] {
  const names = candidates.flatMap(({ parameters }) => Object.keys(parameters));
  return [...new Set(names)].filter((name) => valuesOf(name, candidates).length > 1);
}

function valuesOf(name: string, candidates: readonly Candidate[]): (Value | undefined)[] {
  return [...new Set(candidates.map(({ parameters }) => parameters[name]))];
}

// A best value is only known to be one where worse values on either side of it were tried.
function edgeWarnings(algorithm: string, candidates: readonly Candidate[]): string[] {
  const best = candidates[0]!.parameters;
  return varyingNames(candidates).flatMap((name) => {
    const value = best[name];
    const tried = valuesOf(name, candidates);
    const numbers = tried.filter((other) => typeof other === "number");
    if (typeof value !== "number" || numbers.length < tried.length) return [];
    const ends = [
      { end: Math.min(...numbers), which: "smallest", beyond: -1, wanted: "smaller" },
      { end: Math.max(...numbers), which: "largest", beyond: 1, wanted: "larger" },
    ];
    return ends.filter(({ end, beyond }) =>
      value === end && isAllowed(algorithm, name, value + beyond * 0.01 * (value || 1))
    ).map(({ which, wanted }) => `${name} ${value} is the ${which} tried: try ${wanted} ones too`);
  });
}

/** Whether the algorithm takes that value: where it doesn't, nothing is left to try beyond the end. */
export function isAllowed(algorithm: string, name: string, value: number): boolean {
  const schema = algorithms.find((known) => known.name === algorithm)?.parameters;
  return schema?.safeParse({ [name]: value }).success ?? true;
}

function seedWarnings(candidates: readonly Candidate[]): string[] {
  const lists = new Set(candidates.map(({ seeds }) => seeds.join(", ")));
  if (lists.size === 1) return [];
  return ["not all settings have the same seeds: some runs are missing"];
}

// An older version's results say nothing about the algorithm as it is now.
function versionWarnings(name: string, runs: readonly TableRun[]): string[] {
  const newest = newestVersionOf(name, runs);
  const older = runs.some(({ configuration: { algorithm } }) =>
    algorithm.name === name && algorithm.version < newest
  );
  return older ? [`runs of ${name} before version ${newest} are not counted`] : [];
}

function newestVersionOf(name: string, runs: readonly TableRun[]): number {
  const versions = runs.map(({ configuration }) => configuration.algorithm)
    .filter((algorithm) => algorithm.name === name).map(({ version }) => version);
  return Math.max(...versions);
}
