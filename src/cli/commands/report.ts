// maskbench report DIR: plots and a page, made from a folder's run files.
import { Command } from "@commander-js/extra-typings";
import { makeReport } from "../../report/mod.ts";
import { shownPathOf, userPathOf } from "../paths.ts";

export const reportCommand = () =>
  new Command("report")
    .description(
      "make DIR/report/ from DIR/runs: a page with the table and plots, and each plot as SVG",
    )
    .argument("<dir>", "the folder that bench wrote to, such as results/digits")
    .option(
      "--peers <file>",
      "show plain PyTorch's speed, from `deno task peers --json`; default DIR/peers.json if there",
    )
    .addHelpText("after", "\nExample:\n  deno task report results/mnist")
    .action(async (dir, { peers }) => {
      const page = await makeReport(
        userPathOf(dir),
        peers === undefined ? undefined : userPathOf(peers),
      );
      console.log(shownPathOf(page));
    });
