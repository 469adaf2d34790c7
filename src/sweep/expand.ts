// From a sweep to its runs: every combination of what it lists, with all defaults written out.
import { algorithms } from "../algorithms/registry.ts";
import type { Initialisation, RunConfig } from "./config.ts";
import { identityOf } from "./identity.ts";
import type { Sweep } from "./schema.ts";

type Value = number | string | boolean;
type BySparsity = { readonly bySparsity: Readonly<Record<string, Value>> };
type ByNetwork = { readonly byNetwork: Readonly<Record<string, Value | BySparsity>> };
type Varying = Value | readonly Value[] | BySparsity | ByNetwork;
type Entry = Sweep["algorithms"][number];

export interface Expansion {
  readonly runs: readonly RunConfig[];
  /** What the grid lacks or has twice, a sentence each. */
  readonly faults: readonly string[];
}

/**
 * All runs of a sweep. The first seed's come first, so that a table of a sweep under way already compares all else.
 * @param checksum of the data set
 */
export function expand(sweep: Sweep, checksum: string): Expansion {
  const faults = new Set<string>();
  const runs: RunConfig[] = [];
  const identities = new Map<string, string>();
  const { dataset, split, epochs, batchSize, schedule, augmentation, precision } = sweep;
  for (const seed of sweep.seeds) {
    for (const network of sweep.networks.map(networkOf)) {
      for (const initialisation of sweep.initialisations.map(initialisationOf)) {
        sweep.algorithms.forEach((entry, place) => {
          const { name, version, masks } = algorithms.find(({ name }) => name === entry.name)!;
          for (const sparsity of masks ? sweep.sparsities : [0]) {
            for (const parameters of settings(entry, place, network.name, sparsity, faults)) {
              const run: RunConfig = {
                dataset: { name: dataset, checksum, split },
                network,
                initialisation,
                algorithm: { name, version, parameters },
                sparsity,
                seed,
                epochs,
                batchSize,
                schedule,
                augmentation,
                precision,
              };
              const identity = identityOf(run), before = identities.get(identity);
              if (before === undefined) runs.push(run);
              else {faults.add(
                  `algorithms[${place}]: some of its runs are those of ${before} already`,
                );}
              identities.set(identity, `algorithms[${place}]`);
            }
          }
        });
      }
    }
  }
  return { runs, faults: [...faults] };
}

function networkOf(entry: Sweep["networks"][number]): RunConfig["network"] {
  return typeof entry === "string" ? { name: entry, width: 1 } : entry;
}

function initialisationOf(entry: Sweep["initialisations"][number]): Initialisation {
  return typeof entry === "string" ? { name: entry, scaleFan: false } : entry;
}

// Every combination of an algorithm's hyper-parameters for one network and sparsity, defaults written out.
function settings(
  entry: Entry,
  place: number,
  network: string,
  sparsity: number,
  faults: Set<string>,
): Record<string, Value>[] {
  const { name, ...given } = entry;
  const algorithm = algorithms.find((algorithm) => algorithm.name === name)!;
  let combinations: Record<string, Value>[] = [{}];
  for (const key of Object.keys(algorithm.parameters.shape)) {
    const varying = (given as Record<string, Varying | undefined>)[key];
    if (varying === undefined) continue;
    const at = `algorithms[${place}].${key}`;
    const values = valuesAt(
      varying,
      network,
      sparsity,
      (lacking) => faults.add(`${at}: ${lacking}`),
    );
    combinations = combinations.flatMap((combination) =>
      values.map((value) => ({ ...combination, [key]: value }))
    );
  }
  return combinations.map((combination) =>
    algorithm.parameters.parse(combination) as Record<string, Value>
  );
}

function valuesAt(
  varying: Varying,
  network: string,
  sparsity: number,
  lack: (sentence: string) => void,
): readonly Value[] {
  if (typeof varying !== "object") return [varying];
  if (!("bySparsity" in varying || "byNetwork" in varying)) return varying;
  if ("byNetwork" in varying) {
    const own = varying.byNetwork[network];
    if (own === undefined) {
      lack(`byNetwork has no value for ${network}`);
      return [];
    }
    return valuesAt(
      own,
      network,
      sparsity,
      (sentence) => lack(`byNetwork.${network}: ${sentence}`),
    );
  }
  const found = Object.entries(varying.bySparsity).find(([key]) => Number(key) === sparsity);
  if (found) return [found[1]];
  lack(`bySparsity has no value for ${sparsity}`);
  return [];
}
