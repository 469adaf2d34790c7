// `deno task gpu` as its user starts it, on the processor: a report with all that was asked for, and a second start.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import "../../library.ts";
import { stages } from "../../../bench/gpu/registry.ts";
import { readReport } from "../../../bench/gpu/report.ts";
import { readRunFolder } from "../../../src/runs/run_folder.ts";
import { maskbench, root, start, withFolder } from "../../cli/maskbench.ts";

// No peers in Python: what they need is not everywhere, and they take their time.
const env = { PYTHON: "/nowhere/python3", MASKBENCH_GOLDENS: "" };

// As much as a machine with a lot else to do may need.
const time = ["--minutes", "60"];

// Those that make runs take their time, too: one of them stands for all. What they reckon is tested in stages.test.ts.
const asked = stages.map(({ name }) => name)
  .filter((name) => !["tests", "jobs", "agreement", "repeat", "whole"].includes(name));

Deno.test("gpu does every stage, or says why not, when it rehearses, and none again when it is started again", async () => {
  await withFolder(async (folder) => {
    const args = ["--device", "cpu", ...time, "--out", folder, "--stages", asked.join(",")];
    const { code, error } = await maskbench(args, env, "gpu");
    assert.equal(code, 0, error);
    const report = (await readReport(folder))!;
    assert.deepEqual(Object.keys(report.stages), asked);
    for (const [name, { state, reason }] of Object.entries(report.stages)) {
      assert.equal(state, ["peers", "sanitizer"].includes(name) ? "skipped" : "done", reason);
    }
    assert.equal((await readRunFolder(join(folder, "cifar10-gpu"))).runs.length, 3);
    const text = await Deno.readTextFile(join(folder, "report.md"));
    assert.match(text, /\*\*A rehearsal/);
    const goldens = [...Deno.readDirSync(join(root, "tests/goldens"))]
      .filter(({ isDirectory }) => isDirectory).length;
    assert.match(text, new RegExp(`\\| ${goldens} of ${goldens} +\\| rehearsal`));
    assert.match(text, /3 of 3 runs are finished/);
    assert.match(text, /\| jobs +\| not asked for yet/);

    const again = await maskbench(args, env, "gpu");
    assert.equal(again.code, 0);
    assert.equal(again.error.match(/done already/g)!.length, asked.length - 2);
    assert.deepEqual((await readReport(folder))!.stages.sweep, report.stages.sweep);
  });
});

Deno.test("gpu ends by its own code, and reports what was finished, when it is stopped", async () => {
  await withFolder(async (folder) => {
    const stages = "sanitizer,goldens,tests";
    const child = start(
      ["--device", "cpu", ...time, "--out", folder, "--stages", stages],
      env,
      "gpu",
    );
    const stdout = child.stdout.cancel();
    let error = "";
    for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
      const before = error.includes("3/3");
      error += part;
      if (!before && error.includes("3/3")) child.kill("SIGTERM");
    }
    await stdout;
    assert.equal((await child.status).code, 143, error);
    assert.match(error, /stopped: what is finished is in .*, the same command goes on from there/);
    assert.equal((await readReport(folder))!.stages.goldens!.state, "done");
    assert.ok(
      !existsSync(join(folder, ".scratch")),
      "what the stage wrote for itself is still there",
    );
  });
});

Deno.test("gpu prints one sentence, and exits 2, when there is no GPU or a name or folder doesn't fit", async () => {
  await withFolder(async (folder) => {
    const told = async (args: string[], expected: RegExp) => {
      const { code, error } = await maskbench(args, { ...env, PATH: "/nowhere" }, "gpu");
      assert.equal(code, 2, error);
      assert.match(error, expected);
      assert.doesNotMatch(error, /\n\s+at /);
    };
    await told([], /^maskbench: there is no CUDA device here; --device cpu rehearses all of it/);
    await told(["--stages", "profil"], /"profil" is not known: did you mean "profile"\?/);
    await told(["--minutes", "0"], /expected a whole number/);
    const path = join(folder, "report.json");
    const other = { format: 1, name: "NVIDIA H200", device: "cuda", rehearsal: false, stages: {} };
    await Deno.writeTextFile(path, JSON.stringify(other));
    await told(["--device", "cpu", "--out", folder], /has the report of NVIDIA H200 \(cuda\)/);
  });
});
