// One run: configuration in, result out.
import { createHash } from "node:crypto";
import { UserError } from "../base/errors.ts";
import type { Dataset } from "../datasets/dataset.ts";
import {
  type Device,
  type DevicePictures,
  NativeError,
  type RealType,
  resetPeak,
  setThreads,
  type Vector,
} from "../native/mod.ts";
import {
  type Checkpoint,
  restoreCheckpoint,
  StateSnapshots,
  type StreamStates,
  streamStatesOf,
} from "./checkpoint.ts";
import type { RunConfig } from "./config.ts";
import { controlsOf } from "./controls.ts";
import { ensureLayersCorrect } from "./layer_check.ts";
import { learningRateAt } from "./learning_rate.ts";
import { MaskChangeTracker } from "./mask_change.ts";
import type { EpochResult, LayerKept, RunProgress, RunResult } from "./result.ts";
import { picturesOf, type RunSetup, setUpRun } from "./setup.ts";
import { SpeedRecorder } from "./speed.ts";
import { type Subnetwork, subnetworkOf } from "./subnetwork.ts";

/** What a run is made with, beside its configuration. */
export interface RunOptions {
  /** Its test split is what accuracy is measured on: for tuning, hand in `validationOf(dataset)`. */
  readonly dataset: Dataset;
  readonly device: Device;
  /** Processor threads of this run. */
  readonly threads: number;
  /** Is told the progress: before and after the steps of every epoch, and a few times a second meanwhile. */
  readonly onProgress?: (progress: RunProgress) => void;
  /** Is given a checkpoint before every evaluation, in long epochs once a minute, and when the run is stopped. */
  readonly onCheckpoint?: (checkpoint: Checkpoint) => void;
  /** Where to go on from: the outcome is that of a run that was never stopped. */
  readonly from?: Checkpoint | undefined;
  /** Whether the mask that was learnt is held against its controls in the end. */
  readonly controls?: boolean;
  /** Is given the subnetwork in the end. */
  readonly onFound?: ((found: Subnetwork) => void) | undefined;
  /** Asked after every step. */
  readonly stops?: () => boolean;
}

/** Thrown by a run that was told to stop, after its checkpoint. */
export class StoppedError extends Error {
  override readonly name = "Stopped";
}

/** Thrown where the loss is no number any more. */
export class DivergenceError extends UserError {
  override readonly name = "Diverged";
}

/** Milliseconds between two reports of progress, and at most between two checkpoints. */
const REPORT_EVERY = 250, CHECKPOINT_EVERY = 60_000;

/**
 * Trains, evaluates, and gives the result; blocks the calling thread throughout, so call it in a worker. The native
 * library must be open (`openLibrary`).
 * @throws {UserError} where network and data set don't fit
 * @throws {LayerFault} where a layer computes something else than plain loops do
 * @throws {DivergenceError} where the loss is no number any more
 * @throws {CheckpointError} where the checkpoint is of another run
 * @throws {StoppedError} where `stops` says so
 */
export function run(config: RunConfig, options: RunOptions): RunResult {
  const started = performance.now();
  using free = new DisposableStack();
  const { dataset, device, from, onCheckpoint, stops = () => false } = options;
  setThreads(options.threads);
  resetPeak(); // memory anew for each run: where it lies makes one faster or slower than the next, and would last
  const stage = setUpRun(config, dataset, device, free);
  const { network, segments, weights, metrics, epoch, streams, learner, learns } = stage;
  ensureLayersCorrect(network, options.threads);
  const test = free.use(picturesOf(dataset.test, dataset, device));

  // Mean loss and accuracy of `images` pictures, summed up since the last call.
  const taken = (images: number): [loss: number, accuracy: number] => {
    const [loss, correct] = metrics.download();
    metrics.zero();
    return [loss! / images, correct! / images];
  };
  const evaluate = (pictures: DevicePictures, mask: Vector | null, under = weights) => {
    network.evaluate(under, mask, pictures, metrics);
    return taken(pictures.count);
  };

  if (from) restoreCheckpoint(stage, from, config.epochs);
  const spent = from?.spent ??
    { train: 0, evaluation: 0, total: 0, images: 0, peakMemoryBytes: 0, speed: [] };
  const speed = new SpeedRecorder(device, () => metrics.download(0, 1), spent.speed);
  const epochs: EpochResult[] = [...from?.epochs ?? []];
  const copies = new StateSnapshots(stage);
  const watched = new MaskChangeTracker(free, from?.mask);
  const clock = { train: spent.train, evaluation: spent.evaluation }; // seconds
  const seconds = () => spent.total + (performance.now() - started) / 1000;
  let peakMemoryBytes = Math.max(Deno.memoryUsage().rss, spent.peakMemoryBytes);
  let images = spent.images, reported = 0, kept = performance.now();

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
      imagesPerSecond: images && images / (clock.train + (reported - begin) / 1000),
    });
  };

  // After `step` steps of epoch `at` that the streams drew at `drawn`, `milliseconds` after the clock was last read.
  const keep = (at: number, step: number, drawn: StreamStates, milliseconds: number) => {
    kept = performance.now();
    onCheckpoint?.({
      epoch: at,
      step,
      epochs: [...epochs],
      ...copies.take(),
      // What an algorithm draws, it draws within the epoch; order and augmentation are drawn again.
      streams: { ...streamStatesOf(stage), order: drawn.order, augmentation: drawn.augmentation },
      mask: watched.before,
      spent: {
        train: clock.train + milliseconds / 1000,
        evaluation: clock.evaluation,
        total: seconds(),
        images,
        peakMemoryBytes,
        speed: [...speed.samples],
      },
    });
  };

  const evaluated = (at: number, rate: number, [trainLoss, trainAccuracy]: [number, number]) => {
    const begin = performance.now(), mask = learner.mask();
    const [testLoss, testAccuracy] = evaluate(test, mask);
    clock.evaluation += (performance.now() - begin) / 1000;
    const changed = watched.change(mask);
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
    watched.before ?? watched.change(learner.mask()); // what the first epoch's is compared with
    for (let at = from?.epoch ?? 0; at < config.epochs; at++) {
      const rate = learningRateAt(config.schedule, base, at, config.epochs, config.warmUp);
      const begin = performance.now();
      const drawn = streamStatesOf(stage), first = at === from?.epoch ? from.step : 0;
      epoch.draw(streams);
      let seen = epoch.before(first);
      reported = -Infinity; // at once: from here on it is stepping
      report(at + 1, first, seen, begin);
      speed.start();
      for (let step = first; step < epoch.steps; step++) {
        const count = guarded(() => stage.step(at * epoch.steps + step, rate), config, at + 1);
        seen += count;
        images += count;
        speed.stepped(count);
        report(at + 1, step + 1, seen, begin);
        const stopping = stops();
        if (!stopping && performance.now() - kept < CHECKPOINT_EVERY) continue;
        speed.stop();
        keep(at, step + 1, drawn, performance.now() - begin);
        if (stopping) throw new StoppedError();
        speed.start();
      }
      speed.stop();
      const [sum] = metrics.download(); // waits for the device
      clock.train += (performance.now() - begin) / 1000;
      if (!Number.isFinite(sum)) throw diverged(config, at + 1);
      if (onCheckpoint && first < epoch.steps) keep(at, epoch.steps, drawn, 0);
      guarded(() => evaluated(at + 1, rate, taken(seen)), config, at + 1);
      if (!Number.isFinite(epochs.at(-1)!.testLoss)) throw diverged(config, at + 1);
    }
  }

  const mask = options.controls && learns === "mask" ? learner.mask() : null;
  const controls = mask && {
    ...controlsOf(config, mask, weights, segments, (under, mask) => evaluate(test, mask, under)[1]),
    chance: 1 / dataset.classes.length,
  };

  options.onFound?.(subnetworkOf(stage, config));

  return {
    epochs,
    lastTestAccuracy: epochs.at(-1)!.testAccuracy,
    bestTestAccuracy: Math.max(...epochs.map((epoch) => epoch.testAccuracy)),
    ...outcome(stage),
    ...(controls ? { controls } : {}),
    streams: Object.fromEntries(Object.entries(streams).map(([name, { seed }]) => [name, seed])),
    seconds: { train: clock.train, evaluation: clock.evaluation, total: seconds() },
    imagesPerSecond: clock.train > 0 ? images / clock.train : 0,
    speed: speed.samples,
    peakMemoryBytes: Math.max(peakMemoryBytes, Deno.memoryUsage().rss),
  };
}

// How much of each layer is kept, and the digest of what was found: the mask, or the weights where there is none, and
// what the network's normalisations use.
function outcome(
  { learner, weights, segments, network }: RunSetup,
): { layers: LayerKept[]; digest: string } {
  const mask = learner.mask();
  const bits = mask ? Uint8Array.from(mask.download()) : undefined;
  const layers = segments.map(({ name, offset, length }) => ({
    name,
    weights: length,
    kept: bits ? bits.subarray(offset, offset + length).reduce((sum, bit) => sum + bit, 0) : length,
  }));
  const digest = createHash("sha256").update(bits ?? bytesOf(weights));
  if (network.statistics) digest.update(bytesOf(network.statistics));
  return { layers, digest: digest.digest("hex") };
}

const bytesOf = (vector: Vector<RealType>) => new Uint8Array(vector.download().buffer);

function diverged(config: RunConfig, epoch: number): UserError {
  const rate = config.algorithm.parameters.learningRate;
  return new DivergenceError(
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
