// maskbench list: the networks, data sets and algorithms that a sweep file can name.
import { Command } from "@commander-js/extra-typings";
import { algorithms } from "../../algorithms/registry.ts";
import { packSources } from "../../datasets/pack.ts";
import { datasets } from "../../datasets/registry.ts";
import { networks } from "../../networks/registry.ts";
import { catalogueOf, catalogueTextOf } from "../catalogue.ts";
import { dataFolders } from "../paths.ts";

export const listCommand = () =>
  new Command("list")
    .description("name the networks, data sets and algorithms, with options and defaults")
    .addHelpText("after", "\nExample:\n  deno task maskbench list")
    .option("--json", "print a JSON object instead of text")
    .action(async ({ json }) => {
      const packs = await packSources(dataFolders());
      const catalogue = catalogueOf({ networks, datasets: [...datasets, ...packs], algorithms });
      console.log(
        json ? JSON.stringify(catalogue, null, 2) : catalogueTextOf(catalogue).trimEnd(),
      );
    });
