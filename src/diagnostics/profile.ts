// Where a training step's time goes, and how far each part of it is from what the machine can do.
import { recordParameters } from "../algorithms/hyperparameters.ts";
import { algorithmOf } from "../algorithms/registry.ts";
import { median } from "../base/statistics.ts";
import type { Dataset, Split } from "../datasets/dataset.ts";
import {
  type Device,
  measureCopy,
  measureMatmul,
  profileStepParts,
  setThreads,
  type StepPart,
} from "../native/mod.ts";
import { layerMultiplicationsOf } from "../networks/cost.ts";
import { networkOf, networks } from "../networks/registry.ts";
import type { RunConfig } from "../training/config.ts";
import { setUpRun } from "../training/setup.ts";

/** A part of a step, in milliseconds a step. */
export interface PartProfile {
  /** The median. */
  readonly ms: number;
  /** As a fraction of the machine's own speed, measured next to it: that of a large matrix product, or of a large copy. */
  readonly ofPeak?: number;
}

/** A step, measured; milliseconds are medians. */
export interface Profile {
  /** The time of a step in training: over a stretch of steps with one wait for the device at its end. */
  readonly msPerStep: number;
  /**
   * How much of it the host was busy: all of it on the processor; on a GPU, the time to replay the recorded step, as long as
   * the queue of the device has room.
   */
  readonly hostMsPerStep: number;
  /** The time of a step that waits for the device after each of its parts, as it must to time them. */
  readonly waitingMsPerStep: number;
  /** Training images per second. */
  readonly imagesPerSecond: number;
  /** The time of the projection within a step. */
  readonly projectionMs: number;
  /** Speed of the whole step: multiplications and additions of the convolutions and matrix products alone. */
  readonly gflops: number;
  /** How much the parts that only stream vectors (weights, projection, update) must read and write, by second. */
  readonly gigabytesPerSecond: number;
  /** Where the time goes. */
  readonly parts: Readonly<Record<StepPart | "rest", PartProfile>>;
  /** The machine's own speed with as many threads: a matrix product of 2048 × 2048, a copy of 256 MiB. */
  readonly machine: { readonly gflops: number; readonly gigabytesPerSecond: number };
  /** Number of weights, n. */
  readonly weights: number;
}

/** How to measure. */
export interface ProfileOptions {
  /** Where the steps compute. */
  readonly device: Device;
  /** Processor threads. */
  readonly threads: number;
  /** Steps to measure, after a few to warm up: as many in stretches, and as many part by part. */
  readonly steps: number;
}

const WARM_UP = 5;

/** Stretches that the steps are timed in, so that there is a median. */
const STRETCHES = 5;

/** Pictures of an epoch: a new order is drawn that often. */
const EPOCH = 50_000;

/** Reads and writes of one value per weight that the part does at least. */
const passes = { weights: 6, projection: 3, update: 5 } as const;

/** The configuration of a run whose steps alone matter, with the default of everything else. */
export function stepConfigOf(
  network: string,
  algorithmName: string,
  batchSize: number,
  precision: RunConfig["precision"] = "float32",
): RunConfig {
  const algorithm = algorithmOf(algorithmName), { name, version, masks } = algorithm;
  const given = { learningRate: 1e-3 }; // small, so that nothing dies or diverges
  return {
    dataset: { name: "noise", checksum: "", split: "test" },
    network: { name: network, width: 1 },
    initialisation: { name: "kaiming-normal", scaleFan: false },
    algorithm: { name, version, parameters: recordParameters(algorithm, given) },
    sparsity: masks ? 0.5 : 0,
    seed: 1,
    epochs: 1000,
    batchSize,
    schedule: "constant",
    augmentation: "none",
    precision,
  };
}

/** A run on pictures of noise that goes step by step: batch to updated mask. @param resources frees it */
export function createStepper(config: RunConfig, device: Device, resources: DisposableStack) {
  const { inputShape, classes } = networks.find(({ name }) => name === config.network.name)!;
  const dataset = noiseDataset(inputShape, config.batchSize * 4, classes);
  const setup = setUpRun(config, { dataset, device }, resources);
  const { batches, segments, streams, metrics } = setup;
  const rate = Number(config.algorithm.parameters.learningRate);
  const stepsOfEpoch = Math.ceil(EPOCH / config.batchSize);
  return {
    setup,
    weights: segments.reduce((sum, { length }) => sum + length, 0),
    step(t: number): void {
      if (t % stepsOfEpoch === 0) batches.draw(streams);
      setup.step(t, rate);
    },
    /** Waits until the device has done all that it was given. */
    wait: (): void => void metrics.download(),
  };
}

/** Measures the steps of a run. The native library must be open. */
export function profileStep(
  config: RunConfig,
  { device, threads, steps }: ProfileOptions,
): Profile {
  using resources = new DisposableStack();
  setThreads(threads);
  const { weights, step, wait } = createStepper(config, device, resources);
  let t = 0;
  const hostTimes: number[] = [];
  const timeSteps = (steps: number): number => { // a stretch, in milliseconds a step
    const began = performance.now();
    for (let i = 0; i < steps; i++) {
      const called = performance.now();
      step(t++);
      hostTimes.push(performance.now() - called);
    }
    wait();
    return (performance.now() - began) / steps;
  };
  timeSteps(WARM_UP);
  hostTimes.length = 0;
  const stretches = Math.min(STRETCHES, steps);
  const times = Array.from(
    { length: stretches },
    (_, i) => timeSteps(Math.floor((steps + i) / stretches)),
  );
  const hostMsPerStep = median(hostTimes)!;
  const waiting: number[] = [], shares: Record<StepPart, number>[] = [];
  for (let i = 0; i < steps; i++) {
    profileStepParts(true);
    waiting.push(timeSteps(1));
    shares.push(profileStepParts(false));
  }

  const machine = {
    gflops: measureMatmul(device) / 1e9,
    gigabytesPerSecond: measureCopy(device) / 1e9,
  };
  const ms = (part: StepPart) => 1000 * median(shares.map((share) => share[part]))!;
  const msPerStep = median(times)!, waitingMsPerStep = median(waiting)!;
  const { forward, first } = arithmetic(config);
  const speed = (operations: number, ms: number) => operations / 1e6 / ms / machine.gflops;
  const stream = (part: keyof typeof passes) => ({
    ms: ms(part),
    ofPeak: passes[part] * weights * 4 / 1e6 / ms(part) / machine.gigabytesPerSecond,
  });
  const parts = {
    gather: { ms: ms("gather") },
    weights: stream("weights"),
    forward: { ms: ms("forward"), ofPeak: speed(forward, ms("forward")) },
    backward: { ms: ms("backward"), ofPeak: speed(2 * forward - first, ms("backward")) },
    projection: stream("projection"),
    update: stream("update"),
  };
  const accountedMs = Object.values(parts).reduce((sum, { ms }) => sum + ms, 0);
  const streamed = parts.weights.ms + parts.projection.ms + parts.update.ms;
  return {
    msPerStep,
    hostMsPerStep,
    waitingMsPerStep,
    imagesPerSecond: 1000 * config.batchSize / msPerStep,
    projectionMs: parts.projection.ms,
    gflops: (3 * forward - first) / 1e6 / msPerStep,
    gigabytesPerSecond: (passes.weights + passes.projection + passes.update) * weights * 4 / 1e6 /
      streamed,
    parts: { ...parts, rest: { ms: Math.max(0, waitingMsPerStep - accountedMs) } },
    machine,
    weights,
  };
}

// Operations of a batch's forward pass, and of its first layer, for whose input no gradient is needed.
function arithmetic({ batchSize, network: { name, width } }: RunConfig) {
  const operations = layerMultiplicationsOf(networkOf(name, width)).map((count) =>
    2 * batchSize * count
  );
  return {
    forward: operations.reduce((sum, count) => sum + count, 0),
    first: operations.find((count) => count > 0)!,
  };
}

/** Pictures of noise with labels in turn, the same to train and to test on, for what depends on neither. */
export function noiseDataset(shape: Dataset["shape"], count: number, classes = 10): Dataset {
  const size = shape[0] * shape[1] * shape[2];
  const split: Split = {
    images: Uint8Array.from({ length: count * size }, (_, i) => Math.imul(i, 2654435761) >>> 24),
    labels: Int32Array.from({ length: count }, (_, i) => i % classes),
  };
  return {
    name: "noise",
    shape,
    classes: Array.from({ length: classes }, (_, i) => String(i)),
    train: split,
    test: split,
    mean: shape[0] === 1 ? [0.5] : [0.5, 0.5, 0.5],
    deviation: shape[0] === 1 ? [0.3] : [0.3, 0.3, 0.3],
    checksum: "",
  };
}
