// Run files: other programs may have written them, and disks may have damaged them.
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseRunFile } from "../../src/runs/run_file.ts";
import { tableFormats } from "../../src/tables/registry.ts";
import { tableOf } from "../../src/tables/table.ts";
import { fileOf, runOf, withEpochs } from "../runs/made.ts";
import { identityBySpecification } from "./canonical.ts";
import { answer, changedJson, editedText, fuzz, type Json } from "./fuzz.ts";

const good = [
  fileOf(withEpochs(runOf({}))),
  fileOf(runOf({ algorithm: "dense", sparsity: 0, parameters: { momentum: 0.9, floor: true } })),
  fileOf(runOf({ algorithm: "random", sparsity: 0.9, config: { epochs: 1, precision: "tf32" } })),
];
const json = good.map((run) => JSON.parse(JSON.stringify(run)) as Json);
type Written = { [key: string]: Json };

async function check(text: string, name: string): Promise<void> {
  const run = await answer(() => parseRunFile(text, name));
  if (!run) return;
  // A key called __proto__ is left out wherever any name will do.
  const known = (key: string, value: unknown) => key === "__proto__" ? undefined : value;
  const { environment: _, ...written } = JSON.parse(text, known),
    { environment: __, ...read } = run;
  assert.deepEqual(read, written); // nothing is added, left out or changed
  assert.equal(run.identity, identityBySpecification(written.configuration));
  assert.equal(name, `${run.identity}.json`);
  // What is accepted is shown: that must not fail either.
  const table = tableOf([run, good[1]!]);
  for (const format of Object.values(tableFormats)) assert.ok(format(table).length > 0);
}

fuzz(
  "run files",
  0.4,
  "parseRunFile() throws, or gives what the text says, when a run file is edited as text",
  editedText(good.map((run) => JSON.stringify(run))),
  async (text) => {
    for (const { identity } of good) await check(text, `${identity}.json`);
  },
);

// With the identity put right, so that what is wrong is looked at for itself.
const changed = changedJson(json).map((json) => {
  const file = json as Written;
  if (!file?.configuration) return json;
  return { ...file, identity: identityBySpecification(file.configuration) };
});
fuzz(
  "run files",
  0.6,
  "parseRunFile() throws, or gives what the text says, when contents are changed",
  changed,
  async (json) => {
    await check(JSON.stringify(json), `${(json as Written)?.identity}.json`);
  },
);

Deno.test("parseRunFile() accepts a run file when it is right", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...good), async (run) => {
      const read = parseRunFile(JSON.stringify(run), `${run.identity}.json`);
      assert.deepEqual(read, run);
      await check(JSON.stringify(run), `${run.identity}.json`);
    }),
  );
});
