// Kept counts: n − int(s · n), for each layer or for the network.
import assert from "node:assert/strict";
import { annealedSegmentsOf, keptSegmentsOf } from "../../src/algorithms/scope.ts";
import { segmentsOf } from "../../src/networks/network.ts";

const segments = segmentsOf([
  { kind: "linear", inputs: 7, outputs: 3 },
  { kind: "linear", inputs: 3, outputs: 5 },
]);

Deno.test("keptSegmentsOf() keeps n_l − int(s · n_l) of each layer, or n − int(s · n) of all, when the scope is layer or global", () => {
  assert.deepEqual(keptSegmentsOf(segments, 0.5, "layer"), [
    { offset: 0, length: 21, kept: 11 },
    { offset: 21, length: 15, kept: 8 },
  ]);
  assert.deepEqual(keptSegmentsOf(segments, 0.7, "global"), [{ offset: 0, length: 36, kept: 11 }]);
  assert.deepEqual(keptSegmentsOf(segments, 0, "global"), [{ offset: 0, length: 36, kept: 36 }]);
});

Deno.test("keptSegmentsOf() falls from a fraction to k, and never below, when a ramp is given", () => {
  const kept = keptSegmentsOf(segments, 0.5, "layer"); // 11 of 21 and 8 of 15
  const counts = (fraction: number, left: number) =>
    annealedSegmentsOf(kept, fraction, left).map(({ kept }) => kept);
  assert.deepEqual(counts(1, 1), [21, 15]);
  assert.deepEqual(counts(1, 0.5), [16, 12]); // 11 + 10/2, 8 + 7/2
  assert.deepEqual(counts(1, 0), [11, 8]);
  assert.deepEqual(counts(0.6, 1), [13, 9]); // 12.6 and 9
  assert.deepEqual(counts(0.1, 1), [11, 8]);
  assert.deepEqual(annealedSegmentsOf(kept, 0, 1), kept);
});
