// Speed and memory: compared on the same machine alone, relative to its reference, and only failing where that is asked for.
import assert from "node:assert/strict";
import { baselineOf } from "../../src/regression/baseline.ts";
import { compareWithBaseline } from "../../src/regression/compare.ts";
import { exitCodeOf } from "../../src/regression/report.ts";
import { defaultRules, type MetricName, type Rules } from "../../src/regression/rules.ts";
import type { RunFile } from "../../src/runs/run_file.ts";
import type { SpeedSample } from "../../src/training/result.ts";
import { fileOf, runOf } from "../runs/made.ts";
import { speedSummaryOf } from "../../src/training/speed.ts";

const quiet: SpeedSample = { imagesPerSecond: 5e4, matmul: 4e-4, copy: 4e-5, waited: 0.01 };

/** How fast the rounds of the baseline are; of five seeds, a percent or so, those of one round too. */
const wobbles = [1, 0.99, 1.01, 1.005, 0.995];

/** Five seeds whose speeds differ, after a change to each sample. */
const runs = (
  change: (sample: SpeedSample) => Partial<SpeedSample> = () => ({}),
  other: Partial<RunFile["environment"]> = {},
  result: Partial<RunFile["result"]> = {},
) =>
  wobbles.map((factor, i) => {
    const file = fileOf(runOf({ seed: i + 1 }), other);
    const speed = [0.98, 1, 1.03].map((wobble) => {
      const sample = { ...quiet, imagesPerSecond: quiet.imagesPerSecond * factor * wobble };
      return { ...sample, ...change(sample) };
    });
    const peakMemoryBytes = Math.round(7e8 * factor);
    return {
      ...file,
      result: { ...file.result, speed: speedSummaryOf(speed), peakMemoryBytes, ...result },
    };
  });
const [first, ...others] = wobbles.map((wobble) => runs(slower(1 - wobble)));
const before = baselineOf(first!, ...others);
function slower(by: number) {
  return ({ imagesPerSecond }: SpeedSample) => ({ imagesPerSecond: imagesPerSecond * (1 - by) });
}
/** After two rounds, as alike as can be. */
const of = (metric: MetricName, now: RunFile[], baseline = before, rules?: Rules) =>
  compareWithBaseline(baseline, now, rules, [now]).find((cell) => cell.metric === metric);
const exitOf = (now: RunFile[], rules: Rules, baseline = before) =>
  exitCodeOf({ cells: compareWithBaseline(baseline, now, rules, [now]), rules, obstacles: [] });
/** Baselines keep speeds to four digits, so within a part of the figure. */
const near = (actual: number, expected: number, part: number) =>
  assert.ok(Math.abs(actual / expected - 1) < part, `${actual} is not ${expected}`);
const gated: Rules = {
  ...defaultRules,
  gates: [...defaultRules.gates, { metric: "speed", value: "fail" }],
};

Deno.test("compareWithBaseline() warns, or fails where that is asked for, when speed is a seventh lower", () => {
  const now = runs(slower(0.15)), found = of("speed", now)!;
  assert.deepEqual([found.verdict, found.gate], ["worse", "warn"]);
  assert.ok(Math.abs(found.difference! + 15) < 0.01, `${found.difference}`);
  // ttest_ind(log([0.85, 0.85]), log([1, 0.99, 1.01, 1.005, 0.995]), alternative="less") of SciPy 1.17, pooled, and its
  // interval of 95% in percent: five rounds before and two now, whatever the runs of each do.
  assert.deepEqual(found.rounds, { before: 5, now: 2 });
  near(found.p!, 5.9866e-7, 0.02);
  near(found.interval!.low, -16.281, 0.001);
  near(found.interval!.high, -13.695, 0.001);
  assert.deepEqual([found.before, found.now].map((x) => Math.round(x! / 1e3)), [50, 43]);
  assert.deepEqual([exitOf(now, defaultRules), exitOf(now, gated)], [0, 1]);
  assert.equal(of("speed", runs(slower(-0.15)))!.verdict, "better");
  assert.equal(of("speed", runs(slower(0.02)))!.verdict, "unchanged");
});

Deno.test("compareWithBaseline() has more evidence when there are more rounds, and not when there are more runs", () => {
  const now = [0.94, 0.96, 0.95].map((speed) => runs(slower(1 - speed)));
  const [found] = compareWithBaseline(before, now[0]!, defaultRules, now.slice(1))
    .filter(({ metric }) => metric === "speed");
  assert.deepEqual(found!.rounds, { before: 5, now: 3 });
  near(found!.p!, 1.0728e-4, 0.02); // of log([0.94, 0.96, 0.95]), as above
  assert.ok(found!.difference! < -4.99 && found!.difference! > -5.02);
});

Deno.test("compareWithBaseline() leaves a round's mean as it is when one run has no quiet stretch", () => {
  const disturbed = runs().map((run, i) => {
    const speed = speedSummaryOf(
      run.result.speed!.sample.map((sample) => ({ ...sample, waited: i < 2 ? 0.5 : 0 })),
    );
    return { ...run, result: { ...run.result, speed } };
  });
  assert.ok(Math.abs(of("speed", disturbed)!.difference!) < 0.01);
  const gaps = baselineOf(first!, ...others.slice(1), disturbed);
  assert.deepEqual(gaps.cells[0]!.runs.map(({ speed }) => speed!.rounds.at(-1) === null), [
    ...[true, true, false, false, false],
  ]);
  assert.ok(Math.abs(of("speed", runs(), gaps)!.difference!) < 0.3);
});

Deno.test("compareWithBaseline() is inconclusive, and says what would do, when there is one round each", () => {
  const found = compareWithBaseline(baselineOf(runs()), runs(slower(0.3)))
    .find(({ metric }) => metric === "speed")!;
  assert.deepEqual([found.verdict, found.p], ["inconclusive", null]);
  assert.match(found.reasons[0]!, /^one round before and one now say nothing of chance: make the/);
});

Deno.test("compareWithBaseline() says how many rounds would do when a slower speed may be chance", () => {
  const rough = [1, 1.09, 0.92, 1.07, 0.93].map((speed) => runs(slower(1 - speed)));
  const found = of("speed", runs(slower(0.07)), baselineOf(rough[0]!, ...rough.slice(1)))!;
  assert.equal(found.verdict, "inconclusive");
  assert.match(
    found.reasons[0]!,
    /^with 5 rounds before and 2 now a loss of [67]\.\d% is not told from chance: about \d+ of each/,
  );
  const same = of("speed", runs(), baselineOf(rough[0]!, ...rough.slice(1)))!;
  assert.match(
    same.reasons[0]!,
    /2 now a loss of 9\.8% is not ruled out: about \d+ of each would do/,
  );
});

Deno.test("compareWithBaseline() finds no loss when the machine has half the speed", () => {
  const halved = ({ imagesPerSecond, matmul, copy }: SpeedSample) => ({
    imagesPerSecond: imagesPerSecond / 2,
    matmul: matmul * 2,
    copy: copy * 2,
  });
  const found = of("speed", runs(halved))!;
  assert.equal(found.verdict, "unchanged");
  assert.ok(Math.abs(found.difference!) < 0.1);
});

Deno.test("compareWithBaseline() compares no speed when processor, device, threads or jobs differ", () => {
  const others = [{ processor: "another" }, { threads: 7 }, { jobs: 9 }, {
    device: "cuda",
  }] as const;
  for (const other of others) {
    const now = runs(slower(0.5), other), found = of("speed", now)!;
    assert.equal(found.verdict, "not compared");
    assert.match(
      found.reasons[0]!,
      /^another machine or use of it: (device|processor|threads|jobs)/,
    );
    assert.deepEqual([exitOf(now, defaultRules), exitOf(now, gated)], [0, 3]);
  }
  assert.equal(of("speed", runs(slower(0.15), { libtorch: "2.9.0" }))!.verdict, "worse"); // what an upgrade does
});

Deno.test("compareWithBaseline() says so when a baseline has no speed", () => {
  const old = baselineOf(
    runs().map(({ result: { speed: _, ...result }, ...run }) => ({
      ...run,
      result,
    })),
  );
  const found = of("speed", runs(), old)!;
  assert.deepEqual([found.verdict, found.reasons], [
    "not compared",
    ["the baseline has no speed of it"],
  ]);
  assert.equal(of("memory", runs(), old)!.verdict, "unchanged");
});

Deno.test("compareWithBaseline() leaves stretches out when other processes disturbed them", () => {
  const third = (waited: number) => {
    let at = 0;
    return ({ imagesPerSecond }: SpeedSample) =>
      at++ % 3 === 0 ? { imagesPerSecond, waited } : {
        imagesPerSecond: imagesPerSecond / 3,
        waited: 0.6,
      };
  };
  assert.notEqual(of("speed", runs(third(0.02)))!.verdict, "worse");
  const busy = of("speed", runs(third(0.6)))!;
  assert.equal(busy.verdict, "inconclusive");
  assert.match(busy.reasons[0]!, /no stretch of a run now had the processor to itself/);
});

Deno.test("compareWithBaseline() calls memory worse when it is half as much again, and better when it is less", () => {
  const more = (by: number) =>
    runs().map((run) => ({
      ...run,
      result: { ...run.result, peakMemoryBytes: Math.round(run.result.peakMemoryBytes * by) },
    }));
  const found = of("memory", more(1.5))!;
  assert.equal(found.verdict, "worse");
  assert.ok(Math.abs(found.difference! - 50) < 0.1);
  assert.match(found.reasons[0]!, /^50\.0% more: over the limit of 40%, beyond chance$/);
  assert.equal(of("memory", more(0.6))!.verdict, "better");
  assert.equal(of("memory", more(1.05))!.verdict, "unchanged");
});

Deno.test("compareWithBaseline() compares no speed when an algorithm learns nothing", () => {
  const still = runs(undefined, {}, { imagesPerSecond: 0, speed: speedSummaryOf([]) });
  assert.equal(of("speed", still, baselineOf(still)), undefined);
});

Deno.test("compareWithBaseline() decides by a limit when it is over half", () => {
  const rules: Rules = {
    ...defaultRules,
    limits: [...defaultRules.limits, { metric: "speed", value: 60 }],
  };
  const verdicts = [0, 0.3, 0.7].map((by) => of("speed", runs(slower(by)), before, rules)!.verdict);
  assert.deepEqual(verdicts, ["unchanged", "unchanged", "worse"]);
});
