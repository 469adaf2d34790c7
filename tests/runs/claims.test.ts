// Claims: one process at a time, and nothing of a dead one stands in the way.
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { WriteError } from "../../src/base/atomic_files.ts";
import { Claim } from "../../src/runs/claims.ts";
import { withFolder } from "../cli/maskbench.ts";

const identity = "a".repeat(64);
const names = (folder: string) =>
  [...Deno.readDirSync(join(folder, "runs"))].map(({ name }) => name.slice(65)).sort();

/** A process of its own that claims the run, says so, and waits. */
async function other(folder: string): Promise<Deno.ChildProcess> {
  const claimant = fileURLToPath(new URL("claimant.ts", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-A", claimant, folder, identity],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  assert.equal(new TextDecoder().decode(value), "claimed\n");
  await reader.cancel();
  return child;
}

Deno.test("Claim excludes others when a run is claimed, and leaves nothing when it is released", async () => {
  await withFolder(async (folder) => {
    const claim = await Claim.on(folder, identity);
    assert.ok(claim);
    assert.equal(await Claim.on(folder, identity), undefined);
    const another = await Claim.on(folder, "b".repeat(64));
    assert.ok(another);
    await another.release();
    await claim.release();
    assert.deepEqual(names(folder), []);
    const again = await Claim.on(folder, identity);
    assert.ok(again);
    await again.release();
  });
});

Deno.test("Claim holds between processes, and is taken over, when its process is killed", async () => {
  await withFolder(async (folder) => {
    for (let killed = 1; killed <= 3; killed++) {
      const child = await other(folder);
      assert.equal(await Claim.on(folder, identity), undefined);
      child.kill("SIGKILL");
      await child.status;
      assert.equal(names(folder).length, killed);
    }
    const claim = await Claim.on(folder, identity);
    assert.ok(claim);
    assert.equal(await Claim.on(folder, identity), undefined);
    await claim.release();
    assert.deepEqual(names(folder), []);
  });
});

Deno.test("Claim counts when another machine touches it, and no longer", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(join(folder, "runs"));
    const path = join(folder, "runs", `${identity}.claim-0`);
    await Deno.writeTextFile(path, "another machine");
    assert.equal(await Claim.on(folder, identity), undefined);
    const old = new Date(Date.now() - 600_000);
    await Deno.utime(path, old, old);
    const claim = await Claim.on(folder, identity);
    assert.ok(claim);
    await claim.release();
    assert.deepEqual(names(folder), []);
  });
});

Deno.test("Claim counts when its process lives on this machine, however old it is", async () => {
  await withFolder(async (folder) => {
    const claim = await Claim.on(folder, identity);
    const old = new Date(Date.now() - 600_000);
    await Deno.utime(join(folder, "runs", `${identity}.claim-0`), old, old);
    assert.equal(await Claim.on(folder, identity), undefined);
    await claim!.release();
  });
});

Deno.test("Claim is given to one when many find a dead process's claim", async () => {
  await withFolder(async (folder) => {
    const child = await other(folder);
    child.kill("SIGKILL");
    await child.status;
    for (let round = 0; round < 20; round++) {
      const claims = await Promise.all(Array.from({ length: 8 }, () => Claim.on(folder, identity)));
      const got = claims.filter((claim) => claim !== undefined);
      assert.ok(got.length <= 1, `${got.length} in round ${round}`);
      if (got[0] && round % 2) await got[0].release();
      else if (got[0]) {
        got[0].file.close(); // as if its process had died
        assert.ok(names(folder).length > 0);
      }
    }
  });
});

Deno.test("Claim throws a sentence when the folder can't be written to", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "runs"), "a file where the folder is to be");
    await assert.rejects(Claim.on(folder, identity), (error) => {
      assert.ok(error instanceof WriteError);
      assert.match(error.message, /runs can't be made: /);
      return true;
    });
  });
});

Deno.test("Claim makes the folder again when it vanishes meanwhile", async () => {
  await withFolder(async (folder) => {
    for (let i = 0; i < 300; i++) {
      const gone = Deno.remove(join(folder, "runs"), { recursive: true }).catch(() => {});
      const claim = await Claim.on(folder, identity);
      await gone;
      await claim?.release();
    }
  });
});
