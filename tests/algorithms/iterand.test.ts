// IteRand: what is redrawn, when, and from where.
import assert from "node:assert/strict";
import { device } from "../library.ts";
import { Generator, Vector } from "../../src/native/mod.ts";
import { drawWeights } from "../../src/training/initialise.ts";
import { streamSeedOf } from "../../src/training/streams.ts";
import { afterSteps, stageOf } from "./stages.ts";

Deno.test("iterand.before() redraws some weights that are not kept, and no others, when K steps are over", () => {
  for (const redrawn of [0, 0.3, 1]) {
    using free = new DisposableStack();
    const stage = stageOf("iterand", { every: 5, redrawn }, free), { weights, learner } = stage;
    const first = weights.download();
    afterSteps(5, stage); // and no further: the sixth step begins with the draw
    assert.deepEqual(weights.download(), first);
    const mask = learner.mask()!.download();
    learner.before!(5);

    // The same stream once more: its first draw are the weights, its second the redrawn ones.
    const generator = free.use(new Generator(streamSeedOf(1, "weights")));
    const drawn = free.use(new Vector(weights.length, "float32", device));
    const initialisation = { name: "kaiming-normal", scaleFan: false } as const;
    for (let i = 0; i < 2; i++) drawWeights(drawn, stage.segments, initialisation, 0.5, generator);
    const second = drawn.download(), now = weights.download();
    let changed = 0;
    now.forEach((weight, i) => {
      if (weight === first[i]) return;
      assert.equal(weight, second[i]);
      assert.equal(mask[i], 0);
      changed++;
    });
    const outside = mask.filter((kept) => kept === 0).length, share = changed / outside;
    const deviation = Math.sqrt(redrawn * (1 - redrawn) / outside);
    assert.ok(Math.abs(share - redrawn) <= 5 * deviation, `${share} of those not kept`);
  }
});

Deno.test("iterand.start() draws Kaiming uniform scores for a ReLU when a run begins", () => {
  using free = new DisposableStack();
  const { segments, learner } = stageOf("iterand", {}, free);
  const scores = learner.state.scores!.download();
  for (const { offset, length, fanIn } of segments) {
    const bound = Math.sqrt(6 / fanIn), layer = scores.subarray(offset, offset + length);
    const largest = layer.reduce((most, score) => Math.max(most, Math.abs(score)), 0);
    assert.ok(largest <= bound && largest > 0.95 * bound, `${largest} of ${bound}`);
    const variance = layer.reduce((sum, score) => sum + score ** 2, 0) / length;
    assert.ok(Math.abs(variance * fanIn / 2 - 1) < 0.2, `${variance * fanIn} / fan-in`);
  }
});

Deno.test("iterand.step() keeps the largest scores by value when no draw is due", () => {
  using free = new DisposableStack();
  const stage = stageOf("iterand", { every: 4 }, free);
  const weights = afterSteps(9, stage), scores = stage.learner.state.scores!.download();
  const mask = stage.learner.mask()!.download();
  for (const { offset, length } of stage.segments) {
    const order = Array.from({ length }, (_, i) => offset + i)
      .sort((a, b) => scores[a]! - scores[b]! || a - b);
    order.forEach((i, rank) => assert.equal(mask[i], rank < Math.trunc(0.5 * length) ? 0 : 1));
  }
  assert.equal(weights.some((weight) => weight === 0), false); // drawn, not removed
});
