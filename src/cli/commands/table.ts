// maskbench table DIR: the tables of a folder, made again from its run files, or printed in another format.
import { Command, Option } from "@commander-js/extra-typings";
import { readPrintedTable, readRunListing, remakeTables } from "../../report/mod.ts";
import { type TableFormat, tableFormats } from "../../tables/registry.ts";
import { shownPathOf, userPathOf } from "../paths.ts";

export const tableCommand = () =>
  new Command("table")
    .description("make DIR/table.md and DIR/table.csv again from DIR/runs, and print the table")
    .argument("<dir>", "the folder that bench wrote to, such as results/digits")
    .addOption(
      new Option("--format <format>", "print the table in this format, and write no file")
        .choices(Object.keys(tableFormats) as TableFormat[]),
    )
    .option(
      "--against <column>",
      "print how every other column differs from this one, and write no file",
    )
    .addOption(
      new Option("--per-seed", "print every run as a line of CSV, and write no file")
        .conflicts(["format", "against", "curves"]),
    )
    .addOption(
      new Option("--curves", "print every epoch of every run as a line of CSV, and write no file")
        .conflicts(["format", "against"]),
    )
    .addHelpText(
      "after",
      `
Examples:
  deno task maskbench table results/mnist
  deno task maskbench table results/field --against edge-popup
  deno task -q maskbench table results/mnist --format latex > table.tex
  deno task -q maskbench table results/mnist --curves > curves.csv`,
    )
    .action(async (dir, { format, against, perSeed, curves }) => {
      const folder = userPathOf(dir);
      if (perSeed || curves) {
        const { csv, leftOut } = await readRunListing(folder, perSeed ? "per-seed" : "curves");
        console.log(csv.trimEnd());
        if (leftOut === 0) return;
        console.error(
          `maskbench: ${leftOut} ${
            leftOut === 1 ? "file is" : "files are"
          } no valid run, and left out: \`maskbench table ${dir}\` names them`,
        );
        Deno.exitCode = 1;
        return;
      }
      if (format !== undefined || against !== undefined) {
        console.log((await readPrintedTable(folder, format ?? "markdown", against)).trimEnd());
        return;
      }
      const markdown = await remakeTables(folder);
      console.log(markdown);
      console.log(`${shownPathOf(folder)}/table.md and table.csv`);
    });
