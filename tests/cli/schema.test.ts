// The schemas that are published: those of the code, and right about the published files.
import assert from "node:assert/strict";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { schemaTexts } from "../../src/cli/commands/schema.ts";
import { root } from "./maskbench.ts";

async function validatorOf(path: string): Promise<(json: unknown) => boolean> {
  const schema = JSON.parse(await Deno.readTextFile(join(root, path)));
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
  return (json) => validate(json) as boolean;
}

Deno.test("schemaTexts() gives the published schemas when they are written", async () => {
  for (const [path, text] of Object.entries(schemaTexts())) {
    const published = await Deno.readTextFile(join(root, path));
    assert.equal(published, text, 'type "deno task maskbench schema --write"');
  }
});

Deno.test("the schema of run files takes a published run, and nothing when a key is missing or misspelt", async () => {
  const isValid = await validatorOf("docs/schemas/run.schema.json");
  const text = await Deno.readTextFile(join(root, "results/published/mnist/runs.jsonl"));
  for (const line of text.trimEnd().split("\n").slice(0, 20)) {
    const run = JSON.parse(line);
    assert.ok(isValid(run));
    const { checksum, ...without } = run;
    assert.equal(isValid(without), false);
    assert.equal(isValid({ ...without, checksums: checksum }), false);
    assert.equal(isValid({ ...run, identity: "no" }), false);
  }
});

Deno.test("the schema of baselines takes the committed ones, and nothing when a run has no seed", async () => {
  const isValid = await validatorOf("docs/schemas/baseline.schema.json");
  for (const name of ["ci", "ci-shapes"]) {
    const baseline = JSON.parse(
      await Deno.readTextFile(join(root, `results/baselines/${name}.json`)),
    );
    assert.ok(isValid(baseline));
    delete baseline.cells[0].runs[0].seed;
    assert.equal(isValid(baseline), false);
  }
});
