// The table's formats: JSON and CSV say the same, LaTeX is booktabs with every special character escaped.
import assert from "node:assert/strict";
// @ts-types="@types/d3-dsv"
import { csvParse } from "d3-dsv";
import { escapeLatex } from "../../src/tables/latex.ts";
import { tableFormats } from "../../src/tables/registry.ts";
import { tableOf } from "../../src/tables/table.ts";
import { seedsOf } from "../runs/made.ts";

const table = tableOf([
  ...seedsOf({ algorithm: "sbp", sparsity: 0.7 }, [0.91, 0.93, 0.95]),
  ...seedsOf({ algorithm: "edge-popup", sparsity: 0.7 }, [0.90, 0.91, 0.92]),
]);

Deno.test("tableFormats.json has the CSV's lines with figures as numbers when a table is printed", () => {
  const lines = JSON.parse(tableFormats.json(table)) as Record<string, unknown>[];
  const csv = csvParse(tableFormats.csv(table));
  assert.equal(lines.length, csv.length);
  lines.forEach((line, i) => {
    const filled = Object.entries(csv[i]!).filter(([, text]) => text !== "");
    assert.deepEqual(
      Object.fromEntries(Object.entries(line).map(([name, field]) => [name, String(field)])),
      Object.fromEntries(filled),
    );
  });
  // Differences 1, 2, 3: 2 ± 4.302653/√3.
  const { mean, low, high } = lines.find(({ quantity }) => quantity === "difference")!;
  assert.equal(mean, 2);
  assert.ok(Math.abs(low as number - (2 - 4.302653 / Math.sqrt(3))) < 1e-5);
  assert.ok(Math.abs(high as number - (2 + 4.302653 / Math.sqrt(3))) < 1e-5);
});

Deno.test("tableFormats.latex has booktabs' rules in order and a cell for each column when a table is printed", () => {
  const lines = tableFormats.latex(table).split("\n").map((line) => line.trim())
    .filter((line) => !line.startsWith("%"));
  const columns = lines.find((line) => line.startsWith("\\begin{tabular}"))!
    .match(/\{([lr]+)\}$/)![1]!;
  const rules = lines.filter((line) => /^\\\w+rule$/.test(line));
  assert.deepEqual(rules, ["\\toprule", "\\midrule", "\\bottomrule"]);
  const rows = lines.filter((line) => line.endsWith("\\\\"));
  assert.equal(rows.length, 1 + table.rows.length);
  for (const row of rows) assert.equal(row.split("&").length, columns.length);
  assert.equal(
    rows[1],
    "70\\% & $\\approx$ $91.00 \\pm 1.00$ (3) & {\\boldmath\\bfseries $93.00 \\pm 2.00$ (3)} & " +
      "$+2.00$ $[-0.48, +4.48]$ & no difference shown \\\\",
  );
});

Deno.test("escapeLatex() gives text that LaTeX sets unchanged when a name holds anything", () => {
  assert.equal(
    escapeLatex("a_b & 50% #1 $x$ {y} \\z ~ ^"),
    "a\\_b \\& 50\\% \\#1 \\$x\\$ \\{y\\} \\textbackslash{}z \\textasciitilde{} \\textasciicircum{}",
  );
});
