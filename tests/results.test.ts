// What is published: its tables are those of its run files, and README.md and docs/results.md show them.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { makeReport, readPrintedTable, writeTables } from "../src/report/mod.ts";
import { identityOf } from "../src/runs/identity.ts";
import { readRunFolder } from "../src/runs/run_folder.ts";
import { expandSweep } from "../src/sweep/expand.ts";
import { parseSweep } from "../src/sweep/read.ts";
import { root, withFolder } from "./cli/maskbench.ts";

const read = (path: string) => Deno.readTextFile(join(root, path));
const home = join(root, "results/published");
const cells = (line: string) => line.split("|").slice(1, -1).map((cell) => cell.trim());
/** The first table of a file, its head first. */
const tableOf = async (path: string) => {
  const lines = (await read(path)).split("\n"), first = lines.findIndex((line) => line[0] === "|");
  const end = lines.findIndex((line, i) => i > first && line[0] !== "|");
  const [head, _, ...rows] = lines.slice(first, end).map(cells);
  return [head!, ...rows] as const;
};
const RESULTS = "docs/results.md";
const rowsIn = async (page: string) =>
  (await read(page)).split("\n").map((line) => cells(line).join("|"));
const published = [...Deno.readDirSync(home)].filter(({ name }) => name !== "peers")
  .map(({ name }) => join(home, name));
/** A folder with the run files of another, and nothing made of them. */
const withRunsOf = (folder: string, body: (copy: string) => Promise<void>) =>
  withFolder(async (copy) => {
    await Deno.copyFile(join(folder, "runs.jsonl"), join(copy, "runs.jsonl"));
    await body(copy);
  });

/** What GPUs have of the large sweeps: never whole, and of whatever commits there was time at. */
const parts = [...Deno.readDirSync(join(root, "results/gpu"))]
  .flatMap(({ name }) =>
    ["cifar10-gpu", "cifar10-tuned-gpu", "field"].map((it) => join(root, "results/gpu", name, it))
  )
  .filter((folder) => existsSync(join(folder, "table.md")));

Deno.test("writeTables() gives the published tables when it reads the published run files", async () => {
  assert.ok(published.length > 0);
  for (const folder of [...published, ...parts]) {
    await withRunsOf(folder, async (copy) => {
      await writeTables(copy);
      for (const name of ["table.md", "table.csv"]) {
        const [made, kept] = await Promise.all(
          [copy, folder].map((place) => Deno.readTextFile(join(place, name))),
        );
        assert.equal(made, kept, join(folder, name));
      }
    });
  }
});

Deno.test("readPrintedTable() gives the published tables against a column when it reads the published run files", async () => {
  let tables = 0;
  for (const folder of published) {
    for (const { name } of Deno.readDirSync(folder)) {
      if (!name.startsWith("against-")) continue;
      const kept = await Deno.readTextFile(join(folder, name));
      const [, column] = /^- \*\*− (.+?)\*\*: the difference/m.exec(kept)!;
      assert.equal(await readPrintedTable(folder, "markdown", column), kept, join(folder, name));
      tables++;
    }
  }
  assert.ok(tables > 0);
});

Deno.test("makeReport() gives the published plot of accuracies when it reads the published runs", async () => {
  for (const folder of published) {
    await withRunsOf(folder, async (copy) => {
      await makeReport(copy);
      const plots = [...Deno.readDirSync(folder)].map(({ name }) => name)
        .filter((name) => name.endsWith(".svg"));
      assert.ok(plots.length > 0, folder);
      for (const name of plots) {
        const made = await Deno.readTextFile(join(copy, "report", name));
        assert.equal(made, await Deno.readTextFile(join(folder, name)), join(folder, name));
      }
    });
  }
});

Deno.test("results/ stays small when it is published: under 6 MB in fewer than 150 files", () => {
  let files = 0, bytes = 0;
  const count = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(folder)) {
      const path = join(folder, name);
      if (name === "report") continue; // not kept in git
      if (isDirectory) count(path);
      else {
        files++;
        bytes += Deno.statSync(path).size;
      }
    }
  };
  for (const name of ["baselines", "gpu", "published"]) count(join(root, "results", name));
  assert.ok(files < 150 && bytes < 6e6, `${files} files, ${bytes} bytes`);
});

// The commits may differ, where an algorithm's runs were added to those of others: by its version a run's identity holds for all.
Deno.test("published run files name a clean commit, and one environment, when they are of one folder", async () => {
  for (const folder of published) {
    const { runs, invalidFiles } = await readRunFolder(folder);
    assert.deepEqual(invalidFiles, []);
    for (const { environment } of runs) assert.match(environment.commit, /^[0-9a-f]{40}$/);
    const made = new Set(
      runs.map(({ environment: { libtorch, threads, processor } }) =>
        `${libtorch} ${threads} ${processor}`
      ),
    );
    assert.equal(made.size, 1, [...made].join("; "));
  }
});

Deno.test("expandSweep() gives the published runs when it reads their sweep files and recipes", async () => {
  let recipes = 0;
  for (const folder of published) {
    const { runs } = await readRunFolder(folder),
      made = runs.map(({ identity }) => identity).sort();
    const { name, checksum } = runs[0]!.configuration.dataset;
    const namedBy = async (path: string) => {
      const sweep = parseSweep(await Deno.readTextFile(path), path);
      return expandSweep({ ...sweep, dataset: name }, checksum).runs.map(identityOf).sort();
    };
    assert.deepEqual(await namedBy(join(root, `bench/${basename(folder)}.json`)), made, folder);
    const recipe = join(folder, "tuning/recipe.json");
    if (!existsSync(recipe)) continue; // its rates come from a grid, or are the defaults
    const tuned = (await namedBy(recipe)).filter((identity) => !made.includes(identity));
    assert.deepEqual(tuned, [], recipe);
    recipes++;
  }
  assert.ok(recipes > 0);
});

Deno.test(`${RESULTS} shows every accuracy when the table is results/published/mnist-field`, async () => {
  const [head, ...rows] = await tableOf("results/published/mnist-field/table.md");
  const shown = await rowsIn(RESULTS);
  const isFigure = (label: string) => !label.includes(" − ") && label !== "verdict";
  const labels = head.slice(4).filter(isFigure); // after the sparsity
  assert.equal(labels.length, 19);
  for (const label of labels) {
    const [, name, scope = ""] = /^(\S+)(?: \(scope=(\w+)\))?$/.exec(label)!;
    const accuracies = rows.map((row) => row[head.indexOf(label)]);
    assert.ok(shown.includes([name, scope, ...accuracies].join("|")), label);
  }
});

Deno.test(`${RESULTS} shows every row when the table is results/published/cifar10-field`, async () => {
  const [_, ...rows] = await tableOf("results/published/cifar10-field/against-edge-popup.md");
  const shown = await rowsIn(RESULTS);
  assert.equal(rows.length, 8);
  for (const row of rows) {
    const [algorithm, accuracy, ...others] = row.slice(4);
    const told = [algorithm, accuracy, ...others.map((text) => text.replace("—", ""))];
    assert.ok(shown.includes(told.join("|")), algorithm);
  }
});

for (const [name, rows] of [["cifar10-cpu", 2], ["cifar10-longer", 1]] as const) {
  Deno.test(`${RESULTS} shows the differences when the table is results/published/${name}`, async () => {
    const [_, ...table] = await tableOf(`results/published/${name}/table.md`);
    const told = (await read(RESULTS)).replace(/\s+/g, " ");
    const differences = table.map((row) => row.at(-2)!); // before the verdict
    assert.equal(differences.length, rows);
    for (const difference of differences) assert.ok(told.includes(difference), difference);
  });
}

Deno.test(`README.md and ${RESULTS} show a difference only when a table of results/ has it`, async () => {
  const differences = async (path: string) =>
    (await read(path)).replace(/\s+/g, " ").match(/[+−]?\d+\.\d\d \[[^\]]+\]/g) ?? [];
  const tables = [...published, ...parts].flatMap((folder) =>
    [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".md"))
      .map(({ name }) => relative(root, join(folder, name)))
  );
  const measured = new Set((await Promise.all(tables.map(differences))).flat());
  const told = (await Promise.all(["README.md", RESULTS].map(differences))).flat();
  assert.ok(told.length > 50);
  assert.deepEqual(told.filter((difference) => !measured.has(difference)), []);
});

for (const sweep of ["cifar10-gpu", "cifar10-tuned-gpu"]) {
  Deno.test(`${RESULTS} shows each figure in its column when the sweep is ${sweep}`, async () => {
    const [_, ...rows] = await tableOf(`results/gpu/nvidia-h100-80gb-hbm3/${sweep}/table.md`);
    const shown = await rowsIn(RESULTS);
    assert.equal(rows.length, 2);
    for (const row of rows) assert.ok(shown.includes(row.slice(3).join("|")), row.join(" "));
  });
}

Deno.test(`${RESULTS} shows an algorithm or a difference a row when the sweep is field on a GPU`, async () => {
  const [head, ...rows] = await tableOf("results/gpu/nvidia-h100-80gb-hbm3/field/table.md");
  const shown = await rowsIn(RESULTS);
  const labels = head.slice(4).filter((label) => label !== "verdict");
  assert.equal(labels.length, 12);
  for (const label of labels) {
    const names = [...label.matchAll(/([\w-]+)(?: \(scope=(\w+)\))?(?= −|,|$)/g)];
    const [first, second] = label.includes(" − ") ? names : [names[0]];
    const both = (i: number) => [first, second].flatMap((name) => name?.[i] ?? []).join(" − ");
    const told = [both(1), both(2), ...rows.map((row) => row[head.indexOf(label)])].join("|");
    assert.ok(shown.includes(told), told);
  }
});

for (const [name, page] of [["mnist", "README.md"], ["cifar10-scope", RESULTS]] as const) {
  const folder = `results/published/${name}`;
  Deno.test(`${page} shows both scopes, and the difference over the network, when the table is ${folder}`, async () => {
    const [head, ...rows] = await tableOf(`${folder}/table.md`);
    const network = head.findIndex((label) =>
      label.startsWith("sbp (scope=global) − edge-popup (scope=global)")
    );
    const shown = await rowsIn(page);
    assert.equal(rows.length, 5);
    for (const row of rows) {
      const accuracies = ["edge-popup", "sbp"].flatMap((algorithm) =>
        ["layer", "global"].map((scope) => row[head.indexOf(`${algorithm} (scope=${scope})`)])
      );
      const told = [row[3], ...accuracies, row[network], row[network + 1]];
      assert.ok(shown.includes(told.join("|")), told.join("|"));
    }
  });
}

Deno.test(`${RESULTS} shows what a ramp is worth when the table is results/published/relaxation-mnist`, async () => {
  const [head, ...rows] = await tableOf("results/published/relaxation-mnist/table.md");
  const columns = ["edge-popup (ramp=set)", "edge-popup (ramp=unset)", "sbp", "sbp (ramp=0)"];
  const differences = ["sbp − edge-popup (ramp=set)", "sbp (ramp=0) − edge-popup (ramp=unset)"];
  const shown = await rowsIn(RESULTS);
  assert.equal(rows.length, 2);
  for (const row of rows) {
    const told = [
      row[3],
      ...[...columns, "sbp (floor=false)"].map((label) => row[head.indexOf(label)]),
      ...differences.flatMap((label) => {
        const i = head.findIndex((name) => name.startsWith(`${label},`));
        return [row[i], row[i + 1]];
      }),
    ];
    assert.ok(shown.includes(told.join("|")), told.join("|"));
  }
});

Deno.test(`${RESULTS} shows the published figures when it says what matters in SBP`, async () => {
  const [section] = /\n## What matters in SBP\n[^]*?\n## /.exec(await read(RESULTS))!;
  const tables = section.split("\n\n").filter((part) => part.startsWith("| changed"));
  const columns = [["mnist", "50%"], ["mnist", "90%"], ["cifar10", "90%"]] as const;
  let figures = 0;
  for (const [scope, folder] of ["sbp-global", "sbp"].entries()) {
    const rows = tables[scope]!.split("\n").filter((line) => line.includes('`"')).map(cells);
    for (const [i, [name, sparsity]] of columns.entries()) {
      const table = await read(`results/published/${folder}-${name}/against-sbp.md`);
      for (const [changed, ...told] of rows) {
        const [, option, value] = /`"(\w+)": "?(\w[\w.]*)/.exec(changed!)!;
        if (!/\d/.test(told[i]!)) continue;
        const line = table.split("\n").find((line) =>
          line.includes(`| sbp (${option}=${value}) `) && line.includes(` ${sparsity} `)
        );
        assert.equal(cells(line!).at(-2), told[i], `${changed} ${folder}-${name} ${sparsity}`);
        figures++;
      }
    }
  }
  assert.equal(figures, 36);
});

Deno.test(`${RESULTS} says that lower rates of edge-popup did worse when they did`, async () => {
  const folder = "results/published/cifar10-scope";
  // Accuracy of the best try, by sparsity and scope.
  const best = async (tuning: string) =>
    new Map(
      (await tableOf(`${folder}/${tuning}/tuning.md`))
        .filter(([_, algorithm]) => algorithm!.startsWith("edge-popup"))
        .map(([sparsity, algorithm, _, accuracy]) => [
          `${sparsity} ${/scope=(\w+)/.exec(algorithm!)![1]}`,
          Number.parseFloat(accuracy!),
        ]),
    );
  const searched = await best("tuning"), lower = await best("tuning-lower");
  const worse = [...lower].map(([cell, accuracy]) => searched.get(cell)! - accuracy);
  assert.equal(worse.length, 10);
  assert.ok(worse.every((points) => points > 0));
  const told = (await read(RESULTS)).replace(/\s+/g, " ");
  assert.ok(told.includes("they did worse in either scope at every sparsity"));
});
