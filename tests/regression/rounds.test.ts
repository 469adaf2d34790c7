// Rounds after the first: what is measured again, when it ends, and what is made of them. Speeds are made up.
import assert from "node:assert/strict";
import { baselineOf } from "../../src/regression/baseline.ts";
import { baselinePartOf, compareInRounds } from "../../src/regression/rounds.ts";
import { defaultRules, type Rules } from "../../src/regression/rules.ts";
import type { CellCheck } from "../../src/regression/types.ts";
import type { RunFile } from "../../src/runs/run_file.ts";
import { fileOf, runOf } from "../runs/made.ts";
import { speedSummaryOf } from "../../src/training/speed.ts";

/** How fast the algorithms are in a round, relative to their usual speed. */
type Speeds = Readonly<Record<string, number>>;

/** Two seeds at two sparsities of each of the algorithms. */
const round = (speeds: Speeds, digest?: string): RunFile[] =>
  Object.entries(speeds).flatMap(([algorithm, factor]) =>
    [0.5, 0.9].flatMap((sparsity) =>
      [1, 2].map((seed) => {
        const file = fileOf(runOf({ algorithm, sparsity, seed }));
        const imagesPerSecond = 5e4 * factor * (1 + sparsity) * (1 + seed / 100);
        const speed = speedSummaryOf([{ imagesPerSecond, matmul: 3e-4, copy: 1e-4, waited: 0 }]);
        return { ...file, result: { ...file.result, speed, ...(digest ? { digest } : {}) } };
      })
    )
  );

const wobbles = [0.99, 1, 1.01, 1.015, 0.985].map((factor) =>
  round({ sbp: factor, "edge-popup": 1 / factor })
);
const baseline = baselineOf(wobbles[0]!, ...wobbles.slice(1));

/** A check whose rounds are those; a round makes no runs but of what it is asked for. */
async function check(rounds: readonly Speeds[], most = 3, rules: Rules = defaultRules) {
  const asked: string[][] = [];
  const cells = await compareInRounds(baseline, round(rounds[0]!), rules, most, (number, slow) => {
    const { cells } = baselinePartOf(baseline, slow);
    const names = [...new Set(cells.map(({ configuration }) => configuration.algorithm.name))];
    assert.equal(cells.length, 2 * names.length); // all sparsities
    assert.equal(number, asked.push(names) + 1);
    const made = round(rounds[number - 1] ?? {});
    return Promise.resolve(
      made.filter(({ configuration }) => names.includes(configuration.algorithm.name)),
    );
  });
  const of = (name: string): CellCheck =>
    cells.find(({ metric, configuration }) =>
      metric === "speed" && configuration.algorithm.name === name
    )!;
  return { asked, sbp: of("sbp"), popup: of("edge-popup") };
}

Deno.test("compareInRounds() makes one round when nothing looks slower", async () => {
  const { asked, sbp, popup } = await check([{ sbp: 0.97, "edge-popup": 1.02 }]);
  assert.deepEqual([asked, sbp.verdict, popup.verdict], [[], "unchanged", "unchanged"]);
});

Deno.test("compareInRounds() measures again only what looked slower when a round is slow by chance", async () => {
  const { asked, sbp, popup } = await check([{ sbp: 0.94, "edge-popup": 0.98 }, { sbp: 1.01 }]);
  assert.deepEqual(asked, [["sbp"]]);
  assert.deepEqual([sbp.verdict, sbp.rounds], ["unchanged", { before: 5, now: 2 }]);
  assert.deepEqual([popup.verdict, popup.rounds], ["unchanged", { before: 5, now: 1 }]);
  const mean = Math.log(0.94 * 1.01) / 2; // that of the baseline is about 0: 0.99 · 1.01 · 1.015 · 0.985
  assert.ok(Math.abs(sbp.difference! - 100 * (Math.exp(mean) - 1)) < 0.05, `${sbp.difference}`);
});

Deno.test("compareInRounds() makes all rounds when something is slower, however clear the first", async () => {
  const slow = { sbp: 0.8, "edge-popup": 1 };
  const { asked, sbp, popup } = await check([slow, slow, slow]);
  assert.deepEqual(asked, [["sbp"], ["sbp"]]);
  assert.deepEqual([sbp.verdict, sbp.rounds], ["worse", { before: 5, now: 3 }]);
  assert.equal(popup.verdict, "unchanged");
  const cleared = await check([slow, { sbp: 1.2 }]); // a round that others slowed down
  assert.deepEqual([cleared.asked.length, cleared.sbp.verdict], [1, "inconclusive"]);
});

Deno.test("compareInRounds() calls nothing slower when only one round is asked for", async () => {
  const { asked, sbp } = await check([{ sbp: 0.8, "edge-popup": 1 }], 1);
  assert.deepEqual([asked, sbp.verdict, sbp.rounds!.now], [[], "inconclusive", 1]);
  assert.match(
    sbp.reasons[0]!,
    /^with 5 rounds before and 1 now a loss of 20\.0% is not told from chance: about 2 of each/,
  );
  const [before] = wobbles, slow = round({ sbp: 0.8, "edge-popup": 1 });
  const again = () => Promise.resolve(slow);
  const cells = await compareInRounds(baselineOf(before!), slow, defaultRules, 3, again);
  const found = cells.find(({ metric, difference }) => metric === "speed" && difference! < -10)!;
  assert.deepEqual([found.verdict, found.rounds], ["inconclusive", { before: 1, now: 3 }]);
});

Deno.test("compareInRounds() decides by the rounds before when a round fails", async () => {
  const slow = { sbp: 0.9, "edge-popup": 1 };
  const { asked, sbp } = await check([slow, slow, {}], 5);
  assert.equal(asked.length, 2); // the second gave nothing, so no third is tried
  assert.deepEqual(sbp.rounds, { before: 5, now: 2 });
});

Deno.test("compareInRounds() measures again by a cell's own limit when it has one", async () => {
  const rules: Rules = {
    ...defaultRules,
    limits: [...defaultRules.limits, {
      metric: "speed",
      where: { key: "algorithm", value: "sbp" },
      value: 15,
    }],
  };
  const slow = { sbp: 0.9, "edge-popup": 0.9 };
  const { asked, sbp, popup } = await check([slow, slow, slow], 3, rules);
  assert.deepEqual(asked, [["edge-popup"], ["edge-popup"]]);
  assert.deepEqual([sbp.verdict, popup.verdict], ["unchanged", "worse"]);
});

Deno.test("compareInRounds() calls bytes broken when they differ in a later round", async () => {
  const slow = round({ sbp: 0.9, "edge-popup": 1 }), other = "ab".repeat(32);
  const cells = await compareInRounds(
    baseline,
    slow,
    defaultRules,
    2,
    () => Promise.resolve(round({ sbp: 0.9 }, other)),
  );
  const accuracy = cells.filter(({ metric }) => metric === "accuracy");
  assert.deepEqual(
    accuracy.map(({ configuration, verdict }) => [configuration.algorithm.name, verdict]),
    [["edge-popup", "same"], ["edge-popup", "same"], ["sbp", "broken"], ["sbp", "broken"]],
  );
  // Made with other threads, they promise nothing, and tell nothing of speed.
  const elsewhere = round({ sbp: 0.9 }, other).map((run) => ({
    ...run,
    environment: { ...run.environment, threads: 9 },
  }));
  const same = await compareInRounds(
    baseline,
    slow,
    defaultRules,
    2,
    () => Promise.resolve(elsewhere),
  );
  assert.ok(same.every(({ metric, verdict }) => metric !== "accuracy" || verdict === "same"));
  assert.ok(same.every(({ rounds }) => rounds === null || rounds.now === 1));
});
