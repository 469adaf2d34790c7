// What a tuning runs: the same number of settings for every algorithm of a sweep, at every network and sparsity, with the
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

/** One setting that is tried. */
export interface Trial {
  /** Counted from 1; of a larger budget, the first are the same. 0 is what the sweep itself gives. */
  readonly number: number;
  /** At every network, initialisation, sparsity and seed. */
  readonly runs: readonly RunConfig[];
}

/** What is tried of one entry of a sweep's algorithms. */
export interface EntrySearch {
  readonly entry: AlgorithmEntry;
  /** The algorithm's name, and of several entries of it what tells this one apart: `sbp (scope=layer)`. */
  readonly label: string;
  /** Empty where there is nothing to choose: the entry stays as it is. */
  readonly space: SearchSpace;
  readonly trials: readonly Trial[];
}

export interface TuningPlan {
  /** With the number of tries, seeds and epochs that count. */
  readonly sweep: Sweep;
  /** By entry of the sweep's algorithms. */
  readonly searches: readonly EntrySearch[];
  /** Of all trials, each once: the first try of every algorithm, then the second, … */
  readonly runs: readonly RunConfig[];
}

/**
 * Plans the tuning of a sweep.
 * @param dataset that its accuracy is measured on, training pictures held out
 * @throws {UserError} where it has seeds of the sweep, nothing to search, too many runs, a list that
 * is not searched, or no value to try as given
 */
export function tuningPlanOf(sweep: Sweep, dataset: Dataset): TuningPlan {
  const { tries, seeds, given } = sweep.tune, epochs = sweep.tune.epochs ?? sweep.epochs;
  const shared = seeds.filter((seed) => sweep.seeds.includes(seed));
  if (shared.length > 0) {
    throw new UserError(
      `tune.seeds: the sweep itself runs with ${
        shared.join(", ")
      }: expected other seeds, so that ` +
        "what is chosen is measured with fresh ones",
    );
  }
  const spaces = sweep.algorithms.map((entry) => searchedIn(entry, sweep));
  refuseTwins(sweep.algorithms, spaces);
  let planned = 0;
  const searches = sweep.algorithms.map((entry, i): EntrySearch => {
    const space = spaces[i]!, names = Object.keys(space);
    const label = entryLabel(i, sweep.algorithms, spaces);
    if (names.length === 0) return { entry, label, space, trials: [] };
    const left = Object.keys(entry).find((name) => Array.isArray(entry[name]) && !space[name]);
    if (left !== undefined) {
      throw new UserError(
        `tune.parameters: ${entry.name} lists ${left}, which is not among them: expected one value`,
      );
    }
    const own = withoutLists(entry), defaults = defaultsOf(entry.name);
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

// Entries that differ in nothing but what is searched come to one entry, twice.
function refuseTwins(entries: readonly AlgorithmEntry[], spaces: readonly SearchSpace[]): void {
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

// An entry is told by what another of its algorithm has otherwise, as a column of a table is; what both search alike tells
// nothing.
function entryLabel(
  place: number,
  entries: readonly AlgorithmEntry[],
  spaces: readonly SearchSpace[],
): string {
  const entry = entries[place]!, space = spaces[place]!, defaults = defaultsOf(entry.name);
  const alike = [...entries.keys()].filter((i) => entries[i]!.name === entry.name);
  const textOf = (one: AlgorithmEntry, name: string) => {
    const value = one[name] ?? defaults[name] ?? "unset";
    return typeof value === "object" ? JSON.stringify(value) : `${value}`;
  };
  const searchedAlike = (name: string, i: number) =>
    name in space && isDeepStrictEqual(spaces[i]![name], space[name]);
  const differs = (name: string, i: number) =>
    !searchedAlike(name, i) && textOf(entries[i]!, name) !== textOf(entry, name);
  const telling = [...new Set(alike.flatMap((i) => Object.keys(entries[i]!)))]
    .filter((name) => alike.some((i) => differs(name, i)));
  return columnLabelOf(
    entry.name,
    Object.fromEntries(telling.map((name) => [name, textOf(entry, name)])),
  );
}

// What the algorithm's file states, what the sweep lists for it, and what its section `tune` says: the last counts. Of
// these what the section names, if it names any.
function searchedIn({ name, ...given }: AlgorithmEntry, { tune }: Sweep): SearchSpace {
  const lists = Object.entries(given).filter((pair): pair is [string, readonly Value[]] =>
    Array.isArray(pair[1] satisfies ParameterValues | undefined)
  ).map(([parameter, among]) => [parameter, { among }] as const);
  const own = (tune.spaces as Readonly<Record<string, SearchSpace | undefined>>)[name];
  const space = { ...searchSpaceOf(algorithmOf(name)), ...Object.fromEntries(lists), ...own };
  const { parameters } = tune;
  if (!parameters) return space;
  return Object.fromEntries(Object.entries(space).filter(([one]) => parameters.includes(one)));
}

// Lists are searched: without one the algorithm's default stands.
function withoutLists(entry: AlgorithmEntry): AlgorithmEntry {
  const single = Object.entries(entry).filter(([, value]) => !Array.isArray(value));
  return Object.fromEntries(single) as AlgorithmEntry;
}

function isWhole(algorithm: string, parameter: string): boolean {
  const schema = valueSchema(algorithmOf(algorithm).parameters.shape[parameter]!);
  return schema instanceof z.ZodNumber && schema.isInt;
}
