// What a profile says of a step agrees with what is known of it: its arithmetic, its pictures, its parts' sum.
import assert from "node:assert/strict";
import { profileStep, stepConfigOf } from "../../src/diagnostics/profile.ts";
import { profileStepParts } from "../../src/native/mod.ts";
import { weightCount } from "../../src/networks/network.ts";
import { networkOf } from "../../src/networks/registry.ts";
import { device } from "../library.ts";

Deno.test("profileStep() gives figures that agree with each other and the network's arithmetic when it measures a step", () => {
  const batch = 16;
  for (const algorithm of ["edge-popup", "sbp", "dense"]) {
    const options = { device, threads: 1, steps: 3 };
    const found = profileStep(stepConfigOf("mlp", algorithm, batch), options);
    assert.equal(found.weights, weightCount(networkOf("mlp").layers));
    // Forward, and backward for weights and inputs, but for the first layer's inputs.
    const all = 784 * 300 + 300 * 100 + 100 * 10;
    const operations = 2 * batch * (3 * all - 784 * 300);
    const near = (a: number, b: number) =>
      assert.ok(Math.abs(a - b) <= 1e-9 * Math.abs(b), `${a} ${b}`);
    near(found.gflops * found.msPerStep * 1e6, operations);
    near(found.imagesPerSecond * found.msPerStep, 1000 * batch);
    assert.equal(found.projectionMs, found.parts.projection.ms);
    assert.ok(found.hostMsPerStep > 0);
    assert.equal(found.projectionMs > 0, algorithm !== "dense");
    for (const part of ["gather", "weights", "forward", "backward", "update"] as const) {
      assert.ok(found.parts[part].ms > 0, part);
    }
  }
});

Deno.test("profileStepParts() sums only while it is on, from 0, when steps run before and after", () => {
  profileStepParts(true);
  const fresh = profileStepParts(true);
  assert.deepEqual([...new Set(Object.values(fresh))], [0]);
  profileStepParts(false);
  profileStep(stepConfigOf("mlp", "sbp", 4), { device, threads: 1, steps: 1 });
  assert.deepEqual([...new Set(Object.values(profileStepParts(false)))], [0]);
});
