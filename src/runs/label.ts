// What a run is called where people see it, and the facts by which it can be selected.
import { defaultsOf } from "../algorithms/registry.ts";
import type { RunConfig } from "../training/config.ts";

/** `conv4`, or `conv4 × 0.25` where the width is not the published one. */
export function networkNameOf({ network }: Pick<RunConfig, "network">): string {
  return network.width === 1 ? network.name : `${network.name} × ${network.width}`;
}

/** `conv4 × 0.25 · sbp · sparsity 70% · rate 1 · seed 2`: enough to recognise a run. */
export const briefLabelOf = (config: RunConfig): string => labelWith(config, []);

/** The same with all that is not the default: no other run of a sweep is called so. */
export function labelOf(config: RunConfig): string {
  const { initialisation: { name, scaleFan }, algorithm } = config;
  const defaults = defaultsOf(algorithm.name);
  const changed = Object.entries(algorithm.parameters)
    .filter(([key, value]) => key !== "learningRate" && value !== defaults[key])
    .map(([key, value]) => `${key} ${value}`);
  return labelWith(config, [
    ...changed,
    ...(name === "kaiming-normal" ? [] : [name]),
    ...(scaleFan ? ["fan-in scaled"] : []),
  ]);
}

function labelWith(config: RunConfig, details: readonly string[]): string {
  const { network, algorithm, sparsity, seed } = config, { learningRate } = algorithm.parameters;
  return [
    networkNameOf({ network }),
    algorithm.name,
    `sparsity ${Number((100 * sparsity).toPrecision(6))}%`,
    ...(learningRate === undefined ? [] : [`rate ${learningRate}`]),
    ...details,
    `seed ${seed}`,
  ].join(" · ");
}

/** The values of `--only KEY=VALUE` that select the run. */
export function selectableFactsOf(config: RunConfig): Readonly<Record<string, string>> {
  const { dataset, network, initialisation, algorithm, sparsity, seed } = config;
  const facts = {
    dataset: dataset.name,
    network: network.name,
    width: network.width,
    initialisation: initialisation.name,
    algorithm: algorithm.name,
    sparsity,
    seed,
    ...algorithm.parameters,
  };
  return Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, String(value)]));
}
