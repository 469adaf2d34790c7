// A random mask with trained weights: the mask is random's, and what it keeps is trained as dense is.
import assert from "node:assert/strict";
import { alone, near } from "./alone.ts";

const steps = 5, rate = 0.1, momentum = 0.8, weightDecay = 0.01;

for (const scope of ["layer", "global"] as const) {
  Deno.test(`randomTrained.step() descends by ∂L/∂w ⊙ m over random's mask when the scope is ${scope}`, () => {
    using free = new DisposableStack();
    const setting = { sparsity: 0.6, steps };
    const stage = alone("random-trained", { scope, momentum, weightDecay }, setting, free);
    const drawn = alone("random", { scope }, setting, free);
    const mask = [...stage.learner.mask()!.download()];
    assert.deepEqual(mask, [...drawn.learner.mask()!.download()]);
    let w = Array.from(drawn.weights.download(), (weight, i) => weight * mask[i]!);
    let v = w.map(() => 0);
    const ones = w.map(() => 1);
    for (let t = 0; t < steps; t++) {
      // With ones as weights, the gradient of the mask is that of their product.
      const g = stage.maskGradient(ones, w);
      v = v.map((v, i) => momentum * v + g[i]! * mask[i]! + weightDecay * w[i]!);
      w = w.map((w, i) => w - rate * v[i]!);
      stage.learner.step(stage.batch, t, rate);
      assert.ok(near(stage.weights.download(), w, 1e-5), `step ${t}`);
    }
    assert.deepEqual([...stage.learner.mask()!.download()], mask);
    stage.weights.download().forEach((weight, i) => assert.ok(mask[i] === 1 || weight === 0));
  });
}

Deno.test("randomTrained.step() gives dense's weights when nothing is removed", () => {
  using free = new DisposableStack();
  const [ours, theirs] = ["random-trained", "dense"].map((name) => {
    const stage = alone(name, { momentum, weightDecay }, { sparsity: 0, steps }, free);
    for (let t = 0; t < steps; t++) stage.learner.step(stage.batch, t, rate);
    return stage.weights.download();
  });
  assert.deepEqual(ours, theirs);
});
