// zhou: the mask that a step draws, its gradient, and where the scores start.
import assert from "node:assert/strict";
import { alone, largest, near } from "./alone.ts";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

Deno.test("zhou.step() draws a mask by σ(s), and descends straight through the draw, when it is called step by step", () => {
  using free = new DisposableStack();
  const momentum = 0.8, weightDecay = 0.01, rate = 3;
  const stage = alone("zhou", { momentum, weightDecay }, { sparsity: 0.7, steps: 5 }, free);
  const { learner, batch, weights } = stage, w = weights.download();
  let s = Array.from(stage.latent, (u) => u + Math.log(0.3 / 0.7)), v = s.map(() => 0);
  assert.ok(near(learner.state.scores!.download(), s, 1e-6));
  for (let t = 0; t < 5; t++) {
    const u = stage.noiseOf(t), m = s.map((s, i) => u[i]! < sigmoid(s) ? 1 : 0);
    const g = stage.maskGradient(w, m);
    v = v.map((v, i) =>
      momentum * v + g[i]! * sigmoid(s[i]!) * (1 - sigmoid(s[i]!)) + weightDecay * s[i]!
    );
    s = s.map((s, i) => s - rate * v[i]!);
    learner.step(batch, t, rate);
    assert.ok(near(learner.state.scores!.download(), s, 1e-4), `step ${t}`);
  }
  assert.deepEqual(weights.download(), w);
});

Deno.test("zhou.mask() keeps the largest s of the network or of each layer when the scope is global or layer", () => {
  for (const scope of ["global", "layer"]) {
    using free = new DisposableStack();
    const { learner, segments, batch } = alone(
      "zhou",
      { scope },
      { sparsity: 0.6, steps: 3 },
      free,
    );
    for (let t = 0; t < 3; t++) learner.step(batch, t, 5);
    const s = learner.state.scores!.download();
    const ranges = scope === "layer" ? segments : [{ offset: 0, length: s.length }];
    assert.deepEqual([...learner.mask()!.download()], largest(s, ranges, 0.6));
  }
});

Deno.test("zhou.start() gives finite scores when all weights are to be kept", () => {
  using free = new DisposableStack();
  const { learner } = alone("zhou", {}, { sparsity: 0, steps: 3 }, free);
  assert.ok(learner.state.scores!.download().every(Number.isFinite));
  assert.ok(learner.mask()!.download().every((bit) => bit === 1));
});
