// maskbench export DIR: finished runs for other tools.
import { join } from "node:path";
import { Command, Option } from "@commander-js/extra-typings";
import { exportForms, exportRuns } from "../../report/export.ts";
import { shownPathOf, userPathOf } from "../paths.ts";

export const exportCommand = () =>
  new Command("export")
    .description("write finished runs for other tools: TensorBoard, CSV, lines of JSON")
    .argument("<dir>", "the folder that bench wrote to, such as results/digits")
    .addOption(
      new Option("--to <form>", "what for").choices(exportForms).makeOptionMandatory(),
    )
    .option("--out <dir>", "write to this folder; default DIR/FORM")
    .addHelpText(
      "after",
      `
tensorboard: a folder for each run with its curves by epoch; csv: runs.csv and curves.csv, whose columns
docs/file-formats.md names; jsonl: runs.jsonl, a run file in each line.

Examples:
  deno task maskbench export results/digits --to tensorboard
  tensorboard --logdir results/digits/tensorboard`,
    )
    .action(async (dir, { to: form, out }) => {
      const folder = userPathOf(dir), to = out === undefined ? join(folder, form) : userPathOf(out);
      const { runs, leftOut } = await exportRuns(folder, form, to);
      console.log(`${runs} runs in ${shownPathOf(to)}`);
      if (leftOut === 0) return;
      const files = leftOut === 1 ? "file is" : "files are";
      console.error(`maskbench: ${leftOut} ${files} no valid run, and left out`);
      Deno.exitCode = 1;
    });
