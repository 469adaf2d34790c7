// Weights, latent and learning rate against their closed forms.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Generator, Vector } from "../../src/native/mod.ts";
import { segmentsOf } from "../../src/networks/network.ts";
import { drawLatent, drawWeights } from "../../src/training/initialise.ts";
import { learningRateAt } from "../../src/training/learning_rate.ts";
import { streamSeedOf } from "../../src/training/streams.ts";
import { device } from "../library.ts";

const segments = segmentsOf([
  { kind: "conv", inputs: 8, outputs: 50, kernel: 3 },
  { kind: "flatten" },
  { kind: "linear", inputs: 200, outputs: 30 },
]);
const n = 50 * 8 * 9 + 200 * 30;

function drawn(draw: (into: Vector, generator: Generator) => void): Float32Array[] {
  using vector = new Vector(n, "float32", device);
  using generator = new Generator(5);
  draw(vector, generator);
  return segments.map(({ offset, length }) => vector.download(offset, length));
}

const deviation = (values: Float32Array) =>
  Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);

Deno.test("drawWeights() has deviation √(2 / fan_in) in every layer when it draws Kaiming normal, of the kept fan-in with scaleFan", () => {
  for (const [scaleFan, sparsity, share] of [[false, 0.7, 1], [true, 0.75, 0.25]] as const) {
    const layers = drawn((into, generator) =>
      drawWeights(into, segments, { name: "kaiming-normal", scaleFan }, sparsity, generator)
    );
    layers.forEach((layer, i) => {
      const expected = Math.sqrt(2 / (segments[i]!.fanIn * share));
      // the deviation of n normal draws is itself within 4/√(2n) of the truth, nearly always
      assert.ok(Math.abs(deviation(layer) / expected - 1) < 4 / Math.sqrt(2 * layer.length));
    });
  }
});

Deno.test("drawWeights() gives the normal draw's sign times √(2 / fan_in) when it draws signed Kaiming constant", () => {
  const initialisation = (name: "kaiming-normal" | "signed-kaiming-constant") =>
    drawn((into, generator) =>
      drawWeights(into, segments, { name, scaleFan: false }, 0, generator)
    );
  const normal = initialisation("kaiming-normal");
  initialisation("signed-kaiming-constant").forEach((layer, i) => {
    const constant = Math.fround(Math.sqrt(2 / segments[i]!.fanIn));
    assert.deepEqual(layer, normal[i]!.map((x) => Math.sign(x) * constant));
  });
});

Deno.test("drawLatent() is uniform within ±1/√fan_in when a network has several layers", () => {
  drawn((into, generator) => drawLatent(into, segments, generator)).forEach((layer, i) => {
    const bound = 1 / Math.sqrt(segments[i]!.fanIn);
    assert.ok(layer.every((x) => Math.abs(x) <= Math.fround(bound)));
    assert.ok(Math.abs(deviation(layer) / (bound / Math.sqrt(3)) - 1) < 0.05);
  });
});

Deno.test("learningRateAt() falls through half towards 0 when the schedule is cosine, and stays when it is constant", () => {
  assert.equal(learningRateAt("cosine", 0.4, 0, 10), 0.4);
  assert.ok(Math.abs(learningRateAt("cosine", 0.4, 5, 10) - 0.2) < 1e-15);
  assert.ok(
    Math.abs(learningRateAt("cosine", 0.4, 9, 10) - 0.2 * (1 - Math.cos(Math.PI / 10))) < 1e-15,
  );
  assert.equal(learningRateAt("constant", 0.4, 9, 10), 0.4);
});

Deno.test("learningRateAt() climbs by equal steps, and leaves the schedule the other epochs, when a run warms up", () => {
  // The rates of hidden-networks' cosine_lr and constant_lr for --warmup_length 5 and --epochs 9.
  const rates = (schedule: "cosine" | "constant") =>
    Array.from({ length: 9 }, (_, epoch) => learningRateAt(schedule, 0.5, epoch, 9, 5));
  const climb = [0.1, 0.2, 0.3, 0.4, 0.5];
  const falls = [0.5, 0.25 + Math.SQRT2 / 8, 0.25, 0.25 - Math.SQRT2 / 8];
  const expected = { cosine: [...climb, ...falls], constant: [...climb, 0.5, 0.5, 0.5, 0.5] };
  for (const schedule of ["cosine", "constant"] as const) {
    rates(schedule).forEach((rate, i) => {
      assert.ok(
        Math.abs(rate - expected[schedule][i]!) < 1e-15,
        `${schedule}, epoch ${i}: ${rate}`,
      );
    });
  }
});

Deno.test("streamSeedOf() gives the head of a SHA-256 when it is given a seed and a name", () => {
  const digest = createHash("sha256").update("maskbench/7/weights").digest("hex");
  assert.equal(streamSeedOf(7, "weights"), parseInt(digest.slice(0, 8), 16));
});
