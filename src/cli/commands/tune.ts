// maskbench tune SWEEP: the same budget of settings for every algorithm of a sweep, and the best as a sweep file.
import { join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import { datasetOf } from "../../runner/dataset_cache.ts";
import { readSweep } from "../../sweep/read.ts";
import { tuningPlanOf, writeTuning } from "../../tuning/mod.ts";
import { reportFailures, withExecutionOptions } from "../execute.ts";
import { executeRunsHere, gpusOption } from "../gpus.ts";
import { parsePositive, setOption } from "../options.ts";
import { dataFolders, ownPathOf, shownPathOf, userPathOf } from "../paths.ts";

export const tuneCommand = () =>
  withExecutionOptions(new Command("tune"))
    .description(
      "choose hyper-parameters on the validation split, with the same budget for every algorithm",
    )
    .argument("<sweep>", "a sweep file; its section `tune` may say which settings are searched")
    .option(
      "--tries <n>",
      "try n settings of each algorithm; default tune.tries of the sweep, 16",
      parsePositive,
    )
    .option(
      "--out <dir>",
      "write runs, trace and recipe to this folder; default results/<name>-tuning",
    )
    .addOption(gpusOption())
    .addOption(setOption())
    .addHelpText(
      "after",
      `
A larger number of tries goes on from the smaller one. The recipe is the same sweep on the test set.

Examples:
  deno task maskbench tune bench/mnist.json --tries 12
  deno task bench results/mnist-tuning/recipe.json`,
    )
    .action(async (file, { tries, out, set, ...options }) => {
      const path = userPathOf(file), sweep = await readSweep(path, shownPathOf(path), set);
      const folder = out === undefined
        ? ownPathOf("results", `${sweep.name}-tuning`)
        : userPathOf(out);
      const dataset = await datasetOf(
        { name: sweep.dataset, split: "validation" },
        dataFolders(),
      );
      const tune = { ...sweep.tune, ...(tries === undefined ? {} : { tries }) };
      const plan = tuningPlanOf({ ...sweep, tune }, dataset);
      const outcome = await executeRunsHere(plan.runs, plan.runs.length, folder, options);
      const failed = outcome.failed.filter(({ diverged }) => !diverged);
      if (failed.length > 0) return reportFailures({ ...outcome, failed });
      const { markdown, recipes } = await writeTuning(folder, plan);
      console.log(markdown);
      const where = shownPathOf(folder);
      if (recipes.length === 0) {
        console.error(
          `maskbench: no recipe, as all tries of an algorithm diverged: see ${where}/tuning.md`,
        );
        Deno.exitCode = 1;
        return;
      }
      console.log(
        `${where}/tuning.md, trace.csv and runs/ hold all of it. What was chosen runs by`,
      );
      for (const recipe of recipes) console.log(`  deno task bench ${join(where, recipe)}`);
    });
