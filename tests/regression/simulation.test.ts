// How often the check is wrong, by simulation from what real runs gave: how often it cries wolf where nothing changed, and
// how often it finds a true loss. Every figure here is in README.md.
import assert from "node:assert/strict";
import { join } from "node:path";
import { root } from "../cli/maskbench.ts";
import { baselineOf } from "../../src/regression/baseline.ts";
import { compare } from "../../src/regression/compare.ts";
import { median, summarise } from "../../src/statistics.ts";
import { readRuns, type RunFile } from "../../src/sweep/store.ts";
import { fileOf, runOf } from "../report/runs.ts";

const CELLS = 20, SEEDS = 5, CHECKS = 1000, LOSSES = 500;

/** Numbers in [0, 1) from a seed: mulberry32. */
function uniformFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
const uniform = uniformFrom(1);
const pick = <T>(list: readonly T[]): T => list[Math.floor(uniform() * list.length)]!;
const times = <T>(n: number, make: (i: number) => T) =>
  Array.from({ length: n }, (_, i) => make(i));

// Twenty cells of five seeds; what differs from check to check is filled in.
const templates = times(
  CELLS,
  (cell) => times(SEEDS, (i) => fileOf(runOf({ algorithm: `algorithm-${cell}`, seed: i + 1 }))),
);
const runsWith = (
  change: (cell: number, seed: number, run: RunFile) => Partial<RunFile["result"]>,
  environment: Partial<RunFile["environment"]> = {},
): RunFile[] =>
  templates.flatMap((seeds, cell) =>
    seeds.map((run, seed) => ({
      ...run,
      result: { ...run.result, ...change(cell, seed, run) },
      environment: { ...run.environment, ...environment },
    }))
  );

/** Which cells a check calls worse, by a metric. */
const worse = (before: RunFile[], now: RunFile[], metric: string): number[] =>
  compare(baselineOf(before), now)
    .filter((cell) => cell.metric === metric && cell.verdict === "worse")
    .map(({ configuration }) => Number(configuration.algorithm.name.split("-")[1]));

/** What the seeds of published cells are off their mean, in points, scaled to the spread of the population. */
async function spreads(...names: string[]): Promise<number[][]> {
  const cells = new Map<string, number[]>();
  for (const name of names) {
    for (const { configuration, result } of (await readRuns(join(root, name))).runs) {
      const { seed: _, ...rest } = configuration, key = JSON.stringify(rest);
      cells.set(key, [...cells.get(key) ?? [], 100 * result.lastTestAccuracy]);
    }
  }
  return [...cells.values()].map((values) => {
    const { mean, n } = summarise(values);
    return values.map((value) => (value - mean) * Math.sqrt(n / (n - 1)));
  });
}

/** Checks of accuracy elsewhere, each cell with seeds drawn from a cell of the given ones; cell 7 loses so many points. */
function accuracyChecks(count: number, spreads: readonly number[][], loss: number) {
  let any = 0, found = 0;
  for (let check = 0; check < count; check++) {
    const drawn = templates.map(() => pick(spreads));
    const draw = (loss: number, environment = {}) =>
      runsWith((cell) => {
        const accuracy = (80 + pick(drawn[cell]!) - (cell === 7 ? loss : 0)) / 100;
        return { lastTestAccuracy: accuracy, epochs: [{ ...epoch, testAccuracy: accuracy }] };
      }, environment);
    const cells = worse(draw(0), draw(loss, { libtorch: "2.3.1" }), "accuracy");
    any += cells.length > 0 ? 1 : 0;
    found += cells.includes(7) ? 1 : 0;
  }
  return { any: any / count, found: found / count };
}
const [epoch] = templates[0]![0]!.result.epochs as [RunFile["result"]["epochs"][number]];

const quick = await spreads("results/published/quick");
const cifar = await spreads("results/published/cifar10-cpu");
const mnist = (await spreads("results/published/mnist")).filter((values) =>
  Math.max(...values) < 1
); // without `random`

Deno.test("accuracy: fewer than 1 check of twenty cells in 100 raises a false alarm", () => {
  for (
    const [name, cells] of Object.entries({ mnist, cifar, all: [...quick, ...cifar, ...mnist] })
  ) {
    const { any } = accuracyChecks(CHECKS, cells, 0);
    console.log(`false alarms, accuracy, spread of ${name}: ${any * CHECKS} of ${CHECKS} checks`);
    assert.ok(any < 0.01, `${name}: ${any}`);
  }
});

Deno.test("accuracy: a loss of 1 point is found in at least 95 of 100 checks", () => {
  const { found } = accuracyChecks(LOSSES, mnist, 1);
  console.log(`losses of 1 point found, spread of mnist: ${found * LOSSES} of ${LOSSES}`);
  const c = accuracyChecks(LOSSES, cifar, 1).found;
  console.log(`losses of 1 point found, spread of cifar: ${c * LOSSES} of ${LOSSES}`);
  assert.ok(found >= 0.95, `${found}`);
});
