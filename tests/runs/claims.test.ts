// Claims: one process at a time, and nothing of a dead one stands in the way.
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { WriteError } from "../../src/base/atomic_files.ts";
import { Claim, CLAIM_EXPIRY } from "../../src/runs/claims.ts";
import { withFolder } from "../cli/maskbench.ts";
import { claimOfAnotherHost } from "./claimed.ts";

const identity = "a".repeat(64);
const names = (folder: string) =>
  [...Deno.readDirSync(join(folder, "runs"))].map(({ name }) => name.slice(65)).sort();

/** The claim, where it can be had. */
async function claimOn(folder: string, identity: string): Promise<Claim | undefined> {
  const found = await Claim.on(folder, identity);
  return found instanceof Claim ? found : undefined;
}

/** A process of its own that claims the run, says so, and waits. */
async function other(folder: string, progress = ""): Promise<Deno.ChildProcess> {
  const claimant = fileURLToPath(new URL("claimant.ts", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-A", claimant, folder, identity, progress],
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
    const claim = await claimOn(folder, identity);
    assert.ok(claim);
    const holder = await Claim.on(folder, identity);
    assert.ok(!(holder instanceof Claim));
    assert.equal(holder.owner?.process, Deno.pid);
    assert.equal(holder.expiresIn, undefined); // its lock decides
    const another = await claimOn(folder, "b".repeat(64));
    assert.ok(another);
    await another.release();
    await claim.release();
    assert.deepEqual(names(folder), []);
    const again = await claimOn(folder, identity);
    assert.ok(again);
    await again.release();
  });
});

Deno.test("Claim holds between processes, and is taken over, when its process is killed", async () => {
  await withFolder(async (folder) => {
    for (let killed = 1; killed <= 3; killed++) {
      const child = await other(folder);
      assert.equal(await claimOn(folder, identity), undefined);
      child.kill("SIGKILL");
      await child.status;
      assert.equal(names(folder).length, killed);
    }
    const claim = await claimOn(folder, identity);
    assert.ok(claim);
    assert.equal(await claimOn(folder, identity), undefined);
    await claim.release();
    assert.deepEqual(names(folder), []);
  });
});

Deno.test("Claim counts when another machine touches it, and no longer", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(join(folder, "runs"));
    const path = join(folder, "runs", `${identity}.claim-0`);
    await Deno.writeTextFile(path, "another machine");
    assert.equal(await claimOn(folder, identity), undefined);
    const old = new Date(Date.now() - 600_000);
    await Deno.utime(path, old, old);
    const claim = await claimOn(folder, identity);
    assert.ok(claim);
    await claim.release();
    assert.deepEqual(names(folder), []);
  });
});

Deno.test("Claim counts when its process lives on this machine, however old it is", async () => {
  await withFolder(async (folder) => {
    const claim = await claimOn(folder, identity);
    const old = new Date(Date.now() - 600_000);
    await Deno.utime(join(folder, "runs", `${identity}.claim-0`), old, old);
    assert.equal(await claimOn(folder, identity), undefined);
    await claim!.release();
  });
});

Deno.test("Claim is given to one when many find a dead process's claim", async () => {
  await withFolder(async (folder) => {
    const child = await other(folder);
    child.kill("SIGKILL");
    await child.status;
    for (let round = 0; round < 20; round++) {
      const claims = await Promise.all(Array.from({ length: 8 }, () => claimOn(folder, identity)));
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
    await assert.rejects(claimOn(folder, identity), (error) => {
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
      const claim = await claimOn(folder, identity);
      await gone;
      await claim?.release();
    }
  });
});

Deno.test("Claim says whom a claim of another machine is of, and how long it counts", async () => {
  await withFolder(async (folder) => {
    await claimOfAnotherHost(folder, identity);
    const holder = await Claim.on(folder, identity);
    assert.ok(!(holder instanceof Claim));
    const { host, process, since } = holder.owner!;
    assert.deepEqual([host, process, since], ["node3", 4711, "2026-01-02T03:04:05.000Z"]);
    assert.ok(holder.expiresIn! > CLAIM_EXPIRY / 2 && holder.expiresIn! <= CLAIM_EXPIRY);
  });
});

Deno.test("Claim lets another machine's claim expire when it is dated in the future", async () => {
  await withFolder(async (folder) => {
    const path = await claimOfAnotherHost(folder, identity);
    const tomorrow = new Date(Date.now() + 86_400_000);
    await Deno.utime(path, tomorrow, tomorrow);
    const text = await Deno.readTextFile(path);
    const holder = await Claim.on(folder, identity);
    assert.ok(!(holder instanceof Claim));
    assert.equal(holder.expiresIn, CLAIM_EXPIRY);
    assert.equal(await Deno.readTextFile(path), text);
    assert.ok((await Deno.stat(path)).mtime! <= new Date()); // as if it had been touched: it expires from now on
  });
});

Deno.test("Claim takes over an empty claim when no process has it locked", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(join(folder, "runs"));
    const path = join(folder, "runs", `${identity}.claim-0`);
    await Deno.writeTextFile(path, "");
    {
      using file = await Deno.open(path, { write: true });
      await file.lock(true);
      assert.equal(await claimOn(folder, identity), undefined); // a process is just about to write
    }
    const claim = await claimOn(folder, identity);
    assert.ok(claim);
    assert.deepEqual(claim.killed, []); // nobody had the run
    await claim.release();
    assert.deepEqual(names(folder), []);
  });
});

Deno.test("Claim throws a sentence, and opens nothing, when its name is not that of a plain file", async () => {
  const cases: [string, (path: string) => Promise<unknown>][] = [
    ["a FIFO", (path) => new Deno.Command("mkfifo", { args: [path] }).output()],
    ["a symbolic link", (path) => Deno.symlink("/dev/zero", path)],
    ["a folder", (path) => Deno.mkdir(path)],
    ["a file of 10000000000 bytes", async (path) => {
      await Deno.writeTextFile(path, "");
      await Deno.truncate(path, 1e10);
    }],
  ];
  for (const [kind, make] of cases) {
    await withFolder(async (folder) => {
      await Deno.mkdir(join(folder, "runs"));
      await make(join(folder, "runs", `${identity}.claim-0`));
      await assert.rejects(Claim.on(folder, identity), (error) => {
        assert.ok(error instanceof WriteError);
        assert.match(
          error.message,
          /claim-0 is (.*), where the claim of a run is to be: remove it/,
        );
        assert.ok(error.message.includes(` is ${kind}, `), error.message);
        return true;
      });
    });
  }
});

Deno.test("Claim names the processes that were killed after they had begun, since a checkpoint was kept", async () => {
  await withFolder(async (folder) => {
    const killed: number[] = [];
    for (const progress of ["begun", "kept", "begun", "", "begun"]) {
      const child = await other(folder, progress);
      child.kill("SIGKILL");
      await child.status;
      killed.push(child.pid);
    }
    const claim = await claimOn(folder, identity);
    assert.deepEqual(claim!.killed.map(({ process }) => process), [killed[2], killed[4]]);
    await claim!.release();
    const again = await claimOn(folder, identity);
    assert.deepEqual(again!.killed, []);
    await again!.release();
  });
});
