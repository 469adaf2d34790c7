// Replays a golden trajectory through the same learner and core that runs use, and measures how far the two differ.
import { algorithmOf } from "../algorithms/registry.ts";
import {
  Batch,
  type Device,
  drawNoise,
  MaskedNetwork,
  RecordedStep,
  setThreads,
  Vector,
} from "../native/mod.ts";
import { segmentsOf } from "../networks/network.ts";
import { type Golden, readGolden } from "./golden.ts";

/** Largest differences that float32 rounding explains, over a dozen steps. */
export const replayTolerance = { loss: 1e-4, score: 1e-5, mask: 1e-4 } as const;

/** How far a replay differs from the trajectory. */
export interface Replay {
  /** Its name. */
  readonly algorithm: string;
  /** Training steps of the trajectory. */
  readonly steps: number;
  /** Largest absolute difference of a step's loss, in nats. */
  readonly loss: number;
  /** Largest difference of a step's number of correct predictions; shown, not judged: near-ties flip. */
  readonly correct: number;
  /** Largest absolute difference of a final score. */
  readonly score: number;
  /** Number of entries of the final mask that differ. */
  readonly maskEntries: number;
  /** Number of all entries. */
  readonly weights: number;
  /** Whether all is within `replayTolerance`. */
  readonly passed: boolean;
}

/** Reads the golden of a folder, and replays it. @throws {UserError} where the folder is no golden */
export async function replayGoldens(folder: string, device: Device, threads = 1): Promise<Replay> {
  return replayGolden(await readGolden(folder), device, threads);
}

/** Trains on the golden's batches from its weights and scores, and compares with what it recorded. */
export function replayGolden(golden: Golden, device: Device, threads = 1): Replay {
  using resources = new DisposableStack();
  const { manifest } = golden;
  setThreads(threads);
  const network = resources.use(new MaskedNetwork(golden.network, "float32", device));
  const metrics = resources.use(new Vector(2, "float64", device));
  const batch = resources.use(
    new Batch(manifest.batch_size, golden.network.inputShape, "float32", device),
  );
  const learner = algorithmOf(manifest.algorithm).start({
    network,
    weights: resources.use(Vector.from(golden.weights, "float32", device)),
    segments: segmentsOf(golden.network.layers),
    sparsity: 1 - manifest.kept_fraction,
    steps: manifest.steps,
    metrics,
    vector: () => resources.use(new Vector(network.size, "float32", device)),
    drawLatent: () => {}, // the golden's own start follows
    drawUniform: () => {},
    drawNoise: (into, draw) => drawNoise(into, manifest.noise_key, draw),
    drawWeights: () => {},
  }, manifest.parameters);
  const latent = learner.latent!;
  latent.upload(golden.initialScores);

  const recorded = resources.use(new RecordedStep(device));
  const pixels = golden.images.length / manifest.steps;
  let loss = 0, correct = 0;
  for (let t = 0; t < manifest.steps; t++) {
    batch.upload(
      golden.images.slice(t * pixels, (t + 1) * pixels),
      golden.labels.slice(t * manifest.batch_size, (t + 1) * manifest.batch_size),
    );
    metrics.zero();
    learner.before?.(t);
    recorded.run(0, () => learner.step(batch, t, manifest.learning_rate));
    const [lossSum, hits] = metrics.download();
    loss = maxDistance(loss, lossSum! / manifest.batch_size - manifest.losses[t]!);
    correct = maxDistance(correct, hits! - manifest.correct[t]!);
  }
  const score = latent.download().reduce(
    (max, value, i) => maxDistance(max, value - golden.finalScores[i]!),
    0,
  );
  const maskEntries = learner.mask()!.download().reduce(
    (differing, bit, i) => differing + Number(bit !== golden.finalMask[i]),
    0,
  );
  const weights = network.size;
  return {
    algorithm: manifest.algorithm,
    steps: manifest.steps,
    loss,
    correct,
    score,
    maskEntries,
    weights,
    passed: loss <= replayTolerance.loss && score <= replayTolerance.score &&
      maskEntries <= replayTolerance.mask * weights,
  };
}

// The distance of a NaN is infinite, and so never within a tolerance.
function maxDistance(max: number, difference: number): number {
  const distance = Math.abs(difference);
  return Number.isNaN(distance) ? Infinity : Math.max(max, distance);
}
