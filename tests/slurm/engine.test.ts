// A sweep on a real Slurm, whatever happens to its tasks, ends with the bytes of a local one.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import "../library.ts";
import { findProgram } from "../../src/native/toolchain/which.ts";
import { identityOf } from "../../src/runs/identity.ts";
import { readSubmission } from "../../src/slurm/submission.ts";
import { type Ended, maskbench, root, send, start, withFolder } from "../cli/maskbench.ts";
import { lasting, withSweep } from "../cli/sweeps.ts";
import { type Cluster, until, withCluster, withoutSlurm } from "./cluster.ts";

/** What a local run writes that computes as a task does. */
async function local(file: string, folder: string): Promise<Record<string, string>> {
  const out = join(folder, "local");
  const { code, error } = await maskbench([
    ...["bench", file, "--out", out, "--jobs", "1", "--threads", "1"],
  ]);
  assert.equal(code, 0, error);
  return await lasting(out);
}

const bench = (file: string, out: string) => ["bench", file, "--out", out, "--engine", "slurm"];

const children: Deno.ChildProcess[] = [];

/** One that runs, with what it has said so far. */
function started(args: string[], { env }: Cluster) {
  const child = start(args, env);
  children.push(child);
  const heard = { error: "" };
  const ended = (async (): Promise<Ended> => {
    const out = new Response(child.stdout).text();
    for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
      heard.error += part;
    }
    return { ...await child.status, out: await out, error: heard.error };
  })();
  return { child, heard, ended };
}

/** The runs of the first submission, in the order of its tasks. */
const runsOf = async (out: string): Promise<string[]> =>
  (await readSubmission(out, 1)).runs.map(identityOf);

/** Waits until a run has its first checkpoint, and so is in the middle. */
const middleOf = (out: string, identity: string) =>
  until(() => existsSync(join(out, "runs", `${identity}.checkpoint.safetensors`)));

/** The process of a task, by its own words. */
async function taskProcess(out: string, index: number): Promise<number> {
  const { stdout } = await new Deno.Command("ps", { args: ["-eo", "pid,args"] }).output();
  const line = new TextDecoder().decode(stdout).split("\n")
    .find((line) => line.endsWith(` task ${out} 1 ${index}`));
  return Number(line?.trim().split(" ")[0]);
}

/** An environment whose sbatch waits until two have come to it. */
async function meeting(folder: string): Promise<Record<string, string>> {
  const programs = join(folder, "programs"), there = join(folder, "there");
  for (const path of [programs, there]) await Deno.mkdir(path);
  const lines = [
    "#!/bin/sh",
    `mkdir -p ${there}/$PPID`,
    `until [ $(ls ${there} | wc -l) -ge 2 ]; do sleep 0.05; done`,
    `exec ${findProgram("sbatch")} "$@"`,
  ];
  await Deno.writeTextFile(join(programs, "sbatch"), lines.join("\n"), { mode: 0o755 });
  return { PATH: `${programs}:${Deno.env.get("PATH")}` };
}

// Two at once: each run is done once, by whichever array comes first.
async function atOnce(cluster: Cluster): Promise<void> {
  await withSweep({ seeds: [1, 2], epochs: 1 }, async (file, folder) => {
    const expected = await local(file, folder);
    const out = join(folder, 'it\'s 100%a "$HOME" `x`');
    const command = [...bench(file, out), "--sbatch", "--comment='two words' --mem=100M"];
    const env = { ...cluster.env, ...await meeting(folder) };
    const both = await Promise.all([1, 2].map(() => maskbench(command, env)));
    for (const { code, out, error } of both) {
      assert.equal(code, 0, error);
      assert.match(error, /submitted 6 of 6 runs as job \d+, 4 tasks: /);
      assert.match(error, /\n6 of 6 runs finished/);
      assert.match(out, /# Accuracy on shapes/);
    }
    await until(async () => await cluster.call("squeue", "-h") === "");
    assert.deepEqual(await lasting(out), expected);
    const logs = [1, 2].flatMap((number) =>
      [0, 1, 2, 3].map((index) =>
        Deno.readTextFileSync(join(out, "slurm", String(number), `task-${index}.log`))
      )
    ).join("");
    assert.equal([...logs.matchAll(/: accuracy/g)].length, 6, logs);
    const again = await maskbench(command, { ...cluster.env });
    assert.equal(again.code, 0, again.error);
    assert.match(again.error, /^nothing to submit: of 6 runs 6 are finished\n/);
  });
}

// Tasks and the job of the tables load the module that was named to the submission.
async function brought(cluster: Cluster): Promise<void> {
  const algorithms = ["edge-popup", "signed-popup"];
  await withSweep({ algorithms, epochs: 1 }, async (file, folder) => {
    const module = join(folder, "mine.ts");
    await Deno.copyFile(join(root, "examples/my_algorithm.ts"), module);
    const here = join(folder, "local"), there = join(folder, "there");
    const single = ["--jobs", "1", "--threads", "1"];
    const use = ["--use", module];
    const alone = await maskbench(["bench", file, ...use, "--out", here, ...single]);
    assert.equal(alone.code, 0, alone.error);
    const { code, out, error } = await maskbench([...bench(file, there), ...use], cluster.env);
    assert.equal(code, 0, error);
    assert.match(out, /signed-popup/);
    await until(async () => await cluster.call("squeue", "-h") === "");
    assert.deepEqual(await lasting(there), await lasting(here));
  });
}

/** Eight epochs, so that there is a middle. */
const long = { epochs: 8 };

// Left alone with Ctrl-C, then cancelled, then submitted again.
async function cancelled(file: string, out: string, cluster: Cluster): Promise<void> {
  const alone = [...bench(file, out), "--sbatch", "--mem=600M"];
  const { child, heard, ended } = started(alone, cluster);
  await until(() => heard.error.includes("under way"));
  send(child, "SIGINT");
  const { code, error } = await ended;
  assert.equal(code, 130, error);
  const job = /as job (\d+), 3 tasks/.exec(heard.error)![1]!;
  assert.match(
    error,
    new RegExp(`maskbench status .*out --follow\` comes back to them, \`scancel ${job}\` ends`),
  );
  const second = started(alone, cluster);
  await until(() => second.heard.error !== "");
  assert.match(second.heard.error, /^nothing to submit: .* the others wait, run, or have failed/);
  send(second.child, "SIGINT");
  await second.ended;

  const runs = await runsOf(out), names = () => readdirSync(join(out, "runs")).join();
  const index = runs.findIndex((identity) => !names().includes(identity)); // not begun yet
  await middleOf(out, runs[index]!);
  await cluster.call("scancel", job);
  await until(async () => await cluster.call("squeue", "-h") === "");
  const status = await maskbench(["status", out], { ...cluster.env });
  assert.equal(status.code, 1, status.error);
  const missing = Number(/, (\d) missing/.exec(status.out)?.[1]);
  assert.ok(missing >= 1, status.out);
  assert.match(
    status.error,
    new RegExp(`: ${missing} runs have no result, .*\n  conv2 .*out/slurm/1/task-\\d.log`),
  );
  assert.match( // the one that ran was asked to stop, and kept what it had
    await Deno.readTextFile(join(out, "slurm", "1", `task-${index}.log`)),
    /stopping after the steps under way[^]*and 1 more are kept/,
  );
  const third = await maskbench(bench(file, out), { ...cluster.env });
  assert.equal(third.code, 0, third.error);
  assert.match(third.error, new RegExp(`^submitted ${missing} of 3 runs as job`));
}

// One task killed, one requeued; nobody follows them, and yet the tables are made.
async function killed(file: string, out: string, cluster: Cluster): Promise<void> {
  const { child, heard, ended } = started(bench(file, out), cluster);
  await until(() => heard.error.includes("as job"));
  const job = /as job (\d+)/.exec(heard.error)![1];
  const [first, second] = await runsOf(out) as [string, string];
  await middleOf(out, first);
  Deno.kill(await taskProcess(out, 0), "SIGKILL");
  await middleOf(out, second);
  await cluster.call("scontrol", "requeue", `${job}_1`);
  const at = Date.now();
  send(child, "SIGINT");
  await ended;
  const status = await maskbench(["status", out, "--follow"], { ...cluster.env });
  assert.equal(status.code, 1, status.error);
  assert.match(status.error, /\n2 of 3 runs finished, 1 missing\n/);
  assert.match(status.error, /: 1 runs have no result.*\n.* edge-popup .*slurm\/1\/task-0\.log\n$/);
  assert.match( // of both starts
    await Deno.readTextFile(join(out, "slurm", "1", "task-1.log")),
    /and 1 more are kept[^]*: accuracy/,
  );
  await until(async () => await cluster.call("squeue", "-h") === "");
  assert.match(await Deno.readTextFile(join(out, "table.md")), /dense.*sbp/);

  const elsewhere = await maskbench(["status", out], { PATH: "/nowhere" });
  assert.equal(elsewhere.code, 0, elsewhere.error);
  assert.match(
    elsewhere.out,
    /\n2 of 3 runs finished, 1 (not finished|under way), Slurm can't be asked: there is no squeue here/,
  );

  const again = await maskbench(bench(file, out), { ...cluster.env });
  assert.equal(again.code, 0, again.error);
  assert.match(again.error, /^submitted 1 of 3 runs as job/);
  for (const identity of [first, second]) {
    const path = join(out, "runs", `${identity}.json`);
    const { started } = JSON.parse(await Deno.readTextFile(path)).environment;
    assert.ok(Date.parse(started) < at, "it began again");
  }
}

// In one sentence each, and nothing is left behind.
async function refused(file: string, out: string, cluster: Cluster): Promise<void> {
  const cases: [string[], RegExp][] = [
    [["--partition", "none"], /^maskbench: sbatch says: .*[Ii]nvalid partition.*\n$/],
    [["--gpus-per-task", "1"], /^maskbench: sbatch says: .*Invalid generic resource.*\n$/],
  ];
  for (const [args, message] of cases) {
    const { code, error } = await maskbench([...bench(file, out), ...args], { ...cluster.env });
    assert.equal(code, 2, error);
    assert.match(error, message);
    assert.deepEqual([...Deno.readDirSync(join(out, "slurm"))], []);
  }
}

Deno.test({
  name: "on a real Slurm" + (withoutSlurm === undefined ? "" : ` (${withoutSlurm})`),
  ignore: withoutSlurm !== undefined,
  fn: (t) =>
    withCluster(async (cluster) => {
      try {
        await t.step(
          "two submissions at once, with more runs than indices, do each run once, as a local sweep does",
          () => atOnce(cluster),
        );
        await t.step(
          "an algorithm that a module brings gives the runs of a local sweep",
          () => brought(cluster),
        );
        await withSweep(long, async (file, folder) => {
          const expected = await local(file, folder),
            out = (name: string) => join(folder, name, "out");
          await t.step(
            "Ctrl-C leaves the jobs alone; of a cancelled array what is missing is named, and submitted again",
            async () => {
              await cancelled(file, out("a"), cluster);
              assert.deepEqual(await lasting(out("a")), expected);
            },
          );
          await t.step(
            "what is killed with -9, and what is requeued, goes on from its checkpoint; the tables make themselves",
            async () => {
              await killed(file, out("b"), cluster);
              assert.deepEqual(await lasting(out("b")), expected);
            },
          );
          await t.step("what Slurm refuses", () => refused(file, out("c"), cluster));
        });
      } finally {
        children.forEach((child) => send(child, "SIGKILL")); // what a failed step has left
      }
    }, { MaxArraySize: 4 }),
});

Deno.test("bench --engine slurm and status say so when there is no Slurm or no submission", () =>
  withFolder(async (folder) => {
    const cases: [string[], RegExp][] = [
      [["status", folder], /nothing was submitted from .*: `deno task bench SWEEP --engine slurm`/],
      [
        ["bench", "--time", "1:00", "--out", folder],
        /--time is for Slurm: expected --engine slurm with it/,
      ],
      [["bench", "--engine", "slurm", "--out", folder], /there is no scontrol here: Slurm's/],
      [
        ["bench", "--engine", "slurm", "--sbatch", "'--x", "--out", folder],
        /a ' is not closed in: '--x/,
      ],
    ];
    for (const [args, message] of cases) {
      const { code, error } = await maskbench(args, { PATH: "/nowhere" });
      assert.equal(code, 2, error);
      assert.match(error, message);
      assert.equal(error.trim().split("\n").length, 1, error);
    }
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));
