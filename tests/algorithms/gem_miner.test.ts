// Gem-Miner: the path to the sparsity, what is frozen on it, and rounding.
import assert from "node:assert/strict";
import { afterSteps, stageOf } from "./stages.ts";

for (const optimiser of [undefined, "adam"]) {
  Deno.test(`gemMiner.before() keeps the n (1 − s)^(j/R) largest scores, and the others at 0, when it freezes (${optimiser ?? "SGD"})`, () => {
    using free = new DisposableStack();
    const stage = stageOf("gem-miner", { ...optimiser && { optimiser }, freezes: 5 }, free),
      { learner } = stage;
    const { scores, alive } = learner.state, n = scores!.length;
    let dead = new Set<number>(), freezing = 0;
    for (let t = 0; t < 30; t++) {
      const before = scores!.download();
      if (t % 5 === 0 && t > 0) { // 30 steps, 5 freezings: before the 5th, 10th, …
        freezing++;
        const left = n - Math.trunc((1 - 0.5 ** (freezing / 5)) * n);
        const largest = Array.from(before.keys()).filter((i) => before[i]! > 0)
          .sort((a, b) => before[b]! - before[a]! || b - a).slice(0, left);
        learner.before!(t);
        const living = [...alive!.download().entries()].filter(([, one]) => one === 1);
        assert.deepEqual(
          living.map(([i]) => i),
          largest.sort((a, b) => a - b),
          `freezing ${freezing}`,
        );
        dead = new Set(before.keys());
        living.forEach(([i]) => dead.delete(i));
      }
      afterSteps(t + 1, stage, t);
      const now = scores!.download();
      for (const i of dead) assert.equal(now[i], 0);
      now.forEach((score) => assert.ok(score >= 0 && score <= 1));
    }
    assert.equal(freezing, 5);
    const mask = learner.mask()!.download(), last = scores!.download();
    mask.forEach((kept, i) => assert.equal(kept, last[i]! > 0.5 ? 1 : 0));
    assert.ok(mask.reduce((sum, kept) => sum + kept, 0) <= n - Math.trunc(0.5 * n));
  });
}
