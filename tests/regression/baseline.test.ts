// Baselines as files: written and read again, and what is wrong with one is a sentence.
import assert from "node:assert/strict";
import { UserError } from "../../src/base/errors.ts";
import {
  baselineOf,
  baselineTextOf,
  ensureSameOutcomes,
  parseBaseline,
} from "../../src/regression/baseline.ts";
import type { RunFile } from "../../src/runs/run_file.ts";
import { fileOf, runOf } from "../runs/made.ts";
import { speedSummaryOf } from "../../src/training/speed.ts";

const runs = [2, 1, 3].map((seed) => fileOf(runOf({ seed, accuracy: 0.9 + seed / 100 })));
const text = baselineTextOf(baselineOf(runs));

const refusal = (text: string): string => {
  try {
    parseBaseline(text, "b.json");
  } catch (error) {
    assert.ok(error instanceof UserError, (error as Error).stack);
    return error.message;
  }
  assert.fail("accepted");
};

Deno.test("parseBaseline() gives what was written, and the bytes are the same, when runs come in any order", () => {
  assert.deepEqual(parseBaseline(text, "b.json"), baselineOf(runs));
  assert.equal(baselineTextOf(baselineOf([...runs].reverse())), text);
  const [cell] = baselineOf(runs).cells;
  assert.deepEqual(cell!.runs.map(({ seed, accuracy }) => [seed, accuracy]), [
    [1, 0.91],
    [2, 0.92],
    [3, 0.93],
  ]);
});

Deno.test("baselineTextOf() gives each run a line when a baseline is written", () => {
  const lines = text.split("\n");
  for (const { identity } of runs) {
    assert.equal(lines.filter((line) => line.includes(identity)).length, 1);
  }
});

Deno.test("parseBaseline() throws one sentence when a baseline is of another format, unknown, cut short or forged", () => {
  const change = (edit: (json: ReturnType<typeof JSON.parse>) => void) => {
    const json = JSON.parse(text);
    edit(json);
    return refusal(JSON.stringify(json));
  };
  const cases: [string, RegExp][] = [
    [
      change((json) => delete json.format),
      /^b\.json: format: is missing: expected 2$/,
    ],
    [
      change((json) => json.format = 1),
      /^b\.json: format: 1 is another format of baselines than 2: make it again/,
    ],
    [change((json) => json.extra = 1), /^b\.json: "extra" is not known/],
    [
      change((json) => json.cells[0].runs[0].acuracy = 1),
      /cells\[0\]\.runs\[0\]: "acuracy" is not/,
    ],
    [change((json) => json.cells[0].runs[0].accuracy = 91), /runs\[0\]\.accuracy: 91 is too large/],
    [change((json) => json.cells[0].runs[0].seed = 9), /runs\[0\]\.identity: is not that of its/],
    [change((json) => json.cells[0].runs[0].environment = 5), /environment: 5 is none of its 1/],
    [change((json) => json.cells = []), /^b\.json: cells: .*too small|expected/],
    [refusal(text.slice(0, 500)), /^b\.json: line \d+, column \d+: no JSON/],
    [refusal("[]"), /^b\.json: expected an object/],
  ];
  for (const [message, expected] of cases) {
    assert.match(message, expected);
    assert.equal(message.split("\n").length, 1);
  }
});

/** The same run with that speed and memory. */
const measured = (run: RunFile, imagesPerSecond: number | null, peakMemoryBytes: number) => {
  const speed = speedSummaryOf(
    imagesPerSecond === null ? [] : [{ imagesPerSecond, matmul: 3e-4, copy: 1e-4, waited: 0 }],
  );
  return { ...run, result: { ...run.result, speed, peakMemoryBytes } };
};

Deno.test("baselineOf() keeps each round's speed, and the median of memory, when there are several rounds", () => {
  const rounds = [[50e3, 7e8], [null, 9e8], [60e3, 6e8]] as const;
  const [first, ...others] = rounds.map(([speed, memory]) =>
    runs.map((run) => measured(run, speed, memory))
  );
  const baseline = baselineOf(first!, ...others);
  for (const { speed, peakMemoryBytes } of baseline.cells[0]!.runs) {
    assert.deepEqual(speed, { imagesPerSecond: 55e3, rounds: [20, null, 24] }); // by 0.4 ms
    assert.equal(peakMemoryBytes, 7e8);
  }
  assert.deepEqual(parseBaseline(baselineTextOf(baseline), "b.json"), baseline);
});

Deno.test("baselineOf() names the run when rounds differ in runs, bytes or environment", () => {
  const refusal = (change: (run: RunFile) => RunFile | undefined) => {
    const again = runs.flatMap((run) => run.configuration.seed === 2 ? change(run) ?? [] : run);
    try {
      ensureSameOutcomes([{ name: "a", runs }, { name: "b", runs: again }]);
    } catch (error) {
      assert.ok(error instanceof UserError);
      return error.message;
    }
  };
  const [epoch] = runs[0]!.result.epochs, label = "mlp · sbp · sparsity 50% · rate 0.1 · seed 2";
  const cases: [string | undefined, string | undefined][] = [
    [refusal((run) => measured(run, 1, 1)), undefined],
    [
      refusal((run) => ({ ...run, environment: { ...run.environment, commit: "other" } })),
      undefined,
    ],
    [refusal(() => undefined), `b has no run ${label}, which a has`],
    [
      refusal((run) => ({ ...run, result: { ...run.result, digest: "1" } })),
      `${label} gave other losses or another mask in b than in a`,
    ],
    [
      refusal((run) => ({
        ...run,
        result: { ...run.result, epochs: [{ ...epoch!, testLoss: 7 }] },
      })),
      `${label} gave other losses or another mask in b than in a`,
    ],
    [
      refusal((run) => ({ ...run, environment: { ...run.environment, jobs: 5 } })),
      `${label} was made with jobs 1 in a, 5 in b: rounds are made alike`,
    ],
  ];
  for (const [message, expected] of cases) assert.equal(message, expected);
  assert.throws(
    () => ensureSameOutcomes([{ name: "a", runs: runs.slice(1) }, { name: "b", runs }]),
    /^UserError: a has no run .*seed 2, which b has$/,
  );
});
