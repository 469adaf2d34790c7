// maskbench schema: the JSON Schema of sweep files, for editors.
import { Command } from "@commander-js/extra-typings";
import { writeFileAtomically } from "../../base/atomic_files.ts";
import { schemaText } from "../../sweep/schema.ts";
import { ownPathOf, shownPathOf } from "../paths.ts";

export const schemaCommand = () =>
  new Command("schema")
    .description("print the JSON Schema of sweep files, for editors")
    .option("--write", "write the schema to bench/sweep.schema.json instead")
    .addHelpText("after", "\nExample:\n  deno task -q maskbench schema > sweep.schema.json")
    .action(async ({ write }) => {
      if (!write) return console.log(schemaText().trimEnd());
      const path = ownPathOf("bench", "sweep.schema.json");
      await writeFileAtomically(path, schemaText());
      console.error(`wrote ${shownPathOf(path)}`);
    });
