// The generators give PyTorch's numbers: those below came from torch.Generator().manual_seed(s) of PyTorch 1.13.
import assert from "node:assert/strict";
import { device } from "../library.ts";
import { Generator, Vector } from "../../src/native/mod.ts";

const bits = (vector: Vector) => [...new Uint32Array(vector.download().buffer)];

Deno.test("Generator.normal() gives the bits of torch.randn when the draw is short", () => {
  using generator = new Generator(0);
  using short = new Vector(5, "float32", device);
  generator.normal(short);
  assert.deepEqual(bits(short), [1069891420, 3197516880, 3221975369, 1058112694, 3213545889]);

  using again = new Generator(0);
  using double = new Vector(5, "float64", device);
  again.normal(double);
  assert.deepEqual([...double.download()], [
    1.5409961082440433,
    -0.2934289057609464,
    -2.1787893820745574,
    0.5684312772806678,
    -1.084522342424021,
  ]);
});

Deno.test("Generator.normal() gives torch.randn to the last bits when the draw is long and vectorised", () => {
  using generator = new Generator(7);
  using long = new Vector(40, "float32", device);
  generator.normal(long);
  const expected = new Float32Array(
    Uint32Array.of(3209819222, 1053462571, 1063657182, 3216095032).buffer,
  );
  long.download(0, 4).forEach((x, i) => assert.ok(Math.abs(x - expected[i]!) < 1e-6, `${x}`));
});

Deno.test("Generator.uniform() gives the bits of torch.rand and uniform_(low, high) when it draws", () => {
  using generator = new Generator(3);
  using unit = new Vector(6, "float32", device);
  generator.uniform(unit);
  assert.deepEqual(bits(unit), [
    999011584,
    1037579456,
    1049778674,
    1021104224,
    1056012144,
    1031158912,
  ]);

  using other = new Generator(9);
  using within = new Vector(20, "float32", device);
  other.uniform(within, -0.25, 0.25);
  assert.deepEqual(bits(within).slice(0, 3), [1033864696, 3184179856, 3156521024]);
  assert.deepEqual(bits(within).slice(-2), [3168168528, 1032238724]);
});

Deno.test("Generator.permutation() and integers() give torch.randperm and random_(0, high) when they draw", () => {
  using generator = new Generator(1);
  using order = new Vector(10, "int64", device);
  generator.permutation(order);
  assert.deepEqual([...order.download()].map(Number), [5, 6, 1, 2, 0, 8, 9, 3, 7, 4]);

  using other = new Generator(5);
  using small = new Vector(8, "uint8", device);
  other.integers(small, 9);
  assert.deepEqual([...small.download()], [8, 3, 7, 3, 8, 7, 1, 2]);
});

Deno.test("Generator.normal() goes on where the last draw ended when it draws again", () => {
  using generator = new Generator(123);
  using first = new Vector(3, "float32", device);
  using normal = new Vector(17, "float32", device);
  using order = new Vector(5, "int64", device);
  generator.uniform(first);
  generator.normal(normal);
  generator.permutation(order);
  assert.deepEqual(bits(first), [1050123260, 1057242477, 1048632060]);
  assert.deepEqual([...order.download()].map(Number), [1, 3, 0, 4, 2]);
});

Deno.test("Generator.normal() leaves the rest of the vector as it is when a range is given", () => {
  using generator = new Generator(3);
  using vector = new Vector(8, "float32", device);
  generator.uniform(vector, 0, 1, 1, 6);
  assert.deepEqual(bits(vector).slice(1, 4), [999011584, 1037579456, 1049778674]);
  assert.equal(vector.download(0, 1)[0], 0);
  assert.equal(vector.download(7, 1)[0], 0);
});

Deno.test("Generator.restore() goes on with the other's draws, the cached normal included, when that was saved", () => {
  using one = new Generator(5);
  using three = new Vector(3, "float64", device);
  one.normal(three); // in pairs: a fourth is kept for the next draw
  const state = one.save();
  using other = new Generator(6);
  other.restore(state);
  using here = new Vector(700, "float64", device);
  using there = new Vector(700, "float64", device);
  for (let round = 0; round < 3; round++) {
    one.normal(here, 1, 0, 1 + 2 * round);
    one.uniform(here);
    other.normal(there, 1, 0, 1 + 2 * round);
    other.uniform(there);
    assert.deepEqual(here.download(), there.download());
  }
  one.restore(state);
  one.normal(here, 1, 0, 1);
  other.restore(state);
  other.normal(there, 1, 0, 1);
  assert.equal(here.download(0, 1)[0], there.download(0, 1)[0]);
});

Deno.test("Generator.restore() refuses the bytes and stays as it was when they are no generator's state", () => {
  using generator = new Generator(5);
  using plain = new Generator(5);
  const state = generator.save(), words = new Uint32Array(state.buffer);
  assert.throws(() => generator.restore(state.slice(1)), /length: 5055, expected 5056/);
  assert.throws(() => generator.restore(new Uint8Array(5056)), /state: not that of a generator/);
  // Two counters of the engine, each within bounds, that together lead beyond its 624 words: the first words after the
  // seed are `left` (an int) and, after what says that it was seeded, `next`.
  const left = words.indexOf(1, 2);
  for (let at = left; at < left + 6; at++) {
    const broken = new Uint32Array(words);
    broken[left] = 600;
    broken[at] = 600;
    try {
      generator.restore(new Uint8Array(broken.buffer));
    } catch {
      continue;
    }
    using many = new Vector(2000, "float64", device);
    generator.uniform(many); // reads no word beyond
    generator.restore(state);
  }
  using here = new Vector(10, "float32", device);
  using there = new Vector(10, "float32", device);
  generator.uniform(here);
  plain.uniform(there);
  assert.deepEqual(here.download(), there.download());
});
