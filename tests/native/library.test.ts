// The boundary: the binding says what the header says, and handles are freed once and never used after.
import assert from "node:assert/strict";
import { device } from "../library.ts";
import {
  Batch,
  Generator,
  NativeError,
  readLiveObjects,
  setThreads,
  Vector,
} from "../../src/native/mod.ts";
import { nativeFunctions } from "../../src/native/library.ts";
import { symbols } from "../../src/native/symbols.ts";
import { declared } from "./header.ts";

Deno.test("symbols agrees with the header in every function and type when both are read", () => {
  const stated = declared().map(({ name, parameters }) => [
    name,
    parameters.map(({ passed }) => passed),
  ]);
  const bound = Object.entries(symbols).map(([name, { parameters }]) => [name, [...parameters]]);
  assert.ok(stated.length > 20);
  assert.deepEqual(Object.fromEntries(bound), Object.fromEntries(stated));
});

Deno.test("a function of the core returns an error when a handle is freed, foreign or null", () => {
  const before = readLiveObjects().handles;
  const vector = new Vector(3, "float32", device);
  const { pointer } = vector;
  assert.equal(readLiveObjects().handles, before + 1);
  vector.free();
  vector.free();
  assert.equal(readLiveObjects().handles, before);
  assert.throws(() => vector.download(), /freed already/);

  const raw = nativeFunctions();
  assert.notEqual(raw.mb_vector_free(pointer), 0);
  assert.notEqual(raw.mb_vector_affine(pointer, 0n, 3n, 1, 0), 0);
  assert.notEqual(raw.mb_vector_free(0n), 0);
  assert.notEqual(raw.mb_vector_affine(12345n, 0n, 3n, 1, 0), 0);
  using generator = new Generator(1);
  assert.notEqual(raw.mb_vector_free(generator.pointer), 0);
});

Deno.test("new Vector() throws a NativeError when its size is impossible or can't be allocated", () => {
  assert.throws(() => new Vector(-1, "float32", device), NativeError);
  assert.throws(
    () => new Vector(2 ** 52, "float32", device),
    (error) => error instanceof NativeError && ["invalid", "out-of-memory"].includes(error.status),
  );
  assert.throws(() => new Batch(0, [1, 2, 2], "float32", device), /capacity/);
  using vector = new Vector(3, "float32", device);
  assert.throws(() => vector.download(2, 2), NativeError);
  assert.throws(() => vector.upload(new Float32Array(4)), NativeError);
});

Deno.test("readLiveObjects() counts as before when what a scope made is disposed", () => {
  const before = readLiveObjects();
  for (let i = 0; i < 50; i++) {
    using vector = new Vector(1 << 16, "float32", device);
    vector.affine(0, 1);
  }
  assert.equal(readLiveObjects().handles, before.handles);
  assert.ok(readLiveObjects().bytes <= before.bytes);
});

Deno.test(
  "setThreads() holds for its own thread when another thread sets another number first",
  {
    ignore: device !== "cpu" || Deno.build.os !== "linux",
  },
  async () => {
    const tasks = () => { // which Deno itself lets nobody read without all permissions
      const { stdout } = new Deno.Command("ls", { args: [`/proc/${Deno.pid}/task`] }).outputSync();
      return new TextDecoder().decode(stdout).trim().split("\n").length;
    };
    const thread = new Worker(new URL("./threads_worker.ts", import.meta.url), { type: "module" });
    const asked = (what: string) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      thread.onmessage = () => resolve();
      thread.onerror = ({ message }) => reject(new Error(message));
      thread.postMessage(what);
      return promise;
    };
    try {
      await asked("set one thread");
      setThreads(64);
      const before = tasks();
      assert.ok(before > 1); // Deno's own
      await asked("compute");
      assert.ok(tasks() - before < 32, `${tasks() - before} threads more`);
    } finally {
      setThreads(1);
      thread.terminate();
    }
  },
);
