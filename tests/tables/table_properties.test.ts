// Properties of tables: the order of the files is nothing, and what is no number never becomes one.
import assert from "node:assert/strict";
import fc from "fast-check";
import { csvOf } from "../../src/tables/csv.ts";
import { markdownOf } from "../../src/tables/markdown.ts";
import { isUnmasked, tableOf, type TableRun } from "../../src/tables/table.ts";
import { runOf } from "../runs/made.ts";

/** Configurations of a small grid, each at most once, with any accuracies. */
const runs = fc.uniqueArray(
  fc.record({
    algorithm: fc.constantFrom("dense", "random", "edge-popup", "sbp", "yours"),
    sparsity: fc.constantFrom(0.5, 0.7),
    seed: fc.constantFrom(1, 2, 3),
    learningRate: fc.constantFrom(0.1, 1),
    scope: fc.constantFrom("layer", "global"),
    epochs: fc.constantFrom(10, 20),
    accuracy: fc.double({ min: 0, max: 1, noNaN: true }),
  }).map(({ learningRate, scope, epochs, ...given }) =>
    runOf({
      ...given,
      sparsity: isUnmasked(given.algorithm) ? 0 : given.sparsity,
      parameters: { learningRate, scope },
      config: { epochs },
    })
  ),
  { selector: (run) => run.identity, maxLength: 30 },
);

function bytes(runs: readonly TableRun[]): string[] {
  const table = tableOf(runs);
  return [markdownOf(table), csvOf(table)];
}

Deno.test("markdownOf() and csvOf() give the same bytes when runs come in any order", () => {
  fc.assert(fc.property(
    runs.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))
    ),
    ([all, shuffled]) => assert.deepEqual(bytes(shuffled), bytes(all)),
  ));
});

Deno.test("tableOf() puts a run in exactly one cell when a row has it, and each seed once", () => {
  fc.assert(fc.property(runs, (all) => {
    const { rows } = tableOf(all);
    const places = new Map(all.map((run) => [run, 0]));
    for (const { cells } of rows) {
      for (const cell of cells) {
        const seeds = cell?.runs.map((run) => run.configuration.seed) ?? [];
        assert.equal(new Set(seeds).size, seeds.length);
        assert.equal(cell?.accuracy.n ?? 0, seeds.length);
        for (const run of cell?.runs ?? []) places.set(run, places.get(run)! + 1);
      }
    }
    for (const [run, count] of places) {
      if (isUnmasked(run.configuration.algorithm.name)) assert.ok(count >= 1);
      else assert.equal(count, 1);
    }
  }));
});

Deno.test("tableOf() names runs, and counts them in no figure, when they have no usable accuracy", () => {
  const broken = fc.constantFrom(NaN, Infinity, -Infinity, -0.1, 1.5, null, undefined, "0.9");
  fc.assert(fc.property(
    runs,
    fc.array(fc.tuple(broken, fc.boolean()), { minLength: 1, maxLength: 5 }),
    (good, faults) => {
      const bad = faults.map(([value, best], i) => {
        const run = runOf({ seed: 100 + i });
        const key = best ? "bestTestAccuracy" : "lastTestAccuracy";
        return { ...run, result: { ...run.result, [key]: value as number } };
      });
      const table = tableOf([...bad, ...good]);
      assert.equal(csvOf(table), csvOf(tableOf(good)));
      assert.deepEqual(
        table.leftOut.map((run) => run.identity).sort(),
        bad.map((run) => run.identity).sort(),
      );
      const text = markdownOf({ ...table, rows: [] });
      for (const run of bad) assert.ok(text.includes(`left out: run ${run.identity.slice(0, 12)}`));
      assert.doesNotMatch(markdownOf(table) + csvOf(table), /NaN|Infinity|undefined|null/);
    },
  ));
});
