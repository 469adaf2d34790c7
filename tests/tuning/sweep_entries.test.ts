// What `best` gives to paste, read back by the sweep that it is pasted into.
import assert from "node:assert/strict";
import fc from "fast-check";
import { expandSweep } from "../../src/sweep/expand.ts";
import { sweepSchema } from "../../src/sweep/schema.ts";
import { choicesOf } from "../../src/tuning/choices.ts";
import { entriesOf } from "../../src/tuning/sweep_entries.ts";
import { runOf } from "../runs/made.ts";

const checksum = "5a".repeat(32);
const dataset = { name: "shapes", checksum, split: "validation" } as const;

Deno.test("entriesOf() makes a sweep run every winner when its entries are pasted", () => {
  const grid = {
    dataset: "shapes",
    split: "validation",
    name: "tuning",
    networks: ["conv2", { name: "conv4", width: 0.25 }],
    sparsities: [0.5, 0.995],
    epochs: 3,
  };
  const rates = { learningRate: [0.1, 1, 10] };
  const tuning = sweepSchema().parse({
    ...grid,
    algorithms: [
      { name: "dense", ...rates },
      { name: "random" },
      { name: "edge-popup", ...rates, scope: "global" },
      { name: "sbp", ...rates, ramp: [0, 0.5] },
    ],
  });
  const { runs } = expandSweep(tuning, checksum);
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 1000 }), {
        minLength: runs.length,
        maxLength: runs.length,
      }),
      (accuracies) => {
        const measured = runs.map((configuration, i) => ({
          ...runOf({ accuracy: accuracies[i]! / 1000, config: { dataset } }),
          configuration,
        }));
        const choices = choicesOf(measured);
        const [entries, ...others] = entriesOf(choices);
        assert.equal(others.length, 0);
        const pasted = sweepSchema().parse(
          JSON.parse(JSON.stringify({ ...grid, algorithms: entries!.algorithms })),
        );
        const { runs: chosen, faults } = expandSweep(pasted, checksum);
        assert.deepEqual(faults, []);
        assert.equal(chosen.length, choices.length);
        for (const { algorithm, network, sparsity } of chosen) {
          const choice = choices.find((one) =>
            one.algorithm === algorithm.name && one.sparsity === sparsity &&
            one.context.network.name === network.name
          );
          assert.deepEqual(algorithm.parameters, choice!.candidates[0]!.parameters);
        }
      },
    ),
    { numRuns: 30 },
  );
});
