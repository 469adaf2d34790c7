// What a configuration records of hyper-parameters: those that came later must not change the identities of older runs.
import assert from "node:assert/strict";
import { z } from "zod";
import {
  completeParameters,
  omitDefault,
  recordParameters,
} from "../../src/algorithms/hyperparameters.ts";
import { algorithmOf, algorithms } from "../../src/algorithms/registry.ts";

/** An algorithm as it was first, and as it was after it got two hyper-parameters. */
const first = { parameters: z.strictObject({ rate: z.number().default(1) }) };
const later = {
  parameters: first.parameters.extend({
    ramp: omitDefault(z.number().default(0)),
    way: omitDefault(z.enum(["short", "long"]).default("short")),
  }),
};

Deno.test("recordParameters() gives what an older run recorded when later ones have their defaults", () => {
  for (const given of [{}, { ramp: 0 }, { rate: 1, way: "short" }]) {
    assert.deepEqual(recordParameters(later, given), recordParameters(first, {}));
  }
  assert.deepEqual(recordParameters(later, { ramp: 0.5 }), { rate: 1, ramp: 0.5 });
  assert.deepEqual(recordParameters(later, { way: "long" }), { rate: 1, way: "long" });
  assert.throws(() => recordParameters(later, { way: "wide" }), { name: "ZodError" });
});

Deno.test("completeParameters() adds a hyper-parameter when recordParameters() left it out", () => {
  assert.deepEqual(completeParameters(later, { rate: 2 }), { rate: 2, ramp: 0, way: "short" });
  assert.deepEqual(completeParameters(later, { rate: 2, ramp: 0.5, way: "long" }), {
    rate: 2,
    ramp: 0.5,
    way: "long",
  });
  for (const algorithm of algorithms) {
    const recorded = recordParameters(algorithm, {});
    assert.deepEqual(completeParameters(algorithm, recorded), algorithm.parameters.parse({}));
  }
});

Deno.test("recordParameters() has no hyper-parameter that came after runs were published when it has its default", () => {
  const descent = ["learningRate", "momentum", "weightDecay", "scope"];
  const published: Readonly<Record<string, readonly string[]>> = {
    "edge-popup": descent,
    "gem-miner": [...descent, "freezes"],
    sbp: [...descent, "ramp", "floor", "box"],
  };
  for (const [name, keys] of Object.entries(published)) {
    assert.deepEqual(Object.keys(recordParameters(algorithmOf(name), {})), keys);
  }
});
