// A tuning in one process: what it plans, that the test set has no part in it, and what it chooses.
import assert from "node:assert/strict";
import { join } from "node:path";
import { withFolder } from "../cli/maskbench.ts";
import { imagesOf } from "../datasets/images.ts";
import { csvParse } from "d3-dsv";
import { UserError } from "../../src/base/errors.ts";
import type { Dataset } from "../../src/datasets/dataset.ts";
import { loadDataset } from "../../src/datasets/registry.ts";
import { validationOf } from "../../src/datasets/validation.ts";
import { identityOf } from "../../src/runs/identity.ts";
import { configurationsOf } from "../../src/sweep/expand.ts";
import { checkSweep, parseSweep } from "../../src/sweep/read.ts";
import type { RunConfig } from "../../src/training/config.ts";
import { run } from "../../src/training/run.ts";
import { writeTuning } from "../../src/tuning/mod.ts";
import { choiceOf, chosenOf, tuningOutcomeOf } from "../../src/tuning/outcome.ts";
import { type TuningPlan, tuningPlanOf } from "../../src/tuning/plan.ts";
import { recipesOf } from "../../src/tuning/recipe.ts";
import { tuningMarkdownOf, tuningTraceOf } from "../../src/tuning/trace.ts";
import { device } from "../library.ts";

const shapes = await loadDataset("shapes", []);
const held = validationOf(shapes);

const sweep = (given: Record<string, unknown> = {}, tune: Record<string, unknown> = {}) =>
  checkSweep({
    name: "mine",
    dataset: "shapes",
    networks: [{ name: "conv2", width: 0.02 }],
    algorithms: [
      { name: "dense" },
      { name: "random" },
      { name: "edge-popup", learningRate: { bySparsity: { "0.5": 1, "0.9": 3 } } },
      { name: "sbp", scope: ["layer", "global"], box: "none" },
    ],
    sparsities: [0.5, 0.9],
    seeds: [1, 2],
    epochs: 3,
    tune: { tries: 6, seeds: [7, 8], ...tune },
    ...given,
  });
const plan = (given = {}, tune = {}) => tuningPlanOf(sweep(given, tune), held);

Deno.test("tuningPlanOf() gives every algorithm the same tries, seeds and epochs, on pictures held out, when it plans", () => {
  const { runs } = plan({}, { epochs: 2 });
  assert.ok(runs.every(({ dataset }) => dataset.split === "validation"));
  assert.ok(runs.every(({ dataset }) => dataset.checksum === held.checksum));
  assert.ok(runs.every(({ epochs }) => epochs === 2));
  const cells = Map.groupBy(runs, ({ algorithm, sparsity }) => `${algorithm.name} ${sparsity}`);
  assert.deepEqual([...cells.keys()].sort(), [
    ...["dense 0", "edge-popup 0.5", "edge-popup 0.9", "sbp 0.5", "sbp 0.9"],
  ]);
  for (const members of cells.values()) {
    const settings = Map.groupBy(members, ({ algorithm }) => JSON.stringify(algorithm.parameters));
    assert.equal(settings.size, 6);
    for (const own of settings.values()) assert.deepEqual(own.map(({ seed }) => seed), [7, 8]);
  }
  assert.equal(new Set(runs.map(identityOf)).size, runs.length);
});

Deno.test("tuningPlanOf() begins with the same runs when there are more tries", () => {
  const few = plan().runs.map(identityOf);
  const many = plan({}, { tries: 15 }).runs.map(identityOf);
  assert.deepEqual(many.slice(0, few.length), few);
});

Deno.test("tuningPlanOf() takes ranges from the section, then the sweep's lists, then the algorithm, when all are given", () => {
  const spaces = {
    sbp: {
      learningRate: { linear: [2, 3] },
      ramp: { among: [0.25] },
      floor: { among: [true, false] },
    },
    iterand: { every: { log: [10, 1000] } },
  };
  const { searches } = plan(
    {
      algorithms: [
        { name: "sbp", learningRate: [5, 6], scope: ["layer", "global"], momentum: 0.1 },
        { name: "iterand" },
      ],
    },
    { spaces, tries: 40 },
  );
  const [sbp, iterand] = searches.map(({ trials }) =>
    trials.map(({ runs }) => runs[0]!.algorithm.parameters)
  );
  const rates = sbp!.map(({ learningRate }) => learningRate as number);
  assert.ok(rates.every((rate) => rate >= 2 && rate <= 3));
  assert.ok(sbp!.every(({ ramp }) => ramp === 0.25));
  for (const [name, count] of [["scope", 2], ["floor", 2], ["momentum", 5]] as const) {
    assert.equal(new Set(sbp!.map((values) => values[name])).size, count, name);
  }
  const every = iterand!.map((values) => values.every as number);
  assert.ok(every.every((steps) => Number.isInteger(steps) && steps >= 10 && steps <= 1000));
  assert.ok(new Set(every).size > 30);
  assert.ok(
    searches[0]!.trials[0]!.runs.every(({ algorithm }) => algorithm.parameters.box === "mask"),
  );
});

Deno.test("tuningPlanOf() searches only the named hyper-parameters when the section names some", () => {
  const { searches } = plan(
    {
      algorithms: [{ name: "dense" }, { name: "sbp", ramp: 0.2, weightDecay: 1e-4 }, {
        name: "random",
      }],
    },
    { parameters: ["learningRate"], tries: 9 },
  );
  const [dense, sbp, random] = searches;
  assert.deepEqual([dense, sbp, random].map((one) => Object.keys(one!.space)), [
    ["learningRate"],
    ["learningRate"],
    [],
  ]);
  const runs = sbp!.trials.flatMap((trial) => trial.runs);
  assert.equal(new Set(runs.map(rate)).size, 9);
  for (const { algorithm: { parameters } } of runs) {
    assert.deepEqual([parameters.momentum, parameters.weightDecay, parameters.ramp], [
      0.9,
      1e-4,
      0.2,
    ]);
  }
});

Deno.test("tuningPlanOf() tries what the sweep gives first when the section says so", () => {
  const made = plan({}, { given: true }), without = plan();
  const rates = new Map([["dense", [0.1]], ["edge-popup", [1, 3]], ["sbp", [5]]]);
  for (const [i, { entry, trials }] of made.searches.entries()) {
    const [own, ...others] = trials, known = rates.get(entry.name);
    assert.deepEqual(others, without.searches[i]!.trials);
    if (!known) continue; // random has nothing to try
    assert.equal(own!.number, 0);
    assert.deepEqual([...new Set(own!.runs.map(rate))], known);
    if (entry.name !== "sbp") continue;
    // Listed in the sweep, so searched: as given it is the default.
    assert.ok(
      own!.runs.every(({ algorithm: { parameters } }) =>
        parameters.scope === "global" && parameters.box === "none"
      ),
    );
  }
  assert.deepEqual(made.runs.slice(-without.runs.length), without.runs);

  const isOwn = new Set(made.searches.flatMap(({ trials: [own] }) => own?.runs.map(identityOf)));
  const cells = outcome(made, (run) => isOwn.has(identityOf(run)) ? 0.9 : 0.5);
  assert.ok(cells.every((cell) => chosenOf(cell)!.trial.number === 0));
  const recipe = parseSweep(recipesOf(made, cells)[0]!, "recipe.json");
  const own = configurationsOf(recipe, shapes).filter(({ algorithm: { name } }) =>
    name === "edge-popup"
  );
  assert.deepEqual(own.map((run) => [run.sparsity, rate(run)]), [
    ...[[0.5, 1], [0.9, 3], [0.5, 1], [0.9, 3]],
  ]);
  assert.equal(csvParse(tuningTraceOf(made, cells)).filter((line) => line.try === "0").length, 5);
  const text = tuningMarkdownOf(made, cells, []);
  assert.match(text, /Try 0 of each is what the sweep itself gives, besides them\./);
  assert.match(text, /edge-popup \| learningRate 3 \(0\.83\), momentum 0\.9/);
});

Deno.test("tuningMarkdownOf() says whether the sweep's values lie in their ranges when they are tried", () => {
  const entry = { name: "edge-popup", learningRate: 50, momentum: 0.7 };
  const spaces = { "edge-popup": { momentum: { among: [0.8, 0.9] } } };
  const made = plan({ algorithms: [entry], sparsities: [0.5] }, { given: true, spaces });
  const [cell] = outcome(made, rate);
  assert.deepEqual(choiceOf(cell!).warnings.map((text) => text.split(",")[0]), [
    "learningRate 50 is beyond what was searched",
    "momentum 0.7 is beyond what was searched",
  ]);
});

Deno.test("tuningMarkdownOf() distinguishes entries when they are of one algorithm", () => {
  const made = plan({
    algorithms: [
      { name: "dense" },
      { name: "sbp", scope: "layer", ramp: 0.5, learningRate: 3 }, // which is searched, and tells nothing
      { name: "sbp", ramp: 0.5 },
      { name: "sbp", momentum: { bySparsity: { "0.5": 0, "0.9": 0.5 } } },
    ],
  }, { parameters: ["learningRate"], tries: 24 });
  const labels = [
    "dense",
    "sbp (scope=layer, ramp=0.5, momentum=0.9)",
    "sbp (scope=global, ramp=0.5, momentum=0.9)",
    'sbp (scope=global, ramp=0.7, momentum={"bySparsity":{"0.5":0,"0.9":0.5}})',
  ];
  const text = tuningMarkdownOf(made, outcome(made, rate), []);
  for (const label of labels) {
    const rows = text.split("\n").filter((line) => line.includes(`| ${label} `));
    assert.equal(rows.length, label === "dense" ? 1 : 2, label);
    assert.match(text, new RegExp(`\n- ${RegExp.escape(label)}, sparsity [^:]+: learningRate `));
    assert.ok(text.includes(`\n- **${label}**: learningRate `), label);
  }
});

Deno.test("tuningPlanOf() distinguishes entries by their lists when they differ in those alone", () => {
  const algorithms = [{ name: "sbp", ramp: [0, 0.5] }, { name: "sbp", ramp: [0.7, 1] }];
  const labels = plan({ algorithms }).searches.map(({ label }) => label);
  assert.deepEqual(labels, ["sbp (ramp=[0,0.5])", "sbp (ramp=[0.7,1])"]);
  const controls = [{ name: "sbp", ramp: [0.4, 0.7] }, { name: "sbp", ramp: [0] }];
  assert.deepEqual(plan({ algorithms: controls }).searches.map(({ label }) => label), [
    "sbp (ramp=searched)",
    "sbp (ramp=0)",
  ]);
});

Deno.test("tuningMarkdownOf() gives the lead over the runner-up with its interval when there are several seeds", () => {
  const entry = { name: "edge-popup" };
  const made = plan({ algorithms: [entry], sparsities: [0.5] }, { tries: 3, seeds: [7, 8, 9] });
  // Leads of 1, 2 and 3 points over the second, by seed: 2 ± 4.302653/√3.
  const rates = [...new Set(made.runs.map(rate))].sort((a, b) => a - b);
  const accuracies = [[0.5, 0.5, 0.5], [0.6, 0.6, 0.6], [0.61, 0.62, 0.63]];
  const cells = outcome(made, (run) => accuracies[rates.indexOf(rate(run))]![run.seed - 7]!);
  const text = tuningMarkdownOf(made, cells, []);
  assert.ok(text.includes("| +2.00 [−0.48, +4.48] |"), text);
  assert.match(text, /\*\*Lead\*\*: the chosen setting's over the runner-up/);
});

Deno.test("tuningPlanOf() throws a sentence when seeds are the sweep's or nothing is to be tuned", () => {
  const refused = (given: object, tune: object, expected: RegExp) =>
    assert.throws(
      () => plan(given, tune),
      (error) => error instanceof UserError && expected.test(error.message),
    );
  refused({}, { seeds: [2, 9] }, /tune\.seeds: the sweep itself runs with 2: expected other seeds/);
  refused({ algorithms: [{ name: "random" }] }, {}, /nothing to tune/);
  refused(
    {},
    { parameters: ["learningRate"] },
    /^tune\.parameters: sbp lists scope, which is not among them: expected one value$/,
  );
  refused(
    { algorithms: [{ name: "sbp" }] },
    { given: true, spaces: { sbp: { spread: { among: [1, 3] } } } },
    /^tune\.given: sbp has no spread unless it is given: expected a value in the sweep$/,
  );
  for (const tune of [{}, { given: true }]) {
    refused(
      { algorithms: [{ name: "dense" }, { name: "sbp" }, { name: "sbp", weightDecay: 0 }] },
      tune,
      /^tune: algorithms\[1\] and algorithms\[2\], both sbp, differ in weightDecay alone, which is searched: expected one of them$/,
    );
  }
  for (let tries = 1; tries < 10; tries++) { // of which the last may be one of the other entry's
    plan({
      algorithms: [{ name: "sbp", scope: ["layer", "global"] }, { name: "sbp", learningRate: 3 }],
    }, { tries });
  }
  const seeds = Array.from({ length: 2000 }, (_, i) => 10 + i);
  refused({}, { tries: 9999, seeds }, /the tuning has more than 100,000 runs: take fewer tries/);
});

/** The outcome where each run has the accuracy that is made up for it; `undefined`: it diverged. */
function outcome(plan: TuningPlan, accuracy: (run: RunConfig) => number | undefined) {
  const known = plan.runs.flatMap((run) => {
    const value = accuracy(run);
    return value === undefined ? [] : [[identityOf(run), value] as const];
  });
  return tuningOutcomeOf(plan, new Map(known));
}
const rate = ({ algorithm }: RunConfig) => algorithm.parameters.learningRate as number;

Deno.test("tuningOutcomeOf() picks the highest mean, and ranks a try last when it diverged with any seed", () => {
  const only = { algorithms: [{ name: "sbp" }], sparsities: [0.5] };
  const spaces = {
    sbp: {
      learningRate: { among: [1, 2, 3] },
      momentum: { among: [0.9] },
      weightDecay: { among: [0] },
      ramp: { among: [0.7] },
    },
  };
  const made = plan(only, { tries: 6, spaces });
  const table: Record<number, (number | undefined)[]> = {
    1: [0.5, 0.7],
    2: [0.9, undefined],
    3: [0.68, 0.6],
  };
  const [cell] = outcome(made, (run) => table[rate(run)]![run.seed - 7]);
  assert.deepEqual([...new Set(cell!.tried.map(({ parameters }) => parameters.learningRate))], [
    3,
    1,
    2,
  ]);
  assert.equal(chosenOf(cell!)!.accuracy!.mean, 64);
  const lines = csvParse(tuningTraceOf(made, [cell!]));
  assert.equal(lines.length, 6);
  assert.deepEqual(lines.map(({ chosen }) => chosen === "true"), [true, ...Array(5).fill(false)]);
  const last = lines.at(-1)!;
  assert.deepEqual([last.parameter_learningRate, last.seed_7, last.seed_8, last.mean], [
    "2",
    "90.0000",
    "",
    "",
  ]);
});

Deno.test("tuningOutcomeOf() picks the earlier try when means are equal", () => {
  for (const cell of outcome(plan(), () => 0.5)) assert.equal(chosenOf(cell)!.trial.number, 1);
});

Deno.test("tuningOutcomeOf() warns when the best lies at an end of its range, unless nothing lies beyond", () => {
  const among = { among: [0] }, only = { algorithms: [{ name: "sbp" }], sparsities: [0.5] };
  const spaces = {
    sbp: {
      learningRate: { log: [1, 100] },
      momentum: among,
      weightDecay: among,
      ramp: { linear: [0, 1] },
    },
  };
  const made = plan(only, { tries: 60, spaces });
  const warnings = (score: (run: RunConfig) => number) =>
    choiceOf(outcome(made, score)[0]!).warnings;
  assert.deepEqual(warnings((run) => 1 / (1 + Math.abs(Math.log(rate(run) / 10)))), []);
  assert.match(
    warnings((run) => rate(run) / 100).join(),
    /^learningRate 9\d.* is at the upper edge of what was searched, 1 to 100, log$/,
  );
  assert.match(warnings((run) => 1 / rate(run)).join(), /^learningRate 1.* is at the lower edge/);
  const ramp = (run: RunConfig) => run.algorithm.parameters.ramp as number;
  assert.ok(
    warnings(ramp).every((text) => !text.startsWith("ramp")) &&
      !warnings((run) => 1 - ramp(run)).join().includes("ramp"),
  );
});

Deno.test("tuningOutcomeOf() warns when tries have another length than the recipe", () => {
  const text = (epochs: number) => {
    const made = plan({}, { epochs });
    return tuningMarkdownOf(made, outcome(made, rate), []);
  };
  const warning = "- tried for 2 epochs, and the recipe runs 3: what is best at one length need";
  assert.ok(text(2).includes(warning), text(2));
  assert.ok(!text(3).includes("the recipe runs"));
});

Deno.test("recipesOf() runs what was chosen, on the test set with the sweep's seeds, when a tuning is over", () => {
  const networks = [{ name: "conv2", width: 0.02 }, { name: "conv4", width: 0.02 }];
  const made = plan({ networks });
  // Another place in the list is best for each cell.
  const score = (run: RunConfig) =>
    parseInt(identityOf({ ...run, seed: 0 }).slice(0, 8), 16) / 2 ** 32;
  const cells = outcome(made, score);
  const [text, ...others] = recipesOf(made, cells);
  assert.equal(others.length, 0);
  const recipe = parseSweep(text!, "recipe.json");
  assert.equal(recipe.name, "mine-tuned");
  const runs = configurationsOf(recipe, shapes);
  assert.ok(runs.every(({ dataset, epochs }) => dataset.split === "test" && epochs === 3));
  assert.deepEqual([...new Set(runs.map(({ seed }) => seed))], [1, 2]);
  assert.equal(runs.length, 2 * 2 * (1 + 3 * 2)); // seeds, networks, dense and three that mask
  for (const { algorithm, network, sparsity } of runs) {
    if (algorithm.name === "random") continue;
    const cell = cells.find((cell) =>
      cell.search.entry.name === algorithm.name && cell.sparsity === sparsity &&
      cell.context.network.name === network.name
    )!;
    assert.deepEqual(algorithm.parameters, chosenOf(cell)!.parameters);
    const best = made.runs.filter((run) =>
      run.algorithm.name === algorithm.name && run.sparsity === sparsity &&
      run.network.name === network.name
    ).sort((a, b) => score(b) - score(a))[0]!;
    assert.deepEqual(algorithm.parameters, best.algorithm.parameters);
  }
  assert.match(
    tuningMarkdownOf(made, cells, []),
    /: 6 tries of 3 epochs with seeds 7, 8; 120 runs in all/,
  );
});

Deno.test("tuningPlanOf() tunes each entry by itself when two are of one algorithm", () => {
  const algorithms = ["layer", "global"].map((scope) => ({ name: "sbp", scope }));
  const made = plan({ algorithms, sparsities: [0.5] });
  const cells = outcome(
    made,
    (run) => run.algorithm.parameters.scope === "layer" ? 1 / rate(run) / 100 : rate(run) / 100,
  );
  const { algorithms: chosen } = JSON.parse(recipesOf(made, cells)[0]!);
  const rates = made.runs.map(rate);
  assert.deepEqual(
    chosen.map((
      { scope = "global", learningRate }: Record<string, unknown>,
    ) => [scope, learningRate]),
    [
      ["layer", Math.min(...rates)],
      ["global", Math.max(...rates)],
    ],
  );
});

Deno.test("recipesOf() gives several recipes when a sweep file can't distinguish initialisations or widths", () => {
  const initialisations = ["kaiming-normal", "signed-kaiming-constant"];
  const networks = [{ name: "conv2", width: 0.02 }, { name: "conv2", width: 0.03 }];
  const made = plan({ initialisations, networks });
  const recipes = recipesOf(made, outcome(made, () => 0.5)).map((text) => JSON.parse(text));
  assert.deepEqual(
    recipes.map((
      recipe,
    ) => [recipe.networks.length, recipe.networks[0].width, recipe.initialisations[0].name]).sort(),
    [0.02, 0.03].flatMap((width) => initialisations.map((name) => [1, width, name])),
  );
});

Deno.test("writeTuning() removes earlier recipes when it writes into the same folder", () =>
  withFolder(async (folder) => {
    for (const name of ["recipe.json", "recipe-1.json", "recipe-2.json", "recipe-mine.json"]) {
      await Deno.writeTextFile(join(folder, name), "earlier");
    }
    await writeTuning(folder, plan());
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assert.deepEqual(left, ["recipe-mine.json", "trace.csv", "tuning.md"]);
  }));

Deno.test("writeTuning() writes no recipe, and says why, when all tries diverged", () => {
  const made = plan();
  const cells = outcome(
    made,
    (run) => run.algorithm.name === "sbp" && run.sparsity === 0.9 ? undefined : 0.5,
  );
  assert.deepEqual(recipesOf(made, cells), []);
  assert.match(tuningMarkdownOf(made, cells, []), /- sbp, sparsity 90%: all 6 tries diverged/);
});

Deno.test("tune chooses the same when the test set has other pictures and labels", () => {
  const few = (of: Dataset, count: number): Dataset => ({
    ...of,
    train: {
      images: imagesOf(of.train).subarray(0, count * 3072),
      labels: of.train.labels.subarray(0, count),
    },
    test: {
      images: imagesOf(of.test).subarray(0, 60 * 3072),
      labels: of.test.labels.subarray(0, 60),
    },
  });
  const dataset = few(shapes, 240);
  const changed: Dataset = {
    ...dataset,
    test: {
      images: imagesOf(dataset.test).map((byte) => 255 - byte),
      labels: dataset.test.labels.map((label) => (label + 1) % 10),
    },
  };
  const tuned = (dataset: Dataset) => {
    const made = tuningPlanOf(
      sweep({ networks: [{ name: "conv2", width: 0.1 }], sparsities: [0.5], batchSize: 20 }, {
        tries: 3,
        seeds: [7],
      }),
      dataset,
    );
    const accuracies = made.runs.map((config) =>
      [identityOf(config), run(config, { dataset, device, threads: 1 }).lastTestAccuracy] as const
    );
    const cells = tuningOutcomeOf(made, new Map(accuracies));
    return [tuningTraceOf(made, cells), ...recipesOf(made, cells)];
  };
  const expected = tuned(validationOf(dataset));
  assert.ok(new Set(csvParse(expected[0]!).map(({ mean }) => mean)).size > 2);
  assert.deepEqual(tuned(validationOf(changed)), expected);
  assert.notDeepEqual(tuned(changed), tuned(dataset)); // as it would be, were the test set read
});
