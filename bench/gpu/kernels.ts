// Calls every kernel on small vectors, for compute-sanitizer to look at. Takes the device; prints nothing when all is well.
import { noiseDataset, stepConfigOf } from "../../src/diagnostics/profile.ts";
import {
  descendAdam,
  type Device,
  drawNoise as drawNoise,
  Generator,
  projectCappedSimplex,
  projectTopK,
  relaxMask,
  Vector,
} from "../../src/native/mod.ts";
import { openNative } from "../../src/native/toolchain/setup.ts";
import { run } from "../../src/training/run.ts";

/** Sizes around those of warps, blocks and vectorised loads. */
const lengths = [1, 3, 31, 32, 33, 255, 257, 1023, 1025, 4099, 70_001];

function projections(device: Device): void {
  using generator = new Generator(1);
  for (const length of lengths) {
    using values = new Vector(length, "float32", device);
    using mask = new Vector(length, "float32", device);
    generator.normal(values);
    const half = length >> 1;
    for (const by of ["value", "magnitude"] as const) {
      for (const kept of new Set([0, 1, half, length])) {
        projectTopK(values, [{ offset: 0, length, kept }], { by, floor: 0.5, alpha: 0.5 }, mask);
        if (by === "value") continue;
        const relative = { by, alpha: 0.5, relaxation: "relative" } as const;
        projectTopK(values, [{ offset: 0, length, kept }], relative, mask);
      }
      projectTopK(
        values,
        [
          { offset: 0, length: half, kept: half >> 1 },
          { offset: half, length: length - half, kept: (length - half) >> 1 },
        ],
        { by },
        mask,
      );
    }
    mask.download();
  }
}

function drawnMasks(device: Device): void {
  for (const length of lengths) {
    using free = new DisposableStack();
    const vector = () => free.use(new Vector(length, "float32", device));
    const probability = vector(), uniform = vector(), mask = vector(), slope = vector();
    const first = vector(), second = vector();
    drawNoise(probability, 1, 1);
    drawNoise(uniform, 1, 2);
    relaxMask(probability, uniform, 0.5, mask, slope);
    descendAdam(probability, first, second, slope, { rate: 0.1, step: 1, low: 0 });
    projectCappedSimplex(probability, [{ offset: 0, length, kept: length >> 2 }]);
    probability.download();
  }
}

// A run of one epoch: gather with crop and flip, forward and backward, projection, update, evaluation.
function training(device: Device): void {
  const dataset = noiseDataset([3, 32, 32], 40);
  for (const algorithm of ["edge-popup", "sbp", "dense"]) {
    const config = {
      ...stepConfigOf("conv2", algorithm, 16),
      network: { name: "conv2", width: 1 / 16 },
      augmentation: "crop-flip" as const,
      epochs: 1,
    };
    run(config, { dataset, device, threads: 1 });
  }
}

await openNative();
const device = Deno.args[0] === "cuda" ? "cuda" : "cpu";
projections(device);
drawnMasks(device);
training(device);
