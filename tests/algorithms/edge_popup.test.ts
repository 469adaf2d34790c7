// edge-popup step by step against its definition, with a ramp and without.
import assert from "node:assert/strict";
import { alone, largest, near } from "./alone.ts";

const sparsity = 0.7, steps = 12, rate = 0.3;

/** What the definition makes of scores: by sorting, in each scope. */
function defined(
  z: readonly number[],
  ranges: readonly { readonly offset: number; readonly length: number }[],
  alpha: number,
): number[] {
  const mask = largest(z.map(Math.abs), ranges, sparsity);
  for (const { offset, length } of ranges) {
    const sizes = z.slice(offset, offset + length).map(Math.abs);
    const kept = length - Math.trunc(sparsity * length);
    const threshold = sizes.toSorted((a, b) => b - a)[kept - 1]!;
    sizes.forEach((size, i) => {
      const relaxed = Math.min(1, size / (2 * threshold));
      mask[offset + i] = (1 - alpha) * relaxed + alpha * mask[offset + i]!;
    });
  }
  return mask;
}

Deno.test("edgePopup.step() agrees with the definition in mask, gradient and update when it is called step by step", () => {
  const momentum = 0.8, weightDecay = 0.01;
  for (const scope of ["layer", "global"] as const) {
    for (const ramp of [undefined, 0, 0.5, 1]) {
      using free = new DisposableStack();
      const given = { momentum, weightDecay, scope, ...ramp === undefined ? {} : { ramp } };
      const { learner, segments, batch, weights, maskGradient } = alone(
        "edge-popup",
        given,
        { sparsity, steps },
        free,
      );
      const w = weights.download();
      const ranges = scope === "global" ? [{ offset: 0, length: w.length }] : segments;
      let v = new Array<number>(w.length).fill(0);
      for (let t = 0; t < steps; t++) {
        const z = [...learner.state.scores!.download()];
        const alpha = ramp ? Math.min(1, t / (ramp * steps)) : 1;
        const g = maskGradient(w, defined(z, ranges, alpha));
        v = v.map((v, i) => momentum * v + g[i]! * Math.sign(z[i]!) + weightDecay * z[i]!);
        learner.step(batch, t, rate);
        const expected = z.map((z, i) => z - rate * v[i]!);
        assert.ok(
          near(learner.state.scores!.download(), expected, 1e-5),
          JSON.stringify({ given, t }),
        );
      }
    }
  }
});

/** The scores after all steps, and the mask to evaluate after each. */
function trained(parameters: object) {
  using free = new DisposableStack();
  const { learner, batch } = alone("edge-popup", parameters, { sparsity, steps }, free);
  const masks: Float32Array[] = [];
  for (let t = 0; t < steps; t++) {
    learner.step(batch, t, rate);
    masks.push(learner.mask()!.download());
  }
  return { scores: learner.state.scores!.download(), masks };
}

Deno.test("edgePopup.step() gives the bits of no ramp when the ramp is 0, and others when it isn't", () => {
  for (const scope of ["layer", "global"]) {
    const without = trained({ scope });
    assert.deepEqual(trained({ scope, ramp: 0 }), without);
    assert.notDeepEqual(trained({ scope, ramp: 0.5 }).scores, without.scores);
  }
});

Deno.test("edgePopup.mask() has exactly k ones when the ramp is under way", () => {
  for (const scope of ["layer", "global"]) {
    const layers = scope === "layer" ? [160, 30] : [190];
    const kept = layers.reduce((sum, n) => sum + n - Math.trunc(sparsity * n), 0);
    for (const mask of trained({ scope, ramp: 0.7 }).masks) {
      assert.ok(mask.every((bit) => bit === 0 || bit === 1));
      assert.equal(mask.reduce((sum, bit) => sum + bit), kept);
    }
  }
});

Deno.test("edgePopup.step() gives the bits of no ramp when all weights are kept", () => {
  const scoresWith = (parameters: object) => {
    using free = new DisposableStack();
    const { learner, batch } = alone("edge-popup", parameters, { sparsity: 0, steps }, free);
    for (let t = 0; t < steps; t++) learner.step(batch, t, rate);
    return learner.state.scores!.download();
  };
  // (1 − α) + α is 1 to within a rounding
  assert.ok(near(scoresWith({ ramp: 0.5 }), scoresWith({}), 1e-5));
});

Deno.test("edgePopup.step() leaves scores at 0 when all are 0, since sign(0) is 0", () => {
  using free = new DisposableStack();
  const { learner, batch } = alone("edge-popup", { ramp: 0.5 }, { sparsity, steps }, free);
  learner.state.scores!.zero();
  for (let t = 0; t < steps; t++) learner.step(batch, t, rate);
  assert.ok(learner.state.scores!.download().every((z) => z === 0));
});
