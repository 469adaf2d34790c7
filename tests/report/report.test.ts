// Reports from run files alone: the same bytes, figures of the table, text that stays text, and a sweep that repeats.
import assert from "node:assert/strict";
import { join } from "node:path";
// @ts-types="@types/d3-dsv"
import { csvParse } from "d3-dsv";
import { repeatsOf } from "../../src/report/page/repeat.ts";
import { groupsOf, logTicks, spreadApart } from "../../src/report/plots/axis.ts";
import { reportOf } from "../../src/report/report.ts";
import { textPlotOf } from "../../src/report/text_plot.ts";
import { identityOf } from "../../src/runs/identity.ts";
import { type RunFile } from "../../src/runs/run_file.ts";
import { readRunFolder } from "../../src/runs/run_folder.ts";
import { expandSweep } from "../../src/sweep/expand.ts";
import { parseSweep } from "../../src/sweep/read.ts";
import { csvOf } from "../../src/tables/csv.ts";
import { formatFixed } from "../../src/tables/format.ts";
import { findingsOf } from "../../src/tables/summary.ts";
import { tableOf, type TableRun } from "../../src/tables/table.ts";
import { root } from "../cli/maskbench.ts";
import { fileOf, runOf, seedsOf, withEpochs } from "../runs/made.ts";

const runs = [
  ...seedsOf({ algorithm: "sbp", sparsity: 0.7 }, [0.91, 0.93, 0.95]),
  ...seedsOf({ algorithm: "edge-popup", sparsity: 0.7 }, [0.90, 0.91, 0.92]),
  ...seedsOf({ algorithm: "random", sparsity: 0.7, rate: 0 }, [0.1, 0.11, 0.12]),
];
const files = (runs: readonly TableRun[]) => runs.map((run) => fileOf(run));
const report = (runs: readonly RunFile[]) => reportOf({ runs, invalidFiles: [] });

Deno.test("reportOf() gives the same bytes when runs come in any order", async () => {
  const own = files(runs.map(withEpochs));
  const [first, again] = [await report(own), await report(own.toReversed())];
  assert.deepEqual(again, first);
  assert.deepEqual(Object.keys(first).sort(), [
    "accuracy.svg",
    "curves.svg",
    "difference.svg",
    "index.html",
    "layers.svg",
    "mask-changes.svg",
    "speed.svg",
  ]);
  // `random` has no learning rate, so no sweep file of this version could tell these runs.
  assert.match(first["index.html"]!, /These runs are no grid/);
});

Deno.test("reportOf() shows the figures of table.csv when a page is made", async () => {
  const { runs } = await readRunFolder(join(root, "results/published/quick"));
  const page = (await report(runs))["index.html"]!;
  for (const line of csvParse(csvOf(tableOf(runs)))) {
    assert.ok(page.includes(formatFixed(Number(line.mean))), `${line.column} ${line.mean}`);
    if (line.quantity === "difference") {
      assert.ok(page.includes(formatFixed(Number(line.low)).slice(1)));
    }
  }
});

Deno.test("reportOf() shows markup as text when run files hold it", async () => {
  const evil = `<script>alert(1)</script>"'&`;
  const dataset = { name: evil, checksum: "5a".repeat(32), split: "test" } as const;
  const made = runs.map((run, i) =>
    fileOf(
      withEpochs(runOf({
        algorithm: run.configuration.algorithm.name,
        accuracy: run.result.lastTestAccuracy,
        seed: i,
        parameters: { scope: evil },
        config: { dataset, network: { name: evil, width: 1 } },
      })),
      { processor: evil, commit: evil },
    )
  );
  for (const [name, text] of Object.entries(await report(made))) {
    assert.ok(!text.includes("<script>alert"), name);
    assert.equal(text.match(/<script/g)?.length ?? 0, name === "index.html" ? 1 : 0);
  }
});

Deno.test("reportOf() replaces the plot by a sentence when run files have no mask changes", async () => {
  const made = await report(files(runs));
  assert.ok(!("mask-changes.svg" in made));
  assert.match(made["index.html"]!, /These run files don.*t tell how much of the mask changed/);
});

for (const name of ["quick", "mnist", "cifar10-cpu"]) {
  Deno.test(`repeatsOf() gives exactly the runs when the report is that of ${name}`, async () => {
    const { runs } = await readRunFolder(join(root, "results/published", name));
    const [repeat, ...more] = repeatsOf(tableOf(runs));
    assert.deepEqual(more, []);
    const { checksum, name: dataset } = runs[0]!.configuration.dataset;
    assert.equal(JSON.parse(repeat!.text).dataset, dataset);
    const again = expandSweep({ ...parseSweep(repeat!.text, "it"), dataset }, checksum).runs;
    assert.deepEqual(
      again.map(identityOf).sort(),
      runs.map(({ identity }) => identity).sort(),
    );
  });
}

Deno.test("repeatsOf() names the folder when the data set is packed", () => {
  const sweep = parseSweep(
    JSON.stringify({
      name: "x",
      dataset: { folder: "cifar10", size: 32 },
      networks: ["conv2"],
      algorithms: [{ name: "random" }],
      sparsities: [0.5],
      epochs: 1,
    }),
    "x",
  );
  const { runs: [config] } = expandSweep(sweep, "5a".repeat(32));
  const { algorithm: { name, version, parameters }, ...rest } = config!;
  const made = runOf({ algorithm: name, version, parameters, config: rest });
  const [repeat] = repeatsOf(tableOf([made]));
  assert.deepEqual(JSON.parse(repeat!.text).dataset, { folder: "cifar10", size: 32 });
});

Deno.test("repeatsOf() has warm-up and label smoothing when runs have them", () => {
  const config = { warmUp: 5, labelSmoothing: 0.1 };
  const [repeat] = repeatsOf(
    tableOf([runOf({ algorithm: "random", parameters: { scope: "layer" }, config })]),
  );
  const { warmUp, labelSmoothing } = JSON.parse(repeat!.text);
  assert.deepEqual({ warmUp, labelSmoothing }, config);
});

Deno.test("spreadApart() moves labels by as little as will do when they overlap", () => {
  assert.deepEqual(spreadApart([0, 10, 10.5, 20], 2), [0, 9.25, 11.25, 20]);
  const at = (value: number) => ({ low: value, high: value });
  assert.deepEqual(groupsOf([97, 10, 98, 96].map(at)), [[96, 97, 98].map(at), [at(10)]]);
  assert.deepEqual(groupsOf([1, 2, 3].map(at)), [[1, 2, 3].map(at)]);
});

Deno.test("logTicks() gives round values when an axis is logarithmic", async () => {
  assert.deepEqual(logTicks([1300, 90_000]), [2000, 5000, 10_000, 20_000, 50_000]);
  for (const rates of [[6000, 9000, 14_000], [900, 5000, 90_000]]) {
    const runs = rates.map((rate, i) => runOf({ rate, sparsity: 0.5 + i / 10 }));
    const svg = (await report(files(runs)))["speed.svg"]!;
    const labels = [...svg.matchAll(/<text[^>]*>([\d.,]+[^<]*)<\/text>/g)].map(([, text]) => text!);
    assert.ok(labels.length > 2 && labels.includes("10,000"), String(labels));
    for (const label of labels) assert.match(label, /^\d{1,3}(,\d{3})*$/);
  }
});

Deno.test("findingsOf() gives a sentence for each comparison, and counts rows, when there are many", () => {
  const sparsities = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
  const of = (algorithm: string, scope: string, by: (sparsity: number) => readonly number[]) =>
    sparsities.flatMap((sparsity) =>
      seedsOf({ algorithm, sparsity, parameters: { scope } }, by(sparsity))
    );
  // With scope global SBP leads by 5, 5, 5.5 points at 40%, elsewhere by 1, 2, 3: 2 ± 4.302653/√3 holds zero.
  const global = [
    ...of("sbp", "global", (at) => at === 0.4 ? [0.95, 0.96, 0.975] : [0.91, 0.93, 0.95]),
    ...of("edge-popup", "global", () => [0.90, 0.91, 0.92]),
  ];
  // With scope layer it trails by 4, 4.5, 5: 4.5 ± 4.302653 · 0.5/√3 doesn't.
  const layer = [
    ...of("sbp", "layer", () => [0.80, 0.81, 0.82]),
    ...of("edge-popup", "layer", () => [0.84, 0.855, 0.87]),
  ];
  assert.deepEqual(findingsOf(tableOf([...global, ...layer])).found, [
    "sbp (scope=global) is more accurate than edge-popup (scope=global) by 5.17 points at sparsity 40%; no difference of " +
    "sbp (scope=global) and edge-popup (scope=global) is shown in 5 of 6 rows, at the 5% level after Holm's correction " +
    "over 12 differences.",
    "sbp (scope=layer) is less accurate than edge-popup (scope=layer) by 4.50 points everywhere, at the 5% level after " +
    "Holm's correction over 12 differences.",
  ]);
  const open = global.filter(({ configuration }) => configuration.sparsity > 0.4);
  assert.deepEqual(findingsOf(tableOf(open)).found, [
    "No difference of sbp and edge-popup is shown anywhere, at the 5% level after Holm's correction over 5 differences.",
  ]);
});

Deno.test("textPlotOf() has 80 columns, no colours, and marks in order when it draws accuracies", () => {
  const text = textPlotOf(tableOf(runs)), [line] = text.split("\n");
  assert.ok(text.split("\n").every((line) => line.length <= 80));
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text, /\x1b/);
  assert.match(line!, /^sparsity 70% │ *◆ *●$/); // 91 left of 93
  assert.match(text, /× random, left of the axis at 11\.00/);
  assert.equal(textPlotOf(tableOf([])), "");
});
