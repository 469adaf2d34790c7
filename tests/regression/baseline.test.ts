// Baselines as files: written and read again, and what is wrong with one is a sentence.
import assert from "node:assert/strict";
import { baselineOf, baselineText, parseBaseline } from "../../src/regression/baseline.ts";
import { UserError } from "../../src/errors.ts";
import { fileOf, runOf } from "../report/runs.ts";

const runs = [2, 1, 3].map((seed) => fileOf(runOf({ seed, accuracy: 0.9 + seed / 100 })));
const text = baselineText(baselineOf(runs));

const refusal = (text: string): string => {
  try {
    parseBaseline(text, "b.json");
  } catch (error) {
    assert.ok(error instanceof UserError, (error as Error).stack);
    return error.message;
  }
  assert.fail("accepted");
};

Deno.test("a baseline is read as it was written, in any order of runs the same bytes", () => {
  assert.deepEqual(parseBaseline(text, "b.json"), baselineOf(runs));
  assert.equal(baselineText(baselineOf([...runs].reverse())), text);
  const [cell] = baselineOf(runs).cells;
  assert.deepEqual(cell!.runs.map(({ seed, accuracy }) => [seed, accuracy]), [
    [1, 0.91],
    [2, 0.92],
    [3, 0.93],
  ]);
});

Deno.test("each run is a line of its own, so that a diff shows what moved", () => {
  const lines = text.split("\n");
  for (const { identity } of runs) {
    assert.equal(lines.filter((line) => line.includes(identity)).length, 1);
  }
});

Deno.test("a baseline of another format, with an unknown field, cut short or forged is one sentence", () => {
  const change = (edit: (json: ReturnType<typeof JSON.parse>) => void) => {
    const json = JSON.parse(text);
    edit(json);
    return refusal(JSON.stringify(json));
  };
  const cases: [string, RegExp][] = [
    [
      change((json) => delete json.format),
      /^b\.json: format: is missing: expected 1$/,
    ],
    [
      change((json) => json.format = 2),
      /^b\.json: format: 2 is another format of baselines than 1/,
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
