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

for (const scope of ["layer", "global"] as const) {
  Deno.test(`a step descends by ∂L/∂b ⊙ w ⊙ sign(z), b = α sign(w) ⊙ m; scope ${scope}`, () => {
    using free = new DisposableStack();
    const sparsity = 0.6, rate = 0.3, momentum = 0.8, weightDecay = 0.01;
    const parameters = { scope, momentum, weightDecay };
    const stage = alone("biprop", parameters, { sparsity, steps: 6 }, free);
    const { learner, batch, weights, segments } = stage, w = weights.download(), n = w.length;
    const ranges = scope === "layer" ? segments : [{ offset: 0, length: n }];
    let z = Array.from(stage.latent), v = z.map(() => 0);
    for (let t = 0; t < 6; t++) {
      const m = largest(z.map(Math.abs), ranges, sparsity), b = binary(w, m, segments);
      // Of ones as weights, the gradient of the mask is that of their product.
      const g = stage.maskGradient(z.map(() => 1), b);
      v = v.map((v, i) => momentum * v + g[i]! * w[i]! * Math.sign(z[i]!) + weightDecay * z[i]!);
      z = z.map((z, i) => z - rate * v[i]!);
      learner.step(batch, t, rate);
      assert.ok(near(learner.state.scores!.download(), z, 1e-5), `step ${t}`);
    }
    const m = largest(z.map(Math.abs), ranges, sparsity);
    assert.notDeepEqual(m, largest(Array.from(stage.latent, Math.abs), ranges, sparsity));
    assert.deepEqual([...learner.mask()!.download()], m);
    assert.ok(near(weights.download(), binary(w, m, segments), 1e-6)); // of this mask, not the last step's
  });
}
