// prob-mask: the relaxed draws of a step, Adam, and the budget that the probabilities keep to.
import assert from "node:assert/strict";
import { alone, largest, near } from "./alone.ts";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const logit = (p: number) => Math.log(p + 1e-20) - Math.log(1 - p + 1e-20);
const clip = (x: number) => Math.min(1, Math.max(0, x));

/** The nearest vector of [0, 1]^n with at most that sum, by bisection. */
function within(p: readonly number[], most: number): number[] {
  const sum = (v: number) => p.reduce((sum, p) => sum + clip(p - v), 0);
  let low = 0, high = sum(0) <= most ? 0 : 10;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (sum(middle) > most) low = middle;
    else high = middle;
  }
  return p.map((p) => clip(p - high));
}

const settings: readonly (readonly [keptAtFirst: number | undefined, clipNorm: number])[] = [
  ...[0, 0.2, 0.9, undefined].map((kept) => [kept, 0] as const), // 0.4 are kept: below it nothing falls, let alone rises
  [undefined, 0.4],
];
for (const [keptAtFirst, clipNorm] of settings) {
  Deno.test(`probMask.step() averages the gradients of its draws, takes Adam's step and projects when ${keptAtFirst ?? "all"} is kept at first and the norm ${clipNorm || "any"}`, () => {
    using free = new DisposableStack();
    const sparsity = 0.6, steps = 6, rate = 0.15, draws = 3, coldest = 0.2;
    const falling = keptAtFirst === undefined ? {} : { keptAtFirst };
    const stage = alone(
      "prob-mask",
      { draws, temperature: coldest, ...falling, ...clipNorm > 0 ? { clipNorm } : {} },
      { sparsity, steps },
      free,
    );
    const { learner, batch, weights, metrics } = stage, w = weights.download(), n = w.length;
    // The published schedule, from 16% to 60% of the run.
    const target = 1 - sparsity, start = Math.max(target, keptAtFirst ?? 1);
    const share = (t: number) => {
      const part = t / steps;
      if (part < 0.16) return start;
      return part < 0.6
        ? target + (start - target) * (1 - (part - 0.16) / (0.6 - 0.16)) ** 3
        : target;
    };
    let clipped = 0;
    let p = Array<number>(n).fill(start), first = p.map(() => 0), second = p.map(() => 0);
    for (let t = 0; t < steps; t++) {
      const temperature = 1 + (coldest - 1) * t / steps;
      const g = p.map(() => 0);
      for (let draw = 0; draw < draws; draw++) {
        const u = stage.noiseOf(draws * t + draw);
        const x = p.map((p, i) => (logit(p) + Math.log(u[i]! / (1 - u[i]!))) / temperature);
        const m = x.map(sigmoid);
        stage.maskGradient(w, m).forEach((by, i) => {
          const slope = m[i]! * sigmoid(-x[i]!) / temperature * (1 / (p[i]! + 1e-20) +
            1 / (1 - p[i]! + 1e-20));
          g[i]! += by * slope / draws;
        });
      }
      const norm = Math.hypot(...g), factor = clipNorm > 0 ? Math.min(1, clipNorm / norm) : 1;
      if (factor < 1) clipped++;
      g.forEach((value, i) => g[i] = factor * value);
      first = first.map((m, i) => 0.9 * m + 0.1 * g[i]!);
      second = second.map((s, i) => 0.999 * s + 0.001 * g[i]! ** 2);
      const moved = p.map((p, i) => {
        const mean = first[i]! / (1 - 0.9 ** (t + 1)), square = second[i]! / (1 - 0.999 ** (t + 1));
        return p - rate * mean / (Math.sqrt(square) + 1e-8);
      });
      p = within(moved, Math.round(share(t) * n));
      learner.step(batch, t, rate);
      // The projection may fall short of the sum by 0.001.
      assert.ok(near(learner.state.probability!.download(), p, 2e-4), `step ${t}`);
    }
    assert.ok(p.some((p) => p === 0) && p.some((p) => p > 0.5)); // so that the clip had something to do
    assert.equal(clipped > 0, clipNorm > 0);
    assert.deepEqual(weights.download(), w);
    // Each step gives the mean over its draws, so that it counts as one.
    const [loss, correct] = metrics.download();
    assert.ok(loss! / (12 * steps) > 0.1 && loss! / (12 * steps) < 3, `${loss}`);
    assert.ok(correct! <= 12 * steps);
  });
}

Deno.test("probMask.step() keeps probabilities in [0, 1] and within the budget when the scope is any", () => {
  for (const scope of ["global", "layer"]) {
    using free = new DisposableStack();
    const { learner, segments, batch } = alone(
      "prob-mask",
      { scope },
      { sparsity: 0.7, steps: 40 },
      free,
    );
    for (let t = 0; t < 40; t++) learner.step(batch, t, 0.1);
    const p = learner.state.probability!.download();
    assert.ok(p.every((p) => p >= 0 && p <= 1));
    const ranges = scope === "layer" ? segments : [{ offset: 0, length: p.length }];
    for (const { offset, length } of ranges) {
      const sum = p.subarray(offset, offset + length).reduce((sum, p) => sum + p, 0);
      assert.ok(sum <= length - Math.trunc(0.7 * length) + 1e-4, `${sum}`);
    }
    const expected = largest(p, ranges, 0.7).map((bit, i) => p[i]! > 0 ? bit : 0);
    assert.deepEqual([...learner.mask()!.download()], expected);
  }
});

Deno.test("probMask.mask() leaves out a weight when its probability is 0, even if fewer than k are kept", () => {
  using free = new DisposableStack();
  const { learner } = alone("prob-mask", {}, { sparsity: 0.5, steps: 1 }, free);
  const { probability } = learner.state, p = new Float32Array(probability!.length);
  p.set([0.2, 1], 3);
  probability!.upload(p);
  assert.deepEqual([...learner.mask()!.download()], Array.from(p, (p) => p > 0 ? 1 : 0));
});
