// The projection against its definition by sorting, on values chosen to tie, to saturate and to be extreme.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type KeptSegment,
  NativeError,
  type ProjectionOptions,
  projectTopK,
  Vector,
} from "../../src/native/mod.ts";
import { byKernels, device } from "../library.ts";

const f = Math.fround;

/** min(1, size / 2τ), τ the `kept`-th largest of the ascending sizes. */
function relativeToThreshold(size: number, ascending: readonly number[], kept: number): number {
  if (size === Infinity || kept === ascending.length) return 1;
  if (kept === 0) return 0;
  const tau = ascending.at(-kept)!;
  if (tau === Infinity) return 0;
  return tau === 0 ? 1 : Math.min(1, f(f(size / tau) / 2));
}

/** Sort ascending and stably, drop the first entries, drop what does not exceed the floor, mix with what is relaxed. */
function bySorting(
  values: Float32Array,
  segments: readonly KeptSegment[],
  { by, floor = -Infinity, alpha = 1, low = -Infinity, high = Infinity, relaxation }:
    ProjectionOptions,
  before: Float32Array,
): Float32Array {
  const mask = Float32Array.from(before);
  const compared = (i: number) => by === "magnitude" ? Math.abs(values[i]!) : values[i]!;
  for (const { offset, length, kept } of segments) {
    const order = Array.from({ length }, (_, i) => offset + i);
    order.sort((a, b) => compared(a) < compared(b) ? -1 : compared(a) > compared(b) ? 1 : a - b);
    const ones = new Set(
      order.slice(length - kept).filter((i) => floor === -Infinity || compared(i) > f(floor)),
    );
    const ascending = order.map(compared);
    for (const i of order) {
      const bit = ones.has(i) ? f(alpha) : 0;
      const rest = f(1 - f(alpha));
      if (rest === 0) {
        mask[i] = bit;
        continue;
      }
      const relaxed = relaxation === "relative"
        ? relativeToThreshold(compared(i), ascending, kept)
        : Math.min(high, Math.max(low, values[i]!));
      mask[i] = f(f(rest * relaxed) + bit);
    }
  }
  return mask;
}

function check(
  values: Float32Array<ArrayBuffer>,
  segments: readonly KeptSegment[],
  options: ProjectionOptions,
) {
  using vector = Vector.from(values, "float32", device);
  using mask = Vector.from(new Float32Array(values.length).fill(-7), "float32", device);
  projectTopK(vector, segments, options, mask);
  const expected = bySorting(values, segments, options, new Float32Array(values.length).fill(-7));
  // −0 and 0 are the same number to whoever reads them
  assert.deepEqual(mask.download().map((x) => x + 0), expected.map((x) => x + 0));
}

const value = fc.oneof(
  fc.float({ noNaN: true }),
  fc.constantFrom(0, -0, 0.5, 1, -1, Infinity, -Infinity, f(1e-45), f(-1e-45), f(0.5 + 2 ** -24)),
  fc.integer({ min: -3, max: 3 }),
);

// Cuts [0, n) at random places into segments, some of them left out, each with a random number of ones.
const problem = fc.array(value, { minLength: 1, maxLength: 300 }).chain((values) =>
  fc.record({
    values: fc.constant(Float32Array.from(values)),
    cuts: fc.uniqueArray(fc.integer({ min: 0, max: values.length }), { maxLength: 5 }),
    shares: fc.array(fc.constantFrom(0, 1, 0.3, 0.5, 0.9), { minLength: 6, maxLength: 6 }),
    left: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
    options: fc.record({
      by: fc.constantFrom("value" as const, "magnitude" as const),
      relaxation: fc.constantFrom("clipped" as const, "relative" as const),
      floor: fc.constantFrom(-Infinity, -1, -0, 0, 0.5, 2, Infinity),
      alpha: fc.constantFrom(1, 0, 0.25, f(0.7)),
      low: fc.constantFrom(-Infinity, 0),
      high: fc.constantFrom(Infinity, 1),
    }),
  })
).filter(({ values, options: { by, relaxation, alpha } }) =>
  relaxation === "relative" ? by === "magnitude" : alpha === 1 || values.every(Number.isFinite)
);

Deno.test("projectTopK() agrees with sorting when there are ties, floors, mixes, both orders and several segments", () => {
  fc.assert(
    fc.property(problem, ({ values, cuts, shares, left, options }) => {
      const ends = [0, ...cuts.toSorted((a, b) => a - b), values.length];
      const segments = ends.slice(1).map((end, i) => {
        const length = end - ends[i]!;
        return { offset: ends[i]!, length, kept: Math.round(length * shares[i]!) };
      }).filter((_, i) => !left[i]);
      check(values, segments, options);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("projectTopK() agrees with sorting when vectors are long and change as in training", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      fc.integer({ min: 20_000, max: 70_000 }),
      fc.constantFrom("smooth", "saturated", "coarse", "equal", "ascending"),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom("value" as const, "magnitude" as const),
      fc.constantFrom(-Infinity, 0.5),
      fc.boolean(),
      (seed, length, shape, share, by, floor, relative) => {
        let state = seed;
        const draw = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
        const values = Float32Array.from({ length }, (_, i) => {
          switch (shape) {
            case "smooth":
              return draw() - 0.5;
            case "saturated": // most latents at the ends of the box
              return Math.min(1, Math.max(0, 3 * draw() - 1));
            case "coarse":
              return Math.floor(draw() * 8) / 8;
            case "equal":
              return 0.75;
            default:
              return i;
          }
        });
        const kept = Math.round(share * length), half = Math.floor(length / 2);
        check(values, [{ offset: 0, length, kept }], { by, floor });
        check(values, [
          { offset: 0, length: half, kept: Math.min(half, kept) },
          { offset: half, length: length - half, kept: Math.floor(share * (length - half)) },
        ], {
          by,
          floor,
          alpha: 0.5,
          ...relative && by === "magnitude" ? { relaxation: "relative" } : {},
        });
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("projectTopK() agrees with the definition when millions of entries have ties", () => {
  const length = (1 << 22) + 777;
  let state = 1;
  const values = Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % 5000 / 5000;
  });
  using vector = Vector.from(values, "float32", device);
  using mask = new Vector(length, "float32", device);
  for (const share of [0, 0.1, 0.5, 1]) {
    const kept = Math.round(share * length);
    projectTopK(vector, [{ offset: 0, length, kept }], { by: "value" }, mask);
    const got = mask.download(), least = values.toSorted()[length - kept] ?? Infinity;
    let ties = kept - values.reduce((sum, value) => sum + Number(value > least), 0);
    for (let i = length; i-- > 0;) { // of equal ones the last are kept
      const value = values[i]!, wanted = value > least || (value === least && ties-- > 0);
      if (got[i] !== Number(wanted)) assert.fail(`${got[i]} at ${i} of ${kept} kept`);
    }
  }
});

Deno.test("projectTopK() relaxes an entry at the threshold to 1/2 and one of twice its magnitude to 1 when relaxed relative to it", () => {
  const relaxed = (values: number[], kept: number, alpha = 0) => {
    using vector = Vector.from(Float32Array.from(values), "float32", device);
    using mask = new Vector(values.length, "float32", device);
    const segments = [{ offset: 0, length: values.length, kept }];
    projectTopK(vector, segments, { by: "magnitude", relaxation: "relative", alpha }, mask);
    return [...mask.download()];
  };
  assert.deepEqual(relaxed([-2, 1, 4, -8, 0.5], 3), [0.5, 0.25, 1, 1, 0.125]);
  assert.deepEqual(relaxed([-2, 1, 4, -8, 0.5], 3, 0.5), [0.75, 0.125, 1, 1, 0.0625]);
  assert.deepEqual(relaxed([-2, 1, 4, -8, 0.5], 3, 1), [1, 0, 1, 1, 0]);
  assert.deepEqual(relaxed([-2, 1, 2, -2, 0.5], 1), [0.5, 0.25, 0.5, 0.5, 0.125]); // ties at it
  assert.deepEqual(relaxed([-2, 1, 2, -2, 0.5], 1, 0.5), [0.25, 0.125, 0.25, 0.75, 0.0625]);
  assert.deepEqual(relaxed([1, -0, 3], 3), [1, 1, 1]); // all are kept
  assert.deepEqual(relaxed([1, -0, 3], 0), [0, 0, 0]); // none is
  assert.deepEqual(relaxed([0, -0, 0], 1), [1, 1, 1]); // all are at a threshold of 0
  assert.deepEqual(relaxed([0, -0, 3], 2), [1, 1, 1]);
  assert.deepEqual(relaxed([Infinity, 1, -Infinity], 1), [1, 0, 1]);
  const [tiny, huge] = [f(1e-45), f(3e38)];
  assert.deepEqual(relaxed([tiny, 0, -2 * tiny], 2), [0.5, 0, 1]);
  assert.deepEqual(relaxed([huge, huge, tiny], 1), [0.5, 0.5, 0]); // twice of it is no float
});

// By the kernels it stays in the mask, and so in the loss: to look for it would be to wait for the device in every step.
Deno.test("projectTopK() refuses or keeps a NaN when the values have one anywhere and any number is kept", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.constantFrom(0, 0.5, 1),
      fc.constantFrom("value" as const, "magnitude" as const),
      fc.constantFrom(1, 0.5),
      fc.constantFrom("clipped" as const, "relative" as const),
      (length, at, share, by, alpha, relaxation) => {
        const values = new Float32Array(length).fill(1);
        const place = Math.floor(at * length);
        values[place] = NaN;
        using vector = Vector.from(values, "float32", device);
        using mask = new Vector(length, "float32", device);
        const kept = Math.round(share * length);
        const options = by === "magnitude" ? { by, alpha, relaxation } : { by, alpha };
        const project = () => projectTopK(vector, [{ offset: 0, length, kept }], options, mask);
        if (byKernels) {
          project();
          assert.ok(Number.isNaN(mask.download(place, 1)[0]));
          return;
        }
        assert.throws(
          project,
          (error) => error instanceof NativeError && error.status === "not-a-number",
        );
      },
    ),
  );
});

Deno.test("projectTopK() refuses segments by name when they overlap, reach too far or keep too many", () => {
  using values = new Vector(10, "float32", device);
  using mask = new Vector(10, "float32", device);
  const wrong: KeptSegment[][] = [
    [{ offset: 0, length: 11, kept: 1 }],
    [{ offset: 0, length: 5, kept: 6 }],
    [{ offset: 0, length: 5, kept: -1 }],
    [{ offset: -1, length: 5, kept: 1 }],
    [{ offset: 0, length: 5, kept: 1 }, { offset: 4, length: 5, kept: 1 }],
  ];
  for (const segments of wrong) {
    assert.throws(
      () => projectTopK(values, segments, { by: "value" }, mask),
      /^NativeError: .*segments/,
    );
  }
  assert.throws(() => projectTopK(values, [], { by: "value", alpha: 1.5 }, mask), /alpha/);
  assert.throws(() => projectTopK(values, [], { by: "value", floor: NaN }, mask), /floor/);
  assert.throws(
    () => projectTopK(values, [], { by: "value", relaxation: "relative" }, mask),
    /relaxation/,
  );
  assert.throws(() => projectTopK(values, [], { by: "value" }, values), /mask/);
});
