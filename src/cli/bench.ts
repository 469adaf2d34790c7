// maskbench bench [SWEEP]: the main job, a sweep and its tables.
import { join } from "node:path";
import os from "node:os";
import { Command } from "@commander-js/extra-typings";
import { exitNow } from "../native/mod.ts";
import { blasInUse, openNative } from "../native/setup.ts";
import { writeTables } from "../report/mod.ts";
import { environmentOf } from "../sweep/environment.ts";
import { configurationsOf } from "../sweep/expand.ts";
import { identityOf } from "../sweep/identity.ts";
import { labelOf } from "../sweep/label.ts";
import { pick } from "../sweep/pick.ts";
import { progressOn } from "../sweep/progress.ts";
import { readSweep } from "../sweep/read.ts";
import { missingRuns, work } from "../sweep/runner.ts";
import { datasetFor } from "../sweep/data.ts";
import { deviceOf, deviceOption } from "./device.ts";
import { positive } from "./number.ts";
import { dataFolders, ownPath, shownPath, userPath } from "./paths.ts";

export const benchCommand = () =>
  new Command("bench")
    .description("run a sweep, and make its tables; what is finished already is not run again")
    .argument("[sweep]", "a sweep file; without one, bench/quick.json")
    .option("--out <dir>", "where results go; default results/<name of the sweep>")
    .option(
      "--only <key=value>",
      "only runs with this network, algorithm, sparsity, seed, …; may be repeated",
      (pair: string, before: string[]) => [...before, pair],
      [] as string[],
    )
    .option(
      "--jobs <n>",
      "runs side by side; default one for each processor, or one on a GPU",
      positive,
    )
    .option(
      "--threads <n>",
      "processor threads of each run; default what is left to each",
      positive,
    )
    .addOption(deviceOption())
    .option("--dry-run", "only list the runs, and which are finished")
    .addHelpText(
      "after",
      `
Examples:
  deno task bench                                       the embedded data set, about a minute
  deno task bench bench/mnist.json --out results/mine --dry-run
  deno task bench bench/mnist.json --only algorithm=sbp --only sparsity=0.9`,
    )
    .action(async (file, options) => {
      const path = file === undefined ? ownPath("bench", "quick.json") : userPath(file);
      const sweep = await readSweep(path, shownPath(path));
      const folder = options.out === undefined
        ? ownPath("results", sweep.name)
        : userPath(options.out);
      const dataset = await datasetFor({ name: sweep.dataset, split: sweep.split }, dataFolders());
      if (dataset.name !== sweep.dataset) {
        console.error(
          `the files found for ${sweep.dataset} are ${dataset.name}: results are named so`,
        );
      }
      const runs = configurationsOf(sweep, dataset);
      const picked = pick(runs, options.only);
      if (options.dryRun) {
        const missing = new Set(await missingRuns(picked, folder));
        for (const run of picked) {
          const state = missing.has(run) ? "to run  " : "finished";
          console.log(`${state}  ${identityOf(run).slice(0, 12)}  ${labelOf(run)}`);
        }
        console.log(
          `${picked.length} runs, ${missing.size} of them to run, in ${shownPath(folder)}`,
        );
        return;
      }

      const { path: library } = await openNative();
      const device = deviceOf(options.device);
      // By the whole sweep's runs, so that a second start computes with as many threads as the first.
      const processors = os.availableParallelism();
      const jobs = options.jobs ?? (device === "cuda" ? 1 : Math.min(processors, runs.length));
      const threads = options.threads ?? Math.max(1, Math.floor(processors / jobs));
      const watch = progressOn(Deno.stderr.isTerminal());
      const stop = (code: number) => {
        watch.end();
        console.error(
          `stopped: finished runs are safe in ${
            shownPath(folder)
          }, the same command goes on from there`,
        );
        exitNow(code);
      };
      Deno.addSignalListener("SIGINT", () => stop(130));
      Deno.addSignalListener("SIGTERM", () => stop(143));
      const outcome = await work(picked, {
        folder,
        library,
        folders: dataFolders(),
        device,
        threads,
        jobs,
        environment: environmentOf({ device, threads, jobs, blas: blasInUse() }),
        watch,
      });
      const table = await writeTables(folder);
      console.log(table);
      console.log(`${shownPath(join(folder, "table.md"))}, table.csv and runs/ hold all of it`);
      if (outcome.failed.length > 0) {
        console.error(
          `maskbench: ${outcome.failed.length} of ${picked.length} runs failed: ` +
            outcome.failed.map(({ config, reason }) => `${labelOf(config)}: ${reason}`).join("; "),
        );
        Deno.exitCode = 1;
      }
    });
