// baseline and check as a CI owner runs them: exit codes, files, and that a mistake is a sentence.
import assert from "node:assert/strict";
import { join } from "node:path";
import "../library.ts";
import { writeFailure } from "../../src/runs/failure_file.ts";
import { type RunFile, runFileOf, writeRunFile } from "../../src/runs/run_file.ts";
import { readRunFolder } from "../../src/runs/run_folder.ts";
import { maskbench, withFolder } from "./maskbench.ts";
import { speedSummaryOf } from "../../src/training/speed.ts";

const sweep = {
  name: "tiny",
  dataset: "shapes",
  networks: [{ name: "conv2", width: 0.02 }],
  algorithms: [{ name: "random" }, { name: "edge-popup", learningRate: 0.5 }],
  sparsities: [0.5],
  seeds: [1, 2, 3],
  epochs: 1,
};

Deno.test("check exits 0, 1, 2 or 3 when nothing moved, something got worse, the call is wrong or a run is missing", async () => {
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
    assert.doesNotMatch(again.error, /another commit/);
    for (const name of ["check.md", "check.csv", "check.json"]) {
      assert.ok((await Deno.stat(join(folder, "again", name))).isFile);
    }

    // A second check of another commit would compare what the first has left.
    for (
      const { configuration, result, environment } of (await readRunFolder(join(folder, "again")))
        .runs
    ) {
      const commit = "a".repeat(40), changed = { ...environment, commit };
      await writeRunFile(
        join(folder, "again"),
        runFileOf({ configuration, result, environment: changed }),
      );
    }
    const left = await maskbench(["check", baseline, "--out", join(folder, "again")]);
    assert.match(
      left.error,
      /^6 runs in .*again are of an earlier check, with another commit of maskbench, and are compared as they are: --out another folder runs them again$/m,
    );

    // The same runs with 10 points less, as another libtorch might give them.
    const worse = join(folder, "worse"), broken = join(folder, "broken");
    for (const run of (await readRunFolder(runs)).runs) {
      const { configuration, result, environment } = run;
      const lastTestAccuracy = Math.max(
        0,
        result.lastTestAccuracy - 0.1 - configuration.seed / 1e4,
      );
      const epochs = result.epochs.map((epoch) => ({ ...epoch, testLoss: epoch.testLoss + 1 }));
      const worseEpochs = epochs.with(-1, { ...epochs.at(-1)!, testAccuracy: lastTestAccuracy });
      await writeRunFile(
        worse,
        runFileOf({
          configuration,
          result: {
            ...result,
            lastTestAccuracy,
            bestTestAccuracy: Math.max(...worseEpochs.map(({ testAccuracy }) => testAccuracy)),
            epochs: worseEpochs,
          },
          environment: { ...environment, libtorch: "2.3.1" },
        }),
      );
      await writeRunFile(
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
    const nowhere = join(folder, "nowhere", "summary.md");
    for (const [runsOf, code] of [[runs, 0], [worse, 1]] as const) {
      const unwritable = await maskbench(["check", baseline, "--against", runsOf], {
        GITHUB_STEP_SUMMARY: nowhere,
      });
      assert.equal(unwritable.code, code, unwritable.out + unwritable.error);
      assert.match(
        unwritable.error,
        /^warning: the job's summary can't be written: .*nowhere.*\n$/,
      );
    }
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

Deno.test("check measures again what looks slower when a baseline has several rounds", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "tiny.json"), runs = join(folder, "runs-of-tiny");
    const one = { ...sweep, algorithms: [sweep.algorithms[1]], seeds: [1, 2] };
    await Deno.writeTextFile(file, JSON.stringify(one));
    assert.equal((await maskbench(["bench", file, "--out", runs])).code, 0);
    const made = (await readRunFolder(runs)).runs;
    const write = async (name: string, factor: number, which: readonly RunFile[] = made) => {
      for (const run of which) {
        const speed = speedSummaryOf([{
          imagesPerSecond: 5e4 * factor,
          matmul: 3e-4,
          copy: 1e-4,
          waited: 0,
        }]);
        await writeRunFile(join(folder, name), { ...run, result: { ...run.result, speed } });
      }
      return join(folder, name);
    };

    // A baseline is made of five rounds; none of rounds that contradict each other or lack a run.
    const rounds = [];
    for (const [i, factor] of [0.99, 1, 1.01, 1.005, 0.995].entries()) {
      rounds.push(await write(`round-${i}`, factor));
    }
    const five = await maskbench(["baseline", ...rounds]);
    assert.deepEqual([five.code, five.error], [0, ""]);
    assert.match(five.out, /"rounds":\[19\.8,20,20\.2,20\.1,19\.9\]/);
    const baseline = join(folder, "baseline.json");
    await Deno.writeTextFile(baseline, five.out);
    const short = await write("short", 1, made.slice(1));
    const lacking = await maskbench(["baseline", runs, short]);
    assert.equal(lacking.code, 2);
    assert.match(
      lacking.error,
      /^maskbench: .*short has no run conv2 × 0\.02 · .* seed \d, which /,
    );
    const other = { ...made[0]!, result: { ...made[0]!.result, digest: "ab".repeat(32) } };
    await writeRunFile(short, other);
    const contradicting = await maskbench(["baseline", runs, short]);
    assert.equal(contradicting.code, 2);
    assert.match(
      contradicting.error,
      /^maskbench: .* gave other losses or another mask in .*short/,
    );

    const check = (out: string, ...more: string[]) =>
      maskbench(["check", baseline, "--out", out, "--gate", "speed=fail", ...more], {
        GITHUB_STEP_SUMMARY: summary,
      });
    const summary = join(folder, "summary.md");

    // Slower in all rounds, which lie there finished.
    const slow = await write("slow", 0.9);
    await write("slow/rounds/2", 0.91);
    await write("slow/rounds/3", 0.89);
    const worse = await check(slow);
    assert.equal(worse.code, 1, worse.out + worse.error);
    assert.match(worse.out, /^# Check: .*speed: 1 worse/);
    assert.match(worse.out, /\| +5, 3 \|/);
    assert.match(
      worse.error,
      /looks 10\.0% slower, over the limit of 5%: .* round 2 of at most 3$/m,
    );
    assert.match(
      worse.error,
      /looks 9\.5% slower, over the limit of 5%: .* round 3 of at most 3$/m,
    );
    // Only the check itself has a word in the summary, and not its rounds.
    assert.equal((await Deno.readTextFile(summary)).match(/^# Check/mg)!.length, 1);

    // Slower in the first by chance.
    const once = await write("once", 0.94);
    await write("once/rounds/2", 1.01);
    const cleared = await check(once);
    assert.equal(cleared.code, 0, cleared.out + cleared.error);
    assert.match(cleared.out, /speed: 1 unchanged/);
    assert.doesNotMatch(cleared.error, /round 3/);

    // One round is all that there is: of a folder that is only looked at, and where no more are asked for.
    for (const more of [["--against", once], ["--rounds", "1"]]) {
      const { error, out } = await check(once, ...more);
      assert.doesNotMatch(error, /round 2/);
      assert.match(out, /\| +5, 1 \|/);
    }

    // A run that fails within a round is named, and no regression.
    const failing = await write("failing", 0.9), [bad, good] = made;
    await write("failing/rounds/2", 1.01, [good!]);
    const { configuration, environment } = bad!, reason = "out of memory";
    await writeFailure(join(failing, "rounds/2"), {
      configuration,
      environment,
      reason,
      diverged: false,
    });
    const failed = await check(failing);
    assert.equal(failed.code, 3, failed.out + failed.error);
    assert.match(failed.out, /^- conv2 .* failed in round 2: out of memory$/m);

    // A round that is really made, in the way of the first.
    const real = await write("real", 0.9);
    await check(real, "--rounds", "2");
    const again = (await readRunFolder(join(real, "rounds/2"))).runs;
    const facts = ({ identity, result, environment: { threads, jobs, device } }: RunFile) => [
      ...[identity, result.digest, threads, jobs, device],
    ];
    assert.deepEqual(again.map(facts), made.map(facts));
  });
});
