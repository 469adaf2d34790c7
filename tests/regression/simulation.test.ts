// How often the check is wrong, by simulation from what real runs gave: how often it cries wolf where nothing changed, and
// how often it finds a true loss. Every figure here is in docs/regressions.md.
import assert from "node:assert/strict";
import { join } from "node:path";
import { randomNumbersOf } from "../../src/base/random_numbers.ts";
import { summarise } from "../../src/base/statistics.ts";
import { baselineOf } from "../../src/regression/baseline.ts";
import { compareWithBaseline } from "../../src/regression/compare.ts";
import { compareInRounds, defaultRoundCount } from "../../src/regression/rounds.ts";
import { defaultRules } from "../../src/regression/rules.ts";
import { type RunFile } from "../../src/runs/run_file.ts";
import { readRunFolder } from "../../src/runs/run_folder.ts";
import { root } from "../cli/maskbench.ts";
import { fileOf, runOf } from "../runs/made.ts";
import { speedSummaryOf } from "../../src/training/speed.ts";

const CELLS = 20, SEEDS = 5, ENOUGH = 200, CHECKS = 1000, LOSSES = 500;

let uniform = randomNumbersOf(1);
const pick = <T>(list: readonly T[]): T => list[Math.floor(uniform() * list.length)]!;
/** A test that draws what it draws alone, whatever the others do. */
const simulation = (name: string, body: () => void | Promise<void>) =>
  Deno.test(name, async () => {
    uniform = randomNumbersOf(1);
    await body();
  });
const times = <T>(n: number, make: (i: number) => T) =>
  Array.from({ length: n }, (_, i) => make(i));

// Four algorithms at five sparsities, each with as many seeds as are ever asked for; what differs from check to check is filled in.
const algorithmOf = (cell: number) => `algorithm-${Math.floor(cell / 5)}`;
const sparsityOf = (cell: number) => (5 + cell % 5) / 10;
const templates = times(
  CELLS,
  (cell) =>
    times(
      ENOUGH,
      (i) =>
        fileOf(runOf({ algorithm: algorithmOf(cell), sparsity: sparsityOf(cell), seed: i + 1 })),
    ),
);
const runsWith = (
  change: (cell: number, seed: number) => Partial<RunFile["result"]>,
  environment: Partial<RunFile["environment"]> = {},
  seeds = SEEDS,
): RunFile[] =>
  templates.flatMap((runs, cell) =>
    runs.slice(0, seeds).map((run, seed) => ({
      ...run,
      result: { ...run.result, ...change(cell, seed) },
      environment: { ...run.environment, ...environment },
    }))
  );

/** Which cells a check calls worse in accuracy. */
const worse = (before: RunFile[], now: RunFile[]): number[] =>
  compareWithBaseline(baselineOf(before), now)
    .filter((cell) => cell.metric === "accuracy" && cell.verdict === "worse")
    .map(({ configuration: { algorithm, sparsity } }) =>
      templates.findIndex((_, cell) =>
        algorithmOf(cell) === algorithm.name && sparsityOf(cell) === sparsity
      )
    );

/** What the seeds of published cells are off their mean, in points, scaled to the spread of the population. */
async function spreads(...names: string[]): Promise<number[][]> {
  const cells = new Map<string, number[]>();
  for (const name of names) {
    for (const { configuration, result } of (await readRunFolder(join(root, name))).runs) {
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
function accuracyChecks(
  count: number,
  spreads: readonly number[][],
  loss: number,
  seeds = SEEDS,
) {
  let any = 0, found = 0;
  for (let check = 0; check < count; check++) {
    const drawn = templates.map(() => pick(spreads));
    const draw = (loss: number, environment = {}) =>
      runsWith(
        (cell) => {
          const accuracy = (80 + pick(drawn[cell]!) - (cell === 7 ? loss : 0)) / 100;
          return { lastTestAccuracy: accuracy, epochs: [{ ...epoch, testAccuracy: accuracy }] };
        },
        environment,
        seeds,
      );
    const cells = worse(draw(0), draw(loss, { libtorch: "2.3.1" }));
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

simulation(
  "compareWithBaseline() raises a false alarm in fewer than 1 of 100 checks when nothing changed in twenty cells",
  () => {
    for (
      const [name, cells] of Object.entries({ mnist, cifar, all: [...quick, ...cifar, ...mnist] })
    ) {
      const { any } = accuracyChecks(CHECKS, cells, 0);
      tell(`false alarms about accuracy, spread as in ${name}`, any, CHECKS);
      assert.ok(any < 0.01, `${name}: ${any}`);
    }
  },
);

simulation(
  "compareWithBaseline() finds a loss of 1 point in at least 95 of 100 checks when seeds spread as on MNIST",
  () => {
    const { found } = accuracyChecks(LOSSES, mnist, 1);
    tell("losses of 1 point found, spread as in mnist", found, LOSSES);
    assert.ok(found >= 0.95, `${found}`);
  },
);

simulation(
  "compareWithBaseline() needs more seeds for a loss of 1 point when they spread as on CIFAR-10",
  () => {
    const few = accuracyChecks(LOSSES, cifar, 1).found;
    const many = accuracyChecks(100, cifar, 1, ENOUGH).found;
    tell("losses of 1 point found, spread as in cifar, five seeds", few, LOSSES);
    tell(`losses of 1 point found, spread as in cifar, ${ENOUGH} seeds`, many, 100);
    assert.ok(many >= 0.95, `${many}`);
  },
);

/** A round of an unchanged tree: images in the time of the reference, of every run, by algorithm. */
type Session = Readonly<Record<string, readonly number[]>>;
const read = async (name: string): Promise<Session[]> =>
  JSON.parse(await Deno.readTextFile(new URL(name, import.meta.url)));
/** Thirteen on two cores that others used too, and thirteen where little else ran, made after all limits were set. */
const busy = await read("repeats.json"), quiet = await read("quiet.json");

/** Rounds that a baseline is made of. */
const BEFORE = 5;

/** Groups of runs whose speed is compared, each with the algorithm that it is as fast as. */
interface Groups {
  readonly kinds: readonly string[];
  /** Whether a round is the same session for all of them, and not one of its own for each. */
  readonly together: boolean;
}
/** `bench/ci.json` itself, round for round. */
const ci: Groups = { kinds: ["edge-popup", "sbp"], together: true };
/** Twenty cells: four algorithms at five sparsities, nothing in common. */
const twenty: Groups = { kinds: ["edge-popup", "sbp", "edge-popup", "sbp"], together: false };

/**
 * Checks of speed, as the command makes them: a baseline of five rounds, and up to three now, all different sessions;
 * of the group `slow` they lose so much.
 */
async function speedChecks(
  count: number,
  sessions: readonly Session[],
  { kinds, together }: Groups,
  loss: number,
  slow = 0,
) {
  let any = 0, found = 0, unsure = 0, rounds = 0;
  for (let check = 0; check < count; check++) {
    const one = shuffled(sessions), orders = kinds.map(() => together ? one : shuffled(sessions));
    // A group's fifteen runs, three seeds at five sparsities.
    const round = (number: number, loss: number) =>
      runsWith(
        (cell, seed) => {
          const group = Math.floor(cell / 5), kind = kinds[group];
          if (kind === undefined) return {};
          const speed = orders[group]![number]![kind]![cell % 5 * 3 + seed]!;
          const imagesPerSecond = speed * (group === slow ? 1 - loss : 1) * 2e3;
          return {
            speed: speedSummaryOf([{ imagesPerSecond, matmul: 4e-4, copy: 1e-4, waited: 0 }]),
          };
        },
        {},
        3,
      ).filter(({ result: { speed } }) => speed);
    const [first, ...others] = times(BEFORE, (number) => round(number, 0));
    let made = 1;
    const cells = (await compareInRounds(
      baselineOf(first!, ...others),
      round(BEFORE, loss),
      defaultRules,
      defaultRoundCount,
      (number, suspects) => {
        made = number;
        const names = suspects.map(({ configuration }) => configuration.algorithm.name);
        return Promise.resolve(
          round(BEFORE + number - 1, loss)
            .filter(({ configuration }) => names.includes(configuration.algorithm.name)),
        );
      },
    )).filter(({ metric }) => metric === "speed");
    const verdicts = cells.map(({ verdict }) => verdict);
    any += verdicts.includes("worse") ? 1 : 0;
    found += verdicts[slow] === "worse" ? 1 : 0;
    unsure += verdicts.includes("inconclusive") ? 1 : 0;
    rounds += made;
  }
  return { any: any / count, found: found / count, unsure: unsure / count, rounds: rounds / count };
}

const shuffled = <T>(list: readonly T[]): T[] => {
  const left = [...list];
  return times(list.length, () => left.splice(Math.floor(uniform() * left.length), 1)[0]!);
};

for (
  const [name, sessions, groups] of [
    ["bench/ci.json, busy", busy, ci],
    ["twenty cells, busy", busy, twenty],
    ["bench/ci.json, quiet", quiet, ci],
    ["twenty cells, quiet", quiet, twenty],
  ] as const
) {
  simulation(
    `speed, ${name}: false alarms in under 1%, a loss of 10% found in at least 95%`,
    async () => {
      const none = await speedChecks(CHECKS, sessions, groups, 0);
      tell(`${name}: false alarms about speed`, none.any, CHECKS);
      tell(`${name}: inconclusive where nothing changed`, none.unsure, CHECKS);
      console.log(`${name}: rounds of a check where nothing changed: ${none.rounds.toFixed(2)}`);
      const found = [];
      for (const slow of [0, 1]) {
        found.push((await speedChecks(LOSSES, sessions, groups, 0.1, slow)).found);
        tell(`${name}: losses of 10% found of ${groups.kinds[slow]}`, found[slow]!, LOSSES);
      }
      assert.ok(none.any < 0.01, `${none.any}`);
      assert.ok(Math.min(...found) >= 0.95, `${found}`);
    },
  );
}
