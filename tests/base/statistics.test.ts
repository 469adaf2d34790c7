// The statistics against published tables, closed forms and worked examples.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  meanInterval,
  median,
  pairedDifference,
  summarise,
  tProbability,
  tQuantile,
  welchDifference,
} from "../../src/base/statistics.ts";

function near(actual: number | undefined, expected: number, within = 1e-6): void {
  assert.ok(Math.abs(actual! - expected) <= within, `${actual} is not ${expected} ± ${within}`);
}

Deno.test("tQuantile() agrees with the published table when degrees of freedom are whole", () => {
  // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2, column 0.975.
  const published = [
    [1, 12.706],
    [2, 4.303],
    [3, 3.182],
    [4, 2.776],
    [5, 2.571],
    [9, 2.262],
    [10, 2.228],
    [19, 2.093],
    [30, 2.042],
    [60, 2.000],
    [100, 1.984],
  ] as const;
  for (const [degrees, value] of published) near(tQuantile(degrees), value, 0.0005);
});

Deno.test("tQuantile() agrees with its closed forms when there are 1, 2 or 4 degrees of freedom", () => {
  const p = 0.975, a = 4 * p * (1 - p), q = Math.cos(Math.acos(Math.sqrt(a)) / 3) / Math.sqrt(a);
  near(tQuantile(1), Math.tan(Math.PI * (p - 0.5)));
  near(tQuantile(2), (2 * p - 1) * Math.sqrt(2 / a));
  near(tQuantile(4), 2 * Math.sqrt(q - 1));
});

Deno.test("tQuantile() falls to the normal's quantile when degrees of freedom grow, fractions included", () => {
  const degrees = [1, 1.0003, 1.5, 2, 2.7, 5, 5.01, 40, 59.2, 1e3, 1e6];
  const values = degrees.map((degrees) => tQuantile(degrees));
  assert.deepEqual(values, values.toSorted((a, b) => b - a));
  near(values.at(-1), 1.959964, 1e-5);
});

Deno.test("summarise() gives the mean and deviation computed by hand when there are several values", () => {
  const { n, mean, deviation } = summarise([2, 4, 4, 4, 5, 5, 7, 9]);
  assert.deepEqual([n, mean], [8, 5]);
  near(deviation!, Math.sqrt(32 / 7), 1e-12);
});

Deno.test("summarise() gives no deviation and no interval when there is one value", () => {
  const summary = summarise([95.5]);
  assert.deepEqual(summary, { n: 1, mean: 95.5, deviation: null });
  assert.equal(meanInterval(summary), null);
});

Deno.test("summarise() gives exactly the mean and a deviation of 0 when values are equal", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 100, noNaN: true }),
      fc.integer({ min: 2, max: 9 }),
      (x, n) => {
        const summary = summarise(Array(n).fill(x));
        assert.deepEqual([summary.mean, summary.deviation], [x, 0]);
        assert.equal(meanInterval(summary), null);
      },
    ),
  );
});

Deno.test("summarise() throws when there is no value, or one is NaN or infinite", () => {
  for (const values of [[], [1, NaN], [Infinity, 1], [1, -Infinity]]) {
    assert.throws(() => summarise(values), RangeError);
    assert.throws(() => welchDifference([1, 2], values), RangeError);
  }
  assert.throws(() => pairedDifference([1, 2], [1]), /2 values can't be paired with 1/);
});

Deno.test("pairedDifference() gives the interval computed by hand when there are three seeds", () => {
  // Differences 1, 2, 3: mean 2, deviation 1, reach t(2)/√3.
  const { mean, interval, method } = pairedDifference([91, 93, 95], [90, 91, 92]);
  assert.deepEqual([mean, method], [2, "paired"]);
  near(interval?.low, 2 - 4.302653 / Math.sqrt(3));
  near(interval?.high, 2 + 4.302653 / Math.sqrt(3));
});

Deno.test("pairedDifference() reaches 12.7 standard errors when there are two seeds", () => {
  // Differences 1 and 3: standard error 1.
  const { interval } = pairedDifference([91, 93], [90, 90]);
  near(interval?.low, 2 - 12.706205);
  near(interval?.high, 2 + 12.706205);
});

Deno.test("pairedDifference() gives no interval when differences are equal but for rounding", () => {
  const { mean, interval } = pairedDifference([0.3, 0.2, 0.9], [0.2, 0.1, 0.8]);
  near(mean, 0.1, 1e-15);
  assert.equal(interval, null);
});

Deno.test("welchDifference() agrees with SciPy when samples are unequal", () => {
  // scipy.stats.ttest_ind(a, b, equal_var=False).confidence_interval(), SciPy 1.x.
  const cases = [
    {
      a: [96.52, 96.33, 96.66],
      b: [96.12, 96.04, 96.23, 95.7, 95.92],
      low: 0.1650540980095842,
      high: 0.8376125686570572,
    },
    { a: [91, 93.5], b: [90, 90.25, 92, 95], low: -5.252290651312959, high: 6.127290651312959 },
  ];
  for (const { a, b, low, high } of cases) {
    const { interval, method } = welchDifference(a, b);
    assert.equal(method, "welch");
    near(interval?.low, low);
    near(interval?.high, high);
  }
});

Deno.test("welchDifference() has 2n − 2 degrees of freedom when spreads and sizes are equal", () => {
  const { mean, interval } = welchDifference([1, 2, 3], [11, 12, 13]);
  assert.equal(mean, -10);
  near(interval?.high, -10 + 2.776445 * Math.sqrt(2 / 3));
});

Deno.test("welchDifference() has the other sample's degrees of freedom when one has no spread", () => {
  const { mean, interval } = welchDifference([5, 5, 5, 5], [1, 2, 3]);
  assert.equal(mean, 3);
  near(interval?.low, 3 - 4.302653 / Math.sqrt(3));
});

Deno.test("welchDifference() gives no interval when a side has one seed or neither has a spread", () => {
  assert.equal(welchDifference([1], [1, 2, 3]).interval, null);
  assert.equal(welchDifference([1, 2, 3], [1]).interval, null);
  assert.deepEqual(welchDifference([2, 2], [1, 1, 1]), {
    mean: 1,
    interval: null,
    p: null,
    standardError: null,
    degrees: null,
    n: 2,
    method: "welch",
  });
});

Deno.test("pairedDifference() and welchDifference() give the closed form's p when there are 2 or 4 degrees of freedom", () => {
  // Differences 1, 2, 3: t = 2√3, and with 2 degrees of freedom 1 − t / √(2 + t²) lies outside.
  const paired = pairedDifference([91, 93, 95], [90, 91, 92]);
  near(paired.p!, 1 - 2 * Math.sqrt(3) / Math.sqrt(14), 1e-9);
  assert.equal(paired.n, 3);
  assert.equal(pairedDifference([90, 91, 92], [91, 93, 95]).p, paired.p);
  // Two samples of 3 with a spread of 1 each, 2 apart: t = √6, with 4 degrees of freedom.
  const t = Math.sqrt(6), u = 1 + t * t / 4;
  const inside = 0.75 * t / Math.sqrt(u) * (1 - t * t / (12 * u));
  near(welchDifference([3, 4, 5], [1, 2, 3]).p!, 1 - inside, 1e-9);
});

Deno.test("meanInterval() covers the mean in 95 of 100 samples when they are drawn from a normal", () => {
  // Box-Muller over a fixed linear congruential sequence: no chance in the test.
  let state = 1n;
  const uniform = () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n;
    return (Number(state >> 11n) + 0.5) / 2 ** 53;
  };
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  let covered = 0;
  for (let trial = 0; trial < 4000; trial++) {
    const { low, high } = meanInterval(summarise([normal(), normal(), normal()]))!;
    if (low <= 0 && 0 <= high) covered++;
  }
  near(covered / 4000, 0.95, 0.0125);
});

Deno.test("median() gives the middle value, or the mean of two, when values are odd or even in number", () => {
  assert.deepEqual([median([3, 1, 2]), median([4, 1, 3, 2]), median([])], [2, 2.5, null]);
});

Deno.test("tProbability() agrees with the published table when t and degrees of freedom are given", () => {
  // One-sided 5% and 0.05% points for 4, 10 and 80 degrees of freedom.
  for (
    const [degrees, five, half] of [[4, 2.132, 8.610], [10, 1.812, 4.587], [
      80,
      1.664,
      3.416,
    ]] as const
  ) {
    assert.ok(Math.abs(tProbability(-five, degrees) - 0.05) < 1e-4);
    assert.ok(Math.abs(tProbability(-half, degrees) - 0.0005) < 1e-6);
    assert.ok(Math.abs(tQuantile(degrees, 0.9995) - half) < 1e-3);
  }
});
