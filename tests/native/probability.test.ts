// Masks that are drawn: the noise against Philox's published answers, the relaxation against float64 and differences, the
// capped simplex against bisection and the conditions that tell its one solution.
import assert from "node:assert/strict";
import fc from "fast-check";
import { device } from "../library.ts";
import {
  drawNoise,
  projectCappedSimplex,
  relaxMask,
  setThreads,
  Vector,
} from "../../src/native/mod.ts";
import { noiseAt, philox } from "./philox.ts";

const f = Math.fround;

/** The noise of a vector of that length. */
function drawn(length: number, key: number, draw: number): Float32Array {
  using vector = new Vector(length, "float32", device);
  drawNoise(vector, key, draw);
  return vector.download();
}

Deno.test("philox() gives the published answers when it has Random123's known inputs", () => {
  const half = (1n << 32n) - 1n; // Random123's kat_vectors
  assert.deepEqual(philox([0n, 0n, 0n, 0n], [0n, 0n]), [
    0x6627e8d5n,
    0xe169c58dn,
    0xbc57ac4cn,
    0x9b00dbd8n,
  ]);
  assert.deepEqual(philox([half, half, half, half], [half, half]), [
    0x408f276dn,
    0x41c83b0en,
    0xa20bc7c6n,
    0x6d5451fdn,
  ]);
  assert.deepEqual(
    philox([0x243f6a88n, 0x85a308d3n, 0x13198a2en, 0x03707344n], [0xa4093822n, 0x299f31d0n]),
    [0xd16cfe09n, 0x94fdccebn, 0x5001e420n, 0x24126ea1n],
  );
});

Deno.test("drawNoise() gives Philox of key, draw and index when the vector has any length", () => {
  const number = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(0, 2 ** 32, 2 ** 53));
  fc.assert(fc.property(number, number, fc.integer({ min: 0, max: 70 }), (key, draw, length) => {
    const expected = Array.from({ length }, (_, place) => noiseAt(place, key, draw));
    assert.deepEqual([...drawn(length, key, draw)], expected);
  }));
});

Deno.test("drawNoise() gives the same uniform numbers within (0, 1) when any number of threads computes", () => {
  const length = 100_003, first = drawn(length, 7, 3);
  setThreads(3);
  const again = drawn(length, 7, 3);
  setThreads(1);
  assert.deepEqual(again, first);
  for (const place of [0, 1, 50_001, length - 1]) {
    assert.equal(first[place], noiseAt(place, 7, 3));
  }
  // Kolmogorov's distance, with its value at a level of 1e−6; and no likeness to the next draw or key.
  const sorted = first.toSorted();
  const distance = sorted.reduce((most, u, i) => Math.max(most, Math.abs(u - i / length)), 0);
  assert.ok(distance < 2.7 / Math.sqrt(length), `${distance}`);
  for (const other of [drawn(length, 7, 4), drawn(length, 8, 3)]) {
    const product = first.reduce((sum, u, i) => sum + (u - 0.5) * (other[i]! - 0.5), 0);
    assert.ok(Math.abs(12 * product / length) < 5 / Math.sqrt(length));
  }
});

const aside = 1e-20;

/** In float64: the mask, and its slope by the formula. */
function relaxed(p: number, u: number, temperature: number): [mask: number, slope: number] {
  const logit = Math.log(p + aside) - Math.log(1 - p + aside);
  const x = (logit + Math.log(u) - Math.log1p(-u)) / temperature;
  const mask = 1 / (1 + Math.exp(-x)), rest = 1 / (1 + Math.exp(x));
  return [mask, mask * rest / temperature * (1 / (p + aside) + 1 / (1 - p + aside))];
}

const unit = fc.double({ min: 0, max: 1, noNaN: true });
const open = fc.integer({ min: 0, max: 2 ** 23 - 1 }).map((i) => (i + 0.5) / 2 ** 23);

function relaxing(p: readonly number[], u: readonly number[], temperature: number) {
  using probability = Vector.from(Float32Array.from(p), "float32", device);
  using uniform = Vector.from(Float32Array.from(u), "float32", device);
  using mask = new Vector(p.length, "float32", device);
  using slope = new Vector(p.length, "float32", device);
  relaxMask(probability, uniform, temperature, mask, slope);
  return { mask: mask.download(), slope: slope.download() };
}

Deno.test("relaxMask() gives the formula's mask and slope when probabilities lie in [0, 1], ends included", () => {
  const pairs = fc.array(fc.tuple(fc.oneof(unit, fc.constantFrom(0, 1)), open), {
    minLength: 1,
    maxLength: 40,
  });
  const temperatures = fc.double({ min: 0.01, max: 2, noNaN: true });
  fc.assert(fc.property(pairs, temperatures, (pairs, temperature) => {
    const p = pairs.map(([p]) => f(p)), u = pairs.map(([, u]) => u);
    const { mask, slope } = relaxing(p, u, temperature);
    p.forEach((p, i) => {
      const [m, s] = relaxed(p, u[i]!, temperature);
      // Rounding of a logarithm of up to 60, made larger by the temperature.
      const share = 1e-5 / temperature;
      assert.ok(Math.abs(mask[i]! - m) <= share * m * (1 - m) * 10 + 1e-6, `${mask[i]} ${m}`);
      assert.ok(Math.abs(slope[i]! - s) <= share * s * 10 + 1e-6, `${slope[i]}, expected ${s}`);
    });
  }));
});

Deno.test("relaxMask() gives the slope of finite differences when the temperature is 1 or 0.3", () => {
  for (const temperature of [1, 0.3]) {
    for (const p of [0.1, 0.5, 0.8]) {
      for (const u of [0.2, 0.5, 0.9]) {
        const h = 2 ** -9, { mask } = relaxing([f(p) - h, f(p) + h], [u, u], temperature);
        const [slope] = relaxing([p], [u], temperature).slope;
        assert.ok(Math.abs((mask[1]! - mask[0]!) / (2 * h) - slope!) < 2e-3 * (1 + slope!));
      }
    }
  }
});

Deno.test("relaxMask() gives 1 as often as the probability says when the temperature falls", () => {
  const n = 20_000, u = drawn(n, 1, 0);
  for (const p of [0.1, 0.5, 0.9]) {
    const { mask } = relaxing(Array(n).fill(p), [...u], 0.001);
    const share = mask.filter((m) => m > 0.5).length / n;
    assert.ok(Math.abs(share - p) < 5 * Math.sqrt(p * (1 - p) / n), `${share}`);
    assert.ok(mask.filter((m) => m > 0.01 && m < 0.99).length < 0.02 * n);
  }
});

/** Σ clip(x − v, 0, 1) in float64. */
const mass = (x: ArrayLike<number>, v: number) =>
  Array.from(x).reduce((sum, x) => sum + Math.min(1, Math.max(0, x - v)), 0);

/** The v of the projection, by bisection. */
function shift(x: ArrayLike<number>, most: number): number {
  if (mass(x, 0) <= most) return 0;
  let low = 0, high = Math.max(...Array.from(x));
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (mass(x, middle) > most) low = middle;
    else high = middle;
  }
  return high;
}

function projected(x: Float32Array<ArrayBuffer>, most: number): Float32Array {
  using vector = Vector.from(x, "float32", device);
  projectCappedSimplex(vector, [{ offset: 0, length: x.length, kept: most }]);
  return vector.download();
}

Deno.test("projectCappedSimplex() gives clip(x − v, 0, 1) with bisection's v when the sum is too large", () => {
  const values = fc.array(
    fc.oneof(
      fc.double({ min: -2, max: 3, noNaN: true }),
      fc.constantFrom(0, 1, 0.5, -1, 2),
      fc.double({ min: 0.49, max: 0.51, noNaN: true }),
    ),
    { minLength: 1, maxLength: 200 },
  ).map((values) => Float32Array.from(values));
  fc.assert(fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (x, share) => {
    const most = Math.floor(share * x.length), got = projected(x, most), v = shift(x, most);
    const sum = got.reduce((sum, x) => sum + x, 0);
    assert.ok(sum <= most + 1e-5 * x.length, `${sum} of at most ${most}`);
    if (v > 0) assert.ok(sum >= most - 1.1e-3, `${sum}, expected ${most}`);
    x.forEach((x, i) => assert.ok(Math.abs(got[i]! - Math.min(1, Math.max(0, x - v))) < 1.1e-3));
  }));
});

Deno.test("projectCappedSimplex() meets the sum with one v when the vector is large, with any number of threads", () => {
  // What is missing of the sum is as far as float32 tells v.
  for (const [n, missing] of [[300_000, 0.01], [1_300_003, 0.05]] as const) {
    const x = drawn(n, 5, 0).map((u) => 1.2 * u - 0.1), most = 0.3 * n | 0;
    const got = projected(x, most), v = x[0]! - got[0]!;
    setThreads(3);
    const again = projected(x, most);
    setThreads(1);
    assert.deepEqual(again, got);
    const sum = got.reduce((sum, x) => sum + x, 0);
    assert.ok(sum <= most && sum > most - missing, `${sum}, at most ${most}`);
    const distance = (x: number, i: number) => Math.abs(got[i]! - Math.min(1, Math.max(0, x - v)));
    assert.ok(x.every((x, i) => distance(x, i) < 1e-6));
  }
});

Deno.test("projectCappedSimplex() leaves a segment as it is when it is within its budget or not among those given", () => {
  const x = Float32Array.of(0.5, 0.25, 0, 1, 9, 9, 2, -1);
  using vector = Vector.from(x, "float32", device);
  const segments = [{ offset: 0, length: 4, kept: 2 }, { offset: 6, length: 2, kept: 1 }];
  projectCappedSimplex(vector, segments);
  assert.deepEqual([...vector.download()], [0.5, 0.25, 0, 1, 9, 9, 1, 0]);
  assert.deepEqual([...projected(Float32Array.of(0.5, 0.25), 0)], [0, 0]);
  assert.deepEqual([...projected(new Float32Array(0), 0)], []);
});

Deno.test("projectCappedSimplex() ends, and keeps the NaN, when the vector has one", () => {
  for (const x of [[NaN, 1, 1], [1, NaN, 1], [NaN]]) {
    const got = projected(Float32Array.from(x), 1);
    x.forEach((x, i) => assert.equal(Number.isNaN(got[i]), Number.isNaN(x)));
  }
});
