// One run: configuration in, result out.
import { createHash } from "node:crypto";
import type { Learner } from "../algorithms/algorithm.ts";
import type { Dataset } from "../datasets/dataset.ts";
import { UserError } from "../errors.ts";
import {
  type Device,
  type DevicePictures,
  NativeError,
  resetPeak,
  setThreads,
  type Vector,
} from "../native/mod.ts";
import type { Segment } from "../networks/network.ts";
import type { RunConfig } from "./config.ts";
import { maskWatch } from "./mask_change.ts";
import type { EpochResult, LayerKept, RunProgress, RunResult } from "./result.ts";
import { learningRate } from "./schedule.ts";
import { Speedometer } from "./speed.ts";
import { makeStage, picturesOf } from "./stage.ts";

/** What a run is made with, beside its configuration. */
export interface RunOptions {
  /** Its test split is what accuracy is measured on: for tuning, hand in `validationOf(dataset)`. */
  readonly dataset: Dataset;
  readonly device: Device;
  /** Processor threads of this run. */
  readonly threads: number;
  /** Is told the progress, at most a few times a second. */
  readonly onProgress?: (progress: RunProgress) => void;
}

/** Milliseconds between two reports of progress. */
const REPORT_EVERY = 250;

/**
 * Trains, evaluates, and gives the result; blocks the calling thread throughout, so call it in a worker. The native
 * library must be open (`openLibrary`).
 * @throws {UserError} where network and data set don't fit, or training diverged
 */
export function run(config: RunConfig, options: RunOptions): RunResult {
  const started = performance.now();
  using free = new DisposableStack();
  const { dataset, device } = options;
  setThreads(options.threads);
  resetPeak(); // memory anew for each run: where it lies makes one faster or slower than the next, and would last
  const stage = makeStage(config, dataset, device, free);
  const { network, segments, weights, metrics, epoch, streams, learner, learns } = stage;
  const test = free.use(picturesOf(dataset.test, dataset, device));

  // Mean loss and accuracy of `images` pictures, summed up since the last call.
  const taken = (images: number): [loss: number, accuracy: number] => {
    const [loss, correct] = metrics.download();
    metrics.affine(0, 0);
    return [loss! / images, correct! / images];
  };
  const evaluate = (pictures: DevicePictures, mask: Vector | null) => {
    network.evaluate(weights, mask, pictures, metrics);
    return taken(pictures.count);
  };

  const clock = { train: 0, evaluation: 0 };
  const speed = new Speedometer(device, () => metrics.download(0, 1));
  const epochs: EpochResult[] = [];
  const maskChange = maskWatch(free);
  let peakMemoryBytes = Deno.memoryUsage().rss, reported = 0, images = 0;

  // Of an epoch that began at `begin`; its pictures so far are `seen`.
  const report = (at: number, step: number, seen: number, begin: number) => {
    if (performance.now() - reported < REPORT_EVERY && step < epoch.steps) return;
    const trainLoss = seen ? metrics.download(0, 1)[0]! / seen : NaN; // waits for the device
    reported = performance.now();
    peakMemoryBytes = Math.max(peakMemoryBytes, Deno.memoryUsage().rss);
    options.onProgress?.({
      epoch: at,
      epochs: config.epochs,
      step,
      steps: epoch.steps,
      trainLoss,
      testAccuracy: epochs.at(-1)?.testAccuracy ?? NaN,
      imagesPerSecond: (images + seen) / ((clock.train + reported - begin) / 1000),
    });
  };

  const evaluated = (at: number, rate: number, [trainLoss, trainAccuracy]: [number, number]) => {
    const begin = performance.now(), mask = learner.mask();
    const [testLoss, testAccuracy] = evaluate(test, mask);
    clock.evaluation += performance.now() - begin;
    const changed = maskChange(mask);
    epochs.push({
      epoch: at,
      learningRate: rate,
      trainLoss,
      trainAccuracy,
      testLoss,
      testAccuracy,
      ...(changed === undefined ? {} : { maskChange: changed }),
    });
  };

  if (!learns) {
    evaluated(0, 0, evaluate(epoch.pictures, learner.mask()));
  } else {
    const base = config.algorithm.parameters.learningRate as number;
    maskChange(learner.mask()); // what the first epoch's is compared with
    for (let at = 0; at < config.epochs; at++) {
      const rate = learningRate(config.schedule, base, at, config.epochs);
      const begin = performance.now();
      epoch.draw(streams);
      let seen = 0;
      speed.start();
      for (let step = 0; step < epoch.steps; step++) {
        const t = at * epoch.steps + step;
        const count = guarded(() => stage.step(t, rate), config, at + 1);
        seen += count;
        speed.stepped(count);
        report(at + 1, step + 1, seen, begin);
      }
      speed.stop();
      const [loss, accuracy] = taken(seen); // waits for the device
      clock.train += performance.now() - begin;
      images += seen;
      if (!Number.isFinite(loss)) throw diverged(config, at + 1);
      guarded(() => evaluated(at + 1, rate, [loss, accuracy]), config, at + 1);
      if (Number.isNaN(epochs.at(-1)!.testLoss)) throw diverged(config, at + 1);
    }
  }

  return {
    epochs,
    lastTestAccuracy: epochs.at(-1)!.testAccuracy,
    bestTestAccuracy: Math.max(...epochs.map((epoch) => epoch.testAccuracy)),
    ...outcome(learner, weights, segments),
    streams: Object.fromEntries(Object.entries(streams).map(([name, { seed }]) => [name, seed])),
    seconds: {
      train: clock.train / 1000,
      evaluation: clock.evaluation / 1000,
      total: (performance.now() - started) / 1000,
    },
    imagesPerSecond: clock.train > 0 ? images / (clock.train / 1000) : 0,
    speed: speed.samples,
    peakMemoryBytes: Math.max(peakMemoryBytes, Deno.memoryUsage().rss),
  };
}

// The digest of what was found, and how much of each layer it keeps.
function outcome(
  learner: Learner,
  weights: Vector,
  segments: readonly Segment[],
): { layers: LayerKept[]; digest: string } {
  const mask = learner.mask();
  const bits = mask ? Uint8Array.from(mask.download()) : undefined;
  const layers = segments.map(({ name, offset, length }) => ({
    name,
    weights: length,
    kept: bits ? bits.subarray(offset, offset + length).reduce((sum, bit) => sum + bit, 0) : length,
  }));
  const bytes = bits ?? new Uint8Array(weights.download().buffer);
  return { layers, digest: createHash("sha256").update(bytes).digest("hex") };
}

function diverged(config: RunConfig, epoch: number): UserError {
  const rate = config.algorithm.parameters.learningRate;
  return new UserError(
    `training diverged in epoch ${epoch}: the loss is no number any more at learning rate ${rate}, ` +
      "try a smaller one",
  );
}

// Selection meets the NaN of a diverged run first.
function guarded<Result>(call: () => Result, config: RunConfig, epoch: number): Result {
  try {
    return call();
  } catch (error) {
    if (error instanceof NativeError && error.status === "not-a-number") {
      throw diverged(config, epoch);
    }
    throw error;
  }
}
