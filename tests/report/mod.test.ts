// Tables of real folders: what the store wrote, what it could not have written, and nothing at all.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../src/base/errors.ts";
import { readBestSettings, remakeTables, writeTables } from "../../src/report/mod.ts";
import { runPathOf, writeRunFile } from "../../src/runs/run_file.ts";
import type { TableRun } from "../../src/tables/table.ts";
import { fileOf, runOf, seedsOf } from "../runs/made.ts";

const runs = [
  ...seedsOf({ algorithm: "sbp", sparsity: 0.7 }, [0.91, 0.93, 0.95]),
  ...seedsOf({ algorithm: "edge-popup", sparsity: 0.7 }, [0.90, 0.91, 0.92]),
];

async function withFolder(runs: readonly TableRun[], body: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    for (const run of runs) await writeRunFile(folder, fileOf(run));
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const names = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();

Deno.test("writeTables() gives the same bytes when tables are deleted and made again, in another folder too", async () => {
  const bytes: string[] = [];
  for (const order of [runs, runs.toReversed()]) {
    await withFolder(order, async (folder) => {
      for (const make of [writeTables, remakeTables]) {
        const markdown = await make(folder);
        assert.equal(markdown, await Deno.readTextFile(join(folder, "table.md")));
        bytes.push(markdown + await Deno.readTextFile(join(folder, "table.csv")));
        assert.deepEqual(await names(folder), ["runs", "table.csv", "table.md"]);
        await Deno.remove(join(folder, "table.md"));
        await Deno.remove(join(folder, "table.csv"));
      }
    });
  }
  assert.equal(new Set(bytes).size, 1);
  assert.match(bytes[0]!, /91\.00 ± 1\.00 \(3\)/);
});

Deno.test("writeTables() names a file, and counts it in no figure, when it is no run", async () => {
  const whole = JSON.stringify(fileOf(runs[0]!));
  const infinite = whole.replace('"lastTestAccuracy":0.91', '"lastTestAccuracy":1e999');
  const absent = whole.replace('"lastTestAccuracy":0.91', '"lastTestAccuracy":null');
  assert.ok(infinite !== whole && absent !== whole);
  for (const text of [whole.slice(0, 200), "", "[]", "a\n\n# b", infinite, absent]) {
    await withFolder(runs.slice(1), async (folder) => {
      await Deno.writeTextFile(runPathOf(folder, runs[0]!.identity), text);
      const markdown = await writeTables(folder);
      assert.match(markdown, /94\.00 ± 1\.41 \(2\)/);
      assert.ok(markdown.includes(`set aside: runs/${runs[0]!.identity}.json`));
      assert.ok(markdown.includes("- sbp, sparsity 70%: seed 1"));
      assert.doesNotMatch(markdown, /^# b/m);
    });
  }
});

Deno.test("writeTables() says so, and remakeTables() throws, when there are no runs", async () => {
  await withFolder([], async (folder) => {
    await assert.rejects(remakeTables(folder), UserError);
    await assert.rejects(readBestSettings(folder), UserError);
    assert.deepEqual(await names(folder), []);
    assert.equal(await writeTables(folder), "No finished run.\n");
  });
});

Deno.test("readBestSettings() reads validation runs alone when a folder has others too", async () => {
  const dataset = { name: "mnist", checksum: "5a".repeat(32), split: "validation" } as const;
  const tuning = [1, 2, 4].map((learningRate) =>
    runOf({ parameters: { learningRate }, accuracy: 0.9 - learningRate / 50, config: { dataset } })
  );
  await withFolder(tuning, async (folder) => {
    await Deno.writeTextFile(join(folder, "runs", "notes.json"), "{}");
    const text = await readBestSettings(folder);
    assert.ok(text.includes('{"name":"sbp","learningRate":1}'));
    assert.ok(text.includes("- set aside: runs/notes.json"));
  });
  await withFolder([...tuning, ...runs], async (folder) => {
    await assert.rejects(readBestSettings(folder), /6 of 9 runs were measured on the test split/);
  });
});
