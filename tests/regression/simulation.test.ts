// How often the check is wrong, by simulation from what real runs gave: how often it cries wolf where nothing changed, and
// how often it finds a true loss. Every figure here is in README.md.
import assert from "node:assert/strict";
import { join } from "node:path";
import { root } from "../cli/maskbench.ts";
import { baselineOf } from "../../src/regression/baseline.ts";
import { compare } from "../../src/regression/compare.ts";
import { randomNumbers } from "../../src/random_numbers.ts";
import { summarise } from "../../src/statistics.ts";
import { readRuns, type RunFile } from "../../src/sweep/store.ts";
import { fileOf, runOf } from "../report/runs.ts";

const CELLS = 20, SEEDS = 5, CHECKS = 1000, LOSSES = 500;

const uniform = randomNumbers(1);
const pick = <T>(list: readonly T[]): T => list[Math.floor(uniform() * list.length)]!;
const times = <T>(n: number, make: (i: number) => T) =>
  Array.from({ length: n }, (_, i) => make(i));

// Four algorithms at five sparsities, each with five seeds; what differs from check to check is filled in.
const algorithmOf = (cell: number) => `algorithm-${Math.floor(cell / 5)}`;
const sparsityOf = (cell: number) => (5 + cell % 5) / 10;
const templates = times(
  CELLS,
  (cell) =>
    times(
      SEEDS,
      (i) =>
        fileOf(runOf({ algorithm: algorithmOf(cell), sparsity: sparsityOf(cell), seed: i + 1 })),
    ),
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
    .map(({ configuration: { algorithm, sparsity } }) =>
      templates.findIndex((_, cell) =>
        algorithmOf(cell) === algorithm.name && sparsityOf(cell) === sparsity
      )
    );

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

const tell = (what: string, share: number, of: number) =>
  console.log(`${what}: ${Math.round(share * of)} of ${of}`);

Deno.test("accuracy: fewer than 1 check of twenty cells in 100 raises a false alarm", () => {
  for (
    const [name, cells] of Object.entries({ mnist, cifar, all: [...quick, ...cifar, ...mnist] })
  ) {
    const { any } = accuracyChecks(CHECKS, cells, 0);
    tell(`false alarms about accuracy, spread as in ${name}`, any, CHECKS);
    assert.ok(any < 0.01, `${name}: ${any}`);
  }
});

Deno.test("accuracy: a loss of 1 point is found in at least 95 of 100 checks", () => {
  const { found } = accuracyChecks(LOSSES, mnist, 1);
  tell("losses of 1 point found, spread as in mnist", found, LOSSES);
  assert.ok(found >= 0.95, `${found}`);
});

/** Checks of speed: of each algorithm 25 runs from one session, and the same from another; the first loses so much. */
function speedChecks(count: number, loss: number) {
  let any = 0, found = 0;
  for (let check = 0; check < count; check++) {
    const kinds = times(CELLS / 5, () => pick(Object.keys(sessions[0]!)));
    const places = times(CELLS * SEEDS, () => Math.floor(uniform() * 15));
    const draw = (session: Session, loss: number) =>
      runsWith((cell, seed) => {
        const speed = session[kinds[Math.floor(cell / 5)]!]![places[cell * SEEDS + seed]!]!;
        const imagesPerSecond = speed * (cell < 5 ? 1 - loss : 1) * 2e3;
        return { speed: [{ imagesPerSecond, matmul: 4e-4, copy: 1e-4, waited: 0 }] };
      });
    const one = pick(sessions), other = pick(sessions.filter((session) => session !== one));
    const cells = worse(draw(one, 0), draw(other, loss), "speed");
    any += cells.length > 0 ? 1 : 0;
    found += cells.includes(0) ? 1 : 0;
  }
  return { any: any / count, found: found / count };
}

/**
 * Thirteen checks of an unchanged tree, on two cores that others used too: images in the time of the reference, of every
 * run, by algorithm.
 */
type Session = Readonly<Record<string, readonly number[]>>;
const sessions: readonly Session[] = JSON.parse(
  await Deno.readTextFile(new URL("repeats.json", import.meta.url)),
);

Deno.test("speed: how often a check raises a false alarm, and finds a loss of 10% or 15%", () => {
  const { any } = speedChecks(CHECKS, 0);
  const [ten, fifteen] = [0.1, 0.15].map((loss) => speedChecks(LOSSES, loss).found);
  tell("false alarms about speed", any, CHECKS);
  tell("losses of 10% found", ten!, LOSSES);
  tell("losses of 15% found", fifteen!, LOSSES);
  assert.ok(any < 0.01, `${any}`);
  assert.ok(fifteen! >= 0.95, `${fifteen}`);
});
