// Publishing: fewer and smaller files, and every figure as before.
import assert from "node:assert/strict";
import { join } from "node:path";
import { publish } from "../../src/report/publish.ts";
import { writeTables } from "../../src/report/mod.ts";
import { findMissingRuns } from "../../src/runner/runner.ts";
import { runPathOf, writeRunFile } from "../../src/runs/run_file.ts";
import { readRunFolder } from "../../src/runs/run_folder.ts";
import { withFolder } from "../cli/maskbench.ts";
import { fileOf, seedsOf, withEpochs } from "../runs/made.ts";

const runs = [0.5, 0.9].flatMap((sparsity) =>
  ["edge-popup", "sbp"].flatMap((algorithm) =>
    seedsOf({ algorithm, sparsity }, [0.9, 0.91, 0.93]).map((run) => fileOf(withEpochs(run)))
  )
);
const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
const tablesIn = async (folder: string) =>
  await Promise.all(
    ["table.md", "table.csv"].map((name) => Deno.readTextFile(join(folder, name))),
  );

Deno.test("publish() leaves the same runs and tables when it replaces a folder's run files", async () => {
  await withFolder(async (folder) => {
    for (const run of runs) await writeRunFile(folder, run);
    await writeTables(folder);
    const before = await readRunFolder(folder), tables = await tablesIn(folder);
    assert.equal(await publish(folder, folder), 12);
    assert.deepEqual(await readRunFolder(folder), before);
    assert.deepEqual(await tablesIn(folder), tables);
    assert.deepEqual(namesIn(folder), ["accuracy.svg", "runs.jsonl", "table.csv", "table.md"]);
    const lines = (await Deno.readTextFile(join(folder, "runs.jsonl"))).trimEnd().split("\n");
    const identities = lines.map((line) => JSON.parse(line).identity);
    assert.deepEqual(identities, runs.map(({ identity }) => identity).sort());
    // Published runs are finished ones, and publishing them once more changes no byte.
    assert.deepEqual(await findMissingRuns(runs.map((run) => run.configuration), folder), []);
    await publish(folder, folder);
    assert.deepEqual(
      (await Deno.readTextFile(join(folder, "runs.jsonl"))).trimEnd().split("\n"),
      lines,
    );
  });
});

Deno.test("publish() adds new runs to published ones, and leaves the folder alone when it writes elsewhere", async () => {
  await withFolder(async (folder) => {
    for (const run of runs.slice(0, 5)) await writeRunFile(folder, run);
    await publish(folder, folder);
    for (const run of runs.slice(5)) await writeRunFile(folder, run);
    await withFolder(async (to) => {
      assert.equal(await publish(folder, to), 12);
      assert.deepEqual((await readRunFolder(to)).runs, (await readRunFolder(folder)).runs);
    });
    assert.equal(namesIn(join(folder, "runs")).length, 7);
  });
});

Deno.test("publish() refuses a folder in a sentence when it has no runs, or one that can't be read", async () => {
  await withFolder(async (folder) => {
    await assert.rejects(publish(folder, folder), /^UserError: there are no finished runs in /);
    for (const run of runs) await writeRunFile(folder, run);
    await Deno.truncate(runPathOf(folder, runs[3]!.identity), 100);
    await assert.rejects(publish(folder, folder), /can't be published: it can't be read/);
    assert.equal(namesIn(join(folder, "runs")).length, 12);
  });
});

Deno.test("readRunFolder() names the line when a line of runs.jsonl is none or stands twice", async () => {
  await withFolder(async (folder) => {
    for (const run of runs) await writeRunFile(folder, run);
    await publish(folder, folder);
    const path = join(folder, "runs.jsonl");
    const lines = (await Deno.readTextFile(path)).trimEnd().split("\n");
    lines[2] = lines[2]!.replace('"seed":1', '"seed":7');
    await Deno.writeTextFile(path, [...lines, lines[0]].join("\n"));
    const { runs: read, invalidFiles } = await readRunFolder(folder);
    assert.equal(read.length, lines[2].includes('"seed":7') ? 11 : 12);
    assert.deepEqual(
      invalidFiles.map(({ path, reason }) => [path.split(":").at(-1), reason.split(":")[0]]).at(-1),
      ["13", "stands there a second time"],
    );
  });
});

Deno.test("findMissingRuns() counts runs of other commits as missing when a commit is given", async () => {
  await withFolder(async (folder) => {
    const [one, other] = [runs[0]!, runs[1]!].map((run, i) => ({
      ...run,
      environment: { ...run.environment, commit: String(i).repeat(40) },
    }));
    await writeRunFile(folder, one!);
    await writeRunFile(folder, other!);
    const both = [one!.configuration, other!.configuration];
    assert.deepEqual(await findMissingRuns(both, folder), []);
    assert.deepEqual(await findMissingRuns(both, folder, "0".repeat(40)), [other!.configuration]);
  });
});
