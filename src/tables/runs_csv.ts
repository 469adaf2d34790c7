// Runs one by one for other programs, such as pandas: a line for each run, or for each epoch of each. Numbers are those of
// the run files, unrounded.
import type { RunFile } from "../runs/run_file.ts";
import { contextFields, type CsvLine, csvTextOf, parameterFields } from "./csv.ts";

/** One line for each run, in the order given. Columns are named in docs/file-formats.md. */
export const runsCsvOf = (runs: readonly RunFile[]): string =>
  csvTextOf(runs.map((run) => {
    const { result, environment } = run;
    const { train, evaluation, total } = result.seconds;
    const sum = (of: "weights" | "kept") =>
      result.layers.reduce((count, layer) => count + layer[of], 0);
    const { shuffled, inverted, redrawn } = result.controls ?? {};
    return {
      ...factsOf(run),
      test_accuracy: result.lastTestAccuracy,
      best_test_accuracy: result.bestTestAccuracy,
      weights: sum("weights"),
      kept: sum("kept"),
      ...result.controls ? { shuffled, inverted, redrawn } : {},
      train_seconds: train,
      evaluation_seconds: evaluation,
      total_seconds: total,
      images_per_second: result.imagesPerSecond,
      peak_memory_bytes: result.peakMemoryBytes,
      digest: result.digest,
      first_batch: result.firstBatch,
      maskbench: environment.maskbench,
      commit: environment.commit,
      libtorch: environment.libtorch,
      device: environment.device,
      processor: environment.processor,
      threads: environment.threads,
      jobs: environment.jobs,
      started: environment.started,
      finished: environment.finished,
      ...parameterFields(run.configuration.algorithm),
    };
  }));

/** One line for each epoch of each run, in the order given. Columns are named in docs/file-formats.md. */
export const curvesCsvOf = (runs: readonly RunFile[]): string =>
  csvTextOf(runs.flatMap((run) =>
    run.result.epochs.map((epoch) => ({
      ...factsOf(run),
      epoch: epoch.epoch,
      learning_rate: epoch.learningRate,
      train_loss: epoch.trainLoss,
      train_accuracy: epoch.trainAccuracy,
      test_loss: epoch.testLoss,
      test_accuracy: epoch.testAccuracy,
      mask_change: epoch.maskChange,
      ...parameterFields(run.configuration.algorithm),
    }))
  ));

// What a run is, without its hyper-parameters.
function factsOf({ identity, configuration }: RunFile): CsvLine {
  const { network, algorithm, sparsity, seed } = configuration;
  return {
    identity,
    ...contextFields({ context: configuration }),
    ...network.module === undefined ? {} : { network_module: network.module },
    algorithm: algorithm.name,
    version: algorithm.version,
    ...algorithm.module === undefined ? {} : { module: algorithm.module },
    sparsity,
    seed,
  };
}
