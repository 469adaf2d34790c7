// Folders and files that others make and remove at the same time.
import assert from "node:assert/strict";
import { join } from "node:path";
import { makeFolder, WriteError } from "../../src/base/atomic_files.ts";
import { withFolder } from "../cli/maskbench.ts";

Deno.test("makeFolder() makes a folder when others remove it meanwhile", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "runs");
    let making = 2;
    const remove = async () => {
      while (making > 0) await Deno.remove(path).catch(() => {});
    };
    const make = async () => {
      try {
        for (let i = 0; i < 1500; i++) await makeFolder(path);
      } finally {
        making--;
      }
    };
    await Promise.all([remove(), remove(), make(), make()]);
  });
});

Deno.test("makeFolder() throws a WriteError when a file lies in the folder's place", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "runs");
    await Deno.writeTextFile(path, "");
    await assert.rejects(makeFolder(path), (error: Error) => {
      assert.ok(error instanceof WriteError);
      assert.match(error.message, /runs can't be made: .*exists/i);
      return true;
    });
  });
});
