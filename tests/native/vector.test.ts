// What is done to every element: the sigmoid, and the nearest binary vector with a gain.
import assert from "node:assert/strict";
import fc from "fast-check";
import { device } from "../library.ts";
import { setThreads, Vector } from "../../src/native/mod.ts";

const f = Math.fround;
const values = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), {
  minLength: 1,
  maxLength: 90,
}).map((values) => Float32Array.from(values));

Deno.test("Vector.sigmoid() gives 1 / (1 + exp(−x)) in both precisions when a range is given", () => {
  fc.assert(fc.property(values, fc.nat({ max: 30 }), (x, offset) => {
    using single = Vector.from(x, "float32", device);
    using double = Vector.from(Float64Array.from(x), "float64", device);
    const from = Math.min(offset, x.length);
    single.sigmoid(from);
    double.sigmoid(from);
    const [singles, doubles] = [single.download(), double.download()];
    x.forEach((x, i) => {
      const expected = i < from ? x : 1 / (1 + Math.exp(-x));
      assert.ok(
        Math.abs(singles[i]! - expected) <= 1e-6 * Math.abs(expected) + 1e-38,
        `${singles[i]}`,
      );
      assert.ok(Math.abs(doubles[i]! - expected) <= 1e-14 * Math.abs(expected), `${doubles[i]}`);
    });
  }));
});

Deno.test("Vector.fill(), zero(), complement() and negate() do as they say when values are NaN or infinite too, in both precisions", () => {
  for (const dtype of ["float32", "float64"] as const) {
    using vector: Vector<"float32" | "float64"> = new Vector(4, dtype, device);
    const ofType = (...values: number[]) =>
      dtype === "float32" ? Float32Array.from(values) : Float64Array.from(values);
    vector.upload(ofType(0, 1, 0.25, -3));
    vector.complement();
    assert.deepEqual(vector.download(), ofType(1, 0, 0.75, 4));
    vector.negate();
    assert.deepEqual(vector.download(), ofType(-1, -0, -0.75, -4));
    vector.upload(ofType(NaN, -Infinity, NaN, -2));
    vector.fill(0.5, 1, 2);
    assert.deepEqual(vector.download(), ofType(NaN, 0.5, 0.5, -2));
    vector.zero();
    assert.deepEqual(vector.download(), ofType(0, 0, 0, 0));
  }
});

Deno.test("Vector.upload() and downloadInto() throw when an array has another type or length", () => {
  using vector: Vector<"float32" | "float64"> = new Vector(4, "float64", device);
  vector.fill(1);
  const bytes = new ArrayBuffer(32);
  for (const data of [new Float32Array(bytes, 0, 4), new Float64Array(bytes, 0, 3)]) {
    assert.throws(() => vector.downloadInto(data), RangeError);
  }
  assert.throws(() => vector.upload(new Float32Array(bytes, 0, 4)), RangeError);
  assert.deepEqual(new Float64Array(bytes), new Float64Array(4));
  assert.deepEqual([...vector.download()], [1, 1, 1, 1]);
  vector.downloadInto(new Float64Array(bytes));
  assert.deepEqual(new Float64Array(bytes), new Float64Array(4).fill(1));
});

Deno.test("Vector.binarise() gives the signs times the mean magnitude of what is not 0 when a range is given", () => {
  const withZeros = fc.tuple(values, fc.array(fc.boolean(), { minLength: 90, maxLength: 90 }))
    .map(([x, zero]) => x.map((x, i) => zero[i] ? 0 : x));
  fc.assert(fc.property(withZeros, fc.nat({ max: 30 }), (x, offset) => {
    using vector = Vector.from(x, "float32", device);
    const from = Math.min(offset, x.length);
    vector.binarise(from);
    const magnitudes = [...x.slice(from)].map(Math.abs).filter((x) => x > 0);
    const gain = magnitudes.reduce((sum, x) => sum + x, 0) / magnitudes.length;
    const expected = x.map((x, i) => i < from || x === 0 ? x : Math.sign(x) * f(gain));
    assert.deepEqual(vector.download().map((x) => x + 0), expected.map((x) => x + 0));
  }));
});

Deno.test("Vector.binarise() gives the nearest α s of all s in {−1, 1}^n when no entry is 0", () => {
  const x = Float32Array.of(0.3, -1.2, 0.7, 2), n = x.length;
  using vector = Vector.from(x, "float32", device);
  vector.binarise();
  const distance = (b: ArrayLike<number>) => x.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0);
  const best = distance(vector.download());
  for (let signs = 0; signs < 1 << n; signs++) {
    for (let gain = 0; gain < 3; gain += 0.05) {
      const other = Array.from({ length: n }, (_, i) => signs >> i & 1 ? gain : -gain);
      assert.ok(distance(other) >= best - 1e-6);
    }
  }
});

Deno.test("Vector.centre() takes the mean off a range and leaves the rest when a range is given", () => {
  fc.assert(fc.property(values, fc.nat({ max: 30 }), (x, offset) => {
    using vector = Vector.from(x, "float32", device);
    const from = Math.min(offset, x.length), part = x.slice(from);
    vector.centre(from);
    const mean = f(part.reduce((sum, x) => sum + x, 0) / part.length);
    assert.deepEqual(vector.download(), x.map((x, i) => i < from ? x : x - mean));
  }));
});

Deno.test("Vector.clipNorm() shortens a vector when it is longer, keeps its direction, and leaves a shorter one as it is", () => {
  fc.assert(fc.property(values, fc.constantFrom(1e-3, 1, 3, 1e6), (x, max) => {
    using vector = Vector.from(x, "float32", device);
    const norm = Math.hypot(...x), factor = Math.min(1, max / (norm + 1e-6));
    vector.clipNorm(max);
    const found = vector.download();
    if (factor === 1) assert.deepEqual(found, x);
    found.forEach((value, i) =>
      assert.ok(Math.abs(value - factor * x[i]!) <= 1e-6 * Math.abs(x[i]!) + 1e-44)
    );
    assert.ok(Math.hypot(...found) <= max * (1 + 1e-5));
  }));
});

Deno.test("Vector.binarise(), centre() and clipNorm() give the same bytes when any number of threads computes", () => {
  const x = Float32Array.from({ length: 100_001 }, (_, i) => Math.sin(i) * 10 ** (i % 7 - 3));
  const made = (threads: number, make: (vector: Vector) => void) => {
    setThreads(threads);
    using vector = Vector.from(x, "float32", device);
    make(vector);
    return vector.download();
  };
  const changes = [
    (x: Vector) => x.binarise(),
    (x: Vector) => x.centre(),
    (x: Vector) => x.clipNorm(0.7),
  ];
  for (const make of changes) assert.deepEqual(made(3, make), made(1, make));
  setThreads(1);
});
