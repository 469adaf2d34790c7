// The update against its three lines, written out with every operation rounded to float32.
import assert from "node:assert/strict";
import fc from "fast-check";
import { device } from "../library.ts";
import { descend, descendAdam, type DescentOptions, Vector } from "../../src/native/mod.ts";

const f = Math.fround;

function byHand(
  latent: Float32Array,
  velocity: Float32Array,
  gradient: Float32Array,
  options: DescentOptions,
): [latent: Float32Array, velocity: Float32Array] {
  const { rate, momentum, weightDecay, centre = 0, low = -Infinity, high = Infinity } = options;
  const v = velocity.map((v, i) => {
    const g = f(
      f(gradient[i]! * (options.straightThrough ? Math.sign(latent[i]!) : 1)) +
        f(f(weightDecay) * f(latent[i]! - f(centre))),
    );
    return f(f(f(momentum) * v) + g);
  });
  const z = latent.map((z, i) => Math.min(f(high), Math.max(f(low), f(z - f(f(rate) * v[i]!)))));
  return [z, v];
}

const reals = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), {
  minLength: 30,
  maxLength: 90,
});
const options = fc.record({
  rate: fc.double({ min: 0, max: 10, noNaN: true }),
  momentum: fc.double({ min: 0, max: 1, noNaN: true }),
  weightDecay: fc.double({ min: 0, max: 0.1, noNaN: true }),
  centre: fc.constantFrom(0, 0.5),
  straightThrough: fc.boolean(),
  low: fc.constantFrom(0, -Infinity),
  high: fc.constantFrom(1, Infinity),
});

Deno.test("descend() takes momentum, decay towards the centre, a step and a clip when any options are given", () => {
  fc.assert(fc.property(reals, options, (numbers, options) => {
    const third = Math.floor(numbers.length / 3);
    const [z, v, g] = [0, 1, 2].map((part) =>
      Float32Array.from(numbers.slice(part * third, (part + 1) * third))
    ) as [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>];
    using latent = Vector.from(z, "float32", device);
    using velocity = Vector.from(v, "float32", device);
    using gradient = Vector.from(g, "float32", device);
    descend(latent, velocity, gradient, options);
    const [expectedLatent, expectedVelocity] = byHand(z, v, g, options);
    // −0 and 0 are the same number to whoever reads them
    assert.deepEqual(latent.download().map((x) => x + 0), expectedLatent.map((x) => x + 0));
    assert.deepEqual(velocity.download().map((x) => x + 0), expectedVelocity.map((x) => x + 0));
  }));
});

Deno.test("descend() keeps a NaN when the gradient has one and the result is clipped", () => {
  using latent = Vector.from(Float32Array.of(0.5, 0.5), "float32", device);
  using velocity = new Vector(2, "float32", device);
  using gradient = Vector.from(Float32Array.of(NaN, 1), "float32", device);
  descend(latent, velocity, gradient, { rate: 1, momentum: 0, weightDecay: 0, low: 0, high: 1 });
  assert.deepEqual([...latent.download()], [NaN, 0]);
});

Deno.test("descend() refuses the call when vectors differ in length, one is given twice, or a number is NaN", () => {
  using latent = new Vector(3, "float32", device);
  using velocity = new Vector(3, "float32", device);
  using short = new Vector(2, "float32", device);
  using gradient = new Vector(3, "float32", device);
  const sane = { rate: 1, momentum: 0.9, weightDecay: 0 };
  assert.throws(() => descend(latent, velocity, short, sane), /gradient/);
  assert.throws(() => descend(latent, latent, gradient, sane), /one vector twice/);
  assert.throws(() => descend(latent, velocity, gradient, { ...sane, rate: NaN }), /rate/);
  assert.throws(() => descend(latent, velocity, gradient, { ...sane, low: 2, high: 1 }), /low/);
});

Deno.test("descendAdam() agrees with Adam in float64 to within rounding when it takes several steps", () => {
  const adam = fc.record({
    rate: fc.double({ min: 0, max: 1, noNaN: true }),
    beta1: fc.double({ min: 0, max: 0.99, noNaN: true }),
    beta2: fc.double({ min: 0, max: 0.999, noNaN: true }),
    epsilon: fc.double({ min: 1e-8, max: 1, noNaN: true }),
    weightDecay: fc.double({ min: 0, max: 0.1, noNaN: true }),
    low: fc.constantFrom(-Infinity, -0.5),
    high: fc.constantFrom(0.5, Infinity),
  });
  const start = fc.float({ min: -1, max: 1, noNaN: true });
  // More than decay can take from it: Adam's step is no smooth function of a gradient near 0.
  const gradients = fc.array(fc.float({ min: 1, max: 10, noNaN: true }), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(fc.property(start, gradients, fc.boolean(), adam, (z, gradients, down, options) => {
    const { rate, beta1, beta2, epsilon, weightDecay, low, high } = options;
    using latent = Vector.from(Float32Array.of(z, z), "float32", device);
    using first = new Vector(2, "float32", device);
    using second = new Vector(2, "float32", device);
    let expected = z, m = 0, s = 0;
    gradients.forEach((size, i) => {
      const given = down ? -size : size;
      using gradient = Vector.from(Float32Array.of(given, given), "float32", device);
      descendAdam(latent, first, second, gradient, { ...options, step: i + 1 });
      const g = given + weightDecay * expected;
      m = beta1 * m + (1 - beta1) * g;
      s = beta2 * s + (1 - beta2) * g * g;
      const [mean, square] = [m / (1 - beta1 ** (i + 1)), s / (1 - beta2 ** (i + 1))];
      expected -= rate * mean / (Math.sqrt(square) + epsilon);
      expected = Math.min(high, Math.max(low, expected));
    });
    for (const got of latent.download()) {
      const tolerance = 1e-4 * (1 + Math.abs(expected));
      assert.ok(Math.abs(got - expected) < tolerance, `${got}, expected ${expected}`);
    }
  }));
});

Deno.test("descendAdam() moves by the rate when the step is the first", () => {
  const g = [1e-3, -5, 40];
  using latent = new Vector(3, "float32", device);
  using first = new Vector(3, "float32", device);
  using second = new Vector(3, "float32", device);
  using gradient = Vector.from(Float32Array.from(g), "float32", device);
  descendAdam(latent, first, second, gradient, { rate: 0.5, step: 1 });
  latent.download().forEach((z, i) => assert.ok(Math.abs(z + 0.5 * Math.sign(g[i]!)) < 1e-4));
});

Deno.test("descendAdam() keeps a NaN, and refuses bounds that are out of order, when it clips", () => {
  using latent = new Vector(2, "float32", device);
  using first = new Vector(2, "float32", device);
  using second = new Vector(2, "float32", device);
  using gradient = Vector.from(Float32Array.of(NaN, -1), "float32", device);
  const update = (low: number, high: number) =>
    descendAdam(latent, first, second, gradient, { rate: 5, step: 1, low, high });
  assert.throws(() => update(1, 0), /low, high: 1, 0, expected low <= high/);
  assert.deepEqual([...latent.download()], [0, 0]);
  update(0, 1);
  assert.deepEqual([...latent.download()], [NaN, 1]);
});
