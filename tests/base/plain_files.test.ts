// Special and huge files: every reader refuses them in a sentence, and opens none.
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { readPlainFile } from "../../src/base/plain_files.ts";
import { readPeerTimes } from "../../src/diagnostics/peers.ts";
import { readBaseline } from "../../src/regression/baseline.ts";
import { readCheckpoint } from "../../src/runs/checkpoint_file.ts";
import { readFailure } from "../../src/runs/failure_file.ts";
import { readRunFolder } from "../../src/runs/run_folder.ts";
import { readSweep } from "../../src/sweep/read.ts";
import { readCompareFile } from "../../src/tables/compare_file.ts";
import { readTicket } from "../../src/tickets/ticket.ts";
import { withFolder } from "../cli/maskbench.ts";
import { environment } from "../runs/kept.ts";
import { runOf } from "../runs/made.ts";

/** What must not be read, each with how it is made. */
const special: Record<string, (path: string) => Promise<unknown>> = {
  "is a FIFO, expected a file": (path) => new Deno.Command("mkfifo", { args: [path] }).output(),
  "is a device, expected a file": (path) => Deno.symlink("/dev/zero", path),
  "has 10000000000 bytes, expected at most": async (path) => {
    await Deno.writeTextFile(path, "");
    await Deno.truncate(path, 1e10); // sparse: it takes no space
  },
};

const { identity, configuration } = runOf({});

const messageOf = (reading: Promise<unknown>) =>
  reading.then(() => assert.fail("it was read"), (error: Error) => error.message);

/** For each kind of file its path in a folder, and what is said of it. */
const readers: Record<string, (folder: string, path: string) => Promise<string>> = {
  [`runs/${identity}.json`]: async (folder) =>
    (await readRunFolder(folder)).invalidFiles[0]!.reason,
  "runs.jsonl": (folder) => messageOf(readRunFolder(folder)),
  [`runs/${identity}.checkpoint.safetensors`]: async (folder) => {
    let said = "";
    await readCheckpoint(folder, identity, environment, (_, reason) => said = reason);
    return said;
  },
  "compare.json": (folder) => messageOf(readCompareFile(folder, [])),
  "ticket.safetensors": (_, path) => messageOf(readTicket(path)),
  "sweep.json": (_, path) => messageOf(readSweep(path)),
  "baseline.json": (_, path) => messageOf(readBaseline(path)),
  "peers.json": (_, path) => messageOf(readPeerTimes(path)),
};

for (const [name, said] of Object.entries(readers)) {
  Deno.test(`a reader refuses ${name.replace(identity, "<id>")} when it is a FIFO, a device or huge`, async () => {
    for (const [expected, make] of Object.entries(special)) {
      await withFolder(async (folder) => {
        const path = join(folder, name);
        await Deno.mkdir(dirname(path), { recursive: true });
        await make(path);
        const message = await said(folder, path);
        assert.ok(message.includes(expected), message);
      });
    }
  });
}

Deno.test("readFailure() takes a run for one that has not failed when its file is a FIFO, a device or huge", async () => {
  for (const make of Object.values(special)) {
    await withFolder(async (folder) => {
      await Deno.mkdir(join(folder, "runs"));
      await make(join(folder, "runs", `${identity}.failed`));
      assert.equal(await readFailure(folder, configuration), undefined);
    });
  }
});

Deno.test("readPlainFile() reads a file of the largest size, and what a link leads to", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "file"), link = join(folder, "link");
    await Deno.writeFile(path, Uint8Array.of(1, 2, 3));
    await Deno.symlink(path, link);
    assert.deepEqual(await readPlainFile(link, 3), Uint8Array.of(1, 2, 3));
    await assert.rejects(readPlainFile(link, 2), /^UserError: has 3 bytes, expected at most 2$/);
    await assert.rejects(readPlainFile(join(folder, "none"), 3), Deno.errors.NotFound);
  });
});
