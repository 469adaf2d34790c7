// baseline and check as a CI owner runs them: exit codes, files, and that a slip is a sentence.
import assert from "node:assert/strict";
import { join } from "node:path";
import "../library.ts";
import { readRuns, runFileOf, writeRun } from "../../src/sweep/store.ts";
import { maskbench, withFolder } from "./maskbench.ts";

const sweep = {
  name: "tiny",
  dataset: "shapes",
  networks: [{ name: "conv2", width: 0.02 }],
  algorithms: [{ name: "random" }, { name: "edge-popup", learningRate: 0.5 }],
  sparsities: [0.5],
  seeds: [1, 2, 3],
  epochs: 1,
};

Deno.test("check: nothing moved, a loss, other bytes, a missing run, a wrong call", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "tiny.json"), runs = join(folder, "runs-of-tiny");
    await Deno.writeTextFile(file, JSON.stringify(sweep));
    assert.equal((await maskbench(["bench", file, "--out", runs])).code, 0);
    const made = await maskbench(["baseline", runs]);
    assert.deepEqual([made.code, made.error], [0, ""]);
    const baseline = join(folder, "baseline.json");
    await Deno.writeTextFile(baseline, made.out);

    const again = await maskbench(["check", baseline, "--out", join(folder, "again")]);
    assert.equal(again.code, 0, again.out + again.error);
    assert.match(again.out, /^# Check: accuracy: 2 same; /);
    for (const name of ["check.md", "check.csv", "check.json"]) {
      assert.ok((await Deno.stat(join(folder, "again", name))).isFile);
    }

    // The same runs with 10 points less, as another libtorch might give them.
    const worse = join(folder, "worse"), broken = join(folder, "broken");
    for (const run of (await readRuns(runs)).runs) {
      const { configuration, result, environment } = run;
      const lastTestAccuracy = Math.max(
        0,
        result.lastTestAccuracy - 0.1 - configuration.seed / 1e4,
      );
      const epochs = result.epochs.map((epoch) => ({ ...epoch, testLoss: epoch.testLoss + 1 }));
      await writeRun(
        worse,
        runFileOf({
          configuration,
          result: { ...result, lastTestAccuracy, epochs },
          environment: { ...environment, libtorch: "2.3.1" },
        }),
      );
      await writeRun(
        broken,
        runFileOf({ configuration, result: { ...result, epochs }, environment }),
      );
    }
    const junit = join(folder, "junit.xml"), summary = join(folder, "summary.md");
    await Deno.writeTextFile(summary, "before\n");
    const lost = await maskbench(["check", baseline, "--against", worse, "--junit", junit], {
      GITHUB_ACTIONS: "true",
      GITHUB_STEP_SUMMARY: summary,
    });
    assert.equal(lost.code, 1, lost.out);
    assert.match(lost.out, /\*\*worse\*\*/);
    assert.match(
      lost.out,
      /^::error title=maskbench check::shapes, conv2 .*accuracy worse: .* points are lost/m,
    );
    assert.match(await Deno.readTextFile(summary), /^before\n# Check: accuracy: \d worse/);
    const xml = await Deno.readTextFile(junit);
    assert.match(xml, /<testsuite name="maskbench check" tests="\d+" failures="[12]" errors="0"/);
    assert.match(xml, /classname="maskbench\.check\.memory"/);
    assert.match(xml, /<failure message="worse: /);
    const other = await maskbench(["check", baseline, "--against", broken]);
    assert.equal(other.code, 1);
    assert.match(other.out, /^# Check: accuracy: 2 broken/);

    const warned = await maskbench(
      ["check", baseline, "--against", broken, "--gate", "bytes=warn", "--gate", "accuracy=warn"],
    );
    assert.equal(warned.code, 0, warned.out);
    assert.match(warned.out, /broken, a warning/);

    const [first] = [...Deno.readDirSync(join(runs, "runs"))];
    await Deno.remove(join(runs, "runs", first!.name));
    const missing = await maskbench(["check", baseline, "--against", runs]);
    assert.equal(missing.code, 3, missing.out);
    assert.match(missing.out, /there is no run of seed \d/);

    await Deno.writeTextFile(baseline, made.out.slice(0, 300));
    const wrong = await maskbench(["check", baseline]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.error, /^maskbench: .*no JSON.*\n$/);
    assert.equal((await maskbench(["check", join(folder, "none.json")])).code, 2);
    assert.equal((await maskbench(["check", baseline, "--level", "2"])).code, 2);
    await Deno.writeTextFile(baseline, made.out);
    for (
      const slip of [["--gate", "sped=fail"], ["--limit", "speed=fast"], ["--limit", "bytes=1"]]
    ) {
      const { code, error } = await maskbench(["check", baseline, ...slip]);
      assert.equal(code, 2);
      assert.match(error, /^maskbench: --(gate|limit) .*(did you mean|expected).*\n$/);
    }
  });
});
