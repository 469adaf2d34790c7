// What runs and profiles take from the native core they give back. Handles are counted for the whole process, so this is
// with the tests that have it for themselves.
import assert from "node:assert/strict";
import { profileStep, stepConfigOf } from "../../src/diagnostics/profile.ts";
import { readLiveObjects, resetPeak, Vector } from "../../src/native/mod.ts";
import { run } from "../../src/training/run.ts";
import { device } from "../library.ts";
import { config, dataset } from "../training/halves.ts";

Deno.test("run() and profileStep() give back every handle and byte of the native core when they end", () => {
  const go = (algorithm: string) => run(config(algorithm), { dataset, device, threads: 1 });
  go("sbp");
  const before = readLiveObjects();
  go("sbp");
  go("dense");
  profileStep(stepConfigOf("mlp", "edge-popup", 16), { device, threads: 1, steps: 3 });
  assert.equal(readLiveObjects().handles, before.handles);
  assert.ok(readLiveObjects().bytes <= before.bytes);
});

Deno.test(
  "resetPeak() gives unused memory back to the system when some above it is in use",
  {
    ignore: device !== "cpu", // another device's memory is libtorch's
  },
  () => {
    const count = 200, length = 100_000;
    const round = () => {
      const taken = Array.from({ length: count }, () => {
        const large = new Vector(length, "float32", device),
          small = new Vector(100, "float32", device);
        return { large, small };
      });
      const before = Deno.memoryUsage().rss;
      for (const { large } of taken) large[Symbol.dispose]();
      resetPeak();
      const after = Deno.memoryUsage().rss;
      for (const { small } of taken) small[Symbol.dispose]();
      return before - after;
    };
    round(); // a system that has seen such blocks freed keeps the next ones
    const freed = [round(), round(), round()]; // one may see what another thread takes meanwhile
    const all = count * length * Float32Array.BYTES_PER_ELEMENT;
    assert.ok(Math.max(...freed) > 0.8 * all, `of ${all} bytes: ${freed.join(", ")}`);
  },
);
