// Magnitude pruning: dense training up to the pruning, the largest weights by brute force, and nothing else after it.
import assert from "node:assert/strict";
import type { RunSetup } from "../../src/training/setup.ts";
import { afterSteps, stageOf } from "./stages.ts";

/** Ones at the largest magnitudes of each layer, but for the smallest half. */
function largestHalf(weights: Float32Array, { segments }: RunSetup): number[] {
  const mask = Array<number>(weights.length).fill(0);
  for (const { offset, length } of segments) {
    const order = Array.from({ length }, (_, i) => offset + i)
      .sort((a, b) => Math.abs(weights[a]!) - Math.abs(weights[b]!) || a - b);
    for (const i of order.slice(Math.trunc(0.5 * length))) mask[i] = 1;
  }
  return mask;
}

Deno.test("magnitude.step() trains as dense does when it has not pruned yet, and masks the largest half of each layer", () => {
  using free = new DisposableStack();
  const dense = afterSteps(30, stageOf("dense", {}, free));
  const stage = stageOf("magnitude", { prune: 1 }, free);
  assert.deepEqual(afterSteps(30, stage), dense);
  assert.deepEqual([...stage.learner.mask()!.download()], largestHalf(dense, stage));
});

Deno.test("magnitude.step() keeps removed weights at 0 and trains the others when it has pruned", () => {
  using free = new DisposableStack();
  const dense = stageOf("dense", {}, free), mask = largestHalf(afterSteps(15, dense), dense);
  const before = dense.weights.download();
  const stage = stageOf("magnitude", { prune: 0.5 }, free), weights = afterSteps(30, stage);
  assert.deepEqual([...stage.learner.mask()!.download()], mask);
  let moved = 0;
  weights.forEach((weight, i) => {
    if (mask[i] === 0) assert.equal(Math.abs(weight), 0);
    else if (weight !== before[i]) moved++;
  });
  assert.ok(moved > 0.5 * weights.length / 2, `${moved}`);
});

Deno.test("magnitude.step() trains the initially largest weights when it prunes at the first step", () => {
  using free = new DisposableStack();
  const stage = stageOf("magnitude", { prune: 0 }, free);
  const mask = largestHalf(stage.weights.download(), stage);
  afterSteps(30, stage);
  assert.deepEqual([...stage.learner.mask()!.download()], mask);
});
