// Masks with their controls, from hand-made runs.
import assert from "node:assert/strict";
import { csvParse } from "d3-dsv";
import { summarise } from "../../src/base/statistics.ts";
import {
  type ControlledRun,
  controlsCsvOf,
  controlsMarkdownOf,
  controlVerdictOf,
} from "../../src/tables/controls.ts";
import { type Given, runOf } from "../runs/made.ts";

/** Runs with seeds 1, 2, … of which the shuffled mask has these accuracies in percent, the others 10. */
const runs = (shuffled: readonly number[], given: Given = {}): ControlledRun[] =>
  shuffled.map((percent, i) => {
    const run = runOf({ seed: i + 1, accuracy: 0.9, ...given });
    const controls = {
      shuffled: percent / 100,
      inverted: 0.09 + 0.01 * (i % 3),
      redrawn: 0.1,
      chance: 0.1,
    };
    return { ...run, result: { ...run.result, controls } };
  });

Deno.test("controlVerdictOf() agrees with Student's interval when a control is compared with chance", () => {
  // Three values one apart: mean ± 4.303 / √3 = ± 2.484.
  const at = (...values: number[]) => controlVerdictOf(summarise(values), 10).verdict;
  assert.equal(at(9, 10, 11), "at");
  assert.equal(at(11.4, 12.4, 13.4), "at"); // from 9.92
  assert.equal(at(11.5, 12.5, 13.5), "above"); // from 10.02
  assert.equal(at(6.5, 7.5, 8.5), "below"); // to 9.98
  assert.equal(at(10), "unknown");
  assert.equal(at(9.8, 9.8, 9.8), "below"); // a network that always says the same
});

Deno.test("controls says in a sentence which controls are at chance when there are runs", () => {
  const good = controlsMarkdownOf(runs([9, 10, 11]));
  assert.match(good, /\*\*sbp\*\*: each control fell to chance: no 95% interval lies above it/);
  assert.match(
    good,
    /\| 50% +\| sbp +\| 90\.00 ± 0\.00 \(3\) \| 10\.00 ± 1\.00 \(3\) \| 10\.00 ± 1\.00/,
  );
  assert.doesNotMatch(good, /\d ↑/);

  const bad = controlsMarkdownOf([...runs([9, 10, 11]), ...runs([49, 50, 51], { sparsity: 0.9 })]);
  assert.match(bad, /50\.00 ± 1\.00 \(3\) ↑/);
  // (50 − 10) of (90 − 10) points
  assert.match(
    bad,
    /not every control fell to chance: at most 50% of what the mask has above chance is left; of 6 intervals, 1 above chance: shuffled at sparsity 90% \(50\.00 \[47\.52, 52\.48\]\)/,
  );
  // (12 − 10) of (90 − 10) points
  assert.match(
    controlsMarkdownOf(runs([11.9, 12, 12.1])),
    /each control fell to chance or near it: at most 2\.5% of .* 1 above chance: shuffled/,
  );
  assert.match(controlsMarkdownOf(runs([10])), /one seed doesn't tell/);
});

Deno.test("controls says that nothing is left to lose when a mask is itself at chance", () => {
  const text = controlsMarkdownOf(runs([9, 10, 11], { accuracy: 0.098 }));
  assert.match(text, /\*\*sbp\*\*: the mask itself is not above chance at sparsity 50%/);
  assert.doesNotMatch(text, /is left/);
  const rows = [
    ...runs([9, 10, 11], { accuracy: 0.098 }),
    ...runs([49, 50, 51], { sparsity: 0.9 }),
  ];
  assert.match(
    controlsMarkdownOf(rows),
    /\*\*sbp\*\*: the mask itself is not above chance at sparsity 50%; elsewhere not every control fell to chance: at most 50% .* shuffled at sparsity 90%/,
  );
});

Deno.test("controls names the setting when rows differ in it alone", () => {
  const text = controlsMarkdownOf([
    ...runs([9, 10, 11]),
    ...runs([9, 10, 11], { config: { epochs: 99 } }),
  ]);
  const rows = text.split("\n").filter((line) => /^\| \d+%/.test(line));
  assert.equal(new Set(rows).size, 2);
  assert.match(text, /\| epochs /);
  assert.deepEqual(
    [
      ...new Set(
        csvParse(controlsCsvOf([...runs([9]), ...runs([9], { config: { epochs: 99 } })])).map((
          row,
        ) => row.epochs),
      ),
    ].length,
    2,
  );
});

Deno.test("controls has a CSV line with an interval when there is a control", () => {
  const lines = csvParse(controlsCsvOf(runs([49, 50, 51])));
  assert.deepEqual(lines.map(({ control, standing }) => `${control} ${standing}`), [
    "shuffled above",
    "inverted at",
    "redrawn at",
  ]);
  const { n, mean, deviation, low, high, chance, mask_mean } = lines[0]!;
  assert.deepEqual({ n, mean, deviation, chance, mask_mean }, {
    n: "3",
    mean: "50.0000",
    deviation: "1.0000",
    chance: "10",
    mask_mean: "90.0000",
  });
  assert.ok(Math.abs(Number(low) - 47.516) < 0.001 && Math.abs(Number(high) - 52.484) < 0.001);
});
