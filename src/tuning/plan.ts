// The runs of a tuning: the same number of settings for every algorithm of a sweep, at every network and sparsity, with the
// same seeds and epochs, all of them on training pictures held out.
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { valueSchema } from "../algorithms/algorithm.ts";
import { algorithmOf, defaultsOf } from "../algorithms/registry.ts";
import { type SearchSpace, searchSpaceOf, type Value, valueAt } from "../algorithms/space.ts";
import { UserError } from "../base/errors.ts";
import type { Dataset } from "../datasets/dataset.ts";
import { canonicalJson, identityOf } from "../runs/identity.ts";
import { configurationsOf, MAX_RUNS } from "../sweep/expand.ts";
import type { AlgorithmEntry, ParameterValues, Sweep } from "../sweep/schema.ts";
import { columnLabelOf } from "../tables/columns.ts";
import type { RunConfig } from "../training/config.ts";
import { pointsOf } from "./points.ts";

/** A setting to try. */
export interface Trial {
  /** Counted from 1; a larger budget begins with the same trials. 0 is the setting that the sweep itself gives. */
  readonly number: number;
  /** One for every network, initialisation, sparsity and seed. */
  readonly runs: readonly RunConfig[];
}

/** The search for a setting of one entry of a sweep's algorithms. */
export interface EntrySearch {
  /** The entry itself. */
  readonly entry: AlgorithmEntry;
  /** The algorithm's name, and that in which this entry differs from others of it: `sbp (scope=layer)`. */
  readonly label: string;
  /** Empty where nothing is searched: the entry stays as it is. */
  readonly space: SearchSpace;
  /** In their order. */
  readonly trials: readonly Trial[];
}

/** All that a tuning runs. */
export interface TuningPlan {
  /** The sweep, its section `tune` with the number of tries, seeds and epochs that are used. */
  readonly sweep: Sweep;
  /** One for each entry of the sweep's algorithms. */
  readonly searches: readonly EntrySearch[];
  /** The runs of all trials, each once: the first try of every algorithm, then the second, … */
  readonly runs: readonly RunConfig[];
}

/**
 * Plans the tuning of a sweep.
 * @param dataset the training pictures held out, which accuracy is measured on
 * @throws {UserError} where it has seeds of the sweep, nothing to search, too many runs, a list that
 * is not searched, or no value to try as given
 */
export function tuningPlanOf(sweep: Sweep, dataset: Dataset): TuningPlan {
  const { tries, seeds, given } = sweep.tune;
  const epochs = sweep.tune.epochs ?? sweep.epochs;
  const shared = seeds.filter((seed) => sweep.seeds.includes(seed));
  if (shared.length > 0) {
    throw new UserError(
      `tune.seeds: the sweep itself runs with ${
        shared.join(", ")
      }: expected other seeds, so that ` +
        "what is chosen is measured with fresh ones",
    );
  }
  const spaces = sweep.algorithms.map((entry) => searchSpaceIn(entry, sweep));
  ensureDistinctSearches(sweep.algorithms, spaces);
  let planned = 0;
  const searches = sweep.algorithms.map((entry, i): EntrySearch => {
    const space = spaces[i]!;
    const names = Object.keys(space);
    const label = entryLabelOf(i, sweep.algorithms, spaces);
    if (names.length === 0) return { entry, label, space, trials: [] };
    const unsearched = Object.keys(entry)
      .find((name) => Array.isArray(entry[name]) && !space[name]);
    if (unsearched !== undefined) {
      throw new UserError(
        `tune.parameters: ${entry.name} lists ${unsearched}, which is not among them: expected one value`,
      );
    }
    const own = withoutLists(entry);
    const defaults = defaultsOf(entry.name);
    const absent = names.find((name) => own[name] === undefined && defaults[name] === undefined);
    if (given && absent !== undefined) {
      throw new UserError(
        `tune.given: ${entry.name} has no ${absent} unless it is given: expected a value in the sweep`,
      );
    }
    const points = pointsOf(names.length, tries).map((point) =>
      Object.fromEntries(names.map((name, j) => [
        name,
        valueAt(space[name]!, point[j]!, isWhole(entry.name, name)),
      ]))
    );
    const trials = [...given ? [{}] : [], ...points].map((values, i): Trial => {
      const algorithms = [{ ...own, ...values }];
      const runs = configurationsOf(
        { ...sweep, split: "validation", algorithms, seeds, epochs },
        dataset,
      );
      planned += runs.length;
      if (planned > MAX_RUNS) throw new UserError(tooMany);
      return { number: given ? i : i + 1, runs };
    });
    return { entry, label, space, trials };
  });
  const runs = new Map<string, RunConfig>();
  for (let i = 0; i < (given ? tries + 1 : tries); i++) {
    for (const config of searches.flatMap(({ trials }) => trials[i]?.runs ?? [])) {
      runs.set(identityOf(config), config);
    }
  }
  if (runs.size === 0) throw new UserError("there is nothing to tune: no algorithm is searched");
  return { sweep, searches, runs: [...runs.values()] };
}

// Two entries that differ only in values that are searched are the same search twice.
function ensureDistinctSearches(
  entries: readonly AlgorithmEntry[],
  spaces: readonly SearchSpace[],
): void {
  const first = new Map<string, number>();
  entries.forEach((entry, i) => {
    const space = spaces[i]!;
    if (Object.keys(space).length === 0) return;
    const all = Object.entries({ ...defaultsOf(entry.name), ...entry });
    const fixed = Object.fromEntries(all.filter(([name]) => !(name in space)));
    const search = canonicalJson({ fixed, space });
    const twin = first.get(search);
    if (twin === undefined) return void first.set(search, i);
    const other = entries[twin]!;
    const differ = [...new Set([entry, other].flatMap((one) => Object.keys(one)))]
      .filter((name) => !isDeepStrictEqual(entry[name], other[name]) && name in space);
    throw new UserError(
      `tune: algorithms[${twin}] and algorithms[${i}], both ${entry.name}, differ in ` +
        `${differ.join(", ")} alone, which is searched: expected one of them`,
    );
  });
}

const tooMany = `the tuning has more than ${MAX_RUNS.toLocaleString("en")} runs: take fewer tries`;

// The label of an entry has the values in which it differs from others of its algorithm, as that of a column has. Values
// that both search in the same range are no difference.
function entryLabelOf(
  index: number,
  entries: readonly AlgorithmEntry[],
  spaces: readonly SearchSpace[],
): string {
  const entry = entries[index]!;
  const space = spaces[index]!;
  const defaults = defaultsOf(entry.name);
  const alike = [...entries.keys()].filter((i) => entries[i]!.name === entry.name);
  const textOf = (one: AlgorithmEntry, name: string) => {
    const value = one[name] ?? defaults[name] ?? "unset";
    const lists = alike.map((i) => entries[i]![name]).filter((other) =>
      Array.isArray(other) && other.length > 1
    );
    if (Array.isArray(value) && value.length === 1) return `${value[0]}`;
    if (Array.isArray(value) && lists.length === 1) return "searched";
    return typeof value === "object" ? JSON.stringify(value) : `${value}`;
  };
  const areSearchedAlike = (name: string, i: number) =>
    name in space && isDeepStrictEqual(spaces[i]![name], space[name]);
  const differs = (name: string, i: number) =>
    !areSearchedAlike(name, i) && textOf(entries[i]!, name) !== textOf(entry, name);
  const names = [...new Set(alike.flatMap((i) => Object.keys(entries[i]!)))]
    .filter((name) => alike.some((i) => differs(name, i)));
  return columnLabelOf(
    entry.name,
    Object.fromEntries(names.map((name) => [name, textOf(entry, name)])),
  );
}

// The ranges are those of the algorithm's file, of the sweep's lists and of its section `tune`, of which the last counts. If
// the section names hyper-parameters, only those are searched.
function searchSpaceIn({ name, ...given }: AlgorithmEntry, { tune }: Sweep): SearchSpace {
  const lists = Object.entries(given).filter((pair): pair is [string, readonly Value[]] =>
    Array.isArray(pair[1] satisfies ParameterValues | undefined)
  ).map(([parameter, among]) => [parameter, { among }] as const);
  const own = tune.spaces[name] as SearchSpace | undefined;
  const space = { ...searchSpaceOf(algorithmOf(name)), ...Object.fromEntries(lists), ...own };
  const { parameters } = tune;
  if (!parameters) return space;
  return Object.fromEntries(Object.entries(space).filter(([one]) => parameters.includes(one)));
}

// Lists are ranges to search, and no values: without one the algorithm's default is used.
function withoutLists(entry: AlgorithmEntry): AlgorithmEntry {
  const single = Object.entries(entry).filter(([, value]) => !Array.isArray(value));
  return Object.fromEntries(single) as AlgorithmEntry;
}

function isWhole(algorithm: string, parameter: string): boolean {
  const schema = valueSchema(algorithmOf(algorithm).parameters.shape[parameter]!);
  return schema instanceof z.ZodNumber && schema.isInt;
}
