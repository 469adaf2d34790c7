// What a run is called where people see it, and what it can be picked by.
import type { RunConfig } from "../training/config.ts";

/** `conv4`, or `conv4 × 0.25` where the width is not the published one. */
export function networkName({ network }: Pick<RunConfig, "network">): string {
  return network.width === 1 ? network.name : `${network.name} × ${network.width}`;
}

/** `conv4 × 0.25 · sbp · sparsity 70% · rate 1 · seed 2` */
export function labelOf({ network, algorithm, sparsity, seed }: RunConfig): string {
  const { learningRate } = algorithm.parameters;
  return [
    networkName({ network }),
    algorithm.name,
    `sparsity ${Number((100 * sparsity).toPrecision(6))}%`,
    ...(learningRate === undefined ? [] : [`rate ${learningRate}`]),
    `seed ${seed}`,
  ].join(" · ");
}

/** The values of `--only KEY=VALUE` that the run answers to. */
export function factsOf(config: RunConfig): Readonly<Record<string, string>> {
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
