// maskbench schema: the JSON Schema of sweep files, for editors.
import { Command } from "@commander-js/extra-typings";
import { writeWhole } from "../../base/atomic_files.ts";
import { publishedSchema } from "../../sweep/schema.ts";
import { ownPath, shownPath } from "../paths.ts";

export const schemaCommand = () =>
  new Command("schema")
    .description("print the JSON Schema of sweep files")
    .option("--write", "write it to bench/sweep.schema.json instead")
    .action(async ({ write }) => {
      if (!write) return console.log(publishedSchema().trimEnd());
      const path = ownPath("bench", "sweep.schema.json");
      await writeWhole(path, publishedSchema());
      console.error(`wrote ${shownPath(path)}`);
    });
