// maskbench schema: the JSON Schemas of files, for editors and for programs that read them.
import { Command } from "@commander-js/extra-typings";
import { writeFileAtomically } from "../../base/atomic_files.ts";
import { z } from "zod";
import { claimsFileSchema } from "../../claims/claims_file.ts";
import { baselineSchema } from "../../regression/baseline.ts";
import { runFileSchema } from "../../runs/run_file.ts";
import { schemaText } from "../../sweep/schema.ts";
import { ticketSchema } from "../../tickets/ticket.ts";
import { ownPathOf, shownPathOf } from "../paths.ts";

/** The texts of all schemas, by the paths that they are kept under. */
export function schemaTexts(): Readonly<Record<string, string>> {
  const textOf = (schema: z.ZodType) => {
    const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
    return `${JSON.stringify(json, null, 2)}\n`;
  };
  return {
    "bench/sweep.schema.json": schemaText(),
    "docs/schemas/run.schema.json": textOf(runFileSchema),
    "docs/schemas/ticket.schema.json": textOf(ticketSchema),
    "docs/schemas/baseline.schema.json": textOf(baselineSchema),
    "docs/schemas/claims.schema.json": textOf(claimsFileSchema),
  };
}

export const schemaCommand = () =>
  new Command("schema")
    .description("print the JSON Schema of sweep files, for editors")
    .option(
      "--write",
      "write it to bench/sweep.schema.json instead, and those of other files to docs/schemas/",
    )
    .addHelpText("after", "\nExample:\n  deno task -q maskbench schema > sweep.schema.json")
    .action(async ({ write }) => {
      if (!write) return console.log(schemaText().trimEnd());
      for (const [name, text] of Object.entries(schemaTexts())) {
        const path = ownPathOf(...name.split("/"));
        await writeFileAtomically(path, text);
        console.error(`wrote ${shownPathOf(path)}`);
      }
    });
