// A run stopped anywhere and gone on with is the run that was never stopped, byte for byte.
import assert from "node:assert/strict";
import { algorithms } from "../../src/algorithms/registry.ts";
import type { Checkpoint } from "../../src/training/checkpoint.ts";
import type { RunConfig } from "../../src/training/config.ts";
import { run } from "../../src/training/run.ts";
import { StoppedError } from "../../src/training/run_errors.ts";
import type { RunOptions } from "../../src/training/run_options.ts";
import { config, dataset, lasting } from "./halves.ts";
import { device } from "../library.ts";

/** What only some steps do, several times within a run. */
const often: Readonly<Record<string, Record<string, number>>> = {
  iterand: { every: 4, redrawn: 0.5 },
  "gem-miner": { freezes: 7 },
};
const configOf = (name: string): RunConfig => {
  const { algorithm, ...rest } = config(name);
  return {
    ...rest,
    algorithm: { ...algorithm, parameters: { ...algorithm.parameters, ...often[name] } },
  };
};

const options: RunOptions = { dataset, device, threads: 1 };

for (const { name, learns } of algorithms) {
  if (!learns) continue;
  Deno.test(`run() gives the bytes of an uninterrupted ${name} run when it was stopped after any step`, () => {
    const whole = lasting(run(configOf(name), options));
    for (const every of [1, 4, 7, 10, 11]) { // an epoch has 10 steps
      let from: Checkpoint | undefined, stops = 0;
      for (;;) {
        let steps = 0;
        try {
          const result = run(configOf(name), {
            ...options,
            from,
            shouldStop: () => ++steps === every,
            onCheckpoint: (checkpoint) => from = structuredClone(checkpoint),
          });
          assert.deepEqual(lasting(result), whole, `every ${every} steps`);
          assert.equal(result.imagesPerSecond > 0, true);
          break;
        } catch (error) {
          if (!(error instanceof StoppedError)) throw error;
          stops++;
        }
      }
      assert.equal(stops, Math.ceil(30 / every) - (30 % every === 0 ? 0 : 1), `every ${every}`);
    }
  });

  Deno.test(`run() gives the bytes of an uninterrupted ${name} run when it goes on from any of its checkpoints`, () => {
    const kept: Checkpoint[] = [];
    const whole = lasting(
      run(configOf(name), { ...options, onCheckpoint: (checkpoint) => kept.push(checkpoint) }),
    );
    assert.deepEqual(kept.map(({ epoch, step }) => [epoch, step]), [[0, 10], [1, 10], [2, 10]]);
    for (const from of kept) {
      assert.deepEqual(lasting(run(configOf(name), { ...options, from })), whole);
    }
  });
}

Deno.test("run() keeps the statistics of normalisations in checkpoint and digest when a network has them", () => {
  const configuration = config("sbp", { network: { name: "resnet20", width: 1 / 8 } });
  const kept: Checkpoint[] = [];
  const whole = run(configuration, { ...options, onCheckpoint: (one) => kept.push(one) });
  for (const from of kept) {
    assert.deepEqual(lasting(run(configuration, { ...options, from })), lasting(whole));
  }
  const from = structuredClone(kept.at(-1)!);
  from.state.statistics![0]! += 1;
  const other = run(configuration, { ...options, from });
  assert.notEqual(other.epochs.at(-1)!.testLoss, whole.epochs.at(-1)!.testLoss);
  assert.notEqual(other.digest, whole.digest);
});

Deno.test("run() refuses a checkpoint in a sentence when it is of another network or of more epochs", () => {
  let from: Checkpoint | undefined;
  run(config("sbp"), { ...options, onCheckpoint: (checkpoint) => from = checkpoint });
  const refused = (changes: Parameters<typeof config>[1], message: RegExp) =>
    assert.throws(() => run(config("sbp", changes), { ...options, from }), message);
  refused(
    { network: { name: "conv2", width: 1 / 8 } },
    /^CheckpointError: holds latent \(/,
  );
  refused({ epochs: 2 }, /^CheckpointError: is of step 10 in epoch 3/);
  refused({ batchSize: 300 }, /^CheckpointError: is of step 10 .* expected 1 steps/);
  assert.throws(() => run(config("dense"), { ...options, from }), /expected velocity .*weights/);
});
