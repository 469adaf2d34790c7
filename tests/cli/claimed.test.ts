// Runs that other processes have, or had when they were killed, and runs that failed before.
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import "../library.ts";
import { claimOfAnotherHost } from "../runs/claimed.ts";
import { maskbench, root, start } from "./maskbench.ts";
import { kinds, withSweep } from "./sweeps.ts";

const one = { algorithms: [{ name: "random" }] };

/** The only run's identity. */
async function identityIn(file: string, folder: string): Promise<string> {
  const { code, error } = await maskbench(["bench", file, "--out", join(folder, "first")]);
  assert.equal(code, 0, error);
  const [run] = [...Deno.readDirSync(join(folder, "first/runs"))];
  return run!.name.slice(0, 64);
}

Deno.test("bench says once whom it waits for, and until when, when another process has claimed a run", async () => {
  await withSweep(one, async (file, folder) => {
    const out = join(folder, "out");
    const path = await claimOfAnotherHost(out, await identityIn(file, folder));
    const child = start(["bench", file, "--out", out]);
    const stdout = child.stdout.cancel();
    let all = "", isGone = false;
    for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
      all += part;
      if (isGone || !all.includes("waiting for")) continue;
      isGone = true; // after some more looks
      setTimeout(() => void Deno.remove(path), 4000);
    }
    await stdout;
    assert.equal((await child.status).code, 0, all);
    assert.equal(all.split("waiting for").length, 2, all);
    assert.match(
      all,
      /random.*: waiting for process 4711 on node3, which has had it since 2026-01-02 03:04:05 UTC: until the run is finished, or, if that process gives no sign of life, 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC at the latest\n/,
    );
    assert.deepEqual(kinds(out), [".json"]);
  });
});

Deno.test("bench stops with a sentence when a FIFO has the name of a claim", async () => {
  await withSweep(one, async (file, folder) => {
    const out = join(folder, "out"), identity = await identityIn(file, folder);
    await Deno.mkdir(join(out, "runs"), { recursive: true });
    const path = join(out, "runs", `${identity}.claim-0`);
    await new Deno.Command("mkfifo", { args: [path] }).output();
    const { code, error } = await maskbench(["bench", file, "--out", out]);
    assert.equal(code, 1);
    assert.match(error, /\.claim-0 is a FIFO, where the claim of a run is to be: remove it/);
    assert.doesNotMatch(error, /^\s*at /m);
  });
});

Deno.test("bench records a run as failed, and finishes the others, when its process was killed twice in it", async () => {
  await withSweep({}, async (file, folder) => {
    const out = join(folder, "out"), script = new URL("killing_itself.ts", import.meta.url);
    for (const killed of [1, 2]) {
      const { signal, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-check", "-A", fileURLToPath(script), file, out],
        cwd: root,
      }).output();
      assert.equal(signal, "SIGKILL", new TextDecoder().decode(stderr));
      assert.ok(kinds(out).includes(`.claim-${killed - 1}`), kinds(out).join(" "));
    }
    const args = ["bench", file, "--out", out];
    const first = await maskbench(args);
    assert.equal(first.code, 1, first.error);
    assert.match(first.error, /edge-popup.*FAILED: its process was killed twice: /);
    assert.match(first.error, /1 of 3 runs failed: /);
    assert.deepEqual(kinds(out), [".failed", ".json", ".json"]);
    assert.match((await maskbench(args)).error, /edge-popup.*FAILED: its process was killed twice/);
    const retried = await maskbench([...args, "--retry"]);
    assert.equal(retried.code, 0, retried.error);
    assert.deepEqual(kinds(out), [".json", ".json", ".json"]);
  });
});

Deno.test("bench --retry tries a failed run again when the clock was an hour ahead as it failed", async () => {
  await withSweep({ algorithms: [{ name: "dense", learningRate: 1e30 }] }, async (file, folder) => {
    const out = join(folder, "out"), args = ["bench", file, "--out", out];
    assert.equal((await maskbench(args)).code, 1);
    const [{ name } = assert.fail()] = [...Deno.readDirSync(join(out, "runs"))];
    const path = join(out, "runs", name), failure = JSON.parse(await Deno.readTextFile(path));
    failure.reason = "an earlier one";
    failure.environment.finished = new Date(Date.now() + 3600_000).toISOString();
    await Deno.writeTextFile(path, JSON.stringify(failure));
    assert.match((await maskbench(args)).error, /FAILED: an earlier one/);
    assert.match((await maskbench([...args, "--retry"])).error, /FAILED: training diverged/);
  });
});
