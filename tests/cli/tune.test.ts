// tune as a user runs it, on the embedded data set.
import assert from "node:assert/strict";
import { join } from "node:path";
import "../library.ts";
import { maskbench, start } from "./maskbench.ts";
import { kinds, withSweep } from "./sweeps.ts";

const fixed = { momentum: { among: [0.9] }, weightDecay: { among: [1e-4] } };
const given = {
  algorithms: [
    { name: "random" },
    { name: "dense", learningRate: 0.01 },
    { name: "sbp", learningRate: 1 },
  ],
  epochs: 1,
  tune: { tries: 2, spaces: { dense: { learningRate: { among: [0.01, 1e30] }, ...fixed } } },
};

Deno.test("tune counts what diverges, goes on with more tries, and writes a sweep file, when it is called again", async () => {
  await withSweep(given, async (file, folder) => {
    const out = join(folder, "out"), args = ["tune", file, "--out", out];
    const first = await maskbench(args);
    assert.equal(first.code, 0, first.error);
    assert.match(first.error, /4\/4 /);
    assert.match(first.error, /rate 1e\+30 .*FAILED: training diverged/);
    assert.deepEqual(kinds(out), [".failed", ".json", ".json", ".json"]);
    assert.match(first.out, /2 tries of 1 epoch with seed 1001; 4 runs in all/);
    assert.match(first.out, /\| 0% +\| dense +\| learningRate 0\.01 .* 2 \| +1 \|\n/);
    const files = ["tuning.md", "trace.csv", "recipe.json"].map((name) => join(out, name));
    const texts = () => Promise.all(files.map((path) => Deno.readTextFile(path)));
    const before = await texts();
    assert.equal(JSON.parse(before[2]!).algorithms[1].learningRate, 0.01);

    const again = await maskbench(args);
    assert.equal(again.code, 0, again.error);
    assert.match(again.error, /3 of 4 runs are finished already/);
    assert.deepEqual(await texts(), before);

    const more = await maskbench([...args, "--tries", "3"]);
    assert.equal(more.code, 0, more.error);
    assert.match(more.out, /: 3 tries of /);
    assert.match(more.out, /- dense, sparsity 0%: its 3 tries were 2 settings/);
    assert.equal(kinds(out).filter((kind) => kind === ".json").length, 4);
    const { code, out: listed } = await maskbench(["bench", files[2]!, "--dry-run"]);
    assert.equal(code, 0);
    assert.match(listed, /3 runs, 3 of them to run, in results\/tiny-tuned/);
  });
});

Deno.test("tune writes no recipe, and exits 1, when every try diverges", async () => {
  const spaces = { dense: { ...fixed, learningRate: { log: [1e29, 1e30] } } };
  const change = { ...given, algorithms: [{ name: "dense" }], tune: { tries: 2, spaces } };
  await withSweep(change, async (file, folder) => {
    const out = join(folder, "out");
    await Deno.mkdir(out);
    await Deno.writeTextFile(join(out, "recipe.json"), "{}"); // of an earlier tuning
    const { code, error, out: text } = await maskbench(["tune", file, "--out", out]);
    assert.equal(code, 1);
    assert.match(error, /no recipe, as all tries of an algorithm diverged: see .*tuning\.md/);
    assert.match(text, /all 2 tries diverged/);
    await assert.rejects(Deno.stat(join(out, "recipe.json")), Deno.errors.NotFound);
  });
});

Deno.test("tune exits 2 with a sentence when its section has a mistake or the call is wrong", async () => {
  const slips: [Record<string, unknown>, string[], RegExp][] = [
    [{ trys: 3 }, [], /tune: "trys" is not known: did you mean "tries"\?/],
    [{ spaces: { spb: {} } }, [], /tune\.spaces: "spb" is not known: did you mean "sbp"\?/],
    [{ seeds: [1] }, [], /tune\.seeds: the sweep itself runs with 1/],
    [{}, ["--tries", "0"], /--tries.*expected a whole number from 1 to 9999/],
  ];
  for (const [tune, args, expected] of slips) {
    await withSweep({ ...given, tune }, async (file, folder) => {
      const { code, error } = await maskbench(["tune", file, "--out", folder, ...args]);
      assert.equal(code, 2, error);
      assert.match(error, expected);
      assert.doesNotMatch(error, /\n\s+at /);
    });
  }
});

Deno.test("tune keeps its tries, and writes the same recipe later, when Ctrl-C stops it", async () => {
  await withSweep({ ...given, epochs: 2 }, async (file, folder) => {
    const out = join(folder, "out"), whole = join(folder, "whole");
    const args = ["tune", file, "--jobs", "1", "--threads", "1", "--out"];
    assert.equal((await maskbench([...args, whole])).code, 0);
    const child = start([...args, out]), stdout = child.stdout.cancel();
    let error = "";
    for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
      const before = error.includes("1/4");
      error += part;
      if (!before && error.includes("1/4")) child.kill("SIGINT");
    }
    await stdout;
    assert.equal((await child.status).code, 130, error);
    await assert.rejects(Deno.stat(join(out, "recipe.json")), Deno.errors.NotFound);
    assert.equal((await maskbench([...args, out])).code, 0);
    for (const name of ["recipe.json", "trace.csv", "tuning.md"]) {
      const [one, other] = [whole, out].map((place) => Deno.readTextFileSync(join(place, name)));
      assert.equal(one, other);
    }
  });
});
