// Run files: other programs may have written them, and disks may have damaged them.
import assert from "node:assert/strict";
import { parseRunFile, runLineOf, runTextOf } from "../../src/runs/run_file.ts";
import { tableFormats } from "../../src/tables/registry.ts";
import { tableOf } from "../../src/tables/table.ts";
import { fileOf, runOf, withEpochs } from "../runs/made.ts";
import { checksumBySpecification, identityBySpecification } from "./canonical.ts";
import { rowsOf, type Written } from "./columns.ts";
import { answer, changedJson, editedText, fuzz, type Json } from "./fuzz.ts";

const good = [
  fileOf(withEpochs(runOf({}))),
  fileOf(runOf({ algorithm: "dense", sparsity: 0, parameters: { momentum: 0.9, floor: true } })),
  fileOf(runOf({ algorithm: "random", sparsity: 0.9, config: { epochs: 1, precision: "tf32" } })),
];
/** The texts of both formats. */
const texts = good.flatMap((run) => [runLineOf(run), JSON.stringify({ format: 1, ...run })]);
const json = texts.map((text) => JSON.parse(text) as Json);

async function check(text: string, name: string): Promise<void> {
  const run = await answer(() => parseRunFile(text, name));
  if (!run) return;
  // A key called __proto__ is left out wherever any name will do.
  const known = (key: string, value: unknown) => key === "__proto__" ? undefined : value;
  const { environment: _, format, checksum, ...written } = JSON.parse(text, known),
    { environment: __, ...read } = run;
  if (format === 2) {
    assert.equal(checksum, checksumBySpecification(JSON.parse(text)));
    written.result = rowsOf(written.result, ["epochs"]);
    if (written.result.speed) written.result.speed = rowsOf(written.result.speed, ["sample"]);
  } else { // what it says of speed is put together, and compared elsewhere
    delete written.result.speed;
    read.result = { ...read.result, speed: undefined };
    delete (read.result as { speed?: unknown }).speed;
  }
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
  editedText(texts),
  async (text) => {
    for (const { identity } of good) await check(text, `${identity}.json`);
  },
);

// With identity and checksum put right, so that what is wrong is looked at for itself.
const changed = changedJson(json).map((json) => {
  const file = json as Written;
  if (!file?.configuration) return json;
  const right = { ...file, identity: identityBySpecification(file.configuration) };
  return file.format === 2 ? { ...right, checksum: checksumBySpecification(right) } : right;
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

Deno.test("parseRunFile() reads a run as it was when its file is of either format", async () => {
  for (const run of good) {
    for (const text of [runLineOf(run), runTextOf(run), JSON.stringify({ format: 1, ...run })]) {
      assert.deepEqual(parseRunFile(text, `${run.identity}.json`), run);
      await check(text, `${run.identity}.json`);
    }
  }
});
