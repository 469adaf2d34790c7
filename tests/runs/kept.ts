// A checkpoint made by hand.
import type { CheckpointRecord } from "../../src/runs/checkpoint_file.ts";
import { fileOf, runOf } from "./made.ts";

export const identity = "a".repeat(64);
const { environment: made, result } = fileOf(runOf({}));
const bytes = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + seed) % 256);

export const environment = made;

export const kept: CheckpointRecord = {
  identity,
  environment,
  checkpoint: {
    epoch: 1,
    step: 7,
    epochs: result.epochs.slice(0, 1),
    sums: Float64Array.of(1 / 3, 17),
    state: {
      latent: Float32Array.of(0.1, -0, Infinity, 1e-40),
      velocity: Float32Array.of(1, 2, 3, 4),
    },
    inUse: Int32Array.of(1),
    streams: {
      weights: bytes(5056, 1),
      latent: bytes(5056, 2),
      order: bytes(5056, 3),
      augmentation: bytes(5056, 4),
    },
    firstBatch: "b".repeat(64),
    mask: Uint8Array.of(1, 0, 0, 1),
    spent: {
      train: 1.5,
      evaluation: 0.25,
      total: 2,
      images: 300,
      peakMemoryBytes: 1e8,
      speed: {
        stretches: 1,
        every: 1,
        samples: [{ imagesPerSecond: 1e4, matmul: 1e-4, copy: 1e-5, waited: 0 }],
      },
    },
  },
};
