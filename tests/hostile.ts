// deno task hostile [--minutes N] [--seed N]: what systems do to a sweep, over and over until the time is up. Each round
// starts a small sweep, lets one thing happen to it, and gives the same command again: it must end with the bytes of a
// sweep that nothing happened to, and have set nothing aside. It needs strace, for what happens at a system call.
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { randomNumbersOf } from "../src/base/random_numbers.ts";
import { maskbench, send, start, words } from "./cli/maskbench.ts";
import { lasting, withSweep } from "./cli/sweeps.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, seed: { type: "string" } },
});
const seed = Number(values.seed ?? crypto.getRandomValues(new Uint16Array(1))[0]);
const random = randomNumbersOf(seed), end = Date.now() + 60_000 * Number(values.minutes);
const upTo = (most: number) => 1 + Math.floor(most * random());

/** What files are written by, and how often a sweep of this size does each, about. */
const calls = {
  rename: 20,
  fsync: 25,
  unlink: 20,
  "mkdir,mkdirat": 6,
  write: 400,
  flock: 20,
  ftruncate: 10,
  openat: 900,
};
const errors = ["ENOSPC", "EIO", "EXDEV", "EACCES"];

const bench = (file: string, out: string) => ["bench", file, "--out", out, "--retry"];

/** Starts it under strace, with that done to one of its system calls. */
async function withInjection(file: string, out: string, injection: string): Promise<string> {
  const { stderr } = await new Deno.Command("strace", {
    args: [
      ...["-f", "-qq", "-o", "/dev/null", "-e", injection, Deno.execPath()],
      ...words(...bench(file, out)),
    ],
    stdout: "null",
    stderr: "piped",
  }).output();
  return new TextDecoder().decode(stderr);
}

/** Reads what it says, to its end. */
async function ended(child: Deno.ChildProcess): Promise<void> {
  await Promise.all([child.stdout.cancel(), child.stderr.cancel(), child.status]);
}

/** Things that happen, each to a sweep of its own; nothing is to be checked but what comes after. */
const happenings: Readonly<
  Record<string, (file: string, out: string, takes: number) => Promise<string>>
> = {
  async "killed at a random instant"(file, out, takes) {
    const child = start(bench(file, out));
    const timer = setTimeout(() => send(child, "SIGKILL"), takes * random());
    await ended(child);
    clearTimeout(timer);
    return "";
  },
  async "killed at a system call"(file, out) {
    const [call, often] = Object.entries(calls)[upTo(8) - 1]!;
    const at = upTo(often);
    await withInjection(file, out, `inject=${call}:signal=KILL:when=${at}`);
    return `${call} ${at}`;
  },
  async "a system call that fails"(file, out) {
    const [call, often] = Object.entries(calls)[upTo(7) - 1]!; // what can't be opened is no library either
    const at = upTo(often), error = errors[upTo(4) - 1]!;
    const said = await withInjection(file, out, `inject=${call}:error=${error}:when=${at}`);
    if (call !== "write") {
      assert.doesNotMatch(said, /\n\s+at (file|async|ext)/, `${call} ${error}\n${said}`);
    }
    return `${call} ${at} ${error}`;
  },
  async "a disk that fails from then on"(file, out) {
    const call = ["rename", "fsync", "unlink"][upTo(3) - 1]!, error = errors[upTo(2) - 1]!;
    const at = upTo(10);
    const said = await withInjection(file, out, `inject=${call}:error=${error}:when=${at}+`);
    assert.doesNotMatch(said, /\n\s+at (file|async|ext)/, `${call} ${error}\n${said}`);
    return `${call} ${at}+ ${error}`;
  },
  async "stopped and continued"(file, out, takes) {
    const child = start(bench(file, out));
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, takes * random() / 3));
      send(child, "SIGSTOP");
      await new Promise((resolve) => setTimeout(resolve, 300 * random()));
      send(child, "SIGCONT");
    }
    await ended(child);
    return "";
  },
  async "copied while it runs, and the copy goes on"(file, out, takes) {
    const from = `${out}-original`, child = start(bench(file, from));
    await new Promise((resolve) => setTimeout(resolve, takes * random()));
    await new Deno.Command("cp", { args: ["-r", from, out], stderr: "null" }).output();
    await ended(child);
    return "";
  },
};

const counts: Record<string, number> = {};
await withSweep({}, async (file, folder) => {
  const whole = join(folder, "whole");
  await maskbench(bench(file, whole)); // it may build, or check layers
  await Deno.remove(whole, { recursive: true });
  const begin = performance.now();
  assert.equal((await maskbench(bench(file, whole))).code, 0);
  const expected = await lasting(whole), takes = performance.now() - begin;
  const names = Object.keys(happenings);
  for (let round = 0; Date.now() < end || round < names.length; round++) {
    const name = names[round % names.length]!, out = join(folder, `round-${round}`);
    const what = await happenings[name]!(file, out, takes);
    const again = await maskbench(bench(file, out));
    const where = `seed ${seed}, round ${round}: ${name} ${what}\n${again.error}`;
    assert.equal(again.code, 0, where);
    assert.doesNotMatch(again.error, /set aside/, where);
    assert.deepEqual(await lasting(out), expected, where);
    counts[name] = (counts[name] ?? 0) + 1;
    await Deno.remove(out, { recursive: true });
  }
});
const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
console.log(`seed ${seed}: ${total} rounds, nothing lost`);
for (const [name, count] of Object.entries(counts)) console.log(`${count} ${name}`);
