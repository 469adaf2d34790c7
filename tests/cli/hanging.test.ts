// A native call that does not return, which no thread can be made to leave: it is reported, and the process ends all the same.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import "../library.ts";
import { findProgram } from "../../src/native/toolchain/which.ts";
import { maskbench, send, start } from "./maskbench.ts";
import { kinds, lasting, withSweep } from "./sweeps.ts";

const compiler = findProgram("g++") ?? findProgram("c++");
const ignore = Deno.build.os !== "linux" || compiler === undefined;

/** Milliseconds for what takes seconds on a machine that has nothing else to do. */
const LONG = 120_000;

const bench = (file: string, out: string) => [
  ...["bench", file, "--out", out, "--device", "cpu", "--jobs", "2", "--threads", "1"],
];

const networks = [{ name: "mlp", width: 0.1 }];
const [sbp, edgePopup] = [{ name: "sbp", learningRate: 1 }, {
  name: "edge-popup",
  learningRate: 0.5,
}];

/** maskbench under way, one of whose steps does not return for as long as there is a file. */
class Hanging {
  error = "";
  readonly child: Deno.ChildProcess;
  readonly ended: Promise<Deno.CommandStatus>;

  private constructor(args: string[], readonly file: string, library: string) {
    this.child = start(args, { LD_PRELOAD: library, HANGS_WHILE: file });
    this.ended = this.#read();
  }

  static async start(folder: string, args: string[]): Promise<Hanging> {
    const library = join(folder, "hanging.so");
    const source = fileURLToPath(new URL("hanging.cpp", import.meta.url));
    const { success, stderr } = await new Deno.Command(compiler!, {
      args: ["-std=c++17", "-O1", "-shared", "-fPIC", source, "-o", library, "-ldl"],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return new Hanging(args, join(folder, "hang"), library);
  }

  async #read(): Promise<Deno.CommandStatus> {
    const stdout = this.child.stdout.cancel();
    const texts = this.child.stderr.pipeThrough(new TextDecoderStream());
    for await (const text of texts) this.error += text;
    await stdout;
    return await this.child.status;
  }

  /** Makes a step hang. */
  async hang(): Promise<void> {
    await Deno.writeTextFile(this.file, "");
    await this.until("a step hangs", () => exists(`${this.file}.hangs`));
  }

  /** Waits until something is so. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    const end = performance.now() + LONG;
    while (!isSo()) {
      if (performance.now() > end) send(this.child, "SIGKILL");
      assert.ok(performance.now() < end, `waited in vain until ${what}: ${this.error}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Sends a signal. @returns what it ended with, killed where it doesn't end */
  async endBy(signal: Deno.Signal): Promise<Pick<Deno.CommandStatus, "code" | "signal">> {
    send(this.child, signal);
    const timer = setTimeout(() => send(this.child, "SIGKILL"), LONG);
    const { code, signal: by } = await this.ended;
    clearTimeout(timer);
    return { code, signal: by };
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function kindsOf(out: string): string[] {
  try {
    return kinds(out);
  } catch {
    return [];
  }
}

const count = (out: string, kind: string) => kindsOf(out).filter((one) => one === kind).length;

/** When the last checkpoint was written. */
const lastCheckpoint = (out: string) =>
  Math.max(
    ...[...Deno.readDirSync(join(out, "runs"))].filter(({ name }) => name.endsWith(".safetensors"))
      .map(({ name }) => Deno.statSync(join(out, "runs", name)).mtime!.getTime()),
  );

Deno.test({
  name:
    "bench ends at SIGTERM, says what is safe, and goes on to the same bytes, when a step does not return",
  ignore,
  fn: () =>
    withSweep(
      { networks, algorithms: [{ name: "random" }, sbp, edgePopup], epochs: 30 },
      async (file, folder) => {
        const out = join(folder, "out"), whole = join(folder, "whole");
        const args = bench(file, out);
        const hanging = await Hanging.start(folder, args);
        await hanging.until(
          "one is finished and both others are kept",
          () => count(out, ".json") === 1 && count(out, ".checkpoint.safetensors") === 2,
        );
        await hanging.hang();
        const sent = Date.now();
        assert.deepEqual(
          await hanging.endBy("SIGTERM"),
          { code: 143, signal: null },
          hanging.error,
        );
        assert.match(
          hanging.error,
          /^mlp × 0\.1 · (sbp|edge-popup) · .*seed 1: a step has not returned for \d+ s and is waited for no longer; finished runs are safe, and the same command goes on from this run's last checkpoint$/m,
        );
        assert.match(
          hanging.error,
          /stopped: 1 of 3 runs are finished, and 2 more are kept as far as they got/,
        );
        assert.deepEqual(kinds(out), [
          ".checkpoint.safetensors",
          ".checkpoint.safetensors",
          ".json",
        ]);
        assert.ok(lastCheckpoint(out) >= sent - 1000, "the run next to it kept what it had");

        await Deno.remove(hanging.file);
        const again = await maskbench(args);
        assert.equal(again.code, 0, again.error);
        assert.doesNotMatch(again.error, /set aside/);
        assert.equal((await maskbench(bench(file, whole))).code, 0);
        assert.deepEqual(await lasting(out), await lasting(whole));
      },
    ),
});

Deno.test({
  name:
    "bench ends at Ctrl-C, and says that the run begins again, when its first step does not return",
  ignore,
  fn: () =>
    withSweep({ networks, algorithms: [sbp] }, async (file, folder) => {
      const out = join(folder, "out");
      const hanging = await Hanging.start(folder, bench(file, out));
      await hanging.hang();
      assert.deepEqual(await hanging.endBy("SIGINT"), { code: 130, signal: null }, hanging.error);
      assert.match(
        hanging.error,
        /sbp .*: a step has not returned for \d+ s and is waited for no longer; finished runs are safe, and the same command begins this run again, as it has no checkpoint$/m,
      );
      assert.deepEqual(kinds(out), []);
    }),
});

Deno.test({
  name:
    "bench reports a step once, and goes on to the same bytes, when it takes a hundred times as long as others",
  ignore,
  fn: () =>
    withSweep(
      { networks, algorithms: [sbp], epochs: 30 },
      async (file, folder) => {
        const out = join(folder, "out"), whole = join(folder, "whole");
        const hanging = await Hanging.start(folder, bench(file, out));
        await hanging.until("it is kept", () => count(out, ".checkpoint.safetensors") === 1);
        await hanging.hang();
        const note =
          /^mlp × 0\.1 · sbp .*: a step has not returned for \d+ s, more than a hundred times as long as its steps take; Ctrl-C or SIGTERM ends it, and its last checkpoint stays$/gm;
        await hanging.until("it is reported", () => hanging.error.search(note) >= 0);
        await new Promise((resolve) => setTimeout(resolve, 3000)); // it is not reported again
        await Deno.remove(hanging.file);
        assert.equal((await hanging.ended).code, 0, hanging.error);
        assert.equal([...hanging.error.matchAll(note)].length, 1, hanging.error);
        assert.equal((await maskbench(bench(file, whole))).code, 0);
        assert.deepEqual(await lasting(out), await lasting(whole));
      },
    ),
});
