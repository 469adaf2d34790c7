// The controls of a mask: against a network evaluated by plain loops, and against what they are by definition.
import assert from "node:assert/strict";
import { randomNumbersOf } from "../../src/base/random_numbers.ts";
import type { Dataset, Split } from "../../src/datasets/dataset.ts";
import { Generator, Vector } from "../../src/native/mod.ts";
import type { Segment } from "../../src/networks/network.ts";
import type { Checkpoint } from "../../src/training/checkpoint.ts";
import { controlsOf, shuffleMask } from "../../src/training/controls.ts";
import { run } from "../../src/training/run.ts";
import { setUpRun } from "../../src/training/setup.ts";
import { streamSeedOf } from "../../src/training/streams.ts";
import { imagesOf } from "../datasets/images.ts";
import { device } from "../library.ts";
import { config, dataset, lasting } from "./halves.ts";

const go = (name: string, changes = {}, options = {}) =>
  run(config(name, changes), { dataset, device, threads: 1, controls: true, ...options });

/** Pictures of noise for the mlp: whatever it says of them, it says by its weights alone. */
function noise(count: number, seed: number): Split {
  const draw = randomNumbersOf(seed);
  return {
    images: Uint8Array.from({ length: count * 784 }, () => Math.floor(256 * draw())),
    labels: Int32Array.from({ length: count }, () => Math.floor(10 * draw())),
  };
}
const small: Dataset = {
  ...dataset,
  name: "noise",
  shape: [1, 28, 28],
  classes: [..."0123456789"],
  train: noise(60, 1),
  test: noise(200, 2),
  mean: [0.5],
  deviation: [0.25],
};

/** The mlp's accuracy by definition: products and sums in double precision, layer by layer. */
function accuracyOf(weights: Float32Array, mask: Float32Array, segments: readonly Segment[]) {
  const images = imagesOf(small.test), { labels } = small.test;
  const right = labels.filter((label, picture) => {
    let values = Array.from(
      images.subarray(784 * picture, 784 * (picture + 1)),
      (pixel) => (pixel / 255 - 0.5) / 0.25,
    );
    segments.forEach(({ offset, length }, layer) => {
      const inputs = values.length;
      values = Array.from(
        { length: length / inputs },
        (_, out) =>
          values.reduce((sum, value, i) => {
            const at = offset + out * inputs + i;
            return sum + value * weights[at]! * mask[at]!;
          }, 0),
      );
      if (layer < segments.length - 1) values = values.map((value) => Math.max(0, value));
    });
    return values.indexOf(Math.max(...values)) === label;
  });
  return right.length / labels.length;
}

Deno.test("controlsOf() agrees with loops over the weights when the network is a small mlp", () => {
  const chosen = config("edge-popup", {
    network: { name: "mlp", width: 0.03 },
    augmentation: "none",
    seed: 5,
  });
  const { controls, lastTestAccuracy } = run(chosen, {
    dataset: small,
    device,
    threads: 1,
    controls: true,
  });
  using free = new DisposableStack();
  const { batches, learner, streams, step, segments, weights } = setUpRun(
    chosen,
    { dataset: small, device },
    free,
  );
  for (let t = 0; t < chosen.epochs * batches.steps; t++) {
    if (t % batches.steps === 0) batches.draw(streams);
    const rate = 0.1 * (1 + Math.cos(Math.PI * Math.floor(t / batches.steps) / chosen.epochs)) / 2;
    step(t, rate);
  }
  const mask = learner.mask()!.download(), w = weights.download();
  assert.equal(accuracyOf(w, mask, segments), lastTestAccuracy);
  using draws = new Generator(streamSeedOf(5, "controls"));
  const places = segments.flatMap(({ offset, length }) => {
    using order = new Vector(length, "int64");
    draws.permutation(order);
    return [...order.download()].map((place) => offset + Number(place));
  });
  using other = new Vector(mask.length, "float32");
  for (const { offset, length, fanIn } of segments) {
    draws.normal(other, Math.sqrt(2 / fanIn), offset, length);
  }
  assert.deepEqual(controls, {
    shuffled: accuracyOf(w, Float32Array.from(places, (place) => mask[place]!), segments),
    inverted: accuracyOf(w, mask.map((bit) => 1 - bit), segments),
    redrawn: accuracyOf(other.download(), mask, segments),
    chance: 0.1,
  });
  assert.equal(
    new Set([lastTestAccuracy, ...Object.values(controls!)]).size,
    5,
    "all of one value",
  );
});

Deno.test("shuffleMask() keeps each layer's number of ones, and moves them, when it shuffles", () => {
  using generator = new Generator(3);
  const layers = [{ offset: 0, length: 500 }, { offset: 500, length: 40 }, {
    offset: 540,
    length: 9,
  }];
  const bits = Float32Array.from(
    { length: 549 },
    (_, i) => i < 500 ? Number(i < 123) : i < 540 ? 0 : 1,
  );
  const moved = shuffleMask(bits, layers, generator);
  const ones = (values: Float32Array) =>
    layers.map(({ offset, length }) =>
      values.subarray(offset, offset + length).reduce((sum, bit) => sum + bit, 0)
    );
  assert.deepEqual(ones(moved), [123, 0, 9]);
  assert.deepEqual(ones(bits), [123, 0, 9]); // left as it was
  // In the mean 123²/500 = 30 of the first 123 places hold a one, with a deviation of 4.8.
  const stayed = moved.subarray(0, 123).reduce((sum, bit) => sum + bit, 0);
  assert.ok(stayed > 5 && stayed < 55, String(stayed));
});

Deno.test("controlsOf() restores the mask, and evaluates each control under its own weights, when it inverts", () => {
  const segments = [{ name: "a", offset: 0, length: 4, fanIn: 2 }] as unknown as Segment[];
  using mask = Vector.from(Float32Array.of(1, 0, 0, 0), "float32", device);
  using weights = Vector.from(Float32Array.of(5, 6, 7, 8), "float32", device);
  const asked = (mask: Vector) => {
    const calls: { weights: number[]; mask: number[] }[] = [];
    controlsOf(config("sbp"), mask, weights, segments, (weights, mask) => {
      calls.push({ weights: [...weights.download()], mask: [...mask.download()] });
      return 0;
    });
    return calls;
  };
  const [moved, inverted, redrawn] = asked(mask);
  assert.deepEqual(inverted, { weights: [5, 6, 7, 8], mask: [0, 1, 1, 1] });
  using other = Vector.from(Float32Array.from(inverted!.mask), "float32", device);
  assert.deepEqual(asked(other)[1]!.mask, [1, 0, 0, 0]);
  assert.deepEqual(moved!.weights, [5, 6, 7, 8]);
  assert.deepEqual(redrawn!.mask, [1, 0, 0, 0]);
  assert.ok(redrawn!.weights.every((weight) => weight !== 0 && Math.abs(weight) < 5));
});

Deno.test("run() gives the same controls again and from a checkpoint, and changes nothing else, when a mask is learnt", () => {
  for (const name of ["edge-popup", "sbp", "iterand", "biprop"]) {
    const first = go(name);
    assert.deepEqual(go(name).controls, first.controls);
    const without = go(name, {}, { controls: false });
    assert.equal("controls" in without, false);
    assert.deepEqual(lasting(first), lasting(without));
    const checkpoints: Checkpoint[] = [];
    go(name, {}, {
      onCheckpoint: (one: Checkpoint) => checkpoints.push(structuredClone(one)),
    });
    assert.deepEqual(go(name, {}, { from: checkpoints[1] }).controls, first.controls);
  }
  assert.notDeepEqual(go("sbp", { seed: 2 }).controls, go("sbp").controls);
  for (const name of ["dense", "random", "magnitude"]) assert.equal("controls" in go(name), false);
});
