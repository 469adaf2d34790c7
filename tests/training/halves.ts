// A small set of pictures that a run takes seconds on, configurations for it, and what of a run is to last.
import { recordParameters } from "../../src/algorithms/hyperparameters.ts";
import { algorithmOf } from "../../src/algorithms/registry.ts";
import type { Dataset, Split } from "../../src/datasets/dataset.ts";
import type { RunConfig } from "../../src/training/config.ts";
import type { RunResult } from "../../src/training/result.ts";

const shape = [3, 32, 32] as const;

// Two classes told apart by which half is brighter, under noise.
function halves(count: number, seed: number): Split {
  let state = seed;
  const draw = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const labels = Int32Array.from({ length: count }, () => draw() < 0.5 ? 0 : 1);
  const images = Uint8Array.from({ length: count * 3 * 32 * 32 }, (_, i) => {
    const right = i % 32 >= 16, label = labels[Math.floor(i / (3 * 32 * 32))]!;
    return Math.floor(draw() * 200) + (right === (label === 1) ? 55 : 0);
  });
  return { images, labels };
}

export const dataset: Dataset = {
  name: "halves",
  shape,
  classes: ["left", "right"],
  train: halves(300, 1),
  test: halves(100, 2),
  mean: [0.5, 0.5, 0.5],
  deviation: [0.25, 0.25, 0.25],
  checksum: "0".repeat(64),
};

export const config = (name: string, changes: Partial<RunConfig> = {}): RunConfig => ({
  dataset: { name: "halves", checksum: dataset.checksum, split: "test" },
  network: { name: "conv2", width: 1 / 16 },
  initialisation: { name: "kaiming-normal", scaleFan: false },
  algorithm: {
    name,
    version: 1,
    parameters: recordParameters(algorithmOf(name), {}),
  },
  sparsity: name === "dense" ? 0 : 0.5,
  seed: 1,
  epochs: 3,
  batchSize: 32,
  schedule: "cosine",
  augmentation: "crop-flip",
  precision: "float32",
  ...changes,
});

/** What must not change from one time to the next. */
export const lasting = ({ epochs, layers, digest, firstBatch, streams }: RunResult) => ({
  epochs,
  layers,
  digest,
  firstBatch,
  streams,
});
