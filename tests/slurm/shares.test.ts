// Which task does which runs.
import assert from "node:assert/strict";
import fc from "fast-check";
import { sharesOf } from "../../src/slurm/shares.ts";

Deno.test("sharesOf() puts each run in one task, and leaves none idle, when tasks are limited", () =>
  fc.assert(
    fc.property(fc.nat(300), fc.integer({ min: 1, max: 100 }), (count, most) => {
      const runs = Array.from({ length: count }, (_, i) => `run ${i}`),
        shares = sharesOf(runs, most);
      assert.deepEqual(shares.flat().sort(), runs.toSorted());
      assert.equal(shares.length, Math.min(count, most));
      const sizes = shares.map((share) => share.length);
      if (count > 0) {
        assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1 && Math.min(...sizes) > 0);
      }
    }),
  ));

Deno.test("sharesOf() begins all tasks with the first runs when it deals runs out", () => {
  assert.deepEqual(sharesOf([1, 2, 3, 4, 5, 6, 7], 3), [[1, 4, 7], [2, 5], [3, 6]]);
  assert.deepEqual(sharesOf([1, 2], 1000), [[1], [2]]);
});
