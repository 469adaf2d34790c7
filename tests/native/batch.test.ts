// Gathering a batch against loops over pixels: order, crop with padding, flip, normalisation.
import assert from "node:assert/strict";
import fc from "fast-check";
import { device } from "../library.ts";
import { Batch, DevicePictures, MaskedNetwork, Vector } from "../../src/native/mod.ts";
import type { Layer, Shape } from "../../src/networks/network.ts";
import { pixelsOf } from "./pixels.ts";

const problem = fc.record({
  shape: fc.tuple(
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 1, max: 6 }),
  ) as fc.Arbitrary<Shape>,
  count: fc.integer({ min: 1, max: 6 }),
  padding: fc.integer({ min: 0, max: 5 }),
  augmented: fc.boolean(),
  seed: fc.integer({ min: 1, max: 1 << 30 }),
});

Deno.test("Batch.gather() feeds pictures in order, cropped, flipped and normalised when they are augmented", () => {
  fc.assert(fc.property(problem, ({ shape, count, padding, augmented, seed }) => {
    let state = seed;
    const draw = (high: number) =>
      Math.floor((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32 * high);
    const [channels, height, width] = shape, size = channels * height * width;
    const images = Uint8Array.from({ length: count * size }, () => draw(256));
    const labels = Int32Array.from({ length: count }, () => draw(size));
    const mean = Array.from({ length: channels }, () => draw(100) / 100);
    const deviation = Array.from({ length: channels }, () => (1 + draw(100)) / 100);
    using pictures = new DevicePictures({ images, labels }, {
      shape,
      classes: size,
      mean,
      deviation,
      device,
    });
    const order = Array.from({ length: count + 2 }, () => draw(count));
    using orderVector = Vector.from(BigInt64Array.from(order, BigInt), "int64", device);
    const augmentation = Uint8Array.from(
      { length: 3 * order.length },
      (_, i) => draw(i < 2 * order.length ? 2 * padding + 1 : 2),
    );
    using augmentationVector = Vector.from(augmentation, "uint8", device);
    using batch = new Batch(count, shape, "float64", device);
    const start = draw(3);
    batch.gather(
      pictures,
      orderVector,
      start,
      count,
      augmented ? augmentationVector : undefined,
      padding,
    );
    const got = pixelsOf(batch, count, device);
    const read = batch.download(count);
    assert.deepEqual([...read.images], [...got]);
    assert.deepEqual(
      [...read.labels],
      order.slice(start, start + count).map((image) => labels[image]),
    );

    for (let i = 0; i < count; i++) {
      const place = start + i, image = order[place]!;
      const part = (which: number) => augmentation[which * order.length + place]!;
      for (let c = 0; c < channels; c++) {
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const across = augmented && part(2) ? width - 1 - x : x;
            const row = augmented ? y + part(0) - padding : y;
            const column = augmented ? across + part(1) - padding : across;
            const inside = row >= 0 && row < height && column >= 0 && column < width;
            const pixel = inside ? images[image * size + (c * height + row) * width + column]! : 0;
            const expected = inside ? (pixel / 255 - mean[c]!) / deviation[c]! : 0;
            const found = got[i * size + (c * height + y) * width + x]!;
            assert.ok(Math.abs(found - expected) < 1e-4, `${found}, expected ${expected}`);
          }
        }
      }
    }
  }));
});

Deno.test("MaskedNetwork.evaluate() sums loss and correct predictions over all pictures when any batch size is given", () => {
  const shape: Shape = [1, 2, 2], count = 7;
  const images = Uint8Array.from({ length: count * 4 }, (_, i) => (i * 37) % 256);
  const labels = Int32Array.from({ length: count }, (_, i) => i % 4);
  using pictures = new DevicePictures({ images, labels }, {
    shape,
    classes: 4,
    mean: [0],
    deviation: [1],
    device,
  });
  const layers: Layer[] = [{ kind: "flatten" }, { kind: "linear", inputs: 4, outputs: 4 }];
  using network = new MaskedNetwork(
    { name: "linear", inputShape: shape, layers },
    "float32",
    device,
  );
  const w = Float32Array.from({ length: 16 }, (_, i) => ((i * 5) % 7) - 3);
  using weights = Vector.from(w, "float32", device);
  let loss = 0, correct = 0;
  for (let i = 0; i < count; i++) {
    const logits = [0, 1, 2, 3].map((o) =>
      [0, 1, 2, 3].reduce((sum, j) => sum + w[o * 4 + j]! * images[i * 4 + j]! / 255, 0)
    );
    loss += Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0)) - logits[labels[i]!]!;
    correct += Number(logits.indexOf(Math.max(...logits)) === labels[i]);
  }
  for (const batchSize of [1, 3, 7, 100]) {
    using metrics = new Vector(2, "float64", device);
    network.evaluate(weights, null, pictures, metrics, batchSize);
    const [sum, right] = metrics.download();
    assert.ok(Math.abs(sum! - loss) < 1e-4);
    assert.equal(right, correct);
  }
});

Deno.test("Batch and DevicePictures refuse labels, orders and shapes by name when they don't fit", () => {
  const images = new Uint8Array(8), options = { classes: 2, mean: [0], deviation: [1], device };
  const shape: Shape = [1, 2, 2];
  const make = (labels: number[], more = {}) => () =>
    new DevicePictures({ images, labels: Int32Array.from(labels) }, { shape, ...options, ...more });
  assert.throws(make([0, 2]), /labels: 2 at 1, expected 0 to 1/);
  assert.throws(make([0]), /8 bytes of pictures, expected 4/);
  assert.throws(make([0, 1], { deviation: [0] }), /deviation/);
  using pictures = make([0, 1])();
  using batch = new Batch(2, shape, "float32", device);
  using order = Vector.from(BigInt64Array.of(0n, 2n), "int64", device);
  if (device === "cpu") {
    assert.throws(() => batch.gather(pictures, order, 0, 2), /order: 2 at 1, expected 0 to 1/);
  } else { // seen there without waiting: it is in the loss
    batch.gather(pictures, order, 0, 2);
    assert.deepEqual(
      [...pixelsOf(batch, 2, device)].map(Number.isNaN),
      [...Array(8)].map((_, i) => i > 3),
    );
  }
  using unfilled = new Batch(2, shape, "float32", device);
  assert.throws(() => unfilled.download(1), /count: 1, expected 1 to 0, which are in the batch/);
  assert.throws(() => batch.gather(pictures, order, 1, 2), /start: 1/);
  assert.throws(() => batch.gather(pictures, order, 0, 3), /count: 3, expected 1 to 2/);
});
