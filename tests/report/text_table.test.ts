// The table on a terminal: every accuracy and difference of table.csv is there, whole, at any width.
import assert from "node:assert/strict";
import { join } from "node:path";
import { csvParse } from "d3-dsv";
import { readRunFolder } from "../../src/runs/run_folder.ts";
import { textTableOf, wrapWords } from "../../src/report/text_table.ts";
import { tableOf } from "../../src/tables/table.ts";
import { root } from "../cli/maskbench.ts";

const signed = (value: number) => value.toFixed(2).replace("-", "−");

for (const name of ["mnist", "quick", "mnist-field", "relaxation-mnist"]) {
  const folder = join(root, "results/published", name);
  Deno.test(`textTableOf() shows every figure of ${name} within the width when a terminal has 60, 80 or 120 columns`, async () => {
    const table = tableOf((await readRunFolder(folder)).runs);
    const lines = csvParse(await Deno.readTextFile(join(folder, "table.csv")));
    for (const width of [60, 80, 120]) {
      const text = textTableOf(table, { width, hasColour: false });
      const long = text.split("\n").filter((line) => line.length > width);
      assert.deepEqual(long, []);
      assert.ok(!text.includes("…"), text);
      for (const { quantity, mean, low, high, deviation } of lines) {
        if (quantity === "accuracy" && deviation === "") continue;
        const shown = quantity === "accuracy"
          ? `${signed(Number(mean))} ± ${signed(Number(deviation))}`
          : low === ""
          ? "[n/a]"
          : `[${
            [low, high].map((end) => (Number(end) > 0.005 ? "+" : "") + signed(Number(end))).join(
              ", ",
            )
          }]`
            .replace("−0.00", "0.00");
        assert.ok(text.includes(shown), `${width}: ${shown} is not in\n${text}`);
      }
    }
  });
}

Deno.test("textTableOf() marks the best with a star when there is no colour, and makes it bold when there is", async () => {
  const { runs } = await readRunFolder(join(root, "results/published/mnist"));
  const [plain, coloured] = [false, true].map((hasColour) =>
    textTableOf(tableOf(runs), { width: 120, hasColour })
  );
  assert.match(plain!, /\* 97\.64 ± 0\.03/);
  // deno-lint-ignore no-control-regex
  assert.match(coloured!, /\x1b\[1m *97\.64 ± 0\.03 \(5\)\x1b\[22m/);
});

Deno.test("wrapWords() breaks between words, and cuts a word with … when it is longer than a line", () => {
  assert.deepEqual(wrapWords("one two three", 7), ["one two", "three"]);
  assert.deepEqual(wrapWords("  one two", 6, "  "), ["  one", "  two"]);
  assert.deepEqual(wrapWords("abcdefghij k", 5), ["abcd…", "k"]);
});
