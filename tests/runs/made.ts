// Runs made by hand, for tests.
import { identityOf } from "../../src/runs/identity.ts";
import { type RunFile, runFileOf } from "../../src/runs/run_file.ts";
import type { TableRun } from "../../src/tables/table.ts";
import type { RunConfig } from "../../src/training/config.ts";

/** What a test says of a run; the rest is filled in. */
export interface Given {
  readonly algorithm?: string;
  readonly parameters?: Readonly<Record<string, number | string | boolean>>;
  readonly version?: number;
  readonly sparsity?: number;
  readonly seed?: number;
  /** A fraction, as in run files. */
  readonly accuracy?: number;
  readonly best?: number;
  readonly kept?: number;
  readonly rate?: number;
  readonly config?: Partial<Omit<RunConfig, "algorithm" | "sparsity" | "seed">>;
}

/** A run whose accuracy is the given one. */
export function runOf(given: Given): TableRun {
  const { algorithm = "sbp", sparsity = 0.5, seed = 1, accuracy = 0.9, rate = 1000 } = given;
  const configuration: RunConfig = {
    dataset: { name: "mnist", checksum: "5a".repeat(32), split: "test" },
    network: { name: "mlp", width: 1 },
    initialisation: { name: "kaiming-normal", scaleFan: false },
    epochs: 10,
    batchSize: 64,
    schedule: "cosine",
    augmentation: "none",
    precision: "float32",
    ...given.config,
    algorithm: {
      name: algorithm,
      version: given.version ?? 1,
      parameters: given.parameters ?? { learningRate: 0.1 },
    },
    sparsity,
    seed,
  };
  const best = given.best ?? accuracy, learns = algorithm !== "random";
  const epochs = Array.from({ length: learns ? configuration.epochs : 1 }, (_, i) => ({
    epoch: learns ? i + 1 : 0,
    learningRate: 0.1,
    trainLoss: 0.5,
    trainAccuracy: 0.8,
    testLoss: 0.6,
    testAccuracy: i === 0 && configuration.epochs > 1 ? best : accuracy,
  }));
  return {
    identity: identityOf(configuration),
    configuration,
    result: {
      epochs,
      lastTestAccuracy: accuracy,
      bestTestAccuracy: best,
      layers: [{
        name: "linear1",
        weights: 10_000,
        kept: given.kept ?? Math.round(10_000 * (1 - sparsity)),
      }],
      digest: "00".repeat(32),
      streams: { weights: 1 },
      seconds: { train: 1, evaluation: 1, total: 2 },
      imagesPerSecond: rate,
      peakMemoryBytes: 1,
    },
    environment: {
      maskbench: "0.1.0",
      commit: "",
      deno: "2.9.6",
      libtorch: "1.13.0",
      blas: "OpenBLAS",
      device: "cpu",
      processor: "a processor",
      system: "linux",
      threads: 2,
      jobs: 1,
      started: "2026-01-01T00:00:00Z",
      finished: "2026-01-01T00:01:00Z",
    },
  };
}

/** A run for each accuracy, with seeds 1, 2, … */
export function seedsOf(given: Given, accuracies: readonly number[]): TableRun[] {
  return accuracies.map((accuracy, i) => runOf({ ...given, accuracy, seed: i + 1 }));
}

/** The same run with three epochs: loss and accuracy on their way to where it ends, and a mask that settles. */
export function withEpochs(run: TableRun): TableRun {
  const end = run.result.epochs.at(-1), { name } = run.configuration.algorithm;
  const epochs = [1, 2, 3].map((epoch) => ({
    ...end!,
    epoch,
    trainLoss: end!.trainLoss * (4 - epoch),
    testAccuracy: end!.testAccuracy - 0.05 * (3 - epoch),
    ...(name === "dense" ? {} : { maskChange: 0.1 / epoch }),
  }));
  const configuration = { ...run.configuration, epochs: 3 };
  const identity = identityOf(configuration);
  const result = name === "random" ? run.result : { ...run.result, epochs };
  return { ...run, identity, configuration, result };
}

/** A run as the store writes it, made in that environment. */
export function fileOf(
  { configuration, result, environment }: TableRun,
  other: Partial<RunFile["environment"]> = {},
): RunFile {
  const made = { ...environment, ...other } as RunFile["environment"];
  return runFileOf({ configuration, result, environment: made });
}
