// bench as a user runs it, on the embedded data set and a network small enough to be quick.
import assert from "node:assert/strict";
import { join } from "node:path";
import "../library.ts";
import { maskbench, send, start } from "./maskbench.ts";
import { withSweep as withSweepFile } from "./sweeps.ts";

const sweep = {
  algorithms: [
    { name: "random" },
    { name: "edge-popup", learningRate: 0.5 },
    { name: "sbp", learningRate: 1 },
  ],
  seeds: [1, 2],
  epochs: 1,
};

interface Place {
  readonly file: string;
  readonly out: string;
}

const withSweep = (change: Record<string, unknown>, body: (place: Place) => Promise<void>) =>
  withSweepFile(
    { ...sweep, ...change },
    (file, folder) => body({ file, out: join(folder, "out") }),
  );

const runFiles = (out: string) =>
  [...Deno.readDirSync(join(out, "runs"))].map(({ name }) => name).sort();

/** Run files without what a clock or a thermometer says. */
const lasting = async (out: string) => {
  const texts = await Promise.all(
    runFiles(out).map((name) => Deno.readTextFile(join(out, "runs", name))),
  );
  return texts.map((text) => {
    const { configuration, result } = JSON.parse(text);
    const { epochs, layers, digest, streams } = result;
    return { configuration, epochs, layers, digest, streams };
  });
};

Deno.test("bench skips finished runs, and remakes the table byte for byte, when it is started again", async () => {
  await withSweep({}, async ({ file, out }) => {
    const first = await maskbench(["bench", file, "--out", out]);
    assert.equal(first.code, 0, first.error);
    assert.equal(runFiles(out).length, 6);
    assert.match(first.error, /6\/6 .*accuracy \d/);
    const table = await Deno.readTextFile(join(out, "table.md"));
    const csv = await Deno.readTextFile(join(out, "table.csv"));
    assert.ok(first.out.includes(table));
    assert.match(table, /\| shapes +\| conv2 × 0\.02 +\| kaiming-normal +\| 50% /);

    const before = await lasting(out);
    const second = await maskbench(["bench", file, "--out", out]);
    assert.equal(second.code, 0);
    assert.match(second.error, /6 of 6 runs are finished already, and skipped/);
    assert.deepEqual(await lasting(out), before);

    await Deno.remove(join(out, "table.md"));
    await Deno.remove(join(out, "table.csv"));
    assert.equal((await maskbench(["table", out])).code, 0);
    assert.equal(await Deno.readTextFile(join(out, "table.md")), table);
    assert.equal(await Deno.readTextFile(join(out, "table.csv")), csv);

    await Deno.remove(join(out, "runs", runFiles(out)[0]!));
    const third = await maskbench(["bench", file, "--out", out]);
    assert.match(third.error, /5 of 6 runs are finished already/);
    assert.deepEqual(await lasting(out), before);
  });
});

Deno.test("bench shows what its sweep compares, and so does table, when no run is left to do", async () => {
  const change = { seeds: [1], algorithms: [{ name: "random" }, { name: "sbp" }] };
  await withSweep(change, async ({ file, out }) => {
    assert.equal((await maskbench(["bench", file, "--out", out])).code, 0);
    const names = runFiles(out), label = "random − sbp, points";
    const usual = await Deno.readTextFile(join(out, "table.md"));
    assert.ok(!usual.includes(label));
    const text = JSON.parse(await Deno.readTextFile(file));
    await Deno.writeTextFile(file, JSON.stringify({ ...text, compare: [["random", "sbp"]] }));
    const { out: shown, error } = await maskbench(["bench", file, "--out", out]);
    assert.match(error, /2 of 2 runs are finished already/);
    assert.ok(shown.includes(label), shown);
    assert.ok((await maskbench(["table", out])).out.includes(label));
    await Deno.writeTextFile(file, JSON.stringify(text));
    await maskbench(["bench", file, "--out", out]);
    assert.equal(await Deno.readTextFile(join(out, "table.md")), usual);
    assert.deepEqual(runFiles(out), names);
  });
});

Deno.test("bench gives the same bytes when runs go side by side or one after the other", async () => {
  await withSweep({}, async ({ file, out }) => {
    const one = join(out, "one"), two = join(out, "two");
    for (const [jobs, folder] of [["1", one], ["2", two]] as const) {
      const args = ["bench", file, "--out", folder, "--jobs", jobs, "--threads", "1"];
      assert.equal((await maskbench(args)).code, 0);
    }
    assert.deepEqual(await lasting(two), await lasting(one));
  });
});

Deno.test("bench lists the runs, and writes nothing, when --only and --dry-run are given", async () => {
  await withSweep({}, async ({ file, out }) => {
    const args = ["bench", file, "--out", out, "--only", "algorithm=sbp", "--dry-run"];
    const { code, out: text } = await maskbench(args);
    assert.equal(code, 0);
    assert.match(
      text,
      /^(to run .* sbp · sparsity 50% · rate 1 · seed [12]\n){2}2 runs, 2 of them/,
    );
    await assert.rejects(Deno.stat(out), Deno.errors.NotFound);
  });
});

Deno.test("bench reports the reason, finishes the other runs, and exits 1, when a run diverges", async () => {
  const algorithms = [{ name: "random" }, { name: "dense", learningRate: 1e30 }];
  await withSweep({ algorithms, seeds: [1] }, async ({ file, out }) => {
    const { code, error, out: text } = await maskbench(["bench", file, "--out", out]);
    assert.equal(code, 1);
    assert.match(error, /dense .*FAILED: training diverged in epoch 1: .*try a smaller one/);
    assert.match(error, /maskbench: 1 of 2 runs failed: /);
    assert.match(text, /random/);
    assert.deepEqual(runFiles(out).map((name) => name.slice(64)).sort(), [".failed", ".json"]);
    const args = ["bench", file, "--out", out];
    const again = await maskbench(args); // not tried again, and yet no success
    assert.equal(again.code, 1);
    assert.match(again.error, /dense .*FAILED: training diverged in epoch 1: /);
    assert.match(again.error, /1 of 2 runs failed: .*\(--retry tries them again\)/);
    // As if what made it fail had been fixed meanwhile: only a second try can find out.
    const [failed] = runFiles(out).filter((name) => name.endsWith(".failed"));
    const record = await Deno.readTextFile(join(out, "runs", failed!));
    await Deno.writeTextFile(join(out, "runs", failed!), record.replace("diverged", "was unlucky"));
    assert.match((await maskbench(args)).error, /training was unlucky in epoch 1/);
    const retried = await maskbench([...args, "--retry"]);
    assert.equal(retried.code, 1);
    assert.match(retried.error, /training diverged in epoch 1/);
  });
});

Deno.test({
  name:
    "bench reports the reason, and finishes the other runs, when a run asks for too much memory",
  ignore: Deno.systemMemoryInfo().total > 30e9, // where there is so much, it would only take for ever
  fn: () =>
    withSweep({ algorithms: [{ name: "sbp" }], seeds: [1] }, async ({ file, out }) => {
      const sweep = JSON.parse(await Deno.readTextFile(file));
      sweep.networks = [{ name: "conv8", width: 64 }, ...sweep.networks];
      await Deno.writeTextFile(file, JSON.stringify(sweep));
      const { code, error } = await maskbench(["bench", file, "--out", out]);
      assert.equal(code, 1);
      assert.match(error, /conv8 × 64 .*FAILED: .*not enough memory: \d+ bytes were asked for/);
      assert.match(error, /conv2 × 0\.02 .*accuracy/);
      assert.deepEqual(runFiles(out).map((name) => name.slice(64)).sort(), [".failed", ".json"]);
    }),
});

Deno.test("bench prints one sentence, and exits 2, when the sweep file has a mistake", async () => {
  await withSweep({ epochs: undefined, epoch: 1 }, async ({ file, out }) => {
    const { code, error, out: text } = await maskbench(["bench", file, "--out", out]);
    assert.deepEqual([code, text], [2, ""]);
    assert.match(error, /"epoch" is not known: did you mean "epochs"\?/);
    assert.doesNotMatch(error, /\n\s+at /);
  });
});

Deno.test("bench exits 2 with a sentence when it is called wrongly", async () => {
  const calls: [string[], RegExp][] = [
    [["bench", "nowhere.json"], /maskbench: nowhere\.json does not exist: expected a sweep file/],
    [["bench", "--jobs", "0"], /--jobs.*expected a whole number from 1 to 9999/],
    [["bench", "--device", "tpu"], /--device.*Allowed choices are auto, cpu, cuda/],
    [["bench", "--job", "2"], /unknown option '--job'[\s\S]*Did you mean --jobs\?/],
    [["bench", "--only", "algorithm=spb"], /"spb" is not known: did you mean "sbp"\?/],
    [["bnech"], /command "bnech" is not known: did you mean "bench"\?/],
    [["replay", "nowhere"], /maskbench: .*nowhere/],
    [["data", "imagenet"], /no data set is called "imagenet"/],
  ];
  for (const [args, expected] of calls) {
    const { code, error } = await maskbench(args);
    assert.equal(code, 2, error);
    assert.match(error, expected);
    assert.doesNotMatch(error, /\n\s+at /);
  }
});

Deno.test("bench keeps finished runs, says how to go on, and goes on, when Ctrl-C stops it", async () => {
  await withSweep({ epochs: 2 }, async ({ file, out }) => {
    const args = ["bench", file, "--out", out, "--jobs", "1"];
    const child = start(args);
    const stdout = child.stdout.cancel();
    let error = "";
    for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
      const before = error.includes("3/6");
      error += part;
      if (!before && error.includes("3/6")) send(child, "SIGINT");
    }
    await stdout;
    assert.equal((await child.status).code, 130, error);
    assert.match(
      error,
      /stopped: \d of 6 runs are finished.*; the same command goes on from there/,
    );
    const kept = runFiles(out).filter((name) => !name.endsWith(".checkpoint.safetensors"));
    assert.ok(
      kept.length >= 3 && kept.every((name) => /^[0-9a-f]{64}\.json$/.test(name)),
      `${kept}`,
    );
    const again = await maskbench(args);
    assert.equal(again.code, 0);
    assert.match(again.error, new RegExp(`${kept.length} of 6 runs are finished already`));
    assert.equal(runFiles(out).length, 6);
  });
});

Deno.test("bench exits by its own code when it is stopped in the middle of steps", async () => {
  const networks = [{ name: "conv4", width: 0.5 }];
  const algorithms = [{ name: "random" }, { name: "sbp" }];
  await withSweep({ networks, algorithms, epochs: 50 }, async ({ file, out }) => {
    for (const [signal, code, wait] of [["SIGINT", 130, 500], ["SIGTERM", 143, 900]] as const) {
      const child = start(["bench", file, "--out", join(out, signal), "--jobs", "2"]);
      const stdout = child.stdout.cancel();
      let error = "", sent = false;
      for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
        error += part;
        if (sent || !error.includes("2/4")) continue; // both random ones are over, both others under way
        sent = true;
        setTimeout(() => send(child, signal), wait);
      }
      await stdout;
      const status = await child.status;
      assert.deepEqual([status.code, status.signal], [code, null], error);
      const names = runFiles(join(out, signal));
      assert.equal(names.filter((name) => name.endsWith(".json")).length, 2);
      assert.equal(names.filter((name) => name.includes("claim")).length, 0);
    }
  });
});
