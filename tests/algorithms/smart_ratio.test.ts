// Smart ratios: the paper's proportions where no layer is full, the right total everywhere.
import assert from "node:assert/strict";
import fc from "fast-check";
import { smartRatioSegmentsOf } from "../../src/algorithms/smart_ratio.ts";
import { segmentsOf } from "../../src/networks/network.ts";

const network = (sizes: readonly number[]) =>
  segmentsOf(sizes.map((inputs) => ({ kind: "linear", inputs, outputs: 10 } as const)));
const keptOf = (sizes: readonly number[], sparsity: number, last = 0.3) =>
  smartRatioSegmentsOf(network(sizes), sparsity, last).map(({ kept }) => kept);

Deno.test("smartRatio keeps 20 : 12 : 6, and 30% of the last layer, when layers have one size", () => {
  // Four layers of 10,000: 4,000 are kept of 40,000, of which 3,000 by the last, 1,000 · 20/38 by the first, …
  assert.deepEqual(keptOf([1000, 1000, 1000, 1000], 0.9), [526, 316, 158, 3000]);
});

Deno.test("smartRatio keeps more in proportion to the size when a layer is larger", () => {
  // 2 layers and the last: ratios 12 and 6; of 30,000 + 10,000 + 10,000, 5,000 kept, 3,000 by the last.
  // 2,000 = c (30,000 · 12 + 10,000 · 6), so 1,714.3 and 285.7.
  assert.deepEqual(keptOf([3000, 1000, 1000], 0.9), [1714, 286, 3000]);
});

Deno.test("smartRatio gives a layer's surplus to the others when the layer is full", () => {
  assert.deepEqual(keptOf([10, 1000, 1000], 0.5), [100, 6950, 3000]);
  assert.deepEqual(keptOf([10, 10, 100], 0.1), [100, 100, 880]);
  assert.deepEqual(keptOf([10, 10, 10], 0), [100, 100, 100]);
});

Deno.test("smartRatio keeps n − int(s · n) in all, with ratios that fall with depth, when sizes are any", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(
      sizes,
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (sizes, sparsity, last) => {
        const kept = keptOf(sizes, sparsity, last), n = 10 * sizes.reduce((a, b) => a + b);
        assert.equal(kept.reduce((a, b) => a + b), n - Math.trunc(sparsity * n));
        kept.forEach((kept, l) => assert.ok(kept >= 0 && kept <= 10 * sizes[l]!));
        for (let l = 1; l < sizes.length - 1; l++) { // to within one weight
          assert.ok(
            (kept[l]! - 1) / (10 * sizes[l]!) <= (kept[l - 1]! + 1) / (10 * sizes[l - 1]!),
            `${kept}`,
          );
        }
      },
    ),
    { seed: 1 },
  );
});
