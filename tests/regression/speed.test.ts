// Speed and memory: compared on the same machine alone, beside its reference, and only failing where that is asked for.
import assert from "node:assert/strict";
import { baselineOf } from "../../src/regression/baseline.ts";
import { compare } from "../../src/regression/compare.ts";
import { exitCodeOf } from "../../src/regression/report.ts";
import { defaultRules, type MetricName, type Rules } from "../../src/regression/rules.ts";
import type { RunFile } from "../../src/sweep/store.ts";
import type { SpeedSample } from "../../src/training/result.ts";
import { fileOf, runOf } from "../report/runs.ts";

const quiet: SpeedSample = { imagesPerSecond: 5e4, matmul: 4e-4, copy: 4e-5, waited: 0.01 };

/** Five seeds whose speeds differ by a percent or so, after a change to each sample. */
const runs = (
  change: (sample: SpeedSample) => Partial<SpeedSample> = () => ({}),
  other: Partial<RunFile["environment"]> = {},
  result: Partial<RunFile["result"]> = {},
) =>
  [1, 0.99, 1.01, 1.005, 0.995].map((factor, i) => {
    const file = fileOf(runOf({ seed: i + 1 }), other);
    const speed = [0.98, 1, 1.03].map((wobble) => {
      const sample = { ...quiet, imagesPerSecond: quiet.imagesPerSecond * factor * wobble };
      return { ...sample, ...change(sample) };
    });
    const peakMemoryBytes = Math.round(7e8 * factor);
    return { ...file, result: { ...file.result, speed, peakMemoryBytes, ...result } };
  });
const before = baselineOf(runs());
const slower = (by: number) => ({ imagesPerSecond }: SpeedSample) => ({
  imagesPerSecond: imagesPerSecond * (1 - by),
});
const of = (metric: MetricName, now: RunFile[], baseline = before, rules?: Rules) =>
  compare(baseline, now, rules).find((cell) => cell.metric === metric);
const exitOf = (now: RunFile[], rules: Rules, baseline = before) =>
  exitCodeOf({ cells: compare(baseline, now, rules), rules, obstacles: [] });
const gated: Rules = {
  ...defaultRules,
  gates: [...defaultRules.gates, { metric: "speed", value: "fail" }],
};

Deno.test("a tenth slower is worse: a warning, and a failure where that is asked for", () => {
  const now = runs(slower(0.1)), found = of("speed", now)!;
  assert.deepEqual([found.verdict, found.gate], ["worse", "warn"]);
  assert.ok(Math.abs(found.difference! + 10) < 0.01, `${found.difference}`);
  assert.ok(found.interval!.low < -10 && found.interval!.high > -10);
  assert.deepEqual([found.before, found.now].map((x) => Math.round(x! / 1e3)), [50, 45]);
  assert.deepEqual([exitOf(now, defaultRules), exitOf(now, gated)], [0, 1]);
  assert.equal(of("speed", runs(slower(-0.1)))!.verdict, "better");
  assert.equal(of("speed", runs(slower(0.02)))!.verdict, "unchanged");
});

Deno.test("a machine of half the speed is not a slower run", () => {
  const halved = ({ imagesPerSecond, matmul, copy }: SpeedSample) => ({
    imagesPerSecond: imagesPerSecond / 2,
    matmul: matmul * 2,
    copy: copy * 2,
  });
  const found = of("speed", runs(halved))!;
  assert.equal(found.verdict, "unchanged");
  assert.ok(Math.abs(found.difference!) < 0.1);
});

Deno.test("another processor, device, number of threads or of runs beside it is not compared", () => {
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
  assert.equal(of("speed", runs(slower(0.1), { libtorch: "2.9.0" }))!.verdict, "worse"); // what an upgrade does
});

Deno.test("a baseline from before speed was measured says that it has none", () => {
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

Deno.test("stretches that others disturbed don't count; where all were, nothing is told", () => {
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

Deno.test("a fifth more memory is worse, and less is better", () => {
  const more = (by: number) =>
    runs().map((run) => ({
      ...run,
      result: { ...run.result, peakMemoryBytes: Math.round(run.result.peakMemoryBytes * by) },
    }));
  const found = of("memory", more(1.2))!;
  assert.equal(found.verdict, "worse");
  assert.ok(Math.abs(found.difference! - 20) < 0.1);
  assert.match(found.reasons[0]!, /^20\.0% more: over the limit of 10%, beyond chance$/);
  assert.equal(of("memory", more(0.8))!.verdict, "better");
  assert.equal(of("memory", more(1.05))!.verdict, "unchanged");
});

Deno.test("what learns nothing has no speed", () => {
  const still = runs(undefined, {}, { imagesPerSecond: 0, speed: [] });
  assert.equal(of("speed", still, baselineOf(still)), undefined);
});
