// All that a run sets up before its first step: images on the device, network, weights, streams, learner.
import type { Algorithm, Learner } from "../algorithms/algorithm.ts";
import { completeParameters } from "../algorithms/hyperparameters.ts";
import { algorithmOf, algorithmRegistry } from "../algorithms/registry.ts";
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
import { chosenNetworkOf, networkRegistry } from "../networks/registry.ts";
import type { RunConfig } from "./config.ts";
import { EpochBatches } from "./epoch_batches.ts";
import { drawLatent, drawWeights } from "./initialise.ts";
import { openStreams, type Streams } from "./streams.ts";

/** What the training of a run works with. */
export interface RunSetup {
  readonly config: RunConfig;
  readonly network: MaskedNetwork;
  readonly segments: readonly Segment[];
  readonly weights: Vector;
  /** Sums over steps: loss × images, and correct predictions. */
  readonly metrics: Vector<"float64">;
  readonly batches: EpochBatches;
  /** What the step that was done last has trained on. */
  readonly batch: Batch;
  readonly streams: Streams;
  readonly learner: Learner;
  /** What the algorithm learns; null where it learns nothing, so that there are no steps. */
  readonly learns: Algorithm["learns"];
  /**
   * One training step: a batch of the epoch drawn last, the gradient, the update.
   * @param t counted from 0 over the whole run
   * @param rate learning rate of this step
   * @returns how many images it trained on
   */
  step(t: number, rate: number): number;
}

/** A split on the device or in its file, normalised as the data set says when it is gathered. */
export function picturesOf(
  split: Dataset["train"],
  dataset: Dataset,
  device: Device,
): DevicePictures {
  return new DevicePictures(split, { ...dataset, classes: dataset.classes.length, device });
}

/**
 * Sets up a run, drawing weights and latent from their streams.
 * @param resources frees all of it
 * @throws {UserError} where network, data set, precision and device don't fit
 */
export function setUpRun(
  config: RunConfig,
  { dataset, device }: { readonly dataset: Dataset; readonly device: Device },
  resources: DisposableStack,
): RunSetup {
  ensureSameModules(config);
  const description = describeNetwork(config, dataset);
  const pictures = resources.use(picturesOf(dataset.train, dataset, device));
  const network = resources.use(createNetwork(description, config, device));
  const segments = segmentsOf(description.layers);
  const vector = () => resources.use(new Vector(network.size, "float32", device));
  const weights = vector();
  const metrics = resources.use(new Vector(2, "float64", device));
  const isLow = config.precision === "bfloat16" && device === "cuda";
  const batch = resources.use(
    new Batch(config.batchSize, dataset.shape, isLow ? "bfloat16" : "float32", device),
  );
  const recorded = resources.use(new RecordedStep(device));
  const batches = new EpochBatches(
    pictures,
    config.batchSize,
    config.augmentation,
    device,
    resources,
  );

  const streams = openStreams(config.seed, resources);
  const { initialisation, sparsity, epochs } = config;
  const drawWeightsInto = (into: Vector) =>
    drawWeights(into, segments, initialisation, sparsity, streams.weights);
  drawWeightsInto(weights);
  const algorithm = algorithmOf(config.algorithm.name), { learns } = algorithm;
  const learner = algorithm.start({
    network,
    weights,
    segments,
    sparsity,
    steps: batches.steps * epochs,
    metrics,
    vector,
    drawLatent: (into) => drawLatent(into, segments, streams.latent),
    drawUniform: (into) => streams.latent.uniform(into),
    drawNoise: (into, draw) => drawNoise(into, streams.latent.seed, draw),
    drawWeights: drawWeightsInto,
  }, completeParameters(algorithm, config.algorithm.parameters));
  const step = (t: number, rate: number) => {
    const index = t % batches.steps, count = batches.imagesIn(index);
    learner.before?.(t);
    if (pictures.packed) batches.gather(batch, index); // by the host, which can't be recorded
    recorded.run(count, () => {
      if (!pictures.packed) batches.gather(batch, index);
      learner.step(batch, t, rate);
    });
    return count;
  };
  const parts = { config, network, segments, weights, metrics, batches, batch, streams };
  return { ...parts, learner, learns, step };
}

// A run of a module as it was is not one of the module as it is.
function ensureSameModules({ algorithm, network }: RunConfig): void {
  const parts = [[algorithmRegistry, algorithm], [networkRegistry, network]] as const;
  for (const [registry, part] of parts) {
    const { name, module } = part;
    if ("layers" in part) continue;
    registry.named(name);
    const here = registry.moduleOf(name);
    if (here === module) continue;
    const text = (digest: string | undefined) => digest?.slice(0, 12) ?? "built in";
    throw new UserError(
      `the ${registry.kind} ${name} is another here (${
        text(here)
      }) than in the run's configuration ` +
        `(${text(module)}): its module has changed since, or is not the one given by --use`,
    );
  }
}

function describeNetwork({ network, augmentation }: RunConfig, dataset: Dataset): Network {
  const description = chosenNetworkOf(network, {
    inputShape: dataset.shape,
    classes: dataset.classes.length,
  });
  if (augmentation === "random-resized-crop" && !("path" in dataset.train)) {
    throw new UserError(`random-resized-crop is for folders of pictures, ${dataset.name} is none`);
  }
  return description;
}

function createNetwork(
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
