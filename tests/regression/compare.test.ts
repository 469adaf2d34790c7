// The comparison with a baseline: verdicts on made-up runs.
import assert from "node:assert/strict";
import fc from "fast-check";
import { holm } from "../../src/base/statistics.ts";
import {
  type Baseline,
  baselineOf,
  baselineTextOf,
  parseBaseline,
} from "../../src/regression/baseline.ts";
import { compareWithBaseline as compareAll } from "../../src/regression/compare.ts";
import { valueCountFor } from "../../src/base/statistics.ts";
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

Deno.test("compareWithBaseline() advises more seeds than there are, or gives no number, whatever the seeds lost", () => {
  const adviceOf = (losses: readonly number[]) => {
    const { reasons } = verdictOf(
      cell(losses.map(() => 90)),
      cell(losses.map((loss) => 90 - loss), {}, elsewhere),
    );
    return /with (\d+) seeds .* is not ruled out(?:: about (\d+) would do)?$/.exec(
      reasons[0] ?? "",
    );
  };
  // Five seeds are enough to find a loss of half a point with this spread, and leave doubt for the loss that they show.
  assert.deepEqual(adviceOf([0.1, 0.25, 0.35, 0.45, 0.6])?.slice(1), ["5", undefined]);
  const loss = fc.integer({ min: -200, max: 200 }).map((hundredths) => hundredths / 100);
  fc.assert(fc.property(fc.array(loss, { minLength: 2, maxLength: 12 }), (losses) => {
    const [, seeds, advised] = adviceOf(losses) ?? [];
    if (advised === undefined) return;
    assert.ok(Number(advised) > Number(seeds) && Number(advised) < 1000, `${seeds}, ${advised}`);
  }));
});

/** Runs of three seeds, which keep that many weights of two layers and began with that batch. */
const keeping = (
  kept: readonly [number, number],
  given: Given = {},
  { firstBatch, ...other }: Partial<RunFile["environment"]> & { firstBatch?: string } = {},
) =>
  cell([95, 95.2, 95.1], given, other).map((run): RunFile => ({
    ...run,
    result: {
      ...run.result,
      layers: kept.map((kept, i) => ({ name: `linear${i + 1}`, weights: 1000, kept })),
      ...(firstBatch === undefined ? {} : { firstBatch: firstBatch.repeat(64) }),
    },
  }));
const another = { processor: "another", threads: 7, device: "cuda", maskbench: "9.9.9" } as const;

Deno.test("compareWithBaseline() calls a cell broken on every machine when a layer keeps another number of weights", () => {
  const layer = { algorithm: "edge-popup", parameters: { learningRate: 0.1, scope: "layer" } };
  const before = keeping([500, 500], layer);
  for (const other of [{}, another]) {
    assert.equal(verdictOf(before, keeping([500, 500], layer, other)).verdict, "same");
    for (const kept of [[500, 501], [499, 501], [500, 1000], [500, 499]] as const) {
      const { verdict, reasons, gate } = verdictOf(before, keeping(kept, layer, other));
      assert.deepEqual([verdict, gate], ["broken", "fail"], `${kept}`);
      const expected = `linear2 keeps ${kept[1]} weights, 500 before, with seed 1, 2, 3`;
      assert.ok(reasons.includes(expected), `${reasons}`);
    }
  }
  // One scope for all layers: how they share is learnt, and only their sum is the same everywhere.
  const global = { ...layer, parameters: { ...layer.parameters, scope: "global" } };
  const all = keeping([500, 500], global);
  assert.equal(verdictOf(all, keeping([400, 600], global, another)).verdict, "same");
  assert.deepEqual(verdictOf(all, keeping([400, 601], global, another)).reasons, [
    "the mask keeps 1001 weights, 1000 before, with seed 1, 2, 3",
  ]);
});

Deno.test("compareWithBaseline() lets a mask keep fewer weights, and never more than k, when its algorithm has a floor", () => {
  const parameters = { learningRate: 0.1, scope: "layer", floor: true }, floored = { parameters };
  const verdict = (before: [number, number], now: [number, number], given: Given) =>
    verdictOf(keeping(before, given), keeping(now, given, another)).verdict;
  assert.equal(verdict([480, 500], [490, 470], floored), "same");
  assert.equal(verdict([480, 500], [490, 501], floored), "broken");
  const exact = { parameters: { ...parameters, floor: false } };
  assert.equal(verdict([500, 500], [500, 499], exact), "broken");
});

Deno.test("compareWithBaseline() never calls a mask better when it keeps too much", () => {
  const before = cell([80, 80.1, 80.2, 80.1, 80], { algorithm: "edge-popup" });
  const now = cell([90, 90.1, 90.2, 90.1, 90], { algorithm: "edge-popup" }, another);
  assert.equal(verdictOf(before, now).verdict, "better");
  const full = now.map((run) => ({
    ...run,
    result: { ...run.result, layers: run.result.layers.map((one) => ({ ...one, kept: 10_000 })) },
  }));
  assert.equal(verdictOf(before, full).verdict, "broken");
});

Deno.test("compareWithBaseline() calls a cell broken on every machine when runs began with another batch", () => {
  const begun = (firstBatch?: string) => ({ ...(firstBatch && { firstBatch }), ...another });
  const before = keeping([500, 500], {}, { firstBatch: "a" });
  assert.equal(verdictOf(before, keeping([500, 500], {}, begun("a"))).verdict, "same");
  const { verdict, reasons } = verdictOf(before, keeping([500, 500], {}, begun("b")));
  assert.equal(verdict, "broken");
  assert.match(reasons[0]!, /^the first batch is another: .*, with seed 1, 2, 3$/);
  // A baseline that does not know of it compares nothing; a run that does not is not compared, unless every bit is the same.
  const old = keeping([500, 500]);
  assert.equal(verdictOf(old, keeping([500, 500], {}, begun("b"))).verdict, "same");
  assert.equal(verdictOf(before, keeping([500, 500], {}, begun())).verdict, "same");
  const moved = keeping([500, 500], {}, begun()).map((run) => ({
    ...run,
    result: { ...run.result, digest: "1".repeat(64) },
  }));
  const unknown = verdictOf(before, moved);
  assert.equal(unknown.verdict, "not compared");
  assert.deepEqual(unknown.reasons, ["no record of the first batch, with seed 1, 2, 3"]);
});

Deno.test("compareWithBaseline() compares neither kept weights nor first batches when the baseline is of the former format", () => {
  const baseline = baselineOf(keeping([500, 500], {}, { firstBatch: "a" }));
  const old: Baseline = {
    ...baseline,
    cells: baseline.cells.map((cell) => ({
      ...cell,
      runs: cell.runs.map(({ kept: _, firstBatch: __, ...run }) => run),
    })),
  };
  assert.deepEqual(parseBaseline(baselineTextOf(old), "old.json"), old);
  const now = keeping([500, 600], {}, { firstBatch: "b", ...another });
  assert.equal(compare(old, now)[0]!.verdict, "same");
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
