// Ranges of hyper-parameters: what stands at which place of them.
import assert from "node:assert/strict";
import { algorithms } from "../../src/algorithms/registry.ts";
import {
  positionInRange,
  type SearchRange,
  searchSpaceOf,
  valueAt,
} from "../../src/algorithms/space.ts";

Deno.test("valueAt() gives the geometric mean of a logarithmic range and the mean of a linear one when it is asked for the middle", () => {
  assert.equal(valueAt({ log: [0.01, 100] }, 0.5), 1);
  assert.equal(valueAt({ log: [0.01, 100] }, 0), 0.01);
  assert.equal(valueAt({ linear: [2, 4] }, 0.25), 2.5);
  assert.equal(valueAt({ linear: [1, 10] }, 0.5, true), 6);
  assert.equal(valueAt({ log: [1e-300, 1e300] }, 0.5), 1); // whose ratio is no number
  assert.equal(valueAt({ log: [1, 1000] }, 0.123, true), 2);
});

Deno.test("valueAt() gives 0 for its share, and the whole range for the rest, when a range has zeros", () => {
  const range = { log: [1e-4, 1e-2], zero: 0.2 } as const;
  const values = Array.from({ length: 1000 }, (_, i) => valueAt(range, i / 1000) as number);
  assert.equal(values.filter((value) => value === 0).length, 200);
  assert.equal(values[200], 1e-4);
  assert.equal(values[600], 1e-3);
  assert.ok(values[999]! > 9.9e-3);
});

Deno.test("valueAt() gives each value equally often when a range lists values", () => {
  const values = Array.from({ length: 30 }, (_, i) => valueAt({ among: ["a", "b", "c"] }, i / 30));
  for (const one of ["a", "b", "c"]) {
    assert.equal(values.filter((value) => value === one).length, 10);
  }
});

Deno.test("positionInRange() inverts valueAt() to the rounded digits when a value lies in the range", () => {
  const ranges: SearchRange[] = [{ log: [0.01, 10] }, { linear: [0, 1] }, {
    log: [1e-6, 1],
    zero: 0.25,
  }];
  for (const range of ranges) {
    for (const place of [0.3, 0.5, 0.77]) {
      const within = (place - (range.zero ?? 0)) / (1 - (range.zero ?? 0));
      assert.ok(Math.abs(positionInRange(range, valueAt(range, place))! - within) < 0.002);
    }
  }
  assert.equal(positionInRange({ among: [0.98, 0.5, 0.9] }, 0.9), 0.5);
  assert.equal(positionInRange({ among: ["layer", "global"] }, "layer"), undefined);
  assert.equal(positionInRange({ log: [1e-6, 1], zero: 0.25 }, 0), undefined);
});

Deno.test("searchSpaceOf() has valid ranges for rate, momentum and decay when an algorithm learns", () => {
  for (const algorithm of algorithms) {
    const space = searchSpaceOf(algorithm);
    if (!algorithm.learns) continue;
    for (const name of ["learningRate", "momentum", "weightDecay"]) {
      assert.ok(space[name], `${algorithm.name}: ${name}`);
    }
    const { learningRate: { log } } = space as { learningRate: { log: [number, number] } };
    assert.ok(Math.abs(Math.log10(log[1] / log[0]) - 3) < 1e-9, algorithm.name); // as wide for each
    for (const place of [0, 0.1, 0.5, 0.9, 0.9999]) {
      const setting = Object.entries(space).map(([name, range]) => [name, valueAt(range, place)]);
      assert.ok(
        algorithm.parameters.safeParse(Object.fromEntries(setting)).success,
        algorithm.name,
      );
    }
  }
});

Deno.test("valueAt() stays within the range, with digits that distinguish neighbours, when it rounds", () => {
  const ranges: SearchRange[] = [
    { linear: [0.99, 0.9999] },
    { linear: [0.12345, 0.123456] },
    { log: [0.9994, 0.99996] },
    { log: [0.1, 3] },
    { linear: [0.4, 1] },
  ];
  for (const range of ranges) {
    const [low, high] = (range.linear ?? range.log)!;
    for (let i = 0; i < 1000; i++) {
      const value = valueAt(range, i / 1000) as number, place = positionInRange(range, value)!;
      assert.ok(low <= value && value <= high, `${value} of ${low} to ${high}`);
      assert.ok(Math.abs(place - i / 1000) < 0.01, `${value} of ${low} to ${high}`);
    }
  }
});
