// maskbench data NAME: downloads a data set, unless it is there already.
import { Command } from "@commander-js/extra-typings";
import { fetchDataset } from "../../datasets/download.ts";
import { dataFolders, ownPathOf, userPathOf } from "../paths.ts";
import { createBar } from "../terminal.ts";

export const dataCommand = () =>
  new Command("data")
    .description("download a data set, check it and unpack it; nothing is fetched that is there")
    .argument("<name>", "the data set: mnist, fashion-mnist, kmnist, cifar10 or cifar100")
    .option("--to <dir>", "put the data set in this folder; default data/ next to deno.json")
    .addHelpText("after", "\nExample:\n  deno task maskbench data mnist")
    .action(async (name, { to }) => {
      const bar = createBar(
        Deno.stderr.isTerminal(),
        "{bar} {percentage}% of {megabytes} MB, {file}",
      );
      let shown = "";
      try {
        const found = await fetchDataset(
          name,
          to === undefined ? ownPathOf("data") : userPathOf(to),
          {
            folders: dataFolders(),
            onProgress({ file, bytes, total }) {
              const megabytes = (total / 1e6).toFixed(1);
              if (file !== shown) {
                if (!bar) console.error(`downloading ${file}, ${megabytes} MB`);
                bar?.start(total, 0, { file, megabytes });
                shown = file;
              }
              bar?.update(bytes, { file, megabytes });
            },
          },
        );
        bar?.stop();
        console.log(found);
      } finally {
        bar?.stop();
      }
    });
