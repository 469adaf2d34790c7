// maskbench try MODULE: whether an algorithm of one's own is what it says, and where it stands, in about a minute.
import { join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import { algorithmRegistry, algorithms, referenceAlgorithm } from "../../algorithms/registry.ts";
import { UserError } from "../../base/errors.ts";
import { median } from "../../base/statistics.ts";
import { loadDataset } from "../../datasets/registry.ts";
import { createStepper, stepConfigOf } from "../../diagnostics/profile.ts";
import { type Proof, proveAlgorithm } from "../../diagnostics/proofs.ts";
import { useModule } from "../../extensions/modules.ts";
import { setThreads } from "../../native/mod.ts";
import { openNative } from "../../native/toolchain/setup.ts";
import { readPrintedTable, writeTables } from "../../report/mod.ts";
import { datasetOf } from "../../runner/dataset_cache.ts";
import { configurationsOf } from "../../sweep/expand.ts";
import { checkSweep, readSweep } from "../../sweep/read.ts";
import type { RunConfig } from "../../training/config.ts";
import { tuningPlanOf, writeTuning } from "../../tuning/mod.ts";
import { executeRuns, reportFailures } from "../execute.ts";
import { dataFolders, ownPathOf, shownPathOf, userPathOf } from "../paths.ts";

export const tryCommand = () =>
  new Command("try")
    .description("prove that an algorithm of your own is what it says, and see where it stands")
    .argument("<module>", "the file that exports it, see docs/extending.md")
    .option("--algorithm <name>", "only this one of the module's")
    .option("--proofs", "only the proofs")
    .option("--out <dir>", "keep its runs and tables here; default results/try-NAME")
    .addHelpText(
      "after",
      `
Proofs: the same bytes again, when a run is stopped and goes on, and next to others; a mask of zeros and ones within k;
a step that descends; nothing that is kept in memory. Then its step is timed next to edge-popup's, and all algorithms that look for
a mask get the same tries of their settings on a small cell, with a table. Exit code 1: a proof failed.

Example:
  deno task maskbench try my_algorithm.ts`,
    )
    .action(async (module, { algorithm, proofs = false, out }) => {
      const path = userPathOf(module), known = algorithms.length;
      await useModule(path, undefined, module);
      const brought = algorithms.filter(({ name }) => algorithmRegistry.moduleOf(name)).slice(
        algorithms.length > known ? known - algorithms.length : 0,
      );
      const chosen = brought.filter(({ name }) => algorithm === undefined || name === algorithm);
      if (chosen.length === 0) {
        const names = brought.map(({ name }) => name).join(", ") || "none";
        throw new UserError(`${module} brings no such algorithm: it brings ${names}`);
      }
      await openNative();
      const dataset = await loadDataset("shapes", []);
      let faults = 0;
      for (const { name } of chosen) {
        console.log(`${name}:`);
        const done = proveAlgorithm(name, dataset, (proof) => console.log(lineOf(proof)));
        faults += done.filter(({ fault }) => fault !== undefined).length;
      }
      if (faults > 0) {
        console.error(`maskbench: ${faults} proof${faults > 1 ? "s" : ""} failed`);
        Deno.exitCode = 1;
        return;
      }
      if (proofs) return;
      for (const { name } of chosen) {
        console.log(`\n${costTextOf(name)}\n`);
        await place(
          name,
          out === undefined ? ownPathOf("results", `try-${name}`) : userPathOf(out),
        );
      }
    });

function lineOf({ name, fault, skipped }: Proof): string {
  if (fault !== undefined) return `  ✗ ${name}: ${fault}`;
  return skipped === undefined ? `  ✓ ${name}` : `  – ${name}: ${skipped}`;
}

/** Steps of each of the two that are timed in turn. */
const TIMED_STEPS = 60;

// Both are timed in turn, so that whatever else the machine does slows both.
function costTextOf(name: string): string {
  using resources = new DisposableStack();
  setThreads(1);
  const brought = algorithmRegistry.moduleOf(name);
  const configOf = (name: string, module: string | undefined): RunConfig => {
    const config = stepConfigOf("mlp", name, 128);
    return {
      ...config,
      algorithm: { ...config.algorithm, ...module === undefined ? {} : { module } },
    };
  };
  const steppers = [configOf(name, brought), configOf(referenceAlgorithm.name, undefined)]
    .map((config) => createStepper(config, "cpu", resources));
  const times: [number[], number[]] = [[], []];
  for (let t = 0; t < TIMED_STEPS; t++) {
    for (const [i, stepper] of steppers.entries()) {
      const began = performance.now();
      stepper.step(t);
      stepper.wait();
      if (t >= 10) times[i]!.push(performance.now() - began);
    }
  }
  const [own, reference] = times.map((list) => median(list)!) as [number, number];
  return `A step of the mlp takes ${own.toFixed(2)} ms, ${
    (own / reference).toFixed(2)
  } times as long as ${referenceAlgorithm.name}'s (one thread, in turn).`;
}

// A small cell: every algorithm that looks for a mask, with the same tries of its settings on pictures held out.
async function place(name: string, folder: string): Promise<void> {
  const others = algorithms.filter(({ role, name }) =>
    (role === "method" || role === "reference") && algorithmRegistry.moduleOf(name) === undefined
  );
  const sweep = checkSweep({
    name: `try-${name}`,
    dataset: "digits",
    networks: [{ name: "conv2", width: 0.25 }],
    algorithms: [...others.map(({ name }) => ({ name })), { name }],
    sparsities: [0.9],
    seeds: [1, 2, 3, 4, 5],
    epochs: 10,
    batchSize: 64,
    tune: { tries: 4, seeds: [1001] },
  });
  const held = await datasetOf({ name: "digits", split: "validation" }, dataFolders());
  const tuning = join(folder, "tuning"), plan = tuningPlanOf(sweep, held);
  const tried = await executeRuns(plan.runs, plan.runs.length, tuning, { device: "auto" });
  const failed = tried.failed.filter(({ diverged }) => !diverged);
  if (failed.length > 0) return reportFailures({ ...tried, failed });
  const { recipes } = await writeTuning(tuning, plan);
  if (recipes.length === 0) {
    throw new UserError(`all tries of an algorithm diverged: see ${shownPathOf(tuning)}`);
  }
  const path = join(tuning, recipes[0]!), recipe = await readSweep(path);
  const runs = configurationsOf(
    recipe,
    await datasetOf({ name: "digits", split: "test" }, dataFolders()),
  );
  const outcome = await executeRuns(runs, runs.length, folder, { device: "auto" });
  await writeTables(folder);
  console.log(await readPrintedTable(folder, "markdown", name));
  console.log(`${shownPathOf(join(folder, "table.md"))}, tuning/ and runs/ hold all of it`);
  reportFailures(outcome);
}
