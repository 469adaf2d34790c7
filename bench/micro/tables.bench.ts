// What the tables of a large sweep cost: 10,000 run files of 100 epochs each, made from a published one, in 500 columns.
import { join } from "node:path";
import { writeTables } from "../../src/report/mod.ts";
import { identityOf } from "../../src/runs/identity.ts";
import {
  type RunFile,
  runFileOf,
  runPathOf,
  runsFolder,
  runTextOf,
} from "../../src/runs/run_file.ts";
import { readRunFolder } from "../../src/runs/run_folder.ts";
import { readOverview } from "../../src/slurm/status.ts";
import { writeSubmission } from "../../src/slurm/submission.ts";

const published = new URL("../../results/published/mnist", import.meta.url).pathname;
const model = (await readRunFolder(published)).runs
  .find(({ configuration }) => configuration.algorithm.name === "sbp")!;
const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
await Deno.mkdir(runsFolder(folder));

function variant(name: string, learningRate: number, sparsity: number, seed: number): RunFile {
  const { configuration: { algorithm, ...rest }, result, environment } = model;
  const parameters = { ...algorithm.parameters, learningRate };
  const lastTestAccuracy = 0.9 + (7 * learningRate + 13 * seed) % 1 / 10;
  return runFileOf({
    configuration: {
      ...rest,
      algorithm: { ...algorithm, name, parameters },
      sparsity,
      seed,
      epochs: 100,
    },
    result: {
      ...result,
      epochs: Array.from(
        { length: 100 },
        (_, i) => ({ ...result.epochs[0]!, epoch: i + 1, testAccuracy: lastTestAccuracy }),
      ),
      ...{ lastTestAccuracy, bestTestAccuracy: lastTestAccuracy },
    },
    environment,
  });
}

const runs: RunFile["configuration"][] = [];
for (const name of ["sbp", "edge-popup"]) {
  for (let rate = 1; rate <= 250; rate++) {
    for (const sparsity of [0.5, 0.9]) {
      for (let seed = 1; seed <= 10; seed++) {
        const run = variant(name, rate / 100, sparsity, seed);
        await Deno.writeTextFile(runPathOf(folder, run.identity), runTextOf(run));
        runs.push(run.configuration);
      }
    }
  }
}
await Deno.mkdir(join(folder, "slurm", "1"), { recursive: true });
await writeSubmission(folder, 1, {
  ...{ submitted: new Date().toISOString(), array: "1", device: "cpu", threads: 1, jobs: 1 },
  ...{
    retry: false,
    controls: false,
    redo: false,
    saveMask: false,
    runs,
    tasks: runs.map((_, place) => [place]),
  },
});

const few = { n: 3, warmup: 1 };
Deno.bench("10,000 runs: their files read and checked", few, async () => {
  await readRunFolder(folder);
});
Deno.bench("10,000 runs: the same, and table.md and table.csv made", few, async () => {
  await writeTables(folder);
});
Deno.bench("10,000 runs: a first look of `status`", few, async () => {
  await readOverview(folder, new Set());
});
const known = new Set(runs.map(identityOf));
Deno.bench("10,000 runs: a later look of `status`", few, async () => {
  await readOverview(folder, known);
});
