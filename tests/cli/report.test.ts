// table, best and list as a user runs them: exit codes, what is printed, and one sentence for a mistake.
import assert from "node:assert/strict";
import { join } from "node:path";
import { writeRunFile } from "../../src/runs/run_file.ts";
import { fileOf, type Given, runOf } from "../runs/made.ts";
import { maskbench, withFolder } from "./maskbench.ts";

const withRuns = (given: readonly Given[], body: (folder: string) => Promise<void>) =>
  withFolder(async (folder) => {
    for (const run of given.map(runOf)) await writeRunFile(folder, fileOf(run));
    await body(folder);
  });

Deno.test("table prints the table, writes both files and exits 0 when a folder has runs", async () => {
  await withRuns([{ accuracy: 0.91 }, { accuracy: 0.93, seed: 2 }], async (folder) => {
    const { code, out, error } = await maskbench(["table", folder]);
    assert.deepEqual([code, error], [0, ""]);
    assert.match(out, /92\.00 ± 1\.41 \(2\)/);
    assert.ok(out.includes(await Deno.readTextFile(join(folder, "table.md"))));
    assert.match(await Deno.readTextFile(join(folder, "table.csv")), /^dataset,/);
  });
});

Deno.test("table prints one sentence, writes nothing and exits 2 when a folder has no runs", async () => {
  await withRuns([], async (folder) => {
    for (const dir of [folder, join(folder, "absent")]) {
      const { code, out, error } = await maskbench(["table", dir]);
      assert.deepEqual([code, out], [2, ""]);
      assert.match(error, /^maskbench: there are no runs in .*\n$/);
    }
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  });
});

Deno.test("report says where its page is when a folder has runs, and exits 2 when it has none", async () => {
  await withRuns([{ accuracy: 0.91 }, { accuracy: 0.93, seed: 2 }], async (folder) => {
    await Deno.writeTextFile(join(folder, "runs", "broken.json"), "{");
    const { code, out, error } = await maskbench(["report", folder]);
    assert.deepEqual([code, error], [0, ""]);
    assert.match(out, /report\/index\.html\n$/);
    const page = await Deno.readTextFile(join(folder, "report", "index.html"));
    assert.match(page, /set aside: runs\/broken\.json/);
    const peers = await maskbench(["report", folder, "--peers", join(folder, "absent.json")]);
    assert.equal(peers.code, 2);
    assert.match(peers.error, /^maskbench: .*absent\.json does not exist.*\n$/);
  });
  await withRuns([], async (folder) => {
    const { code, out, error } = await maskbench(["report", join(folder, "absent")]);
    assert.deepEqual([code, out], [2, ""]);
    assert.match(error, /^maskbench: there are no runs in .*\n$/);
  });
});

Deno.test("table prints one format, or names the known ones, and writes nothing, when --format is given", async () => {
  await withRuns([{ accuracy: 0.91 }], async (folder) => {
    const json = await maskbench(["table", folder, "--format", "json"]);
    assert.equal(JSON.parse(json.out)[0].mean, 91);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["runs"]);
    const slip = await maskbench(["table", folder, "--format", "tex"]);
    assert.equal(slip.code, 2);
    assert.match(slip.error, /Allowed choices are markdown, csv, latex, json/);
  });
});

Deno.test("best prints what to paste when runs are on the validation split, and exits 2 when on the test split", async () => {
  const dataset = { name: "mnist", checksum: "5a".repeat(32), split: "validation" } as const;
  const tuning = [1, 2].map((learningRate) => ({
    parameters: { learningRate },
    accuracy: learningRate / 10,
    config: { dataset },
  }));
  await withRuns(tuning, async (folder) => {
    const { code, out } = await maskbench(["best", folder]);
    assert.equal(code, 0);
    assert.ok(out.includes('{"name":"sbp","learningRate":2}'), out);
  });
  await withRuns([{}], async (folder) => {
    const { code, out, error } = await maskbench(["best", folder]);
    assert.deepEqual([code, out], [2, ""]);
    assert.match(error, /^maskbench: 1 of 1 runs .* no fair comparison.*\n$/);
  });
});

Deno.test("list prints every algorithm when it prints text, and JSON with --json", async () => {
  const json = await maskbench(["list", "--json"]), text = await maskbench(["list"]);
  assert.deepEqual([json.code, text.code], [0, 0]);
  for (const { name } of JSON.parse(json.out).algorithms) assert.ok(text.out.includes(`${name}:`));
  assert.ok(JSON.parse(json.out).datasets.some(({ name }: { name: string }) => name === "mnist"));
});

Deno.test("table, report and best exit 2 with a sentence when the folder is forgotten", async () => {
  const { code, error } = await maskbench(["table"]);
  assert.equal(code, 2);
  assert.match(error, /missing required argument 'dir'/);
});
