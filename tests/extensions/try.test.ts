// The proofs of `try`: each bites on an algorithm that breaks exactly it, all built-in ones pass, and the command says so.
import assert from "node:assert/strict";
import { join } from "node:path";
import "../library.ts";
import { loadDataset } from "../../src/datasets/registry.ts";
import { proveAlgorithm } from "../../src/diagnostics/proofs.ts";
import { useModule } from "../../src/extensions/modules.ts";
import { maskbench, root, withFolder } from "../cli/maskbench.ts";
import { expected } from "./faulty.ts";

const dataset = await loadDataset("shapes", []);
// Those with a state, a step or a mask unlike the others'; all of them take a minute.
const builtIn = ["random", "magnitude", "biprop", "iterand", "gem-miner", "sbp"];
await useModule(join(root, "tests/extensions/faulty.ts"));

for (const [name, wanted] of Object.entries(expected)) {
  Deno.test(`proveAlgorithm() finds ${wanted ? `that "${wanted[0]}" fails` : "nothing"} when the algorithm is ${name}`, () => {
    const faults = proveAlgorithm(name, dataset).filter(({ fault }) => fault !== undefined);
    if (!wanted) return assert.deepEqual(faults, []);
    const [proof, sentence] = wanted;
    // What reads the clock differs in whatever is run twice.
    const others = faults.filter((one) => one.name !== proof);
    if (name === "clockwise") {
      assert.ok(others.every(({ name }) => name.startsWith("the same bytes")));
    } else assert.deepEqual(others, []);
    assert.match(faults.find((one) => one.name === proof)?.fault ?? "", sentence);
  });
}

Deno.test("proveAlgorithm() finds nothing when an algorithm is built in", () => {
  for (const name of builtIn) {
    const faults = proveAlgorithm(name, dataset).filter(({ fault }) => fault !== undefined);
    assert.deepEqual(faults, [], name);
  }
});

Deno.test("try proves an algorithm, times it, and places it among all others with the same tries", async () => {
  await withFolder(async (folder) => {
    const out = join(folder, "out"), module = join(root, "examples/my_algorithm.ts");
    const { code, out: said, error } = await maskbench(["try", module, "--out", out]);
    assert.equal(code, 0, error);
    assert.equal(said.match(/^ {2}✓ /gm)?.length, 7);
    assert.match(said, /A step of the mlp takes [\d.]+ ms, [\d.]+ times as long as edge-popup's/);
    for (
      const name of [
        "zhou",
        "edge-popup",
        "biprop",
        "iterand",
        "prob-mask",
        "gem-miner",
        "sbp",
        "signed-popup",
      ]
    ) {
      assert.match(said, new RegExp(`\\| ${name}[ (]`), name);
    }
    const trace = (await Deno.readTextFile(join(out, "tuning/trace.csv"))).split("\n").slice(1, -1);
    assert.equal(trace.length, 8 * 4);
  });
});

Deno.test("try exits 1 with the figure when a proof fails, and 2 with a sentence when it is called wrongly", async () => {
  const module = join(root, "tests/extensions/faulty.ts");
  const failed = await maskbench(["try", module, "--algorithm", "one-too-many"]);
  assert.equal(failed.code, 1);
  assert.match(failed.out, /✗ a mask of zeros and ones, within k: the mask keeps 697 weights/);
  assert.match(failed.error, /1 proof failed/);
  const unknown = await maskbench(["try", module, "--algorithm", "none"]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.error, /brings no such algorithm: it brings sound, one-too-many/);
});
