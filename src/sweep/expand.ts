// From a sweep to its runs: every combination of what it lists, with all defaults written out.
import { recordParameters } from "../algorithms/hyperparameters.ts";
import { algorithmOf, algorithmRegistry } from "../algorithms/registry.ts";
import type { Dataset } from "../datasets/dataset.ts";
import { networkRegistry } from "../networks/registry.ts";
import { identityOf } from "../runs/identity.ts";
import type { RunConfig } from "../training/config.ts";
import type { DependentValue, ParameterValues, Sweep, Value } from "./schema.ts";

/**
 * All runs of a sweep on a data set, which names them: `cifar10-jpeg`, say, where that is what the files turned out to
 * be. The first seed's come first, so that a table of a sweep under way already compares all else.
 *
 * @example Two algorithms at two sparsities
 * ```ts
 * import assert from "node:assert/strict";
 * import { checkSweep, configurationsOf, loadDataset } from "@maskbench/maskbench";
 *
 * const sweep = checkSweep({
 *   name: "four",
 *   dataset: "shapes",
 *   networks: ["conv2"],
 *   algorithms: ["edge-popup", "sbp"],
 *   sparsities: [0.5, 0.9],
 *   epochs: 1,
 * });
 * assert.equal(configurationsOf(sweep, await loadDataset("shapes", [])).length, 4);
 * ```
 */
export function configurationsOf(sweep: Sweep, dataset: Dataset): readonly RunConfig[] {
  return expandSweep({ ...sweep, dataset: dataset.name }, dataset.checksum).runs;
}

type Settings = Readonly<Record<string, Value>>;

/** The runs of a sweep, and what is wrong with its grid. */
export interface Expansion {
  readonly runs: readonly RunConfig[];
  /** A sentence for each value that is missing, and for all that the grid has twice. */
  readonly faults: readonly string[];
}

/** More runs than this are a mistake, and would at some point not fit into memory. */
export const MAX_RUNS = 100_000;

/** Expands a sweep, and reports what is wrong with its grid. @param checksum of the data set */
export function expandSweep(sweep: Sweep, checksum: string): Expansion {
  const faults = new Set<string>();
  const runs: RunConfig[] = [];
  const entries = new Map<string, number>();
  let count = 0;
  const { dataset, split, epochs, batchSize, schedule, augmentation, precision } = sweep;
  const { warmUp, labelSmoothing } = sweep;
  for (const { seed, network, initialisation, entry, index, sparsity } of cells(sweep)) {
    const { name, version } = algorithmOf(entry.name);
    const combinations = settings(entry, index, network.name, sparsity, faults);
    count += Math.max(1, combinations.length); // even a cell without values takes time
    if (count > MAX_RUNS) return { runs: [], faults: [tooMany] };
    for (const parameters of combinations) {
      const run: RunConfig = {
        dataset: { name: dataset, checksum, split },
        network: { ...network, ...networkRegistry.originOf(network.name) },
        initialisation,
        algorithm: { name, version, parameters, ...algorithmRegistry.originOf(name) },
        sparsity,
        seed,
        epochs,
        batchSize,
        schedule,
        ...(warmUp > 0 ? { warmUp } : {}),
        ...(labelSmoothing > 0 ? { labelSmoothing } : {}),
        augmentation,
        precision,
      };
      const identity = identityOf(run), before = entries.get(identity);
      if (before !== undefined) {
        faults.add(`algorithms[${index}]: has runs that algorithms[${before}] has already`);
      } else {
        entries.set(identity, index);
        runs.push(run);
      }
    }
  }
  return { runs, faults: [...faults] };
}

const tooMany = `the grid has more than ${MAX_RUNS.toLocaleString("en")} runs: shorten its lists`;

// Every combination of all but hyper-parameters. Sparsity means nothing without a mask: such an algorithm has it at 0.
function* cells({ seeds, networks, initialisations, algorithms, sparsities }: Sweep) {
  for (const seed of seeds) {
    for (const network of networks) {
      for (const initialisation of initialisations) {
        for (const [index, entry] of algorithms.entries()) {
          for (const sparsity of algorithmOf(entry.name).masks ? sparsities : [0]) {
            yield { seed, network, initialisation, entry, index, sparsity };
          }
        }
      }
    }
  }
}

// Every combination of an algorithm's hyper-parameters for one network and sparsity, defaults written out.
function settings(
  { name, ...given }: Sweep["algorithms"][number],
  index: number,
  network: string,
  sparsity: number,
  faults: Set<string>,
): Settings[] {
  const algorithm = algorithmOf(name);
  let combinations: Settings[] = [{}];
  for (const key of Object.keys(algorithm.parameters.shape)) {
    const varying = given[key];
    if (varying === undefined) continue;
    const reportMissing = (text: string) => faults.add(`algorithms[${index}].${key}${text}`);
    const values = valuesAt(varying, network, sparsity, reportMissing);
    if (combinations.length * values.length > MAX_RUNS) {
      faults.add(tooMany);
      return [];
    }
    combinations = combinations.flatMap((combination) =>
      values.map((value) => ({ ...combination, [key]: value }))
    );
  }
  return combinations.map((combination) => recordParameters(algorithm, combination));
}

/** @param reportMissing is called with what has no value: the place within the hyper-parameter, and a sentence */
function valuesAt(
  varying: ParameterValues,
  network: string,
  sparsity: number,
  reportMissing: (text: string) => void,
): readonly Value[] {
  if (typeof varying !== "object") return [varying];
  if (isList(varying)) return varying;
  const { byNetwork, bySparsity = {} } = varying;
  if (byNetwork) {
    const ofNetwork = byNetwork[network];
    const reportDeeper = (text: string) => reportMissing(`.byNetwork.${network}${text}`);
    if (ofNetwork !== undefined) return valuesAt(ofNetwork, network, sparsity, reportDeeper);
    reportMissing(`.byNetwork: has no value for ${network}`);
    return [];
  }
  const found = Object.entries(bySparsity).filter(([key]) => Number(key) === sparsity);
  if (found.length === 0) reportMissing(`.bySparsity: has no value for ${sparsity}`);
  if (found.length > 1) reportMissing(`.bySparsity: has ${found.length} values for ${sparsity}`);
  return found.map(([, value]) => value);
}

function isList(varying: readonly Value[] | DependentValue): varying is readonly Value[] {
  return Array.isArray(varying);
}
