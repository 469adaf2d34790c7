// Run files: what was written is read again, and what is damaged or foreign is set aside and named, never trusted.
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { UserError } from "../../src/base/errors.ts";
import { findMissingRuns } from "../../src/runner/runner.ts";
import {
  parseRunFile,
  readRunFile,
  type RunFile,
  runLineOf,
  runPathOf,
  runTextOf,
  writeRunFile,
} from "../../src/runs/run_file.ts";
import { readRunFolder } from "../../src/runs/run_folder.ts";
import { encodeCheckpoint } from "../../src/runs/checkpoint_file.ts";
import { type SpeedSamples, speedSummaryOf, withStretch } from "../../src/training/speed.ts";
import { withFolder } from "../cli/maskbench.ts";
import { kept as keptCheckpoint } from "./kept.ts";
import { fileOf, runOf } from "./made.ts";

Deno.test("readRunFolder() gives what writeRunFile() wrote, and nothing else is left, when a run is finished", async () => {
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

Deno.test("readRunFolder() sets a run file aside, and the run counts as missing, when it is cut short anywhere", async () => {
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

Deno.test("readRunFolder() sets a run file aside when its name or identity is another run's", async () => {
  await withFolder(async (folder) => {
    const run = fileOf(runOf({ seed: 1 })), other = fileOf(runOf({ seed: 2 }));
    const path = runPathOf(folder, run.identity);
    await writeRunFile(folder, run);
    const old = { ...run, format: 1 }; // it has no checksum, so that what is wrong is looked at for itself
    const edits: [unknown, RegExp][] = [
      [JSON.parse(runLineOf(other)), /not the run that its name says/],
      [{ ...old, configuration: other.configuration }, /not the run that its name says/],
      [{ ...old, identity: other.identity }, /not the run that its name says/],
      [{ ...old, format: 3 }, /no run file: format/],
      [{ ...old, extra: 1 }, /no run file/],
      [{ ...old, result: { ...run.result, lastTestAccuracy: 91 } }, /result\.lastTestAccuracy/],
      [{ ...old, configuration: { ...run.configuration, warmUp: 0 } }, /configuration\.warmUp/],
      [{ ...withMaskChange(run, 2), format: 1 }, /result\.epochs\.0\.maskChange/],
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

Deno.test("parseRunFile() refuses a run file when any value in it was changed", () => {
  const run = fileOf(runOf({})), text = runTextOf(run), name = `${run.identity}.json`;
  assert.deepEqual(parseRunFile(text, name), run);
  const places = [...text.matchAll(/\d/g)].map(({ index }) => index);
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.integer({ min: 1, max: 9 }), (at, change) => {
      const digit = (Number(text[at]) + change) % 10;
      assert.throws(
        () => parseRunFile(text.slice(0, at) + digit + text.slice(at + 1), name),
        UserError,
      );
    }),
    { seed: 2 },
  );
});

Deno.test("parseRunFile() says what contradicts when a file of either format contradicts itself", () => {
  const run = fileOf(runOf({})), { result } = run, name = `${run.identity}.json`;
  const [layer] = result.layers, [epoch] = result.epochs;
  const cases: [Partial<RunFile["result"]>, RegExp][] = [
    [{ lastTestAccuracy: 0.3 }, /lastTestAccuracy 0\.3, where the last epoch has 0\.9/],
    [{ bestTestAccuracy: 0.95 }, /bestTestAccuracy 0\.95, where 0\.9 is/],
    [{ epochs: result.epochs.slice(1) }, /9 epochs, where there must be 10/],
    [{ epochs: result.epochs.with(3, epoch!) }, /epoch 1, where 4 must be/],
    [{ layers: [] }, /no layers/],
    [{ layers: [layer!, layer!] }, /a layer stands twice/],
    [{ layers: [{ ...layer!, kept: 10_001 }] }, /linear1 keeps 10001 of 10000 weights/],
    [{ streams: {} }, /no seed of the weights/],
  ];
  for (const [change, expected] of cases) {
    const wrong = { ...run, result: { ...result, ...change } };
    const old = JSON.stringify({ format: 1, ...wrong });
    for (const text of [runTextOf(wrong), old]) {
      assert.throws(() => parseRunFile(text, name), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /^contradicts itself: /);
        assert.match(error.message, expected);
        return true;
      });
    }
  }
  const twice = runTextOf(run).replace('"layers": ', '"imagesPerSecond": 7, "layers": ');
  assert.throws(
    () => parseRunFile(twice, name),
    /contradicts itself: "imagesPerSecond" stands twice/,
  );
});

Deno.test("a run file stays under 50 kB, and a checkpoint's header under 100 kB, when a run is very long", () => {
  const sample = {
    imagesPerSecond: 12345.678901234567,
    matmul: 1 / 3000,
    copy: 1 / 7000,
    waited: 1 / 3,
  };
  // Ten million steps of 20 ms are a million stretches of 200 ms.
  let kept: SpeedSamples = { stretches: 0, every: 1, samples: [] };
  for (let stretch = 0; stretch < 1_000_000; stretch++) kept = withStretch(kept, () => sample);
  assert.equal(kept.stretches, 1_000_000);
  assert.ok(kept.samples.length >= 128 && kept.samples.length <= 256, `${kept.samples.length}`);
  const long = fileOf(runOf({ config: { epochs: 300 } }));
  const epochs = long.result.epochs.map((epoch) => ({
    ...epoch,
    trainLoss: Math.SQRT1_2,
    testLoss: Math.E,
    testAccuracy: 0.9,
    trainAccuracy: 1 / 3,
    learningRate: 1 / 7,
    maskChange: 1 / 11,
  }));
  const run = {
    ...long,
    result: { ...long.result, epochs, speed: speedSummaryOf(kept.samples, kept.stretches) },
  };
  assert.ok(runTextOf(run).length < 50_000, `${runTextOf(run).length} bytes`);
  const { checkpoint } = keptCheckpoint;
  const file = encodeCheckpoint({
    ...keptCheckpoint,
    checkpoint: { ...checkpoint, epochs, spent: { ...checkpoint.spent, speed: kept } },
  });
  const header = Number(new DataView(file.buffer).getBigUint64(0, true));
  assert.ok(header < 100_000, `${header} bytes`);
});

/** The same run with that `maskChange` in its first epoch. */
const withMaskChange = (run: RunFile, maskChange: number): RunFile => ({
  ...run,
  result: { ...run.result, epochs: run.result.epochs.map((epoch) => ({ ...epoch, maskChange })) },
});

Deno.test("readRunFolder() reads a run file when it has a digest of the first batch, and not of another length", async () => {
  await withFolder(async (folder) => {
    const run = fileOf(runOf({}));
    const withDigest = (firstBatch: string) => ({ ...run, result: { ...run.result, firstBatch } });
    await writeRunFile(folder, withDigest("ab".repeat(32)));
    assert.deepEqual((await readRunFolder(folder)).runs, [withDigest("ab".repeat(32))]);
    await writeRunFile(folder, withDigest("ab"));
    const { runs, invalidFiles: [file] } = await readRunFolder(folder);
    assert.equal(runs.length, 0);
    assert.match(file!.reason, /result\.firstBatch/);
  });
});

Deno.test("readRunFolder() reads a run file when it has the mask's changes or not", async () => {
  await withFolder(async (folder) => {
    const run = withMaskChange(fileOf(runOf({})), 0.25);
    await writeRunFile(folder, run);
    assert.deepEqual((await readRunFolder(folder)).runs, [run]);
  });
});

Deno.test("readRunFolder() gives no runs when there is no folder; writeRunFile() throws when it can't write", async () => {
  await withFolder(async (folder) => {
    assert.deepEqual(await readRunFolder(join(folder, "absent")), { runs: [], invalidFiles: [] });
    await Deno.writeTextFile(join(folder, "runs"), "a file where the folder should be");
    await assert.rejects(
      writeRunFile(folder, fileOf(runOf({}))),
      /^WriteError: .* can't be made: /,
    );
  });
});
