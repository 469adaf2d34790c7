// Tables from hand-made runs: which cells there are, and hand-computed figures in them.
import assert from "node:assert/strict";
// @ts-types="@types/d3-dsv"
import { csvParse } from "d3-dsv";
import fc from "fast-check";
import { tQuantile } from "../../src/base/statistics.ts";
import { csvOf } from "../../src/tables/csv.ts";
import { markdownOf } from "../../src/tables/markdown.ts";
import { tableOf, type TableRun } from "../../src/tables/table.ts";
import { runOf, seedsOf } from "../runs/made.ts";

/** The cells of the Markdown table's lines, header first, by column. */
function lines(runs: readonly TableRun[]): string[][] {
  const text = markdownOf(tableOf(runs));
  return text.split("\n").filter((line) => line.startsWith("|") && !line.startsWith("| :"))
    .map((line) => line.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim()));
}

function labels(runs: readonly TableRun[]): string[] {
  return tableOf(runs).columns.map(({ label }) => label);
}

const both = [
  ...seedsOf({ algorithm: "sbp", sparsity: 0.7 }, [0.91, 0.93, 0.95]),
  ...seedsOf({ algorithm: "edge-popup", sparsity: 0.7 }, [0.90, 0.91, 0.92]),
];

Deno.test("markdownOf() shows place, means, deviations, seeds and the paired difference when a row is whole", () => {
  // Means 91 and 93, deviations 1 and 2; differences 1, 2, 3: 2 ± 4.302653/√3 = 2 ± 2.484.
  assert.deepEqual(lines(both), [
    [
      "data set",
      "network",
      "initialisation",
      "sparsity",
      "edge-popup",
      "sbp",
      "sbp − edge-popup, points [95% interval]",
      "verdict",
    ],
    [
      "mnist",
      "mlp",
      "kaiming-normal",
      "70%",
      "≈ 91.00 ± 1.00 (3)",
      "**93.00 ± 2.00 (3)**",
      "+2.00 [−0.48, +4.48]",
      "no difference shown",
    ],
  ]);
});

Deno.test("markdownOf() and csvOf() mark a mean when it can't be told apart from the best", () => {
  // SBP leads edge-popup by 2 ± 4.302653/√3 points, which holds zero, and random by 82 ± 4.302653 · 1/√3, which doesn't.
  const runs = [...both, ...seedsOf({ algorithm: "random", sparsity: 0.7 }, [0.1, 0.11, 0.12])];
  assert.deepEqual(lines(runs)[1]!.slice(4, 7), [
    "11.00 ± 1.00 (3)",
    "≈ 91.00 ± 1.00 (3)",
    "**93.00 ± 2.00 (3)**",
  ]);
  const standings = csvParse(csvOf(tableOf(runs))).map((
    { column, standing },
  ) => [column, standing]);
  assert.deepEqual(standings, [
    ["random", ""],
    ["edge-popup", "open"],
    ["sbp", "best"],
    ["sbp - edge-popup", ""],
  ]);
  const text = markdownOf(tableOf(runs));
  assert.match(
    text,
    /^- \*\*Bold\*\*: the highest mean among the masks of a row that keep the fraction/m,
  );
  assert.match(text, /^- \*\*≈\*\*: lower, but not ruled out as the best/m);
});

Deno.test("markdownOf() explains sparsity, kept, ± and the interval when there are runs", () => {
  const text = markdownOf(tableOf(both));
  for (
    const phrase of [
      "# Accuracy on mnist",
      "on the test set after the last epoch",
      "mean ± standard deviation over seeds (number of seeds)",
      "sparsity 70% = 30% of the weights kept",
      "95% confidence interval (Student's t), paired by seed",
    ]
  ) assert.ok(text.includes(phrase), phrase);
  assert.ok(!text.includes("†") && !text.includes("n/a") && !text.includes("Missing"));
});

Deno.test("tableOf() counts the last epoch, and csvOf() has the best, when they differ", () => {
  const runs = seedsOf({ best: 0.99 }, [0.8, 0.9]);
  assert.equal(lines(runs)[1]![4], "85.00 ± 7.07 (2)");
  assert.equal(csvParse(csvOf(tableOf(runs)))[0]!.best_epoch_mean, "99");
});

Deno.test("tableOf() compares by Welch's method, and marks it, when seeds differ", () => {
  // 1, 2, 3 against 11, 12, 13, 14: standard errors² 1/3 and (5/3)/4, t(4.93) from SciPy.
  const runs = [
    ...seedsOf({ algorithm: "sbp" }, [0.11, 0.12, 0.13, 0.14]),
    ...seedsOf({ algorithm: "edge-popup" }, [0.01, 0.02, 0.03]),
  ];
  // scipy.stats.ttest_ind([11, 12, 13, 14], [1, 2, 3], equal_var=False).confidence_interval()
  assert.equal(lines(runs)[1]![6], "+10.50 [+8.27, +12.73] †");
  const text = markdownOf(tableOf(runs));
  assert.ok(text.includes("† Not the same seeds"));
  assert.ok(text.includes("- edge-popup, sparsity 50%: seed 4"));
});

Deno.test("markdownOf() shows no deviation and no interval when there is one seed", () => {
  const runs = [runOf({ algorithm: "sbp", accuracy: 0.92 }), runOf({ algorithm: "edge-popup" })];
  assert.deepEqual(lines(runs)[1]!.slice(4), [
    "? 90.00 (1)",
    "**92.00 (1)**",
    "+2.00 [n/a]",
    "unknown",
  ]);
  const text = markdownOf(tableOf(runs));
  assert.ok(text.includes("One seed alone has no deviation."));
  assert.ok(text.includes("n/a: no interval"));
});

Deno.test("markdownOf() shows no interval when all seeds agree", () => {
  const runs = [
    ...seedsOf({ algorithm: "sbp" }, [0.1, 0.1, 0.1]),
    ...seedsOf({ algorithm: "edge-popup" }, [0.1, 0.1, 0.1]),
  ];
  assert.deepEqual(lines(runs)[1]!.slice(4), [
    "**10.00 ± 0.00 (3)**",
    "**10.00 ± 0.00 (3)**",
    "0.00 [n/a]",
    "unknown",
  ]);
});

Deno.test("markdownOf() shows dense in every row, never bold, and csvOf() once, when it was run", () => {
  const runs = [
    ...seedsOf({ algorithm: "dense", sparsity: 0 }, [0.98, 0.98]),
    ...[0.5, 0.9].flatMap((sparsity) => [
      ...seedsOf({ algorithm: "random", sparsity, rate: 0 }, [0.1, 0.1]),
      ...seedsOf({ algorithm: "sbp", sparsity }, [0.95, 0.97]),
    ]),
  ];
  const [header, ...rows] = lines(runs);
  assert.deepEqual(header!.slice(3), ["sparsity", "dense", "random", "sbp"]);
  assert.deepEqual(rows.map((row) => row.slice(3)), [
    ["50%", "98.00 ± 0.00 (2)", "10.00 ± 0.00 (2)", "**96.00 ± 1.41 (2)**"],
    ["90%", "98.00 ± 0.00 (2)", "10.00 ± 0.00 (2)", "**96.00 ± 1.41 (2)**"],
  ]);
  const dense = csvParse(csvOf(tableOf(runs))).filter((line) => line.algorithm === "dense");
  assert.deepEqual(dense.map(({ sparsity, n }) => [sparsity, n]), [["0", "2"]]);
});

Deno.test("tableOf() gives a row at sparsity 0 when dense is alone", () => {
  assert.deepEqual(lines([runOf({ algorithm: "dense", sparsity: 0 })])[1]!.slice(3), [
    "0%",
    "90.00 (1)",
  ]);
});

Deno.test("markdownOf() has one column, and lists rates below, when rates depend on sparsity", () => {
  const runs = [0.5, 0.7, 0.9].map((sparsity) =>
    runOf({ sparsity, parameters: { learningRate: sparsity < 0.9 ? 1 : 2, scope: "layer" } })
  );
  assert.deepEqual(labels(runs), ["sbp"]);
  assert.ok(
    markdownOf(tableOf(runs)).includes(
      "**sbp**: learningRate 1 (sparsity 50%, 70%), 2 (sparsity 90%); scope layer.",
    ),
  );
});

Deno.test("tableOf() gives each setting a column when several meet in a row", () => {
  const runs = ["layer", "global"].flatMap((scope) =>
    seedsOf({ parameters: { learningRate: 0.1, scope } }, [0.9, 0.91])
  );
  assert.deepEqual(labels(runs), ["sbp (scope=global)", "sbp (scope=layer)"]);
});

Deno.test("tableOf() labels a column by its scope alone when its rate depends on sparsity", () => {
  // The rate differs within each row as well, but would give four columns instead of two.
  const rates = { layer: [1, 2], global: [3, 4] };
  const runs = [0.5, 0.9].flatMap((sparsity, i) =>
    Object.entries(rates).map(([scope, rate]) =>
      runOf({ sparsity, parameters: { learningRate: rate[i]!, scope } })
    )
  );
  assert.deepEqual(labels(runs), ["sbp (scope=global)", "sbp (scope=layer)"]);
});

Deno.test("tableOf() labels columns by both, numbers by size, when two hyper-parameters are crossed", () => {
  const runs = [2, 10].flatMap((learningRate) =>
    ["layer", "global"].map((scope) => runOf({ parameters: { learningRate, scope } }))
  );
  assert.deepEqual(labels(runs), [
    "sbp (learningRate=2, scope=global)",
    "sbp (learningRate=2, scope=layer)",
    "sbp (learningRate=10, scope=global)",
    "sbp (learningRate=10, scope=layer)",
  ]);
});

Deno.test("tableOf() labels a column by what differs when settings differ from a common one", () => {
  const common = { learningRate: 2, ramp: 0.7, floor: true };
  const runs = [
    common,
    { ...common, ramp: 0 },
    { ...common, floor: false },
    { ...common, centred: true },
  ].map((parameters) => runOf({ parameters }));
  assert.deepEqual(labels(runs), [
    "sbp",
    "sbp (ramp=0)",
    "sbp (floor=false)",
    "sbp (centred=true)",
  ]);
});

Deno.test("tableOf() tells runs with a ramp from those without when its value depends on sparsity", () => {
  const edge = { algorithm: "edge-popup" }, sbp = { algorithm: "sbp" };
  const runs = [0.5, 0.9].flatMap((sparsity, i) => [
    runOf({ ...edge, sparsity, parameters: { learningRate: [1, 2][i]! } }),
    runOf({ ...edge, sparsity, parameters: { learningRate: [1, 2][i]!, ramp: [0.4, 0.25][i]! } }),
    runOf({ ...sbp, sparsity, parameters: { learningRate: [3, 4][i]!, ramp: [0.7, 0.4][i]! } }),
    runOf({ ...sbp, sparsity, parameters: { learningRate: 5, ramp: 0 } }),
  ]);
  assert.deepEqual(labels(runs), [
    "edge-popup (ramp=set)",
    "edge-popup (ramp=unset)",
    "sbp (ramp=0)",
    "sbp (ramp=set)",
  ]);
  // With is compared with with, and without, which is 0 or no value, with without.
  const { comparisons, rows } = tableOf(runs);
  assert.deepEqual(comparisons.map(({ label }) => label), [
    "sbp (ramp=0) − edge-popup (ramp=unset)",
    "sbp (ramp=set) − edge-popup (ramp=set)",
  ]);
  assert.ok(rows.every(({ cells }) => cells.every((cell) => cell?.runs.length === 1)));
});

Deno.test("tableOf() gives no two columns one label when any settings meet", () => {
  fc.assert(fc.property(
    fc.uniqueArray(fc.record({ a: fc.nat(2), b: fc.nat(2), c: fc.option(fc.nat(1)) }), {
      selector: (setting) => JSON.stringify(setting),
      minLength: 1,
      maxLength: 8,
    }),
    (settings) => {
      const runs = settings.map(({ a, b, c }) =>
        runOf({ parameters: { a, b, ...(c === null ? {} : { c }) } })
      );
      assert.equal(new Set(labels(runs)).size, settings.length);
    },
  ));
});

Deno.test("tableOf() gives every other column its difference when it is made against one", () => {
  const ramped = { learningRate: 0.1, ramp: 0 };
  const runs = [...both, ...seedsOf({ parameters: ramped, sparsity: 0.7 }, [0.90, 0.92])];
  const table = tableOf(runs, { against: "edge-popup" });
  const rows = markdownOf(table).split("\n").filter((line) => line.startsWith("| mnist"))
    .map((line) => line.split("|").slice(5, 8).map((cell) => cell.trim()));
  // sbp with a ramp has two seeds, so Welch: 91 − 91 with standard error √(1² / 3 + 2 / 2) and 1.65 degrees of freedom.
  const reach = tQuantile((1 / 3 + 1) ** 2 / ((1 / 3) ** 2 / 2 + 1)) * Math.sqrt(4 / 3);
  assert.deepEqual(rows, [
    ["edge-popup", "≈ 91.00 ± 1.00 (3)", "—"],
    ["sbp (ramp=0)", "≈ 91.00 ± 1.41 (2)", `0.00 [−${reach.toFixed(2)}, +${reach.toFixed(2)}] †`],
    ["sbp (ramp=unset)", "**93.00 ± 2.00 (3)**", "+2.00 [−0.48, +4.48]"],
  ]);
  assert.deepEqual(
    csvParse(csvOf(table)).filter(({ quantity }) => quantity === "difference").map((line) => [
      line.column,
      line.mean,
    ]),
    [["sbp (ramp=0) - edge-popup", "0"], ["sbp (ramp=unset) - edge-popup", "2"]],
  );
});

Deno.test("tableOf() names the columns when it is made against one that is not there", () => {
  assert.throws(() => tableOf(both, { against: "sbp (ramp=0)" }), {
    name: "UserError",
    message: 'no column of the table is "sbp (ramp=0)": expected "edge-popup", "sbp"',
  });
  assert.throws(() => tableOf([], { against: "sbp" }), { name: "UserError" });
});

Deno.test("tableOf() keeps runs apart when they are of two versions", () => {
  const runs = [1, 2].flatMap((version) => seedsOf({ version }, [0.9, 0.8]));
  assert.deepEqual(labels(runs), ["sbp (version=1)", "sbp (version=2)"]);
});

Deno.test("tableOf() keeps all runs when one version lacks a hyper-parameter", () => {
  const runs = [
    runOf({ parameters: { learningRate: 1 }, accuracy: 0.5 }),
    runOf({ parameters: { learningRate: 1, boost: 2 }, accuracy: 0.7 }),
  ];
  assert.deepEqual(labels(runs), ["sbp (boost=2)", "sbp (boost=unset)"]);
  assert.deepEqual(lines(runs)[1]!.slice(4), ["**70.00 (1)**", "? 50.00 (1)"]);
});

Deno.test("tableOf() compares sbp with edge-popup of the same scope when both have two", () => {
  const runs = ["sbp", "edge-popup"].flatMap((algorithm) =>
    ["layer", "global"].map((scope) => runOf({ algorithm, parameters: { scope } }))
  );
  assert.deepEqual(tableOf(runs).comparisons.map(({ label }) => label), [
    "sbp (scope=global) − edge-popup (scope=global)",
    "sbp (scope=layer) − edge-popup (scope=layer)",
  ]);
});

Deno.test("tableOf() compares nothing, and says so, when both have several rates", () => {
  const runs = ["sbp", "edge-popup"].flatMap((algorithm) =>
    [0.1, 1].map((learningRate) => runOf({ algorithm, parameters: { learningRate } }))
  );
  assert.deepEqual(tableOf(runs).comparisons, []);
  assert.ok(markdownOf(tableOf(runs)).includes("No difference of sbp and edge-popup is given"));
});

Deno.test("tableOf() compares each sbp with edge-popup when only sbp has several settings", () => {
  const runs = [
    ...["mask", "none"].map((box) => runOf({ parameters: { learningRate: 1, box } })),
    runOf({ algorithm: "edge-popup" }),
  ];
  assert.deepEqual(tableOf(runs).comparisons.map(({ label }) => label), [
    "sbp (box=mask) − edge-popup",
    "sbp (box=none) − edge-popup",
  ]);
});

Deno.test("tableOf() puts runs in different rows when they differ in anything but algorithm, sparsity and seed", () => {
  const configs = [
    {},
    { dataset: { name: "mnist", checksum: "bb".repeat(32), split: "test" } },
    { dataset: { name: "mnist", checksum: "5a".repeat(32), split: "validation" } },
    { dataset: { name: "cifar10-jpeg", checksum: "cc".repeat(32), split: "test" } },
    { network: { name: "mlp", width: 0.5 } },
    { network: { name: "conv2", width: 1 } },
    { initialisation: { name: "kaiming-normal", scaleFan: true } },
    { initialisation: { name: "signed-kaiming-constant", scaleFan: false } },
    { epochs: 20 },
    { batchSize: 128 },
    { schedule: "constant" },
    { augmentation: "crop-flip" },
    { warmUp: 5 },
    { labelSmoothing: 0.1 },
  ] as const;
  const rows = lines(configs.map((config) => runOf({ config }))).slice(1);
  assert.equal(rows.length, configs.length);
  // And no two read the same, figures aside.
  assert.equal(new Set(rows.map((row) => row.join())).size, configs.length);
  assert.ok(rows.some((row) => row[0] === "cifar10-jpeg"));
  assert.ok(rows.some((row) => row[1] === "mlp × 0.5"));
  assert.ok(rows.some((row) => row[2] === "kaiming-normal, fan-in scaled"));
});

Deno.test("tableOf() sorts rows by data set, network, width and sparsity when there are several", () => {
  const runs = [0.9, 0.1, 0.05].flatMap((sparsity) =>
    [1, 0.25].map((width) => runOf({ sparsity, config: { network: { name: "conv2", width } } }))
  );
  assert.deepEqual(lines(runs).slice(1).map((row) => [row[1], row[3]]), [
    ["conv2 × 0.25", "5%"],
    ["conv2 × 0.25", "10%"],
    ["conv2 × 0.25", "90%"],
    ["conv2", "5%"],
    ["conv2", "10%"],
    ["conv2", "90%"],
  ]);
});

Deno.test("markdownOf() lists seeds as missing when other cells have them", () => {
  const runs = [
    ...seedsOf({ algorithm: "dense", sparsity: 0 }, [0.9]),
    ...seedsOf({ algorithm: "sbp", sparsity: 0.5 }, [0.9, 0.9, 0.9]),
    ...seedsOf({ algorithm: "sbp", sparsity: 0.7 }, [0.9]),
    ...seedsOf({ algorithm: "edge-popup", sparsity: 0.7 }, [0.9, 0.9, 0.9]),
  ];
  const text = markdownOf(tableOf(runs), [{ path: "/a/runs/x.json", reason: "is cut off" }]);
  assert.deepEqual(text.split("no figure above:\n\n")[1]!.trimEnd().split("\n"), [
    "- dense, sparsity 0%: seeds 2, 3",
    "- edge-popup, sparsity 50%: seeds 1, 2, 3",
    "- sbp, sparsity 70%: seeds 2, 3",
    "- set aside: runs/x.json is cut off",
  ]);
  assert.deepEqual(lines(runs)[1]!.slice(4), ["90.00 (1)", "—", "90.00 ± 0.00 (3)", "n/a", "—"]);
});

Deno.test("markdownOf() says so when fewer weights are kept than allowed", () => {
  const runs = seedsOf({ sparsity: 0.9, kept: 873 }, [0.9, 0.9]);
  assert.ok(
    markdownOf(tableOf(runs)).includes(
      "**sbp** kept fewer weights than it may: 8.7% at sparsity 90%.",
    ),
  );
  assert.ok(!markdownOf(tableOf(both)).includes("kept fewer"));
});

Deno.test("csvOf() has a line with all facts when there is a cell or a difference", () => {
  const csv = csvOf(tableOf(both));
  assert.ok(csv.endsWith("\n") && !csv.endsWith("\n\n"));
  const [edgePopup, sbp, difference, ...rest] = csvParse(csv);
  assert.equal(rest.length, 0);
  assert.deepEqual(
    [edgePopup!.quantity, edgePopup!.algorithm, edgePopup!.mean, edgePopup!.deviation],
    ["accuracy", "edge-popup", "91", "1"],
  );
  const { n, seeds, kept, parameter_learningRate, images_per_second_median, sparsity } = sbp!;
  assert.deepEqual([n, seeds, kept, parameter_learningRate, images_per_second_median, sparsity], [
    "3",
    "1 2 3",
    "0.3",
    "0.1",
    "1000",
    "0.7",
  ]);
  // 93 ± 4.302653 · 2/√3, and 2 ± 4.302653/√3.
  assert.deepEqual([sbp!.low, sbp!.high], ["88.031725", "97.968275"]);
  assert.deepEqual(
    [difference!.quantity, difference!.mean, difference!.low, difference!.high, difference!.method],
    ["difference", "2", "-0.484138", "4.484138", "paired"],
  );
});

Deno.test("markdownOf() shows warm-up and label smoothing when they are not 0, by row when rows differ", () => {
  const config = { warmUp: 5, labelSmoothing: 0.1 };
  const alike = tableOf([runOf({ config })]), mixed = tableOf([runOf({}), runOf({ config })]);
  const none = tableOf([runOf({})]);
  const said = "schedule cosine, warm-up epochs 5, label smoothing 0.1, augmentation none";
  assert.ok(markdownOf(alike).includes(said));
  for (const table of [none, mixed]) {
    assert.ok(markdownOf(table).includes("schedule cosine, augmentation none"));
  }
  assert.ok(!markdownOf(none).includes("warm-up") && !csvOf(none).includes("warm_up"));
  const rows = csvParse(csvOf(mixed)).map(({ warm_up, label_smoothing }) => [
    warm_up,
    label_smoothing,
  ]);
  assert.deepEqual(rows.sort(), [["", ""], ["5", "0.1"]]);
  const [header, ...cells] = lines([runOf({}), runOf({ config })]);
  const place = header!.indexOf("warm-up epochs");
  assert.deepEqual(cells.map((row) => row.slice(place, place + 2)).sort(), [["0", "0"], [
    "5",
    "0.1",
  ]]);
});

Deno.test("csvOf() keeps all digits when a hyper-parameter is small", () => {
  const [line] = csvParse(csvOf(tableOf([runOf({ parameters: { weightDecay: 1.25e-9 } })])));
  assert.equal(line!.parameter_weightDecay, "1.25e-9");
});

Deno.test("markdownOf() gives a sentence when there are no runs", () => {
  assert.equal(markdownOf(tableOf([])), "No finished run.\n");
});
