// SBP step by step against its definition, and what its update leaves as it is.
import assert from "node:assert/strict";
import { alone, largest, near } from "./alone.ts";

/** How far the means of the latents of each scope ever are from 1/2 in 40 steps, and the fewest that a mask ever keeps. */
function follow(parameters: { scope: string; centred?: boolean }, learningRate: number) {
  using free = new DisposableStack();
  const steps = 40, setting = { sparsity: 0.5, steps };
  const { learner, segments, batch } = alone(
    "sbp",
    { momentum: 0.98, ...parameters },
    setting,
    free,
  );
  const whole = { offset: 0, length: learner.state.latent!.length };
  const scopes = parameters.scope === "global" ? [whole] : segments;
  let away = 0, fewest = Infinity;
  for (let t = 0; t < steps; t++) {
    const latent = learner.state.latent!.download(), mask = learner.mask()!.download();
    for (const { offset, length } of scopes) {
      const sum = (x: Float32Array) =>
        x.slice(offset, offset + length).reduce((sum, one) => sum + one, 0);
      const size = Math.max(1, ...latent.map(Math.abs));
      away = Math.max(away, Math.abs(sum(latent) / length - 0.5) / size);
      fewest = Math.min(fewest, sum(mask));
    }
    learner.step(batch, t, learningRate);
  }
  return { away, fewest };
}

Deno.test("sbp.step() keeps the latents' mean at 1/2 when the gradient is centred, at any rate", () => {
  for (const scope of ["layer", "global"]) {
    for (const rate of [0.1, 10, 1000]) {
      const { away, fewest } = follow({ scope, centred: true }, rate);
      assert.ok(away < 1e-5, `${away} at rate ${rate}`);
      assert.ok(fewest > 0);
    }
  }
});

Deno.test("sbp.step() lets the latents' mean drift when the gradient is not centred", () => {
  const { away } = follow({ scope: "layer" }, 1000);
  assert.ok(away > 0.1, String(away));
});

Deno.test("sbp.start() draws latents as far from 1/2 as the spread says when centred or not", () => {
  const start = (parameters: object) => {
    using free = new DisposableStack();
    const { learner, segments, latent } = alone(
      "sbp",
      parameters,
      { sparsity: 0.5, steps: 1 },
      free,
    );
    return { z: learner.state.latent!.download(), segments, drawn: latent };
  };
  const { z, segments, drawn } = start({ spread: 3 });
  assert.ok(near(z, drawn.map((u) => 0.5 + 3 * u), 1e-6));
  const centred = drawn.slice();
  for (const { offset, length } of segments) {
    const part = centred.subarray(offset, offset + length);
    const mean = part.reduce((sum, u) => sum + u, 0) / length;
    part.forEach((u, i) => part[i] = u - mean);
  }
  assert.ok(near(start({ centred: true, scope: "layer" }).z, centred.map((u) => 0.5 + u), 1e-6));
});

Deno.test("sbp.step() agrees with the definition in mask, gradient and update when it is called step by step", () => {
  const momentum = 0.8, weightDecay = 0.01, ramp = 0.5, steps = 12, rate = 0.3, sparsity = 0.7;
  const variants = [
    {},
    { floor: false },
    { scope: "layer" },
    { centred: true },
    { scope: "layer", centred: true },
    { scope: "layer", keptAtFirst: 0.9 },
    { keptAtFirst: 0.1 }, // fewer than k: it stays k
    { keptAtFirst: 0.6, floor: false },
  ] as const;
  for (const variant of variants) {
    using free = new DisposableStack();
    const given = { momentum, weightDecay, ramp, ...variant };
    const { learner, segments, batch, weights, maskGradient } = alone(
      "sbp",
      given,
      { sparsity, steps },
      free,
    );
    const w = weights.download(),
      { scope = "global", keptAtFirst = 0, floor = true, centred = false } = given as {
        scope?: string;
        keptAtFirst?: number;
        floor?: boolean;
        centred?: boolean;
      };
    const ranges = scope === "global" ? [{ offset: 0, length: w.length }] : segments;
    let v = new Array<number>(w.length).fill(0);
    for (let t = 0; t < steps; t++) {
      const z = [...learner.state.latent!.download()], alpha = Math.min(1, t / (ramp * steps));
      const bits = ranges.flatMap(({ offset, length }) => {
        const k = length - Math.trunc(sparsity * length);
        const most = k + Math.round(Math.max(0, keptAtFirst * length - k) * (1 - alpha) ** 3);
        const part = z.slice(offset, offset + length);
        return largest(part, [{ offset: 0, length }], (length - most + 1e-9) / length)
          .map((bit, i) => floor && part[i]! <= 0.5 ? 0 : bit);
      });
      const mask = z.map((z, i) => (1 - alpha) * Math.min(1, Math.max(0, z)) + alpha * bits[i]!);
      const g = [...maskGradient(w, mask)];
      for (const { offset, length } of centred ? ranges : []) {
        const mean = g.slice(offset, offset + length).reduce((sum, one) => sum + one, 0) / length;
        for (let i = offset; i < offset + length; i++) g[i]! -= mean;
      }
      v = v.map((v, i) => momentum * v + g[i]! + weightDecay * (z[i]! - 0.5));
      learner.step(batch, t, rate);
      const expected = z.map((z, i) => z - rate * v[i]!);
      assert.ok(
        near(learner.state.latent!.download(), expected, 1e-5),
        JSON.stringify({ given, t }),
      );
    }
  }
});
