// maskbench table DIR: the tables of a folder, made again from its run files.
import { Command } from "@commander-js/extra-typings";
import { remakeTables } from "../report/mod.ts";
import { shownPath, userPath } from "./paths.ts";

export const tableCommand = () =>
  new Command("table")
    .description("make DIR/table.md and DIR/table.csv again from DIR/runs, and print the table")
    .argument("<dir>", "the folder that bench wrote to, such as results/quick")
    .addHelpText("after", "\nExample:\n  deno task maskbench table results/mnist")
    .action(async (dir) => {
      const folder = userPath(dir);
      const markdown = await remakeTables(folder);
      console.log(markdown);
      console.log(`${shownPath(folder)}/table.md and table.csv`);
    });
