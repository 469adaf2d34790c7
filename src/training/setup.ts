// All that a run sets up before its first step: pictures on the device, network, weights, streams, learner.
import type { Algorithm, Learner } from "../algorithms/algorithm.ts";
import { algorithmOf } from "../algorithms/registry.ts";
import { UserError } from "../base/errors.ts";
import type { Dataset } from "../datasets/dataset.ts";
import {
  Batch,
  type Device,
  DevicePictures,
  drawNoise,
  MaskedNetwork,
  NativeError,
  RecordedStep,
  Vector,
} from "../native/mod.ts";
import { type Network, type Segment, segmentsOf } from "../networks/network.ts";
import { networkOf } from "../networks/registry.ts";
import type { RunConfig } from "./config.ts";
import { Epoch } from "./epoch.ts";
import { drawLatent, drawWeights } from "./initialise.ts";
import { openStreams, type Streams } from "./streams.ts";

/** What the loop works with; `epoch` has the training pictures. */
export interface RunSetup {
  readonly network: MaskedNetwork;
  readonly segments: readonly Segment[];
  readonly weights: Vector;
  /** Sums over steps: loss × images, and correct predictions. */
  readonly metrics: Vector<"float64">;
  readonly epoch: Epoch;
  readonly streams: Streams;
  readonly learner: Learner;
  /**
   * One training step: a batch of the epoch drawn last, the gradient, the update.
   * @param t counted from 0 over the whole run
   * @param rate learning rate of this step
   * @returns how many pictures it took
   */
  step(t: number, rate: number): number;
  /** What the algorithm learns; null: nothing, so that there are no steps. */
  readonly learns: Algorithm["learns"];
}

/** A split on the device or in its file, normalised as the data set says when it is gathered. */
export function picturesOf(
  split: Dataset["train"],
  dataset: Dataset,
  device: Device,
): DevicePictures {
  return new DevicePictures(split, { ...dataset, classes: dataset.classes.length, device });
}

function networkOn(
  description: Network,
  { precision, labelSmoothing }: RunConfig,
  device: Device,
): MaskedNetwork {
  try {
    return new MaskedNetwork(description, precision, device, labelSmoothing);
  } catch (error) {
    if (!(error instanceof NativeError) || error.status !== "unsupported") throw error;
    throw new UserError(
      `precision ${precision}: this processor or GPU has no instructions for it, expected float32`,
    );
  }
}

/**
 * Sets up a run, drawing weights and latent from their streams.
 * @param free frees all of it
 * @throws {UserError} where the data set's pictures are too small for the network
 */
export function setUpRun(
  config: RunConfig,
  dataset: Dataset,
  device: Device,
  free: DisposableStack,
): RunSetup {
  const algorithm = algorithmOf(config.algorithm.name);
  const { name, width } = config.network;
  const description = networkOf(name, width, {
    inputShape: dataset.shape,
    classes: dataset.classes.length,
  });
  if (config.augmentation === "random-resized-crop" && !("path" in dataset.train)) {
    throw new UserError(`random-resized-crop is for folders of pictures, ${dataset.name} is none`);
  }
  const train = free.use(picturesOf(dataset.train, dataset, device));
  const network = free.use(networkOn(description, config, device));
  const segments = segmentsOf(description.layers);
  const vector = () => free.use(new Vector(network.size, "float32", device));
  const weights = vector();
  const metrics = free.use(new Vector(2, "float64", device));
  const low = config.precision === "bfloat16" && device === "cuda";
  const batch = free.use(
    new Batch(config.batchSize, dataset.shape, low ? "bfloat16" : "float32", device),
  );
  const recorded = free.use(new RecordedStep(device));
  const epoch = new Epoch(train, config.batchSize, config.augmentation, device, free);

  const streams = openStreams(config.seed, free);
  drawWeights(weights, segments, config.initialisation, config.sparsity, streams.weights);
  const learner = algorithm.start({
    network,
    weights,
    segments,
    sparsity: config.sparsity,
    steps: epoch.steps * config.epochs,
    metrics,
    vector,
    drawLatent: (into) => drawLatent(into, segments, streams.latent),
    drawUniform: (into) => streams.latent.uniform(into),
    drawNoise: (into, draw) => drawNoise(into, streams.latent.seed, draw),
    drawWeights: (into) =>
      drawWeights(into, segments, config.initialisation, config.sparsity, streams.weights),
  }, config.algorithm.parameters);
  const { learns } = algorithm;
  const step = (t: number, rate: number) => {
    const at = t % epoch.steps, count = epoch.count(at);
    learner.before?.(t);
    if (train.packed) epoch.gather(batch, at); // by the host, which can't be recorded
    recorded.run(count, () => {
      if (!train.packed) epoch.gather(batch, at);
      learner.step(batch, t, rate);
    });
    return count;
  };
  return { network, segments, weights, metrics, epoch, streams, learner, step, learns };
}
