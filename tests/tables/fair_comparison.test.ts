// What a table may say of two masks: whether they are equally dense, of the same scope, and apart beyond chance.
import assert from "node:assert/strict";
// @ts-types="@types/d3-dsv"
import { csvParse } from "d3-dsv";
import { csvOf } from "../../src/tables/csv.ts";
import { densityRowsOf } from "../../src/tables/density.ts";
import { latexOf } from "../../src/tables/latex.ts";
import { markdownOf } from "../../src/tables/markdown.ts";
import { cellRanksOf } from "../../src/tables/ranking.ts";
import { findingsOf } from "../../src/tables/summary.ts";
import { tableOf } from "../../src/tables/table.ts";
import { seedsOf } from "../runs/made.ts";

const edgePopup = (sparsity: number, accuracies: readonly number[]) =>
  seedsOf({ algorithm: "edge-popup", sparsity }, accuracies);

Deno.test("markdownOf() says what is kept, in the cell and at the difference, when it is not the row's fraction", () => {
  const runs = [
    ...edgePopup(0.3, [0.9, 0.91, 0.92]),
    ...seedsOf({ sparsity: 0.3, kept: 5080 }, [0.95, 0.96, 0.97]),
    ...edgePopup(0.5, [0.9, 0.91, 0.92]),
    ...seedsOf({ sparsity: 0.5, kept: 4960 }, [0.95, 0.96, 0.97]), // within half a point
  ];
  const table = tableOf(runs), text = markdownOf(table);
  const rows = text.split("\n").filter((line) => line.startsWith("| mnist"));
  assert.ok(rows[0]!.includes("| 96.00 ± 1.00 (3), keeps 50.8% |"), rows[0]);
  assert.match(rows[0]!, /\| +\+5\.00 \[n\/a\] ‡ \|/);
  assert.match(rows[1]!, /\| +\*\*96\.00 ± 1\.00 \(3\)\*\* \|/);
  assert.ok(!rows[1]!.includes("‡"), rows[1]);
  assert.match(text, /‡ Not at equal density/);
  assert.ok(latexOf(table).includes("\\ddag"));
  assert.ok(latexOf(table).includes("keeps 50.8\\%"));
  assert.match(
    findingsOf(table).found[0]!,
    /different fractions of the weights at sparsity 30%\.$/,
  );
  assert.deepEqual(
    csvParse(csvOf(table)).filter(({ quantity }) => quantity === "difference")
      .map(({ sparsity, equal_density }) => [sparsity, equal_density]),
    [["0.3", "false"], ["0.5", "true"]],
  );
});

Deno.test("cellRanksOf() ranks no mask that keeps another fraction than its row", () => {
  const runs = [
    ...edgePopup(0.3, [0.9, 0.91, 0.92]),
    ...seedsOf({ algorithm: "zhou", sparsity: 0.3 }, [0.8, 0.81, 0.82]),
    ...seedsOf({ sparsity: 0.3, kept: 5080 }, [0.95, 0.96, 0.97]),
  ];
  const { columns, rows } = tableOf(runs);
  const ranks = Object.fromEntries(
    cellRanksOf(rows[0]!).map((rank, i) => [columns[i]!.label, rank]),
  );
  // Equal differences say nothing of chance.
  assert.deepEqual(ranks, { "edge-popup": "best", zhou: "unknown", sbp: undefined });
});

Deno.test("densityRowsOf() puts masks that keep as much into one row, whatever sparsity they were asked for", () => {
  const runs = [
    ...edgePopup(0.3, [0.7]),
    ...seedsOf({ sparsity: 0.3, kept: 5030 }, [0.71]),
    ...edgePopup(0.5, [0.72]),
    ...seedsOf({ sparsity: 0.5, kept: 4810 }, [0.73]),
    ...seedsOf({ algorithm: "dense", sparsity: 0, kept: 10_000 }, [0.99]),
  ];
  const table = tableOf(runs);
  const rows = densityRowsOf(table).map(({ kept, cells }) => [
    kept.toFixed(4),
    ...cells.map((cell) => cell?.accuracy.mean.toFixed()),
  ]);
  assert.deepEqual(table.columns.map(({ label }) => label), ["dense", "edge-popup", "sbp"]);
  assert.deepEqual(rows, [
    ["0.7000", undefined, "70", undefined],
    ["0.5015", undefined, "72", "71"],
    ["0.4810", undefined, undefined, "73"],
  ]);
  assert.ok(markdownOf(table).includes("by the fraction of the weights that the masks keep"));
  const equal = tableOf([...edgePopup(0.5, [0.7]), ...seedsOf({ sparsity: 0.5 }, [0.7])]);
  assert.ok(!markdownOf(equal).includes("by the fraction of the weights"));
});

Deno.test("markdownOf() names scopes, and says unlike with unlike, when algorithms differ in them", () => {
  const runs = [
    ...seedsOf({ algorithm: "edge-popup", parameters: { scope: "layer" } }, [0.8, 0.82]),
    ...seedsOf({ algorithm: "sbp", parameters: { scope: "global" } }, [0.9, 0.93]),
    ...seedsOf({ algorithm: "random", parameters: { scope: "layer" } }, [0.1, 0.1]),
  ];
  const table = tableOf(runs), text = markdownOf(table);
  assert.deepEqual(table.columns.map(({ label }) => label), [
    "random",
    "edge-popup (scope=layer)",
    "sbp (scope=global)",
  ]);
  assert.match(text, /\| +\+10\.50 \[[^\]]+\] § \|/);
  assert.match(text, /§ Unlike with unlike/);
  assert.match(findingsOf(table).found[0]!, /This compares unlike with unlike/);
  const against = tableOf(runs, { against: "edge-popup" });
  assert.equal(against.against?.label, "edge-popup (scope=layer)");
  // A scope that was chosen for each sparsity is named by no label, so each difference says it.
  const chosen = tableOf([
    ...seedsOf({ algorithm: "edge-popup", parameters: { scope: "layer" } }, [0.8, 0.82]),
    ...seedsOf({ algorithm: "sbp", parameters: { scope: "global" } }, [0.9, 0.93]),
    ...seedsOf({ algorithm: "edge-popup", sparsity: 0.9, parameters: { scope: "global" } }, [
      0.8,
      0.82,
    ]),
    ...seedsOf({ algorithm: "sbp", sparsity: 0.9, parameters: { scope: "global" } }, [0.9, 0.93]),
  ]);
  assert.deepEqual(chosen.rows.map(({ differences }) => differences[0]!.scopes), [
    ["global", "layer"],
    undefined,
  ]);
});

Deno.test("tableOf() gives verdicts after Holm's correction when there are several differences", () => {
  // Differences around d with spread 1 over 3 seeds: t = d√3, p = 1 − t / √(2 + t²) with 2 degrees of freedom.
  const sizes = { 0.5: 3, 0.7: 3.5, 0.9: 9 };
  const runs = Object.entries(sizes).flatMap(([sparsity, size]) => [
    ...edgePopup(Number(sparsity), [0.5, 0.5, 0.5]),
    ...seedsOf(
      { sparsity: Number(sparsity) },
      [-1, 0, 1].map((noise) => 0.5 + (size + noise) / 100),
    ),
  ]);
  const pOf = (size: number) => 1 - size * Math.sqrt(3) / Math.sqrt(2 + 3 * size ** 2);
  const found = tableOf(runs).rows.map(({ differences: [one] }) => one!);
  const expected = [Math.max(2 * pOf(3.5), pOf(3)), 2 * pOf(3.5), 3 * pOf(9)];
  found.forEach(({ correctedP }, i) => assert.ok(Math.abs(correctedP! - expected[i]!) < 1e-9));
  // By itself the first is significant: p is 0.0351.
  assert.ok(pOf(3) < 0.05 && found[0]!.interval!.low > 0);
  assert.deepEqual(found.map(({ verdict }) => verdict), [
    "no difference shown",
    "no difference shown",
    "better",
  ]);
  const lines = csvParse(csvOf(tableOf(runs))).filter(({ quantity }) => quantity === "difference");
  lines.forEach((line, i) => {
    assert.ok(Math.abs(Number(line.p) - pOf(Object.values(sizes)[i]!)) < 1e-6);
    assert.equal(line.compared, "3");
    assert.equal(line.correction, "Holm");
    assert.equal(line.n, "3");
  });
});

Deno.test("cellRanksOf() rules the true best out in 2.5% of tables at most, when all masks are as good", () => {
  // Box-Muller over a fixed linear congruential sequence: no chance in the test.
  let state = 7n;
  const uniform = () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n;
    return (Number(state >> 11n) + 0.5) / 2 ** 53;
  };
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const names = ["edge-popup", "zhou", "biprop", "sbp"], trials = 600;
  let ruledOut = 0;
  for (let trial = 0; trial < trials; trial++) {
    const runs = names.flatMap((algorithm) =>
      seedsOf({ algorithm }, [1, 2, 3, 4, 5].map(() => 0.5 + 0.01 * normal()))
    );
    const table = tableOf(runs);
    const best = table.columns.findIndex(({ algorithm }) => algorithm === "zhou");
    if (cellRanksOf(table.rows[0]!)[best] === undefined) ruledOut++;
  }
  // 2.5% are 15; three standard deviations above are 26.
  assert.ok(ruledOut <= 26, `${ruledOut} of ${trials}`);
  // And the test is no formality: five points apart, three of the four are ruled out.
  const apart = names.flatMap((algorithm, i) =>
    seedsOf({ algorithm }, [1, 2, 3, 4, 5].map(() => 0.5 + 0.05 * i + 0.005 * normal()))
  );
  assert.deepEqual(
    cellRanksOf(tableOf(apart).rows[0]!).map((rank) => rank ?? "ruled out").sort(),
    ["best", "ruled out", "ruled out", "ruled out"],
  );
});
