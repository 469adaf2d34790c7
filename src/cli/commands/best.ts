// maskbench best DIR: which settings of a tuning sweep won, and what to paste into a sweep file.
import { Command } from "@commander-js/extra-typings";
import { readBestSettings } from "../../report/mod.ts";
import { userPathOf } from "../paths.ts";

export const bestCommand = () =>
  new Command("best")
    .description("print the hyper-parameters that did best on the validation split, ready to paste")
    .argument("<dir>", 'the folder of a sweep with "split": "validation", such as results/tuning')
    .addHelpText("after", "\nExample:\n  deno task maskbench best results/mnist-tuning")
    .action(async (dir) => {
      console.log((await readBestSettings(userPathOf(dir))).trimEnd());
    });
