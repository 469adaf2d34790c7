// Choosing settings from hand-made tuning runs.
import assert from "node:assert/strict";
import { UserError } from "../../src/base/errors.ts";
import type { TableRun } from "../../src/tables/table.ts";
import { choicesOf } from "../../src/tuning/choices.ts";
import { choicesMarkdownOf } from "../../src/tuning/choices_markdown.ts";
import { entriesOf } from "../../src/tuning/sweep_entries.ts";
import { type Given, runOf } from "../runs/made.ts";

const validation = { name: "mnist", checksum: "5a".repeat(32), split: "validation" } as const;

function tuning(given: Given): TableRun {
  return runOf({ ...given, config: { dataset: validation, ...given.config } });
}

/** A run for each learning rate, with the accuracy behind it. */
function rates(byRate: Readonly<Record<number, number>>, given: Given = {}): TableRun[] {
  return Object.entries(byRate).map(([rate, accuracy]) =>
    tuning({ ...given, accuracy, parameters: { learningRate: Number(rate) } })
  );
}

Deno.test("choicesOf() picks the highest mean over seeds, and names the next, when settings were tried", () => {
  const runs = [1, 2].flatMap((seed) =>
    rates({ 1: 0.80, 2: seed === 1 ? 0.95 : 0.75, 4: 0.84 }, { seed })
  );
  const [choice, ...rest] = choicesOf(runs);
  assert.equal(rest.length, 0);
  // Means 80, 85 and 84: the best single run is not what decides by itself.
  assert.deepEqual(choice!.candidates.map(({ parameters }) => parameters.learningRate), [2, 4, 1]);
  assert.deepEqual(choice!.candidates[0]!.accuracy.n, 2);
  assert.deepEqual(choice!.warnings, []);
});

Deno.test("choicesOf() throws the reason when runs are on the test split", () => {
  const runs = [...rates({ 1: 0.9 }), runOf({ seed: 2 })];
  assert.throws(
    () => choicesOf(runs),
    (error) =>
      error instanceof UserError && error.message.startsWith("1 of 2 runs") &&
      error.message.includes("no fair comparison") && error.message.includes('"validation"'),
  );
});

Deno.test("choicesOf() throws a UserError when there is no run with a usable accuracy", () => {
  assert.throws(() => choicesOf([]), UserError);
  assert.throws(() => choicesOf([tuning({ accuracy: NaN })]), UserError);
});

Deno.test("choicesOf() never picks a run when its accuracy is NaN", () => {
  const choice = choicesOf(rates({ 1: 0.8, 2: NaN, 4: Infinity }))[0]!;
  assert.deepEqual(choice.candidates.map(({ parameters }) => parameters.learningRate), [1]);
});

Deno.test("choicesOf() warns when the winner lies at the edge of what was tried", () => {
  const warnings = (byRate: Record<number, number>) => choicesOf(rates(byRate))[0]!.warnings;
  assert.deepEqual(warnings({ 1: 0.9, 2: 0.8, 4: 0.7 }), [
    "learningRate 1 is the smallest tried: try smaller ones too",
  ]);
  assert.deepEqual(warnings({ 1: 0.7, 2: 0.8, 4: 0.9 }), [
    "learningRate 4 is the largest tried: try larger ones too",
  ]);
  assert.deepEqual(warnings({ 1: 0.7, 2: 0.9, 4: 0.8 }), []);
  assert.deepEqual(warnings({ 1: 0.7 }), []);
});

Deno.test("choicesOf() does not warn when the edge is the end of what the algorithm takes", () => {
  const ramps = [0, 0.5, 1].map((ramp) =>
    tuning({ parameters: { ramp, learningRate: 1 }, accuracy: 0.5 + ramp / 10 })
  );
  assert.deepEqual(choicesOf(ramps)[0]!.warnings, []);
});

Deno.test("choicesOf() warns when settings have different seeds", () => {
  const runs = [...rates({ 1: 0.7, 2: 0.9, 4: 0.8 }), ...rates({ 1: 0.7 }, { seed: 2 })];
  assert.match(choicesOf(runs)[0]!.warnings.join(), /not all settings have the same seeds/);
});

Deno.test("choicesOf() leaves a version out when there is a newer one", () => {
  const parameters = { learningRate: 8 };
  const old = tuning({ version: 1, accuracy: 0.99, parameters });
  const current = rates({ 1: 0.7, 2: 0.9, 4: 0.8 }, { version: 2 });
  const choice = choicesOf([old, ...current])[0]!;
  assert.equal(choice.candidates[0]!.parameters.learningRate, 2);
  assert.deepEqual(choice.warnings, ["runs of sbp before version 2 are not counted"]);
});

Deno.test("choicesOf() picks the smaller value when means are equal, in any order of the runs", () => {
  const runs = rates({ 1: 0.9, 2: 0.9, 10: 0.9 });
  for (const order of [runs, runs.toReversed()]) {
    assert.equal(choicesOf(order)[0]!.candidates[0]!.parameters.learningRate, 1);
  }
});

Deno.test("entriesOf() gives one value when it is the same everywhere", () => {
  const runs = [0.5, 0.9].flatMap((sparsity) => rates({ 1: 0.8, 2: 0.9, 4: 0.7 }, { sparsity }));
  assert.deepEqual(entriesOf(choicesOf(runs))[0]!.algorithms, [{ name: "sbp", learningRate: 2 }]);
});

Deno.test("entriesOf() gives values by sparsity when they differ by sparsity", () => {
  const runs = [
    ...rates({ 1: 0.8, 2: 0.9 }, { sparsity: 0.5 }),
    ...rates({ 1: 0.8, 2: 0.7 }, { sparsity: 0.9 }),
  ];
  assert.deepEqual(entriesOf(choicesOf(runs))[0]!.algorithms, [
    { name: "sbp", learningRate: { bySparsity: { "0.5": 2, "0.9": 1 } } },
  ]);
});

Deno.test("entriesOf() gives values by network when they differ by network too", () => {
  const on = (name: string, sparsity: number, byRate: Record<number, number>) =>
    rates(byRate, { sparsity, config: { network: { name, width: 1 } } });
  const runs = [
    ...on("conv2", 0.5, { 1: 0.9, 2: 0.8 }),
    ...on("conv2", 0.9, { 1: 0.9, 2: 0.8 }),
    ...on("conv4", 0.5, { 1: 0.9, 2: 0.8 }),
    ...on("conv4", 0.9, { 1: 0.8, 2: 0.9 }),
  ];
  assert.deepEqual(entriesOf(choicesOf(runs))[0]!.algorithms, [{
    name: "sbp",
    learningRate: { byNetwork: { conv2: 1, conv4: { bySparsity: { "0.5": 1, "0.9": 2 } } } },
  }]);
});

Deno.test("entriesOf() leaves a value out when it is neither tuned nor unlike the default", () => {
  const runs = [1, 2].map((learningRate) =>
    tuning({ parameters: { learningRate, momentum: 0.9, weightDecay: 0, scope: "global" } })
  );
  assert.deepEqual(entriesOf(choicesOf(runs))[0]!.algorithms, [
    { name: "sbp", learningRate: 1, weightDecay: 0 },
  ]);
});

Deno.test("entriesOf() gives two sweep files when widths or initialisations differ", () => {
  const at = (config: Given["config"] & object) => rates({ 1: 0.9 }, { config });
  const widths = [1, 0.5].flatMap((width) => at({ network: { name: "conv2", width } }));
  assert.equal(entriesOf(choicesOf(widths)).length, 2);
  const names = ["kaiming-normal", "signed-kaiming-constant"] as const;
  const drawn = names.flatMap((name) => at({ initialisation: { name, scaleFan: false } }));
  assert.equal(entriesOf(choicesOf(drawn)).length, 2);
});

Deno.test("choicesMarkdownOf() holds the table, the warnings and JSON to paste when there are choices", () => {
  const text = choicesMarkdownOf(choicesOf([
    ...rates({ 1: 0.8, 2: 0.9 }, { sparsity: 0.5 }),
    ...rates({ 1: 0.8, 2: 0.9, 4: 0.85 }, { algorithm: "edge-popup", sparsity: 0.5 }),
  ]));
  assert.ok(text.includes("learningRate 2 | 90.00 (1) | learningRate 1"), text);
  assert.ok(text.includes("- sbp, sparsity 50%: learningRate 2 is the largest tried"));
  const pasted = text.split("```json\n")[1]!.split("```")[0]!;
  assert.deepEqual(JSON.parse(`{${pasted}}`), {
    algorithms: [
      { name: "edge-popup", learningRate: 2 },
      { name: "sbp", learningRate: 2 },
    ],
  });
});
