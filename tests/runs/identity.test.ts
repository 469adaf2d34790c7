// A run's identity names its file for years: it must not change by accident, and must change with the configuration.
import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalJson, identityOf } from "../../src/runs/identity.ts";
import type { RunConfig } from "../../src/training/config.ts";

const config: RunConfig = {
  dataset: { name: "mnist", checksum: "5a".repeat(32), split: "test" },
  network: { name: "mlp", width: 1 },
  initialisation: { name: "kaiming-normal", scaleFan: false },
  algorithm: { name: "sbp", version: 1, parameters: { learningRate: 1, scope: "layer" } },
  sparsity: 0.5,
  seed: 1,
  epochs: 10,
  batchSize: 128,
  schedule: "cosine",
  augmentation: "none",
  precision: "float32",
};

Deno.test("canonicalJson() sorts keys and has no spaces when objects are nested", () => {
  const value = { b: [2, { d: 1, c: null }], a: "ä" };
  assert.equal(canonicalJson(value), '{"a":"ä","b":[2,{"c":null,"d":1}]}');
});

Deno.test("identityOf() gives what sha256sum gives when it hashes the canonical JSON", () => {
  // printf '%s' '{"algorithm":{"name":"sbp",…}' | sha256sum
  assert.equal(
    identityOf(config),
    "a5b6239b185a45c4023a3f45c7ebe1d4c30b08a0fa7ec1402dedea6ea367fe4f",
  );
});

Deno.test("identityOf() is the same when keys are written in another order", () => {
  const shuffled = fc.shuffledSubarray(Object.entries(config), { minLength: 11, maxLength: 11 });
  fc.assert(fc.property(shuffled, (entries) => {
    const same = Object.fromEntries(entries) as unknown as RunConfig;
    assert.equal(identityOf(same), identityOf(config));
  }));
});

Deno.test("identityOf() differs when any leaf of the configuration does", () => {
  const seen = new Set([identityOf(config)]);
  let leaves = 0;
  const change = (node: Record<string, unknown>, path: string[] = []): void => {
    for (const [key, value] of Object.entries(node)) {
      if (typeof value === "object") {
        change(value as Record<string, unknown>, [...path, key]);
        continue;
      }
      const other = typeof value === "number" ? value + 1 : `${value}x`;
      const copy = structuredClone(config) as unknown as Record<string, unknown>;
      let at = copy;
      for (const part of path) at = at[part] as Record<string, unknown>;
      at[key] = other;
      seen.add(identityOf(copy as unknown as RunConfig));
      leaves++;
    }
  };
  change(config as unknown as Record<string, unknown>);
  assert.equal(leaves, 18);
  assert.equal(seen.size, leaves + 1);
});
