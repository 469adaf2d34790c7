// Baselines: committed, merged and edited by people.
import assert from "node:assert/strict";
import { baselineOf, baselineTextOf, parseBaseline } from "../../src/regression/baseline.ts";
import { fileOf, seedsOf } from "../runs/made.ts";
import { identityBySpecification } from "./canonical.ts";
import { answer, changedJson, editedText, fuzz, type Json } from "./fuzz.ts";

const good = baselineTextOf(baselineOf([
  ...seedsOf({}, [0.9, 0.8]).map((run) => fileOf(run)),
  ...seedsOf({ algorithm: "dense", sparsity: 0 }, [0.7]).map((run) => fileOf(run, { threads: 1 })),
]));

async function check(text: string): Promise<void> {
  const baseline = await answer(() => parseBaseline(text, "my.json"));
  if (!baseline) return;
  assert.deepEqual(parseBaseline(baselineTextOf(baseline), "again"), baseline);
  for (const { configuration, runs } of baseline.cells) {
    for (const { seed, identity, environment } of runs) {
      assert.equal(
        identity,
        identityBySpecification({ ...configuration, seed } as unknown as Json),
      );
      assert.ok(baseline.environments[environment]);
    }
  }
}

fuzz(
  "baselines",
  0.5,
  "parseBaseline() throws, or means what the text says, when a baseline is edited as text",
  editedText([good]),
  check,
);
fuzz(
  "baselines",
  0.5,
  "parseBaseline() throws, or means what the text says, when contents are changed",
  changedJson([JSON.parse(good)]),
  (json) => check(JSON.stringify(json)),
);

Deno.test("parseBaseline() accepts a baseline when it is right", () => {
  assert.equal(baselineTextOf(parseBaseline(good, "my.json")), good);
});
