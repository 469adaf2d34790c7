// --gpus: a process for each GPU, which sees that one alone; together they end with the bytes of one process.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import "../library.ts";
import { chooseGpus, parseGpuList, parseVisibleDevices } from "../../src/runner/gpus.ts";
import { type Ended, maskbench, root, send, start } from "./maskbench.ts";
import { lasting, withSweep } from "./sweeps.ts";

Deno.test("parseGpuList() gives the indices of GPUs when nvidia-smi lists them with their partitions", () => {
  const listed = [
    "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-5c4b1f2e-0a1d-7c55-9d5e-1f0a2b3c4d5e)",
    "  MIG 1g.10gb     Device  0: (UUID: MIG-ad0ea5d6-1111-5222-8333-444455556666)",
    "GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-6d4b1f2e-0a1d-7c55-9d5e-1f0a2b3c4d5e)",
  ];
  assert.deepEqual(parseGpuList(listed.join("\n")), ["0", "1"]);
  assert.deepEqual(parseGpuList("No devices found.\n"), []);
});

Deno.test("parseVisibleDevices() gives what CUDA sees when the variable has indices, identifiers or gaps", () => {
  const cases = { "2, 5": ["2", "5"], "GPU-8a": ["GPU-8a"], "": [], "-1": [], "1,-1,0": ["1"] };
  for (const [text, expected] of Object.entries(cases)) {
    assert.deepEqual(parseVisibleDevices(text), expected, text);
  }
});

Deno.test("chooseGpus() takes the first of the visible ones, and names how many there are, when more are asked for", async () => {
  const before = Deno.env.get("CUDA_VISIBLE_DEVICES");
  Deno.env.set("CUDA_VISIBLE_DEVICES", "4,2,7");
  try {
    assert.deepEqual(await chooseGpus(2), ["4", "2"]);
    assert.deepEqual(await chooseGpus("all"), ["4", "2", "7"]);
    await assert.rejects(chooseGpus(4), /--gpus 4: .*="4,2,7" names 3: expected 1 to 3, or all$/);
  } finally {
    if (before === undefined) Deno.env.delete("CUDA_VISIBLE_DEVICES");
    else Deno.env.set("CUDA_VISIBLE_DEVICES", before);
  }
});

/** A module that writes down which GPUs each process sees, and an environment whose nvidia-smi lists two. */
async function standIns(folder: string) {
  const seen = join(folder, "seen"), programs = join(folder, "programs");
  for (const path of [seen, programs]) await Deno.mkdir(path);
  const record = `Deno.writeTextFileSync(\`${seen}/\${Deno.pid}\`, ` +
    'Deno.env.get("CUDA_VISIBLE_DEVICES") ?? "all");\n';
  const module = join(folder, "recording.ts");
  const example = await Deno.readTextFile(join(root, "examples/my_algorithm.ts"));
  await Deno.writeTextFile(module, record + example);
  const list = "echo 'GPU 0: A (UUID: GPU-a)'; echo 'GPU 1: B (UUID: GPU-b)'";
  await Deno.writeTextFile(join(programs, "nvidia-smi"), `#!/bin/sh\n${list}\n`, { mode: 0o755 });
  return { seen, module, env: { PATH: `${programs}:${Deno.env.get("PATH")}` } };
}

/** What processes saw, by their number; those alone that see one GPU. */
const processesIn = (seen: string) =>
  new Map(
    [...Deno.readDirSync(seen)].map(({ name }) =>
      [Deno.readTextFileSync(join(seen, name)), Number(name)] as const
    ).filter(([gpu]) => gpu !== "all" && gpu !== ""),
  );

/** Whether there is a process of that number; SIGCONT does nothing to one that is not stopped. */
function isAlive(process: number): boolean {
  try {
    Deno.kill(process, "SIGCONT");
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof TypeError) return false;
    throw error;
  }
}

/** Waits until something is there. */
async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 120_000; !isSo();) {
    assert.ok(Date.now() < end, `${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function endOf(child: Deno.ChildProcess): Promise<Ended> {
  const { code, stdout, stderr } = await child.output();
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out: out!, error: error! };
}

const isUnderWay = (out: string) => {
  const names = existsSync(join(out, "runs")) ? [...Deno.readDirSync(join(out, "runs"))] : [];
  return names.some(({ name }) => name.endsWith(".checkpoint.safetensors"));
};

const alone = ["--jobs", "1", "--threads", "1", "--device", "cpu"];
const onGpus = [...alone, "--gpus", "all"];

Deno.test("bench gives each process one GPU, shows each run once and writes the bytes of one process when --gpus is all", () =>
  withSweep({}, async (file, folder) => {
    const { seen, module, env } = await standIns(folder);
    const whole = join(folder, "whole"), out = join(folder, "out");
    assert.equal((await maskbench(["bench", file, "--out", whole, ...alone])).code, 0);
    const args = ["bench", file, "--out", out, "--use", module, ...onGpus];
    const { code, out: printed, error } = await maskbench(args, env);
    assert.equal(code, 0, error);
    assert.deepEqual([...processesIn(seen).keys()].sort(), ["0", "1"]);
    assert.deepEqual(await lasting(out), await lasting(whole));
    const lines = [...error.matchAll(/^(\d)\/3 {2}/gm)].map(([, number]) => number);
    assert.deepEqual(lines, ["1", "2", "3"]);
    assert.equal(printed.match(/^# Accuracy on shapes$/gm)?.length, 1);
    const again = await maskbench(args, env);
    assert.match(again.error, /3 of 3 runs are finished already/);
    assert.equal(again.code, 0);
  }));

Deno.test("bench names the GPU of a process that is killed, and the other one does its runs, when --gpus is all", () =>
  withSweep({ seeds: [1, 2] }, async (file, folder) => {
    const { seen, module, env } = await standIns(folder);
    const whole = join(folder, "whole"), out = join(folder, "out");
    assert.equal((await maskbench(["bench", file, "--out", whole, ...alone])).code, 0);
    const child = start(["bench", file, "--out", out, "--use", module, ...onGpus], env);
    const ended = endOf(child);
    await until(() => processesIn(seen).size === 2 && isUnderWay(out));
    Deno.kill(processesIn(seen).get("1")!, "SIGKILL");
    const { code, error } = await ended;
    assert.equal(code, 137, error);
    assert.match(error, /^GPU 1: its process was ended by SIGKILL; .* left to the others$/m);
    assert.deepEqual(await lasting(out), await lasting(whole));
  }));

Deno.test("bench stops all its processes, and the same command goes on, when it gets SIGTERM with --gpus", () =>
  withSweep({ epochs: 6 }, async (file, folder) => {
    const { seen, module, env } = await standIns(folder);
    const whole = join(folder, "whole"), out = join(folder, "out");
    assert.equal((await maskbench(["bench", file, "--out", whole, ...alone])).code, 0);
    const args = ["bench", file, "--out", out, "--use", module, ...onGpus];
    const child = start(args, env), ended = endOf(child);
    await until(() => processesIn(seen).size === 2 && isUnderWay(out));
    send(child, "SIGTERM");
    const { code, out: printed, error } = await ended;
    assert.equal(code, 143, error);
    assert.equal(error.match(/stopping after the steps under way/g)?.length, 1, error);
    assert.match(
      error,
      /^stopped: \d of 3 runs are finished.*the same command goes on from there$/m,
    );
    assert.equal(printed, "");
    for (const process of processesIn(seen).values()) assert.ok(!isAlive(process), `${process}`);
    assert.equal((await maskbench(args, env)).code, 0);
    assert.deepEqual(await lasting(out), await lasting(whole));
  }));

Deno.test("bench and tune say in a sentence why they start no process when --gpus can't be so", () =>
  withSweep({}, async (file) => {
    const hidden = { CUDA_VISIBLE_DEVICES: "" }, two = { CUDA_VISIBLE_DEVICES: "0,1" };
    const cases: [string[], Record<string, string>, RegExp][] = [
      [["bench", file, "--gpus", "all"], hidden, /CUDA_VISIBLE_DEVICES="" names no GPU/],
      [["tune", file, "--gpus", "3"], two, /--gpus 3: .* names 2: expected 1 to 2, or all$/m],
      [["bench", file, "--gpus", "none"], two, /expected a whole number from 1 to 9999/],
      [["bench", file, "--gpus", "2", "--engine", "slurm"], two, /expected --gpus-per-task with/],
    ];
    for (const [args, env, sentence] of cases) {
      const { code, error } = await maskbench(args, env);
      assert.equal(code, 2, error);
      assert.match(error, sentence);
    }
  }));
