// A disk that is full, read-only or gone: told in a sentence, with what is safe, and the same command goes on later.
import assert from "node:assert/strict";
import { join } from "node:path";
import "../library.ts";
import { maskbench, start, withFolder } from "./maskbench.ts";
import { kinds, lasting, withSweep } from "./sweeps.ts";

async function system(name: string, ...args: string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(name, { args, stderr: "null" }).output();
    return success;
  } catch {
    return false;
  }
}

/** A file system of its own, of so many bytes, for the time of a test. */
async function onDisk(bytes: number, body: (disk: string) => Promise<void>): Promise<void> {
  await withFolder(async (disk) => {
    assert.ok(await system("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", disk));
    try {
      await body(disk);
    } finally {
      await system("umount", "--lazy", disk);
    }
  });
}

const mountable = await (async () => {
  const folder = await Deno.makeTempDir();
  const able = await system("mount", "-t", "tmpfs", "tmpfs", folder);
  if (able) await system("umount", folder);
  await Deno.remove(folder);
  if (!able) console.log("no right to mount: the tests on a full and a read-only disk are skipped");
  return able;
})();

/** Writes until there is room for so many bytes. */
async function fill(disk: string, room: number): Promise<string> {
  const path = join(disk, "filler");
  using file = await Deno.open(path, { write: true, createNew: true });
  try {
    for (;;) await file.write(new Uint8Array(4096));
  } catch {
    await file.truncate((await file.stat()).size - room);
  }
  return path;
}

Deno.test({
  name:
    "bench reports what can't be written and what is safe, and loses nothing, when the disk is full",
  ignore: !mountable,
  fn: () =>
    withSweep({}, async (file, folder) => {
      const whole = join(folder, "whole");
      assert.equal((await maskbench(["bench", file, "--out", whole])).code, 0);
      for (const room of [0, 2 * 4096, 20 * 4096]) {
        await onDisk(400_000, async (disk) => {
          const out = join(disk, "out"), args = ["bench", file, "--out", out];
          await Deno.mkdir(out);
          const filler = await fill(disk, room);
          const { code, error } = await maskbench(args);
          // The runs may all have found room, where no checkpoint did.
          if (room < 20 * 4096 || code !== 0) {
            assert.equal(code, 1, error);
            assert.match(error, /maskbench: .* can't be (written|made): .*[Nn]o space left/);
            assert.match(error, /\d finished runs are safe in .*, and the same command goes on/);
          }
          assert.doesNotMatch(error, /\n\s+at /);
          // What is there is whole, and nothing is there that is neither a run nor on its way to be one.
          const others = kinds(out).filter((kind) =>
            !/^\.(json|checkpoint\.safetensors)$/.test(kind)
          );
          assert.deepEqual(others, []);
          await Deno.remove(filler);
          const again = await maskbench(args);
          assert.equal(again.code, 0, again.error);
          assert.doesNotMatch(again.error, /set aside/);
          assert.deepEqual(await lasting(out), await lasting(whole));
        });
      }
    }),
});

Deno.test({
  name: "bench reports it before it computes anything when the folder is read-only",
  ignore: !mountable,
  fn: () =>
    withSweep({}, async (file) => {
      await onDisk(400_000, async (disk) => {
        assert.ok(await system("mount", "-o", "remount,ro", disk));
        const { code, error } = await maskbench(["bench", file, "--out", join(disk, "out")]);
        assert.equal(code, 1, error);
        assert.match(error, /maskbench: .* can't be made: Read-only file system/);
        assert.doesNotMatch(error, /accuracy|\n\s+at /);
      });
    }),
});

Deno.test("bench reports it before it computes anything when it has no permission", async () => {
  await withSweep({}, async (file, folder) => {
    const out = join(folder, "out");
    await Deno.mkdir(out);
    // What is not permitted to root either: a file's name where the folder of runs is to be.
    await Deno.writeTextFile(join(out, "runs"), "");
    const { code, error } = await maskbench(["bench", file, "--out", out]);
    assert.equal(code, 1, error);
    assert.match(error, /runs can't be made: /);
    assert.doesNotMatch(error, /accuracy|\n\s+at /);
  });
});

Deno.test("bench reports what vanished, and makes it again, when the folder vanishes under way", async () => {
  await withSweep({ seeds: [1, 2] }, async (file, folder) => {
    const out = join(folder, "out"), args = ["bench", file, "--out", out, "--jobs", "1"];
    const child = start(args), stdout = child.stdout.cancel();
    let all = "";
    for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
      const before = all.includes("2/6");
      all += part;
      if (!before && all.includes("2/6")) await Deno.rename(out, join(folder, "elsewhere"));
    }
    await stdout;
    assert.equal((await child.status).code, 1, all);
    assert.match(
      all,
      /maskbench: [23] finished runs have vanished from .*; [34] finished runs are safe in /,
    );
    assert.equal((await maskbench(args)).code, 0);
    assert.equal(kinds(out).length, 6);
  });
});
