// Run files: what was written is read again, and what is damaged or foreign is set aside and named, never trusted.
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { UserError } from "../../src/base/errors.ts";
import { findMissingRuns } from "../../src/runner/runner.ts";
import {
  readRunFile,
  readRunFolder,
  type RunFile,
  runPathOf,
  writeRunFile,
} from "../../src/runs/run_file.ts";
import { withFolder } from "../cli/maskbench.ts";
import { fileOf, runOf } from "./made.ts";

Deno.test("a run file is read as it was written, and nothing else is left in the folder", async () => {
  await withFolder(async (folder) => {
    const runs = [fileOf(runOf({ seed: 1 })), fileOf(runOf({ seed: 2 }))];
    for (const run of runs) await writeRunFile(folder, run);
    const read = await readRunFolder(folder);
    assert.deepEqual(read.invalidFiles, []);
    const byIdentity = (a: { identity: string }, b: { identity: string }) =>
      a.identity < b.identity ? -1 : 1;
    assert.deepEqual(read.runs, runs.sort(byIdentity));
    const names = [...Deno.readDirSync(join(folder, "runs"))].map(({ name }) => name).sort();
    assert.deepEqual(names, runs.map(({ identity }) => `${identity}.json`));
  });
});

Deno.test("a run file cut short at any place is set aside, and the run counts as missing", async () => {
  await withFolder(async (folder) => {
    const run = fileOf(runOf({})), path = runPathOf(folder, run.identity);
    await writeRunFile(folder, run);
    const whole = await Deno.readFile(path);
    const lengths = fc.integer({ min: 0, max: whole.length - 3 }); // without its brace
    await fc.assert(
      fc.asyncProperty(lengths, async (length) => {
        await Deno.writeFile(path, whole.subarray(0, length));
        const { runs, invalidFiles } = await readRunFolder(folder);
        assert.deepEqual([runs.length, invalidFiles.map(({ path }) => path)], [0, [path]]);
        assert.deepEqual(await findMissingRuns([run.configuration], folder), [run.configuration]);
      }),
      { seed: 3 },
    );
    await Deno.writeFile(path, whole);
    assert.deepEqual(await findMissingRuns([run.configuration], folder), []);
  });
});

Deno.test("a run file that is another run than its name or identity says is set aside", async () => {
  await withFolder(async (folder) => {
    const run = fileOf(runOf({ seed: 1 })), other = fileOf(runOf({ seed: 2 }));
    const path = runPathOf(folder, run.identity);
    await writeRunFile(folder, run);
    const edits: [unknown, RegExp][] = [
      [other, /not the run that its name says/],
      [{ ...run, configuration: other.configuration }, /not the run that its name says/],
      [{ ...run, identity: other.identity }, /not the run that its name says/],
      [{ ...run, format: 2 }, /no run file: format/],
      [{ ...run, extra: 1 }, /no run file/],
      [{ ...run, result: { ...run.result, lastTestAccuracy: 91 } }, /result\.lastTestAccuracy/],
      [{ ...run, configuration: { ...run.configuration, warmUp: 0 } }, /configuration\.warmUp/],
      [withMaskChange(run, 2), /result\.epochs\.0\.maskChange/],
      [[], /no run file/],
      [null, /no run file/],
    ];
    for (const [content, expected] of edits) {
      await Deno.writeTextFile(path, JSON.stringify(content));
      await assert.rejects(readRunFile(path), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, expected);
        return true;
      });
    }
  });
});

/** The same run with that `maskChange` in its first epoch. */
const withMaskChange = (run: RunFile, maskChange: number): RunFile => ({
  ...run,
  result: { ...run.result, epochs: [{ ...run.result.epochs[0]!, maskChange }] },
});

Deno.test("a run file that tells how much its mask changed is read like one that doesn't", async () => {
  await withFolder(async (folder) => {
    const run = withMaskChange(fileOf(runOf({})), 0.25);
    await writeRunFile(folder, run);
    assert.deepEqual((await readRunFolder(folder)).runs, [run]);
  });
});

Deno.test("a folder that is not there has no runs; one that can't be written to is told", async () => {
  await withFolder(async (folder) => {
    assert.deepEqual(await readRunFolder(join(folder, "absent")), { runs: [], invalidFiles: [] });
    await Deno.writeTextFile(join(folder, "runs"), "a file where the folder should be");
    await assert.rejects(
      writeRunFile(folder, fileOf(runOf({}))),
      /^WriteError: .* can't be made: /,
    );
  });
});
