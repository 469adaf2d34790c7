// maskbench publish DIR: a folder of runs in the form that is kept in git.
import { Command } from "@commander-js/extra-typings";
import { publish } from "../../report/publish.ts";
import { shownPathOf, userPathOf } from "../paths.ts";

export const publishCommand = () =>
  new Command("publish")
    .description("write a folder's runs as one file of lines, with their tables and plot, for git")
    .argument("<dir>", "a folder of finished runs")
    .option("--to <dir>", "write to this folder; default the same one, whose runs/ is then removed")
    .addHelpText(
      "after",
      `
DIR/runs.jsonl has a line of JSON for each run, sorted by identity. Every command that reads a folder of runs
reads it too. Tables, the choices of a tuning and the plot of accuracies are written next to it.

Example:
  deno task maskbench publish results/mnist --to results/published/mnist`,
    )
    .action(async (dir, { to }) => {
      const folder = userPathOf(dir), target = to === undefined ? folder : userPathOf(to);
      const count = await publish(folder, target);
      console.log(`${shownPathOf(target)}/runs.jsonl holds ${count} runs`);
    });
