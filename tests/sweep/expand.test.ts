// A sweep's grid, against combinations counted and made by hand.
import assert from "node:assert/strict";
import { identityOf } from "../../src/runs/identity.ts";
import { labelOf } from "../../src/runs/label.ts";
import { expandSweep } from "../../src/sweep/expand.ts";
import { parseSweep } from "../../src/sweep/read.ts";
import { selectRuns } from "../../src/sweep/select.ts";

const sweep = (given: Record<string, unknown>) =>
  parseSweep(
    JSON.stringify({
      name: "test",
      dataset: "shapes",
      networks: ["conv2"],
      algorithms: [{ name: "edge-popup" }],
      sparsities: [0.5],
      epochs: 1,
      ...given,
    }),
    "test.json",
  );
const runs = (given: Record<string, unknown>) => expandSweep(sweep(given), "ab".repeat(32)).runs;

Deno.test("expandSweep() makes one run of each combination, and one of dense, when sparsities are listed", () => {
  const all = runs({
    networks: ["conv2", { name: "conv4", width: 0.5 }],
    initialisations: ["kaiming-normal", { name: "signed-kaiming-constant", scaleFan: true }],
    algorithms: [
      { name: "dense" },
      { name: "random" },
      { name: "sbp", learningRate: [1, 2, 3], scope: ["layer", "global"] },
    ],
    sparsities: [0.5, 0.9],
    seeds: [1, 2, 3],
  });
  const cells = 2 * 2 * 3;
  const of = (name: string) => all.filter(({ algorithm }) => algorithm.name === name);
  assert.equal(of("dense").length, cells);
  assert.equal(of("random").length, cells * 2);
  assert.equal(of("sbp").length, cells * 2 * 6);
  assert.equal(new Set(all.map(identityOf)).size, all.length);
  assert.ok(of("dense").every(({ sparsity }) => sparsity === 0));
});

Deno.test("expandSweep() writes all defaults out when a sweep leaves them out", () => {
  const [run] = runs({});
  assert.deepEqual(run, {
    dataset: { name: "shapes", checksum: "ab".repeat(32), split: "test" },
    network: { name: "conv2", width: 1 },
    initialisation: { name: "kaiming-normal", scaleFan: false },
    algorithm: {
      name: "edge-popup",
      version: 1,
      parameters: { learningRate: 0.1, momentum: 0.9, weightDecay: 0.0001, scope: "layer" },
    },
    sparsity: 0.5,
    seed: 1,
    epochs: 1,
    batchSize: 128,
    schedule: "cosine",
    augmentation: "none",
    precision: "float32",
  });
});

Deno.test("expandSweep() gives the same run when a default is written out or left out", () => {
  const explicit = { name: "edge-popup", momentum: 0.9, scope: "layer", learningRate: 0.1 };
  assert.deepEqual(
    runs({ algorithms: [explicit], batchSize: 128, seeds: [1] }).map(identityOf),
    runs({}).map(identityOf),
  );
});

Deno.test("expandSweep() has warm-up and label smoothing in a run when they are not 0", () => {
  const all = [{}, { warmUp: 0, labelSmoothing: 0 }, { warmUp: 1 }, { labelSmoothing: 0.1 }]
    .map((given) => runs({ epochs: 2, ...given })[0]!);
  const [none, zero, warm, smooth] = all.map(identityOf);
  assert.equal(zero, none);
  assert.equal(new Set([none, warm, smooth]).size, 3);
  assert.ok(!("warmUp" in all[1]!) && !("labelSmoothing" in all[1]!));
  assert.equal(all[2]!.warmUp, 1);
  assert.equal(all[3]!.labelSmoothing, 0.1);
});

Deno.test("expandSweep() puts the first seed's runs first when there are several seeds", () => {
  const seeds = runs({ seeds: [7, 3], sparsities: [0.5, 0.7] }).map(({ seed }) => seed);
  assert.deepEqual(seeds, [7, 7, 3, 3]);
});

Deno.test("expandSweep() looks a hyper-parameter up when it depends on sparsity and network", () => {
  const learningRate = {
    byNetwork: { conv2: 1, conv4: { bySparsity: { "0.5": 2, "0.90": 3 } } },
  };
  const all = runs({
    networks: ["conv2", "conv4"],
    algorithms: [{ name: "sbp", learningRate }],
    sparsities: [0.5, 0.9],
  });
  const rates = all.map(({ network, sparsity, algorithm }) => [
    network.name,
    sparsity,
    algorithm.parameters.learningRate,
  ]);
  assert.deepEqual(rates, [
    ["conv2", 0.5, 1],
    ["conv2", 0.9, 1],
    ["conv4", 0.5, 2],
    ["conv4", 0.9, 3],
  ]);
});

Deno.test("labelOf() names no two runs alike when they are of one sweep", () => {
  const all = runs({
    networks: ["conv4", { name: "conv4", width: 0.5 }],
    algorithms: [
      { name: "edge-popup", momentum: [0.9, 0.95], scope: ["layer", "global"] },
      { name: "sbp" },
      { name: "sbp", centred: true },
      { name: "sbp", centred: true, ramp: [0, 0.5] },
    ],
    initialisations: [
      "kaiming-normal",
      "signed-kaiming-constant",
      { name: "signed-kaiming-constant", scaleFan: true },
    ],
    sparsities: [0.5, 0.9],
    seeds: [1, 2],
  });
  assert.equal(new Set(all.map(labelOf)).size, all.length);
  assert.equal(
    labelOf(all.at(-1)!),
    "conv4 × 0.5 · sbp · sparsity 90% · rate 5 · ramp 0.5 · centred true · " +
      "signed-kaiming-constant · fan-in scaled · seed 2",
  );
});

Deno.test("selectRuns() takes the runs that match one value of every key when --only is given", () => {
  const all = runs({ networks: ["conv2", "conv4"], sparsities: [0.5, 0.9], seeds: [1, 2] });
  const labels = (...only: string[]) => selectRuns(all, only).map(labelOf);
  assert.deepEqual(labels("network=conv4", "sparsity=0.9", "seed=2"), [
    "conv4 · edge-popup · sparsity 90% · rate 0.1 · seed 2",
  ]);
  assert.equal(labels("seed=1", "seed=2").length, 8);
  assert.equal(labels().length, 8);
  assert.deepEqual(labels("sparsity=90%"), labels("sparsity=0.9"));
  for (
    const [only, message] of [
      ["sparsety=0.5", /did you mean "sparsity"/],
      ["sparsity=0,5", /--only sparsity=0,5: "0,5" has a decimal comma: write 0\.5$/],
      ["sparsity=70%", /"70%" is not known: expected "0.5", "0.9"/],
      ["sparsity=0.7", /"0.7" is not known: expected "0.5", "0.9"/],
      ["sparsity", /expected KEY=VALUE/],
      ["=3", /expected KEY=VALUE/],
    ] as const
  ) {
    assert.throws(() => selectRuns(all, [only]), message);
  }
});
