// Whole runs on a small set of pictures: reproducible to the byte, and better than chance where something is learnt.
import assert from "node:assert/strict";
import { completeParameters } from "../../src/algorithms/hyperparameters.ts";
import { algorithms } from "../../src/algorithms/registry.ts";
import { UserError } from "../../src/base/errors.ts";
import type { RunConfig } from "../../src/training/config.ts";
import { run } from "../../src/training/run.ts";
import { setUpRun } from "../../src/training/setup.ts";
import { device } from "../library.ts";
import { config, dataset, lasting } from "./halves.ts";

const go = (config: RunConfig, threads = 2) => run(config, { dataset, device, threads });

for (const algorithm of algorithms) {
  const { name, masks, learns } = algorithm;
  Deno.test(`run() gives the same losses and mask when ${name} runs twice, and others when the seed differs`, () => {
    const first = go(config(name));
    assert.deepEqual(lasting(go(config(name))), lasting(first));
    assert.notEqual(go(config(name, { seed: 2 })).digest, first.digest);
    assert.equal(first.epochs.length, learns ? 3 : 1);
    assert.equal(first.lastTestAccuracy, first.epochs.at(-1)!.testAccuracy);
  });

  if (!masks) continue;
  for (const sparsity of [0, 0.3, 0.5, 0.9]) {
    Deno.test(`run() keeps no more than its share when ${name} runs at sparsity ${sparsity}`, () => {
      const given = config(name, { sparsity, epochs: 1 }), { layers } = go(given);
      const sum = (key: "weights" | "kept") => layers.reduce((sum, layer) => sum + layer[key], 0);
      const all = { weights: sum("weights"), kept: sum("kept") };
      // Which layer keeps how much is for these to decide.
      const free = name === "smart-ratio" || given.algorithm.parameters.scope === "global";
      const parts = free ? [all] : layers;
      for (const { weights, kept } of parts) {
        const most = weights - Math.trunc(sparsity * weights);
        const parameters = completeParameters(algorithm, given.algorithm.parameters);
        const fewer = algorithm.keepsFewer?.(parameters) ?? false;
        if (fewer) assert.ok(kept <= most && kept > 0, `${kept} of at most ${most}`);
        else assert.equal(kept, most);
      }
    });
  }
}

Deno.test("run() beats chance by far when an algorithm learns", () => {
  const accuracy = (name: string, learningRate: number) => {
    const { algorithm, ...rest } = config(name, {
      epochs: 8,
      augmentation: "none",
      network: { name: "conv2", width: 1 / 8 },
    });
    return go({
      ...rest,
      algorithm: { ...algorithm, parameters: { ...algorithm.parameters, learningRate } },
    }).lastTestAccuracy;
  };
  assert.ok(accuracy("dense", 0.02) > 0.9);
  assert.ok(accuracy("edge-popup", 0.5) > 0.9);
  assert.ok(accuracy("sbp", 1) > 0.9);
  assert.ok(accuracy("biprop", 0.5) > 0.9);
  assert.ok(accuracy("prob-mask", 0.05) > 0.9);
  assert.ok(accuracy("zhou", 500) > 0.9);
});

Deno.test("run() climbs to the rate when warmUp is given", () => {
  const { algorithm } = config("edge-popup"), base = algorithm.parameters.learningRate as number;
  const { epochs } = go(config("edge-popup", { warmUp: 2, schedule: "constant" }));
  assert.deepEqual(epochs.map(({ learningRate }) => learningRate), [base / 2, base, base]);
});

Deno.test("run() brings the loss near the labels' entropy, and not below, when labels are smoothed or plain", () => {
  const { algorithm, ...rest } = config("dense", { augmentation: "none", epochs: 5 });
  const parameters = { ...algorithm.parameters, learningRate: 0.02 };
  const losses = (changes: Partial<RunConfig>) =>
    go({ ...rest, algorithm: { ...algorithm, parameters }, ...changes })
      .epochs.map(({ trainLoss }) => trainLoss);
  // The labels of two classes, smoothed by a half, are 3/4 and 1/4.
  const entropy = -0.75 * Math.log(0.75) - 0.25 * Math.log(0.25);
  const smoothed = losses({ labelSmoothing: 0.5 });
  assert.ok(smoothed.every((loss) => loss >= entropy), String(smoothed));
  assert.ok(smoothed.at(-1)! < entropy + 0.05, String(smoothed));
  assert.ok(losses({}).at(-1)! < entropy);
});

Deno.test("run() keeps SBP above chance when the rate is any or few weights are kept", () => {
  const { algorithm, ...rest } = config("sbp", {
    epochs: 8,
    augmentation: "none",
    sparsity: 0.9,
    network: { name: "conv2", width: 1 / 4 },
  });
  for (const scope of ["layer", "global"]) {
    for (const learningRate of [1, 10, 1000]) {
      const parameters = { ...algorithm.parameters, scope, learningRate };
      const { lastTestAccuracy, layers } = go({ ...rest, algorithm: { ...algorithm, parameters } });
      assert.ok(lastTestAccuracy > 0.75, `${lastTestAccuracy} at rate ${learningRate}, ${scope}`);
      assert.ok(layers.every(({ kept }) => kept > 0));
    }
  }
});

Deno.test("run() names seeds that rebuild its weights when streams are drawn from them", () => {
  const { streams } = go(config("random"));
  assert.deepEqual(Object.keys(streams), ["weights", "latent", "order", "augmentation"]);
  assert.equal(new Set(Object.values(streams)).size, 4);
  for (const seed of Object.values(streams)) assert.ok(Number.isInteger(seed) && seed < 2 ** 32);
  // The same start with and without augmentation: the first step's weights and mask don't depend on it.
  const withCrops = go(config("random")), without = go(config("random", { augmentation: "none" }));
  assert.deepEqual(lasting(withCrops), lasting(without));
});

Deno.test("run() throws a sentence when training diverges", () => {
  const { algorithm } = config("dense");
  const parameters = { ...algorithm.parameters, learningRate: 1e30 };
  assert.throws(
    () => go(config("dense", { algorithm: { ...algorithm, parameters } })),
    (error) => error instanceof UserError && /diverged in epoch 1.*1e\+30/.test(error.message),
  );
});

/** The masks before the first step and after each epoch, by steps taken one after the other. */
function masksOf(config: RunConfig): Float32Array[] {
  using free = new DisposableStack();
  const { batches, learner, streams, step } = setUpRun(config, { dataset, device: "cpu" }, free);
  const rate = config.algorithm.parameters.learningRate as number;
  const masks = [learner.mask()!.download()];
  for (let at = 0; at < config.epochs; at++) {
    batches.draw(streams);
    for (let i = 0; i < batches.steps; i++) step(at * batches.steps + i, rate);
    masks.push(learner.mask()!.download());
  }
  return masks;
}

Deno.test("run() records the mask's change of each epoch when a mask is learnt", () => {
  const constant = { schedule: "constant" } as const;
  for (const name of ["edge-popup", "sbp"]) {
    const masks = masksOf(config(name, constant));
    const expected = masks.slice(1).map((mask, i) =>
      [...mask].filter((bit, place) => bit !== masks[i]![place]).length / mask.length
    );
    assert.ok(expected.length === 3 && expected.every((fraction) => fraction > 0 && fraction < 1));
    const { epochs } = go(config(name, constant), 1);
    assert.deepEqual(epochs.map(({ maskChange }) => maskChange), expected);
  }
  for (const name of ["dense", "random"]) {
    assert.ok(go(config(name)).epochs.every((epoch) => !("maskChange" in epoch)));
  }
});
