// `--set` and "extends": what a sweep file says, changed from the command line or by a file next to it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../src/base/errors.ts";
import { readSweep } from "../../src/sweep/read.ts";
import { withFolder } from "../cli/maskbench.ts";

const base = {
  name: "base",
  dataset: "shapes",
  networks: ["mlp", { name: "conv2", width: 0.5 }],
  algorithms: ["edge-popup", { name: "sbp", scope: "layer" }, { name: "sbp", scope: "global" }],
  sparsities: [0.5],
  seeds: [1],
  epochs: 3,
};

const withFiles = (
  files: Readonly<Record<string, unknown>>,
  body: (at: (name: string) => string) => Promise<void>,
) =>
  withFolder(async (folder) => {
    for (const [name, json] of Object.entries({ "base.json": base, ...files })) {
      await Deno.writeTextFile(join(folder, name), JSON.stringify(json));
    }
    await body((name) => join(folder, name));
  });

const rejects = async (promise: Promise<unknown>, message: RegExp) =>
  await assert.rejects(promise, (error: Error) => {
    assert.ok(error instanceof UserError, error.stack);
    assert.match(error.message, message);
    return true;
  });

Deno.test("readSweep() changes numbers, lists, entries and sections when settings are given", async () => {
  await withFiles({}, async (at) => {
    const path = at("base.json");
    const before = await readSweep(path);
    const sweep = await readSweep(path, path, [
      "epochs=5",
      "seeds=1,2,3",
      "sparsities=0.9",
      "algorithms.sbp.learningRate=1,3",
      "algorithms.edge-popup.scope=global",
      "networks.mlp.width=0.25",
      "tune.tries=4",
      'tune.spaces={"sbp": {"ramp": {"linear": [0, 0.5]}}}',
      "augmentation=crop-flip",
    ]);
    assert.equal(sweep.epochs, 5);
    assert.deepEqual(sweep.seeds, [1, 2, 3]);
    assert.deepEqual(sweep.sparsities, [0.9]);
    assert.deepEqual(sweep.algorithms, [
      { name: "edge-popup", scope: "global" },
      { name: "sbp", scope: "layer", learningRate: [1, 3] },
      { name: "sbp", scope: "global", learningRate: [1, 3] },
    ]);
    assert.deepEqual(sweep.networks, [{ name: "mlp", width: 0.25 }, { name: "conv2", width: 0.5 }]);
    assert.equal(sweep.tune.tries, 4);
    assert.deepEqual(sweep.tune.spaces, { sbp: { ramp: { linear: [0, 0.5] } } });
    assert.equal(sweep.augmentation, "crop-flip");
    assert.deepEqual(await readSweep(path), before); // the file stays as it is
    assert.deepEqual((await readSweep(path, path, ["algorithms=sbp,zhou"])).algorithms, [
      { name: "sbp" },
      { name: "zhou" },
    ]);
    assert.deepEqual((await readSweep(path, path, ["epochs=5", "epochs=7"])).epochs, 7);
  });
});

Deno.test("readSweep() says what there is when a path leads nowhere or a value is not allowed", async () => {
  const faults: [string, RegExp][] = [
    ["epoch=5", /^--set epoch=5: "epoch" is not known: did you mean "epochs"\?$/],
    ["epochs", /^--set epochs: expected PATH=VALUE, such as epochs=5$/],
    ["epochs=", /^--set epochs=: expected PATH=VALUE/],
    [
      "algorithms.spb.ramp=1",
      /^--set algorithms\.spb\.ramp=1: "spb" is not known: did you mean "sbp"\?$/,
    ],
    [
      "algorithms.sbp.rump=1",
      /^--set algorithms\.sbp\.rump=1: "rump" is not known: did you mean "ramp"\?$/,
    ],
    [
      "algorithms.sbp=1",
      /^--set algorithms\.sbp=1: expected algorithms\.sbp\.KEY, KEY one of learningRate, /,
    ],
    [
      "networks.conv4.width=1",
      /^--set networks\.conv4\.width=1: "conv4" is not known: did you mean "conv2"\?$/,
    ],
    ["networks.mlp.depth=1", /^--set networks\.mlp\.depth=1: "depth" is not known: .*"width"/],
    ["epochs.of=1", /^--set epochs\.of=1: epochs is no section: it has no keys$/],
    ["epochs=few", /base\.json with --set epochs=few: epochs: expected a number, not "few"$/],
    ["extends=x", /^--set extends=x: "extends" is not known/],
  ];
  await withFiles({}, async (at) => {
    for (const [set, message] of faults) {
      await rejects(readSweep(at("base.json"), "base.json", [set]), message);
    }
  });
});

Deno.test("readSweep() takes the keys of a file next to it when a sweep extends that", async () => {
  const files = {
    "longer.json": { extends: "base.json", name: "longer", epochs: 30 },
    "longest.json": { extends: "longer.json", name: "longest", seeds: [7] },
  };
  await withFiles(files, async (at) => {
    const [first, last] = [await readSweep(at("base.json")), await readSweep(at("longest.json"))];
    assert.deepEqual(last, { ...first, name: "longest", epochs: 30, seeds: [7] });
    assert.equal((await readSweep(at("longest.json"), "x", ["epochs=2"])).epochs, 2);
  });
});

Deno.test("readSweep() refuses to extend what is not next to the file, not there, or extends it in turn", async () => {
  const files = {
    "up.json": { extends: "../base.json" },
    "list.json": { extends: ["base.json"] },
    "gone.json": { extends: "nowhere.json" },
    "ring.json": { extends: "around.json" },
    "around.json": { extends: "ring.json" },
    "wrong.json": { extends: "base.json", epochs: 0 },
  };
  await withFiles(files, async (at) => {
    const refused = (name: string, message: RegExp) => rejects(readSweep(at(name), name), message);
    await refused(
      "up.json",
      /^up\.json: extends: expected the name of a sweep file in the same folder/,
    );
    await refused("list.json", /^list\.json: extends: expected the name/);
    await refused("gone.json", /^nowhere\.json does not exist, which gone\.json extends$/);
    await refused("ring.json", /^around\.json: extends: ring\.json extends this file in turn$/);
    await refused("wrong.json", /^wrong\.json: epochs: /);
  });
});
