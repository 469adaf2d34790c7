// Squeezed variances against limma's, digamma and trigamma against their closed forms.
import assert from "node:assert/strict";
import { digamma, shrinkVariances, trigamma, trigammaInverse } from "../../src/base/shrinkage.ts";

function near(actual: number, expected: number, within = 1e-9): void {
  assert.ok(Math.abs(actual / expected - 1) <= within, `${actual} is not ${expected}`);
}

Deno.test("shrinkVariances() agrees with limma's squeezeVar when cells are unlike", () => {
  // squeezeVar(c(0.0049, 0.01, 0.0256, 0.0036, 0.0441, 0.0081), df = 4), limma 3.54.1: df.prior 7.99675716129.
  const { variances, degrees } = shrinkVariances(
    [0.0049, 0.01, 0.0256, 0.0036, 0.0441, 0.0081],
    [4, 4, 4, 4, 4, 4],
  );
  const expected = [
    0.00993837341215,
    0.01163883293849,
    0.01684023854844,
    0.00950492294466,
    0.0230085721235,
    0.01100532840907,
  ];
  variances.forEach((variance, i) => near(variance, expected[i]!));
  degrees.forEach((own) => near(own, 11.99675716129));
});

Deno.test("shrinkVariances() pools variances when they differ by no more than chance", () => {
  // squeezeVar(c(1, 1.02, 0.98, 1.01), df = 4): df.prior Inf, var.post 1.0025.
  const { variances, degrees } = shrinkVariances([1, 1.02, 0.98, 1.01], [4, 4, 4, 4]);
  variances.forEach((variance) => near(variance, 1.0025));
  assert.deepEqual(degrees, [16, 16, 16, 16]); // no more than all have together
});

Deno.test("shrinkVariances() leaves a very noisy cell noisy, and a single one alone, when others are quiet", () => {
  // fitFDist(c(0.01, 0.02, 0.5, 4, 6, 0.03, 0.015), df1 = 4): scale 0.0377521930911, df2 0.826320302976.
  const given = [0.01, 0.02, 0.5, 4, 6, 0.03, 0.015], d = 0.826320302976, s = 0.0377521930911;
  const { variances } = shrinkVariances(given, given.map(() => 4));
  variances.forEach((variance, i) => near(variance, (d * s + 4 * given[i]!) / (d + 4)));
  assert.deepEqual(shrinkVariances([0.3], [4]), { variances: [0.3], degrees: [4] });
  assert.deepEqual(shrinkVariances([], []), { variances: [], degrees: [] });
});

Deno.test("digamma(), trigamma() and trigammaInverse() give known values when arguments are known", () => {
  const euler = 0.5772156649015329;
  near(digamma(1), -euler, 1e-10);
  near(digamma(0.5), -euler - 2 * Math.log(2), 1e-10);
  near(digamma(4), 11 / 6 - euler, 1e-10);
  near(trigamma(1), Math.PI ** 2 / 6, 1e-10);
  near(trigamma(0.5), Math.PI ** 2 / 2, 1e-10);
  near(trigamma(3), Math.PI ** 2 / 6 - 5 / 4, 1e-10);
  for (const x of [1e-3, 0.1, 1, 4, 100, 1e6]) near(trigammaInverse(trigamma(x)), x, 1e-6);
});
