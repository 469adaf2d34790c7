// Sweep files, the one input that people write by hand.
import assert from "node:assert/strict";
import { algorithms } from "../../src/algorithms/registry.ts";
import { parseSweep } from "../../src/sweep/read.ts";
import { expandSweep } from "../../src/sweep/expand.ts";
import type { Sweep } from "../../src/sweep/schema.ts";
import { answer, changedJson, editedText, fuzz, type Json } from "./fuzz.ts";

const read = (name: string) =>
  Deno.readTextFileSync(new URL(`../../bench/${name}.json`, import.meta.url));
const good = [
  ...["quick", "ci-shapes", "ci", "ci-augmented", "quick-tuning"].map(read),
  JSON.stringify({
    name: "all",
    dataset: "cifar10",
    split: "validation",
    networks: ["conv2", { name: "conv4", width: 0.5 }],
    algorithms: [
      { name: "dense", momentum: [0, 0.9] },
      { name: "random" },
      { name: "edge-popup", learningRate: { bySparsity: { "0.5": 1, "0.9": 3 } }, scope: "global" },
      {
        name: "sbp",
        ramp: { byNetwork: { conv2: 0.5, conv4: { bySparsity: { "0.5": 0.1, "0.9": 1 } } } },
        box: ["mask", "none"],
        floor: false,
      },
    ],
    sparsities: [0.5, 0.9],
    initialisations: [{ name: "kaiming-normal", scaleFan: true }, "signed-kaiming-constant"],
    seeds: [0, 2],
    epochs: 2,
    batchSize: 7,
    schedule: "constant",
    augmentation: "crop-flip",
    precision: "bfloat16",
    tune: {
      tries: 5,
      seeds: [3, 4],
      epochs: 1,
      spaces: {
        "edge-popup": { weightDecay: { log: [1e-6, 1e-3], zero: 0.5 } },
        sbp: { learningRate: { linear: [1, 2] }, scope: { among: ["layer", "global"] } },
      },
    },
  }),
];

/** Lists multiply: what a sweep that is right must come to, worked out from what it says. */
function runsOf({ seeds, networks, initialisations, algorithms: entries, sparsities }: Sweep) {
  const values = (value: unknown) => Array.isArray(value) ? value.length : 1;
  const perPlace = entries.map(({ name, ...parameters }) => {
    const unmasked = !algorithms.find((algorithm) => algorithm.name === name)!.masks;
    const settings = Object.values(parameters).reduce(
      (product: number, value) => product * values(value),
      1,
    );
    return (unmasked ? 1 : sparsities.length) * settings;
  });
  return seeds.length * networks.length * initialisations.length *
    perPlace.reduce((sum, count) => sum + count, 0);
}

async function check(text: string): Promise<void> {
  const sweep = await answer(() => parseSweep(text, "my.json"));
  if (!sweep) return;
  assert.match(sweep.name, /^\w[\w.-]*$/); // one folder's name
  assert.deepEqual(parseSweep(JSON.stringify(sweep), "again"), sweep);
  const { runs, faults } = expandSweep(sweep, "00".repeat(32));
  assert.deepEqual(faults, []);
  assert.equal(runs.length, runsOf(sweep));
}

fuzz(
  "sweep files",
  0.5,
  "parseSweep() throws, or means what the text says, when a sweep is edited as text",
  editedText(good),
  check,
);
fuzz(
  "sweep files",
  0.5,
  "parseSweep() throws, or means what the text says, when contents are changed",
  changedJson(good.map((text) => JSON.parse(text) as Json)).map((json) => JSON.stringify(json)),
  check,
);

Deno.test("parseSweep() accepts a sweep file when it is right", async () => {
  for (const text of good) await check(text);
});
