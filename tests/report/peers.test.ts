// The file with the times of other implementations: what is wrong with one is a sentence.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../src/base/errors.ts";
import { makeReport } from "../../src/report/mod.ts";
import "../library.ts";
import { environmentOf } from "../../src/runs/environment.ts";
import { writeRunFile } from "../../src/runs/run_file.ts";
import { maskbench, root, withFolder } from "../cli/maskbench.ts";
import { fileOf, seedsOf } from "../runs/made.ts";

const peers = {
  format: 1,
  processor: "a processor",
  threads: 2,
  batchSize: 128,
  rounds: 3,
  pytorch: "2.0",
  networks: [{ network: "mlp", msPerStep: { maskbench: 1, "PyTorch, sort": 20 } }],
};

const withPeers = (text: string, body: (folder: string, path: string) => Promise<void>) =>
  withFolder(async (folder) => {
    for (const run of seedsOf({}, [0.9, 0.91])) await writeRunFile(folder, fileOf(run));
    const path = join(folder, "peers.json");
    await Deno.writeTextFile(path, text);
    await body(folder, path);
  });

/** What is wrong, and the words that name the place of it. */
const faults: readonly (readonly [text: string, place: RegExp])[] = [
  ["", /line 1, column 1: no JSON/],
  [JSON.stringify(peers).slice(0, 60), /line 1, column \d+: no JSON/],
  ["null", /expected/i],
  ["[]", /expected/i],
  ["{}", /format/],
  ['{"format": 1, "format": 1}', /format: is there twice|processor/],
  [JSON.stringify({ ...peers, format: 2 }), /format/],
  [JSON.stringify({ ...peers, threads: "two" }), /threads/],
  [JSON.stringify({ ...peers, speed: 1 }), /speed/],
  [JSON.stringify({ ...peers, networks: [] }), /networks/],
  [JSON.stringify({ ...peers, networks: [{ network: "mlp", msPerStep: {} }] }), /msPerStep/],
  [JSON.stringify({ ...peers, networks: [{ network: "mlp", msPerStep: { a: 0 } }] }), /msPerStep/],
];

Deno.test("makeReport() throws one sentence with the fault's place when a peers file is wrong", async () => {
  for (const [text, place] of faults) {
    await withPeers(text, async (folder, path) => {
      await assert.rejects(makeReport(folder), (error: Error) => {
        assert.ok(error instanceof UserError, `${text}: ${error.stack}`);
        assert.ok(error.message.startsWith(`${path}: `), error.message);
        assert.match(error.message.slice(path.length), place, text);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
      await assert.rejects(Deno.stat(join(folder, "report")), Deno.errors.NotFound);
    });
  }
});

Deno.test("report prints one sentence, and exits 2, when a peers file is wrong", async () => {
  await withPeers('{"format": 1,', async (folder) => {
    const { code, out, error } = await maskbench(["report", folder]);
    assert.deepEqual([code, out], [2, ""]);
    assert.match(error, /^maskbench: .*peers\.json: line 1, column \d+: no JSON: [^\n]*\n$/);
  });
});

Deno.test("makeReport() draws peers when they are of the same processor, and says why not when of another", async () => {
  for (const [processor, pictures] of [["a processor", 2], ["another", 1]] as const) {
    await withPeers(JSON.stringify({ ...peers, processor }), async (folder) => {
      await makeReport(folder);
      const names = [...Deno.readDirSync(join(folder, "report"))].map(({ name }) => name);
      assert.equal(names.filter((name) => name.startsWith("speed")).length, pictures);
      const page = await Deno.readTextFile(join(folder, "report", "index.html"));
      assert.equal(page.includes("measured on another machine (another)"), pictures === 1);
      // 128 pictures in 20 ms are 6,400 a second.
      assert.equal(page.includes("PyTorch, sort 6,400"), pictures === 2);
    });
  }
});

Deno.test("peers writes the processor's name as run files do when it measures", async () => {
  await withFolder(async (folder) => {
    const PYTHON = join(folder, "python"), path = join(folder, "peers.json");
    await Deno.writeTextFile(
      PYTHON,
      `#!/bin/sh\necho '{"msPerStep": 20, "torch": "2.0"}'\n`,
      { mode: 0o755 },
    );
    const args = [
      ...["run", "--quiet", "-P=peers", "bench/peers/main.ts"],
      ...["--networks", "mlp", "--rounds", "1", "--threads", "1", "--json", path],
    ];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args,
      cwd: root,
      env: { PYTHON },
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const { processor } = JSON.parse(await Deno.readTextFile(path));
    assert.equal(
      processor,
      environmentOf({ device: "cpu", threads: 1, jobs: 1, blas: "" }).processor,
    );
  });
});
