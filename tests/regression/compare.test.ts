// The comparison with a baseline: verdicts on made-up runs.
import assert from "node:assert/strict";
import { holm } from "../../src/base/statistics.ts";
import { baselineOf } from "../../src/regression/baseline.ts";
import { compareWithBaseline as compareAll } from "../../src/regression/compare.ts";
import { valueCountFor } from "../../src/regression/judge.ts";
import { exitCodeOf } from "../../src/regression/report.ts";
import { defaultRules } from "../../src/regression/rules.ts";
import type { RunFile } from "../../src/runs/run_file.ts";
import { fileOf, type Given, runOf } from "../runs/made.ts";

/** Runs of one cell, a seed for each accuracy in percent. */
const cell = (accuracies: readonly number[], given: Given = {}, other = {}) =>
  accuracies.map((accuracy, i) =>
    fileOf(runOf({ ...given, accuracy: accuracy / 100, seed: i + 1 }), other)
  );
const compare = (...given: Parameters<typeof compareAll>) =>
  compareAll(...given).filter(({ metric }) => metric === "accuracy");
const elsewhere = { libtorch: "2.3.1" };
const verdictOf = (before: RunFile[], now: RunFile[]) => {
  const [found] = compare(baselineOf(before), now);
  return found!;
};

Deno.test("compareWithBaseline() calls cells the same, and tests nothing, when bytes are the same", () => {
  const runs = cell([95, 95.2, 95.1]);
  const { verdict, p, difference } = verdictOf(runs, runs);
  assert.deepEqual([verdict, p, difference], ["same", null, 0]);
});

Deno.test("compareWithBaseline() calls bytes broken when they differ in the same environment, and not elsewhere", () => {
  const before = cell([95, 95.2, 95.1]), now = cell([95.01, 95.2, 95.1]);
  const { verdict, reasons } = verdictOf(before, now);
  assert.equal(verdict, "broken");
  assert.match(reasons[0]!, /gave other bytes, with seed 1$/);
  for (const other of [{ libtorch: "2.3.1" }, { threads: 7 }, { maskbench: "9.9.9" }]) {
    assert.equal(verdictOf(before, cell([95.01, 95.2, 95.1], {}, other)).verdict, "unchanged");
  }
});

Deno.test("compareWithBaseline() takes this maskbench's version when a folder has several", () => {
  const before = cell([95, 95.2, 95.1, 94.9, 95], { version: 7 });
  const now = cell([92, 92.2, 92.2, 91.9, 92.1], { version: 1 }); // which sbp is
  const alone = compare(baselineOf(before), now);
  assert.equal(alone[0]!.verdict, "worse");
  for (const version of [0, 7]) {
    const others = cell([95, 95.2, 95.1, 94.9, 95], { version });
    assert.deepEqual(compare(baselineOf(before), [...others, ...now]), alone);
    assert.deepEqual(compare(baselineOf(before), [...now, ...others]), alone);
  }
});

Deno.test("compareWithBaseline() calls a clear loss worse and a clear gain better when it is above the floor", () => {
  const before = [95, 95.2, 95.1, 94.9, 95];
  const by = (points: number) =>
    verdictOf(
      cell(before),
      cell(
        before.map((value, i) => value + points + [0.05, -0.03, 0, 0.02, -0.04][i]!),
        {},
        elsewhere,
      ),
    );
  assert.equal(by(-1).verdict, "worse");
  assert.equal(by(1).verdict, "better");
  assert.equal(by(-0.3).verdict, "unchanged");
  assert.ok(Math.abs(by(-1).difference! + 1) < 1e-9);
});

Deno.test("compareWithBaseline() is inconclusive, and says how many seeds would do, when there are too few", () => {
  const noisy = verdictOf(cell([95, 93, 96]), cell([94, 95, 94], {}, elsewhere));
  assert.equal(noisy.verdict, "inconclusive");
  assert.match(
    noisy.reasons[0]!,
    /with 3 seeds a loss of 0\.5 points is not ruled out: about \d+ /,
  );
  const one = verdictOf(cell([95]), cell([90], {}, elsewhere));
  assert.deepEqual([one.verdict, one.p], ["inconclusive", null]);
  // With that many seeds, that loss would be significant: t = floor · √n / deviation.
  const n = valueCountFor(1, 0.5, 0.01);
  const t = 0.5 * Math.sqrt(n), before = 0.5 * Math.sqrt(n - 1);
  assert.ok(t > 2.4 && before < 2.6, `${n}`); // about the normal's 2.33, a little more for the t
});

Deno.test("compareWithBaseline() names runs and cells, and finds no regression, when they are missing", () => {
  const before = [...cell([95, 95.2, 95.1]), ...cell([80, 81, 82], { algorithm: "random" })];
  const cells = compare(baselineOf(before), before.slice(0, 2));
  const found = cells.map(({ verdict, missing }) => [verdict, missing]);
  assert.deepEqual(found, [["not compared", [1, 2, 3]], ["same", [3]]]); // random comes before sbp
  const check = { cells, rules: defaultRules, obstacles: [] };
  assert.equal(exitCodeOf(check), 3);
});

Deno.test("compareWithBaseline() compares accuracy, not bytes, when an algorithm's version is another", () => {
  const now = cell([90, 90.1, 90.2, 90.1], { version: 2 });
  const { verdict } = verdictOf(cell([95, 95.1, 95.2, 95]), now);
  assert.equal(verdict, "worse");
});

Deno.test("holm() agrees with a worked example when there are several tests", () => {
  // Sorted 0.005, 0.01, 0.03, 0.04 of four: times 4, 3, 2, 1, and never falling.
  const adjusted = holm([0.01, 0.04, 0.03, null, 0.005]);
  const expected = [0.03, 0.06, 0.06, null, 0.02];
  adjusted.forEach((p, i) => {
    assert.ok(
      p === null ? expected[i] === null : Math.abs(p - expected[i]!) < 1e-12,
      `${adjusted}`,
    );
  });
});

Deno.test("compareWithBaseline() makes a gain no surer when another cell has a certain loss", () => {
  const many = Array(100).fill(90), collapsed = Array(100).fill(40); // so sure that p is 0 in floating point
  const spread = 0.55, gains = [2 - spread, 2, 2 + spread]; // p is about 0.007
  const before = [...cell(many, { algorithm: "random" }), ...cell([90, 90, 90])];
  const now = [
    ...cell(collapsed, { algorithm: "random" }, elsewhere),
    ...cell(gains.map((gain) => 90 + gain), {}, elsewhere),
  ];
  const [loss, gain] = compare(baselineOf(before), now);
  assert.deepEqual([loss!.verdict, loss!.p], ["worse", 0]);
  assert.ok(gain!.p! > 0.99 && gain!.p! < 0.995, `${gain!.p}`);
  assert.notEqual(gain!.verdict, "better"); // 2 · 0.007 is over 0.01
});
