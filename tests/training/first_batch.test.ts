// The digest of a run's first batch against one that is computed by loops over pixels.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { device } from "../library.ts";
import { Batch, Generator, Vector } from "../../src/native/mod.ts";
import { batchDigestOf } from "../../src/training/first_batch.ts";
import { run } from "../../src/training/run.ts";
import { streamSeedOf } from "../../src/training/streams.ts";
import { config, dataset } from "./halves.ts";

const hashOf = (pixels: Float32Array<ArrayBuffer>, labels: Int32Array<ArrayBuffer>) =>
  createHash("sha256").update(new Uint8Array(pixels.buffer)).update(new Uint8Array(labels.buffer))
    .digest("hex");

/** The first batch of a run with that seed: 32 pictures, shifted by up to 4 pixels, flipped and normalised. */
function firstBatchOf(seed: number, augmented: boolean) {
  const { train, shape: [channels, height, width], mean, deviation } = dataset;
  assert.ok("images" in train);
  const count = train.labels.length, size = channels * height * width;
  using order = new Vector(count, "int64"), shifts = new Vector(3 * count, "uint8");
  using orders = new Generator(streamSeedOf(seed, "order"));
  using shifting = new Generator(streamSeedOf(seed, "augmentation"));
  orders.permutation(order);
  shifting.integers(shifts, 9, 0, 2 * count);
  shifting.integers(shifts, 2, 2 * count, count);
  const rows = order.download(), parts = shifts.download();
  const pixels = new Float32Array(32 * size), labels = new Int32Array(32);
  for (let i = 0; i < 32; i++) {
    const picture = Number(rows[i]), part = (which: number) => Number(parts[which * count + i]);
    labels[i] = train.labels[picture]!;
    for (let entry = 0; entry < size; entry++) {
      const c = Math.floor(entry / (height * width)), y = Math.floor(entry / width) % height;
      const x = entry % width, across = augmented && part(2) === 1 ? width - 1 - x : x;
      const row = augmented ? y + part(0) - 4 : y, column = augmented ? across + part(1) - 4 : x;
      if (row < 0 || row >= height || column < 0 || column >= width) continue;
      const byte = train.images[picture * size + (c * height + row) * width + column]!;
      const scale = Math.fround(1 / (255 * deviation[c]!));
      pixels[i * size + entry] = Math.fround(byte * scale) - Math.fround(mean[c]! / deviation[c]!);
    }
  }
  return { pixels, labels };
}

for (const augmentation of ["none", "crop-flip"] as const) {
  Deno.test(`run() gives the digest of its first batch, by loops over pixels, when augmentation is ${augmentation}`, () => {
    for (const seed of [1, 2]) {
      const { firstBatch } = run(config("sbp", { seed, augmentation, epochs: 1 }), {
        dataset,
        device,
        threads: 2,
      });
      const { pixels, labels } = firstBatchOf(seed, augmentation !== "none");
      assert.equal(firstBatch, hashOf(pixels, labels), `seed ${seed}`);
    }
  });
}

Deno.test("run() gives no digest of a first batch when nothing is learnt", () => {
  assert.ok(!("firstBatch" in run(config("random"), { dataset, device, threads: 1 })));
});

Deno.test("batchDigestOf() is that of rounded pixels, and of 0 for −0, when a batch is read in bfloat16", () => {
  using batch = new Batch(2, [1, 1, 3], "float32", device);
  const labels = Int32Array.of(0, 1);
  // Seven bits after the point are kept: halves go to the even neighbour.
  batch.upload(
    Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, -1 - 2 ** -8 - 2 ** -20, -0, 0.5, -2),
    labels,
  );
  const rounded = Float32Array.of(1, 1 + 2 ** -6, -1 - 2 ** -7, 0, 0.5, -2);
  assert.equal(batchDigestOf(batch, 2, "bfloat16"), hashOf(rounded, labels));
  const whole = Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, -1 - 2 ** -8 - 2 ** -20, 0, 0.5, -2);
  assert.equal(batchDigestOf(batch, 2, "float32"), hashOf(whole, labels));
});
