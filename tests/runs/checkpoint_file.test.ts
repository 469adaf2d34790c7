// Checkpoints on disk: read as they were written, and never trusted when they are not.
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { cp } from "node:fs/promises";
import { UserError } from "../../src/base/errors.ts";
import { decodeTensors, encodeTensors, tensorsChecksumOf } from "../../src/base/safetensors.ts";
import { removeLeftovers } from "../../src/runner/cleanup.ts";
import {
  CheckpointWriter,
  decodeCheckpoint,
  encodeCheckpoint,
  readCheckpoint,
} from "../../src/runs/checkpoint_file.ts";
import { sourcesDigest, sourcesDigestOf } from "../../src/runs/sources.ts";
import { withFolder } from "../cli/maskbench.ts";
import { environment, identity, kept } from "./kept.ts";

/** What is said of a checkpoint that can't be trusted. */
function refusal(file: Uint8Array, of = identity, now = environment): string {
  try {
    decodeCheckpoint(file, of, now);
  } catch (error) {
    assert.ok(error instanceof UserError, `${(error as Error).stack}`);
    return error.message;
  }
  return "none";
}

Deno.test("decodeCheckpoint() gives what was written when a checkpoint has a mask or none", () => {
  const file = encodeCheckpoint(kept);
  assert.deepEqual(decodeCheckpoint(file, identity, environment), {
    checkpoint: kept.checkpoint,
    started: environment.started,
  });
  const { mask: _, ...bare } = kept.checkpoint;
  const read = decodeCheckpoint(
    encodeCheckpoint({ ...kept, checkpoint: bare }),
    identity,
    environment,
  );
  assert.equal(read.checkpoint.mask, undefined);
});

Deno.test("decodeCheckpoint() throws a sentence when the file is cut short at any length or any byte changed", () => {
  const file = encodeCheckpoint(kept);
  fc.assert(
    fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      assert.notEqual(refusal(file.subarray(0, at)), "none");
      const changed = file.slice();
      changed[at]! ^= change;
      // A header says the same with other spaces; nothing else may be different.
      if (refusal(changed) === "none") {
        assert.deepEqual(
          decodeCheckpoint(changed, identity, environment).checkpoint,
          kept.checkpoint,
        );
      }
    }),
    { seed: 1, numRuns: 2000 },
  );
});

Deno.test("decodeCheckpoint() throws when it is another run's, or made with something else that bytes depend on", () => {
  const file = encodeCheckpoint(kept);
  assert.match(refusal(file, "b".repeat(64)), /is of another run, a{64}/);
  for (const key of ["maskbench", "libtorch", "blas", "instructions", "processor"] as const) {
    const message = refusal(file, identity, { ...environment, [key]: "another" });
    assert.ok(
      message.startsWith(`was made with ${key} ${environment[key]}, now it is another`),
      message,
    );
  }
  assert.match(refusal(file, identity, { ...environment, threads: 7 }), /was made with threads /);
  assert.equal(refusal(file, identity, { ...environment, commit: "another", jobs: 9 }), "none");
});

Deno.test("decodeCheckpoint() refuses a checkpoint when other sources made it, or older ones that did not say", () => {
  const { tensors, metadata: { checksum: _, ...metadata } } = decodeTensors(encodeCheckpoint(kept));
  const { sources: __, ...silent } = metadata;
  for (const forged of [{ ...metadata, sources: "c".repeat(64) }, silent]) {
    const checksum = tensorsChecksumOf(tensors, forged);
    const file = encodeTensors({ tensors, metadata: { ...forged, checksum } });
    assert.match(refusal(file), /^was made by other sources of maskbench/);
  }
});

Deno.test("sourcesDigestOf() changes when a file that computes changes, and with no other", async () => {
  await withFolder(async (folder) => {
    for (
      const path of ["deno.lock", "native/CMakeLists.txt", "native/include", "native/src", "src"]
    ) {
      await cp(new URL(`../../${path}`, import.meta.url), join(folder, path), { recursive: true });
    }
    const before = sourcesDigestOf(folder);
    assert.equal(before, sourcesDigest());
    await Deno.writeTextFile(join(folder, "src/tables/table.ts"), "\n", { append: true });
    assert.equal(sourcesDigestOf(folder), before);
    const digests = new Set([before]);
    for (
      const path of ["src/training/learning_rate.ts", "native/src/abi/vector.cpp", "deno.lock"]
    ) {
      await Deno.writeTextFile(join(folder, path), "\n", { append: true });
      digests.add(sourcesDigestOf(folder));
    }
    assert.equal(digests.size, 4);
  });
});

Deno.test("readCheckpoint() keeps the file under another name when it is refused, until the run is finished", async () => {
  await withFolder(async (folder) => {
    const runs = join(folder, "runs"), name = `${identity}.checkpoint.safetensors`;
    const names = () => [...Deno.readDirSync(runs)].map(({ name }) => name).sort();
    const read = (told: string[]) =>
      readCheckpoint(
        folder,
        identity,
        environment,
        (path, reason) => told.push(`${path} ${reason}`),
      );
    assert.equal(await read([]), undefined);

    const writer = new CheckpointWriter(folder, identity, (reason) => assert.fail(reason));
    writer.write({ ...kept, checkpoint: { ...kept.checkpoint, step: 1 } });
    writer.write({ ...kept, checkpoint: { ...kept.checkpoint, step: 2 } }); // never written: the next is newer
    writer.write(kept);
    assert.equal(await writer.settled(), true);
    assert.equal(kept.checkpoint.inUse[0], 0, "its memory is free again");
    kept.checkpoint.inUse[0] = 1;
    assert.deepEqual((await read([]))!.checkpoint, kept.checkpoint);
    assert.deepEqual(names(), [name]);

    await Deno.truncate(join(runs, name), 1000);
    const told: string[] = [];
    assert.equal(await read(told), undefined);
    assert.match(told.join(), /checkpoint\.safetensors is no safetensors file/);
    assert.deepEqual(names(), [`${name}.aside`]);
    assert.equal(await read([]), undefined);

    await writer.remove();
    assert.deepEqual(names(), []);
  });
});

Deno.test("removeLeftovers() removes what belongs to finished runs and old halves of files when it cleans up", async () => {
  await withFolder(async (folder) => {
    const runs = join(folder, "runs"), other = "b".repeat(64), damaged = "c".repeat(64);
    const half = (name: string) => `.${name}.${crypto.randomUUID()}`;
    const [old, young] = [half(`${other}.json`), half(`${other}.checkpoint.safetensors`)];
    const done = half(`${identity}.checkpoint.safetensors`); // its process was killed just now
    const stays = [
      `${identity}.json`,
      "notes.txt",
      `${other}.claim-0`,
      `${other}.checkpoint.safetensors`,
      `${damaged}.json`,
      `${damaged}.checkpoint.safetensors`,
      young,
    ];
    const goes = [
      `${identity}.claim-0`,
      `${identity}.claim-12`,
      `${identity}.checkpoint.safetensors`,
      `${identity}.checkpoint.safetensors.aside`,
      `${identity}.failed`,
      old,
      done,
    ];
    await Deno.mkdir(runs);
    for (const name of [...stays, ...goes]) await Deno.writeTextFile(join(runs, name), "");
    const yesterday = new Date(Date.now() - 86_400_000);
    await Deno.utime(join(runs, old), yesterday, yesterday);
    await removeLeftovers(folder, new Set([other, damaged]));
    assert.deepEqual([...Deno.readDirSync(runs)].map(({ name }) => name).sort(), stays.sort());
  });
});

Deno.test("removeLeftovers() removes half a ticket when it is an hour old", async () => {
  await withFolder(async (folder) => {
    const tickets = join(folder, "tickets"), ticket = `${identity}.safetensors`;
    const [old, young] = [0, 1].map(() => `.${ticket}.${crypto.randomUUID()}`);
    await Deno.mkdir(tickets);
    for (const name of [ticket, old!, young!]) await Deno.writeTextFile(join(tickets, name), "");
    const before = new Date(Date.now() - 3_700_000);
    for (const name of [ticket, old!]) await Deno.utime(join(tickets, name), before, before);
    await removeLeftovers(folder, new Set());
    const left = [...Deno.readDirSync(tickets)].map(({ name }) => name);
    assert.deepEqual(left.sort(), [young, ticket]);
  });
});
