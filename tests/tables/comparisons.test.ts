// What a table compares: the pairs that a sweep names, in every format; without any, the last method with the reference.
import assert from "node:assert/strict";
import { join } from "node:path";
// @ts-types="@types/d3-dsv"
import { csvParse } from "d3-dsv";
import { algorithms } from "../../src/algorithms/registry.ts";
import { UserError } from "../../src/base/errors.ts";
import { makeReport, readPrintedTable, writeTables } from "../../src/report/mod.ts";
import { identityOf } from "../../src/runs/identity.ts";
import { writeRunFile } from "../../src/runs/run_file.ts";
import { expandSweep } from "../../src/sweep/expand.ts";
import { parseSweep } from "../../src/sweep/read.ts";
import { writeCompareFile } from "../../src/tables/compare_file.ts";
import { findingsOf } from "../../src/tables/summary.ts";
import { tableOf } from "../../src/tables/table.ts";
import { withFolder } from "../cli/maskbench.ts";
import { fileOf, seedsOf } from "../runs/made.ts";

/** Over edge-popup SBP leads by 1, 2, 3 points and biprop by 3, 4, 5: 2 and 4, each ± 4.302653/√3 = 2.484. */
const runs = [
  ...seedsOf({ algorithm: "edge-popup", sparsity: 0.7 }, [0.90, 0.91, 0.92]),
  ...seedsOf({ algorithm: "biprop", sparsity: 0.7 }, [0.93, 0.95, 0.97]),
  ...seedsOf({ algorithm: "sbp", sparsity: 0.7 }, [0.91, 0.93, 0.95]),
];
const compare = [["sbp", "edge-popup"], ["biprop", "edge-popup"]] as const;
const difference = { sbp: "+2.00 [−0.48, +4.48]", biprop: "+4.00 [+1.52, +6.48]" };

const labelsOf = (names: readonly string[], compare?: readonly (readonly [string, string])[]) =>
  tableOf(names.flatMap((algorithm) => seedsOf({ algorithm }, [0.9, 0.91])), { compare })
    .comparisons.map(({ label }) => label);

const withRuns = (body: (folder: string) => Promise<void>) =>
  withFolder(async (folder) => {
    for (const run of runs) await writeRunFile(folder, fileOf(run));
    await body(folder);
  });

Deno.test("tableOf() compares the last method with the reference when no pairs are named", () => {
  assert.deepEqual(labelsOf(["dense", "random", "zhou", "edge-popup", "sbp"]), [
    "sbp − edge-popup",
  ]);
  assert.deepEqual(labelsOf(["edge-popup", "zhou", "biprop", "magnitude"]), [
    "biprop − edge-popup",
  ]);
  assert.deepEqual(labelsOf(["zhou", "biprop", "sbp"]), []); // no reference
  assert.deepEqual(labelsOf(["edge-popup", "dense", "unknown"]), []); // no method
});

Deno.test("tableOf() compares a pair when it is named, and waits for it when it has no runs", () => {
  const names = ["dense", "edge-popup", "biprop", "sbp"];
  assert.deepEqual(labelsOf(names, [["sbp", "biprop"], ["zhou", "sbp"], ["sbp", "dense"]]), [
    "sbp − biprop",
    "sbp − dense",
  ]);
});

Deno.test("exactly one algorithm is the reference when the registry is read", () => {
  assert.equal(algorithms.filter(({ role }) => role === "reference").length, 1);
});

Deno.test("a third method has its difference in every format and in the report when the folder names its pair", async () => {
  await withRuns(async (folder) => {
    await writeCompareFile(folder, compare);
    const markdown = await writeTables(folder);
    for (const [name, text] of Object.entries(difference)) {
      assert.ok(markdown.includes(`${name} − edge-popup, points [95% interval]`), markdown);
      assert.ok(markdown.includes(text), markdown);
    }
    assert.ok(markdown.includes("- **sbp − edge-popup**, **biprop − edge-popup**: the difference"));
    const csv = csvParse(await Deno.readTextFile(join(folder, "table.csv")));
    const lines = JSON.parse(await readPrintedTable(folder, "json"));
    for (const found of [csv, lines] as Record<string, unknown>[][]) {
      const own = found.filter(({ quantity }) => quantity === "difference");
      assert.deepEqual(own.map(({ column, mean }) => [column, Number(mean)]), [
        ["sbp - edge-popup", 2],
        ["biprop - edge-popup", 4],
      ]);
    }
    const latex = await readPrintedTable(folder, "latex");
    assert.ok(
      latex.includes("& sbp $-$ edge-popup & verdict & biprop $-$ edge-popup & verdict \\\\"),
      latex,
    );
    assert.ok(
      latex.includes(
        "& $+2.00$ $[-0.48, +4.48]$ & no difference shown & $+4.00$ $[+1.52, +6.48]$ & better \\\\",
      ),
      latex,
    );

    await makeReport(folder);
    const page = await Deno.readTextFile(join(folder, "report/index.html"));
    assert.ok(page.includes("biprop is more accurate than edge-popup by 4.00 points"));
    for (const text of Object.values(difference)) assert.ok(page.includes(`>${text}</td>`));
    const svg = await Deno.readTextFile(join(folder, "report/difference.svg"));
    for (const [name, text] of Object.entries(difference)) {
      assert.ok(svg.includes(`${name} − edge-popup, points: ${text} at 70%`), svg.slice(0, 600));
    }
  });
});

Deno.test("findingsOf() has a sentence for a pair when it is named", () => {
  assert.deepEqual(findingsOf(tableOf(runs, { compare })).found, [
    "No difference of sbp and edge-popup is shown at sparsity 70%, at the 5% level after Holm's correction over 2 differences.",
    "biprop is more accurate than edge-popup by 4.00 points at sparsity 70%, at the 5% level after Holm's correction over 2 " +
    "differences.",
  ]);
});

Deno.test("a folder's tables are those without pairs when its next sweep names none", async () => {
  await withRuns(async (folder) => {
    const usual = await writeTables(folder);
    await writeCompareFile(folder, compare);
    assert.notEqual(await writeTables(folder), usual);
    await writeCompareFile(folder, undefined);
    assert.equal(await writeTables(folder), usual);
    assert.ok(usual.includes("sbp − edge-popup") && !usual.includes("biprop −"));
  });
});

Deno.test("readPrintedTable() throws a sentence when compare.json is wrong", async () => {
  await withRuns(async (folder) => {
    const path = join(folder, "compare.json");
    const faults: [string, string][] = [
      ['[["sbp", "edge-popop"]]', '[0][1]: "edge-popop" is not known: did you mean "edge-popup"?'],
      ['[["sbp"]]', "[0]: expected a list of two algorithms"],
      ['[["sbp", "sbp"]]', "[0]: compares an algorithm with itself: expected two"],
      ["[]", "is empty: expected at least one pair"],
      ["[[", "line 1, column 3: no JSON: "],
    ];
    for (const [text, fault] of faults) {
      await Deno.writeTextFile(path, text);
      await assert.rejects(readPrintedTable(folder, "markdown"), (error: Error) => {
        assert.ok(error instanceof UserError, error.stack);
        assert.ok(error.message.startsWith(`${path}: ${fault}`), error.message);
        return true;
      });
    }
  });
});

const sweepText = (change: Record<string, unknown>) =>
  JSON.stringify({
    name: "x",
    dataset: "mnist",
    networks: ["mlp"],
    algorithms: [{ name: "edge-popup" }, { name: "sbp" }],
    sparsities: [0.5],
    epochs: 1,
    ...change,
  });

Deno.test("parseSweep() says which algorithm was meant when compare has a wrong name", () => {
  const faults: [unknown, RegExp][] = [
    [[["spb", "edge-popup"]], /^x: compare\[0\]\[0\]: "spb" is not known: did you mean "sbp"\?$/],
    [[["sbp", "zhou"]], /^x: compare\[0\]\[1\]: the sweep has no zhou: expected edge-popup, sbp$/],
    [[["sbp"]], /^x: compare\[0\]: expected a list of two algorithms$/],
    [[["sbp", "sbp"]], /^x: compare\[0\]: compares an algorithm with itself: expected two$/],
    [[["sbp", "edge-popup"], ["sbp", "edge-popup"]], /^x: compare\[1\]: .* is there twice$/],
    [[], /^x: compare: is empty: expected at least one pair$/],
  ];
  for (const [compare, fault] of faults) {
    assert.throws(() => parseSweep(sweepText({ compare }), "x"), (error: Error) => {
      assert.ok(error instanceof UserError, error.stack);
      assert.match(error.message, fault);
      return true;
    });
  }
});

Deno.test("identityOf() is the same when a sweep has compare or not", () => {
  const identities = [{}, { compare: [["sbp", "edge-popup"]] }].map((change) =>
    expandSweep(parseSweep(sweepText(change), "x"), "5a".repeat(32)).runs.map(identityOf)
  );
  assert.deepEqual(identities[1], identities[0]);
});
