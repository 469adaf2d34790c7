// Follows a run: its clock, progress, checkpoints, speed and memory, its accuracy after every epoch, and in the end its
// result.
import type { DevicePictures, Vector } from "../native/mod.ts";
import { type ResourceTotals, StateSnapshots, streamStatesOf } from "./checkpoint.ts";
import { controlsOf } from "./controls.ts";
import type { Epoch } from "./epoch.ts";
import { batchDigestOf } from "./first_batch.ts";
import { MaskChangeTracker } from "./mask_change.ts";
import type { Controls, EpochResult, RunResult } from "./result.ts";
import { detectDivergence, DivergenceError, StoppedError } from "./run_errors.ts";
import type { RunOptions } from "./run_options.ts";
import { picturesOf, type RunSetup } from "./setup.ts";
import { SpeedRecorder } from "./speed.ts";
import { digestOf, layersKeptOf, subnetworkOf } from "./subnetwork.ts";

/** Milliseconds between two reports of progress, at least. */
const REPORT_INTERVAL = 250;

/** Milliseconds between two checkpoints, at most. */
const CHECKPOINT_INTERVAL = 60_000;

const nothingSpent: ResourceTotals = {
  train: 0,
  evaluation: 0,
  total: 0,
  images: 0,
  peakMemoryBytes: 0,
  speed: { stretches: 0, every: 1, samples: [] },
};

/** Mean cross-entropy in nats, and the fraction of correct predictions. */
interface Score {
  readonly loss: number;
  readonly accuracy: number;
}

export class RunRecorder {
  readonly #testPictures: DevicePictures;
  readonly #epochs: EpochResult[];
  readonly #speed: SpeedRecorder;
  readonly #snapshots: StateSnapshots;
  readonly #maskChanges: MaskChangeTracker;
  /** Seconds that went by before the checkpoint which the run goes on from. */
  readonly #secondsBefore: number;
  #trainSeconds: number;
  #evaluationSeconds: number;
  /** Images trained on, each as often as it was. */
  #images: number;
  #peakMemoryBytes: number;
  #reportedAt = 0;
  #checkpointAt: number = performance.now();
  /** The epoch under way, and how many of its images were trained on. */
  #epoch: Epoch | undefined;
  #imagesOfEpoch = 0;
  /** The digest of the run's first batch, from its first step on. */
  #firstBatch: string | undefined;

  /**
   * @param started when the run began, as `performance.now()` counts
   * @param resources frees what it needs on the device
   */
  constructor(
    readonly setup: RunSetup,
    readonly options: RunOptions,
    readonly started: number,
    resources: DisposableStack,
  ) {
    const { from, dataset, device } = options, spent = from?.spent ?? nothingSpent;
    this.#testPictures = resources.use(picturesOf(dataset.test, dataset, device));
    this.#speed = new SpeedRecorder(device, () => setup.metrics.download(0, 1), spent.speed);
    this.#epochs = [...from?.epochs ?? []];
    this.#snapshots = new StateSnapshots(setup);
    this.#maskChanges = new MaskChangeTracker(resources, from?.mask);
    this.#firstBatch = from?.firstBatch;
    this.#secondsBefore = spent.total;
    this.#trainSeconds = spent.train;
    this.#evaluationSeconds = spent.evaluation;
    this.#images = spent.images;
    this.#peakMemoryBytes = Math.max(Deno.memoryUsage().rss, spent.peakMemoryBytes);
    // The mask after the first epoch is compared with the one before the first step.
    if (setup.learns !== null && !this.#maskChanges.previous) {
      this.#maskChanges.update(setup.learner.mask());
    }
  }

  /** Evaluates a run in which nothing is learnt, on the training images and on the test images. */
  evaluateUntrained(): void {
    const { batches, learner } = this.setup;
    this.#addEpoch(0, 0, this.#evaluate(batches.pictures, learner.mask()));
  }

  beginEpoch(epoch: Epoch): void {
    this.#epoch = epoch;
    this.#imagesOfEpoch = this.setup.batches.imagesBefore(epoch.firstStep);
    this.#reportedAt = -Infinity; // so that it is reported at once that steps follow
    this.#reportProgress(epoch.firstStep);
    this.#speed.start();
  }

  /**
   * Takes note of a step that was done.
   * @param step counted from 0 in the epoch
   * @param images that it trained on
   * @throws {StoppedError} where the run should stop, after its checkpoint
   */
  afterStep(step: number, images: number): void {
    this.#imagesOfEpoch += images;
    this.#images += images;
    this.#speed.stepped(images);
    this.#firstBatch ??= batchDigestOf(this.setup.batch, images, this.setup.config.precision);
    this.#reportProgress(step + 1);
    const stopping = this.options.shouldStop?.() ?? false;
    if (!stopping && performance.now() - this.#checkpointAt < CHECKPOINT_INTERVAL) return;
    this.#speed.stop();
    this.#giveCheckpoint(step + 1, secondsSince(this.#epoch!.began));
    if (stopping) throw new StoppedError();
    this.#speed.start();
  }

  /** Gives the checkpoint of the epoch, then evaluates. @throws {DivergenceError} where a loss is NaN or infinite */
  endEpoch(): void {
    const { setup: { config, metrics, batches } } = this, epoch = this.#epoch!;
    this.#speed.stop();
    const [lossSum] = metrics.download(); // waits for the device
    this.#trainSeconds += secondsSince(epoch.began);
    if (!Number.isFinite(lossSum)) throw new DivergenceError(config, epoch.number);
    const trained = epoch.firstStep < batches.steps; // else the checkpoint is the one that the run goes on from
    if (trained) this.#giveCheckpoint(batches.steps, 0);
    const { testLoss } = detectDivergence(
      config,
      epoch.number,
      () => this.#addEpoch(epoch.number, epoch.learningRate, this.#takeScore(this.#imagesOfEpoch)),
    );
    if (!Number.isFinite(testLoss)) throw new DivergenceError(config, epoch.number);
  }

  /** Ends the run: evaluates the controls and hands out the subnetwork, where these are asked for. */
  result(): RunResult {
    const { setup, options } = this, { learner, learns, segments, streams } = setup;
    learner.finalise?.();
    const mask = learner.mask(), bits = mask ? Uint8Array.from(mask.download()) : undefined;
    const controls = options.controls && learns === "mask" && mask && this.#evaluateControls(mask);
    options.onSubnetwork?.(subnetworkOf(setup, bits));
    const epochs = this.#epochs, train = this.#trainSeconds;
    return {
      epochs,
      lastTestAccuracy: epochs.at(-1)!.testAccuracy,
      bestTestAccuracy: Math.max(...epochs.map(({ testAccuracy }) => testAccuracy)),
      layers: layersKeptOf(segments, bits),
      digest: digestOf(setup, bits),
      ...(this.#firstBatch === undefined ? {} : { firstBatch: this.#firstBatch }),
      ...(controls ? { controls } : {}),
      streams: Object.fromEntries(Object.entries(streams).map(([name, { seed }]) => [name, seed])),
      seconds: { train, evaluation: this.#evaluationSeconds, total: this.#totalSeconds() },
      imagesPerSecond: train > 0 ? this.#images / train : 0,
      speed: this.#speed.summary,
      peakMemoryBytes: Math.max(this.#peakMemoryBytes, Deno.memoryUsage().rss),
    };
  }

  #reportProgress(step: number): void {
    const { config, metrics, batches: { steps } } = this.setup, epoch = this.#epoch!;
    if (performance.now() - this.#reportedAt < REPORT_INTERVAL && step < steps) return;
    const images = this.#imagesOfEpoch;
    const trainLoss = images ? metrics.download(0, 1)[0]! / images : NaN; // waits for the device
    this.#reportedAt = performance.now();
    this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, Deno.memoryUsage().rss);
    const seconds = this.#trainSeconds + (this.#reportedAt - epoch.began) / 1000;
    this.options.onProgress?.({
      epoch: epoch.number,
      epochs: config.epochs,
      step,
      steps,
      trainLoss,
      testAccuracy: this.#epochs.at(-1)?.testAccuracy ?? NaN,
      imagesPerSecond: this.#images && this.#images / seconds,
    });
  }

  // After so many steps of the epoch under way, `seconds` after the training clock was last read.
  #giveCheckpoint(steps: number, seconds: number): void {
    this.#checkpointAt = performance.now();
    const epoch = this.#epoch!;
    this.options.onCheckpoint?.({
      epoch: epoch.index,
      step: steps,
      epochs: [...this.#epochs],
      ...this.#snapshots.take(),
      // Algorithms draw within the epoch; its order and augmentation are drawn again by a run that goes on.
      streams: {
        ...streamStatesOf(this.setup),
        order: epoch.streams.order,
        augmentation: epoch.streams.augmentation,
      },
      firstBatch: this.#firstBatch!,
      mask: this.#maskChanges.previous,
      spent: {
        train: this.#trainSeconds + seconds,
        evaluation: this.#evaluationSeconds,
        total: this.#totalSeconds(),
        images: this.#images,
        peakMemoryBytes: this.#peakMemoryBytes,
        speed: this.#speed.samples,
      },
    });
  }

  /** @param epoch counted from 1; 0 where nothing is learnt */
  #addEpoch(epoch: number, learningRate: number, train: Score): EpochResult {
    const { learner } = this.setup, began = performance.now();
    learner.finalise?.();
    const mask = learner.mask(), test = this.#evaluate(this.#testPictures, mask);
    this.#evaluationSeconds += secondsSince(began);
    const maskChange = this.#maskChanges.update(mask);
    const result = {
      epoch,
      learningRate,
      trainLoss: train.loss,
      trainAccuracy: train.accuracy,
      testLoss: test.loss,
      testAccuracy: test.accuracy,
      ...(maskChange === undefined ? {} : { maskChange }),
    };
    this.#epochs.push(result);
    return result;
  }

  #evaluate(pictures: DevicePictures, mask: Vector | null, weights = this.setup.weights): Score {
    const { network, metrics } = this.setup;
    network.evaluate(weights, mask, pictures, metrics);
    return this.#takeScore(pictures.count);
  }

  // The score over the images that the metrics were summed up over since the last call.
  #takeScore(images: number): Score {
    const [loss, correct] = this.setup.metrics.download();
    this.setup.metrics.zero();
    return { loss: loss! / images, accuracy: correct! / images };
  }

  #evaluateControls(mask: Vector): Controls {
    const { config, weights, segments } = this.setup;
    const accuracyOf = (weights: Vector, mask: Vector) =>
      this.#evaluate(this.#testPictures, mask, weights).accuracy;
    return {
      ...controlsOf(config, mask, weights, segments, accuracyOf),
      chance: 1 / this.options.dataset.classes.length,
    };
  }

  #totalSeconds(): number {
    return this.#secondsBefore + secondsSince(this.started);
  }
}

/** @param moment as `performance.now()` counts */
function secondsSince(moment: number): number {
  return (performance.now() - moment) / 1000;
}
