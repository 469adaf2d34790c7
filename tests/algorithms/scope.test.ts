// Kept counts: n − int(s · n), for each layer or for the network.
import assert from "node:assert/strict";
import { keptSegments } from "../../src/algorithms/scope.ts";
import { segmentsOf } from "../../src/networks/network.ts";

const segments = segmentsOf([
  { kind: "linear", inputs: 7, outputs: 3 },
  { kind: "linear", inputs: 3, outputs: 5 },
]);

Deno.test("scope layer keeps n_l − int(s · n_l) of each layer, scope global n − int(s · n) of all", () => {
  assert.deepEqual(keptSegments(segments, 0.5, "layer"), [
    { offset: 0, length: 21, kept: 11 },
    { offset: 21, length: 15, kept: 8 },
  ]);
  assert.deepEqual(keptSegments(segments, 0.7, "global"), [{ offset: 0, length: 36, kept: 11 }]);
  assert.deepEqual(keptSegments(segments, 0, "global"), [{ offset: 0, length: 36, kept: 36 }]);
});
