// biprop: the binary weights that the network computes with, in training and in evaluation, and the way back through them.
import assert from "node:assert/strict";
import { alone, largest, near } from "./alone.ts";

/** α sign(w) ⊙ m, α the mean of |w| over the kept of each layer. */
function binary(
  w: Float32Array,
  m: readonly number[],
  layers: readonly { readonly offset: number; readonly length: number }[],
): number[] {
  const b = Array<number>(w.length).fill(0);
  for (const { offset, length } of layers) {
    const kept = Array.from({ length }, (_, i) => offset + i).filter((i) => m[i] === 1);
    const gain = kept.reduce((sum, i) => sum + Math.abs(w[i]!), 0) / kept.length;
    for (const i of kept) b[i] = gain * Math.sign(w[i]!);
  }
  return b;
}

for (
  const [scope, progression] of [["layer", 0], ["global", 0], ["layer", 0.5], [
    "global",
    1,
  ]] as const
) {
  Deno.test(`biprop.step() descends by ∂L/∂b ⊙ w ⊙ sign(z), b = α sign(w) ⊙ m, when the scope is ${scope} and the progression ${progression}`, () => {
    using free = new DisposableStack();
    const sparsity = 0.6, rate = 0.3, momentum = 0.8, weightDecay = 0.01;
    const parameters = { scope, momentum, weightDecay, ...progression > 0 ? { progression } : {} };
    const stage = alone("biprop", parameters, { sparsity, steps: 6 }, free);
    const { learner, batch, weights, segments } = stage, w = weights.download(), n = w.length;
    const ranges = scope === "layer" ? segments : [{ offset: 0, length: n }];
    let z = Array.from(stage.latent), v = z.map(() => 0);
    for (let t = 0; t < 6; t++) {
      // As much of what is to be removed is gone as of the progression is over.
      const over = progression === 0 ? 1 : Math.min(1, t / (6 * progression));
      const m = z.map(() => 0);
      for (const { offset, length } of ranges) {
        const k = length - Math.trunc(sparsity * length);
        const kept = k + Math.round((length - k) * (1 - over));
        const order = Array.from({ length }, (_, i) => offset + i)
          .sort((i, j) => Math.abs(z[j]!) - Math.abs(z[i]!));
        for (const i of order.slice(0, kept)) m[i] = 1;
      }
      const b = binary(w, m, segments);
      // With ones as weights, the gradient of the mask is that of their product.
      const g = stage.maskGradient(z.map(() => 1), b);
      v = v.map((v, i) => momentum * v + g[i]! * w[i]! * Math.sign(z[i]!) + weightDecay * z[i]!);
      z = z.map((z, i) => z - rate * v[i]!);
      learner.step(batch, t, rate);
      assert.ok(near(learner.state.scores!.download(), z, 1e-5), `step ${t}`);
    }
    const m = largest(z.map(Math.abs), ranges, sparsity);
    assert.notDeepEqual(m, largest(Array.from(stage.latent, Math.abs), ranges, sparsity));
    const before = weights.download();
    assert.deepEqual([...learner.mask()!.download()], m);
    assert.deepEqual([...weights.download()], [...before]); // the mask alone changes no weight
    learner.finalise!();
    const left = weights.download(); // with the gain of this mask, not the last step's, and whole: controls use other masks
    assert.ok(near(left.map((weight, i) => weight * m[i]!), binary(w, m, segments), 1e-6));
    for (const { offset, length } of segments) {
      const layer = left.subarray(offset, offset + length), gain = Math.abs(layer[0]!);
      assert.ok(gain > 0);
      layer.forEach((weight, i) => assert.equal(weight, gain * Math.sign(w[offset + i]!)));
    }
  });
}

Deno.test("biprop.step() gives edge-popup's mask when weights have two values", () => {
  using free = new DisposableStack();
  const setting = {
    sparsity: 0.7,
    steps: 5,
    valuesOf: (w: Float32Array<ArrayBuffer>) => w.map(signOf),
  };
  const parameters = { scope: "global", momentum: 0.9, weightDecay: 0.01 };
  const [ours, theirs] = ["biprop", "edge-popup"].map((name) => {
    const { learner, batch, latent } = alone(name, parameters, setting, free);
    for (let t = 0; t < 5; t++) learner.step(batch, t, 0.3);
    const scores = learner.state.scores!.download();
    assert.ok(!near(scores, Array.from(latent), 1e-2));
    return scores;
  });
  assert.ok(near(ours!, Array.from(theirs!), 1e-6));
});

const signOf = (weight: number) => weight < 0 ? -0.5 : 0.5;
