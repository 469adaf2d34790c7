// What runs and profiles take from the native core they give back. Handles are counted for the whole process, so this is
// with the tests that have it for themselves.
import assert from "node:assert/strict";
import { device } from "../library.ts";
import { live } from "../../src/native/mod.ts";
import { profile, stepConfig } from "../../src/training/profile.ts";
import { run } from "../../src/training/run.ts";
import { config, dataset } from "../training/halves.ts";

Deno.test("a run and a profile give back all that they took from the native core", () => {
  const go = (algorithm: string) => run(config(algorithm), { dataset, device, threads: 1 });
  go("sbp");
  const before = live();
  go("sbp");
  go("dense");
  profile(stepConfig("mlp", "edge-popup", 16), { device, threads: 1, steps: 3 });
  assert.equal(live().handles, before.handles);
  assert.ok(live().bytes <= before.bytes);
});
