// The large sweep: which of its runs come first, and how long a run will take.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median } from "../../src/base/statistics.ts";
import type { Dataset } from "../../src/datasets/dataset.ts";
import { multiplicationsOf } from "../../src/networks/cost.ts";
import { networkOf } from "../../src/networks/registry.ts";
import { configurationsOf } from "../../src/sweep/expand.ts";
import { checkSweep, readSweep } from "../../src/sweep/read.ts";
import type { RunConfig } from "../../src/training/config.ts";
import { type Context, Skip } from "./stage.ts";
import { datasetOr } from "./work.ts";

/** The runs of `bench/cifar10-gpu.json` in their order, and the folder that they go to. A rehearsal has small ones. */
export async function sweepOf({ rehearsal, out, folders }: Context): Promise<{
  readonly runs: readonly RunConfig[];
  readonly folder: string;
}> {
  const path = fileURLToPath(new URL("../cifar10-gpu.json", import.meta.url));
  const sweep = rehearsal ? checkSweep(small) : await readSweep(path);
  const dataset = await datasetOr(sweep.dataset, folders);
  if (typeof dataset === "string") throw new Skip(dataset);
  return {
    runs: inOrder(configurationsOf(sweep, dataset as Dataset)),
    folder: join(out, sweep.name),
  };
}

const small = {
  name: "cifar10-gpu",
  dataset: "shapes",
  networks: [{ name: "conv2", width: 0.02 }],
  algorithms: [{ name: "random" }, { name: "edge-popup" }, { name: "sbp" }],
  sparsities: [0.5],
  seeds: [1],
  epochs: 1,
};

/**
 * Pairs are complete early: conv4 comes before the other networks, 50% before the other sparsities, and one seed of all
 * algorithms before the next. What has no mask comes with its network's first sparsity.
 */
export function inOrder(runs: readonly RunConfig[]): RunConfig[] {
  const first = <T>(values: readonly T[], preferred: T) =>
    [...new Set(values)].sort((a, b) => Number(b === preferred) - Number(a === preferred));
  const networks = first(runs.map(({ network }) => network.name), "conv4");
  const masked = runs.filter(({ sparsity }) => sparsity > 0);
  const sparsities = first(masked.map(({ sparsity }) => sparsity), 0.5);
  const place = ({ network, sparsity, seed, algorithm }: RunConfig) => [
    networks.indexOf(network.name),
    Math.max(0, sparsities.indexOf(sparsity)),
    seed,
    ["edge-popup", "sbp"].includes(algorithm.name) ? 0 : 1, // the pair that is compared
  ];
  return runs.toSorted((a, b) => {
    const [x, y] = [place(a), place(b)];
    const at = x.findIndex((value, i) => value !== y[i]);
    return at < 0 ? 0 : x[at]! - y[at]!;
  });
}

/** A run that is finished, and what it took. */
export interface Taken {
  readonly config: RunConfig;
  readonly seconds: number;
}

/**
 * Seconds that a run will take, by the median of those of the same network and algorithm, else of the same network, else
 * of any, in proportion to their arithmetic; nothing where none is finished.
 */
export function estimate(config: RunConfig, finished: readonly Taken[]): number | undefined {
  // What only evaluates takes no time, and says nothing about the others.
  const trains = (one: RunConfig) => one.algorithm.parameters.learningRate !== undefined;
  if (!trains(config)) return 0;
  const learning = finished.filter((one) => trains(one.config));
  const alike = [
    (one: RunConfig) =>
      one.network.name === config.network.name && one.algorithm.name === config.algorithm.name,
    (one: RunConfig) => one.network.name === config.network.name,
    () => true,
  ];
  for (const isAlike of alike) {
    const seconds = learning.filter((one) => isAlike(one.config))
      .map((one) => one.seconds * costOf(config) / costOf(one.config));
    if (seconds.length > 0) return median(seconds)!;
  }
  return undefined;
}

const costOf = ({ network, epochs }: RunConfig): number =>
  epochs * multiplicationsOf(networkOf(network.name, network.width));
