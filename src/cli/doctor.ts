// maskbench doctor: what was found on this machine, what is missing, and the command that mends it.
import { Command } from "@commander-js/extra-typings";
import { doctor } from "../native/doctor.ts";
import { dataFolders } from "./paths.ts";

export const doctorCommand = () =>
  new Command("doctor")
    .description("what this machine has for maskbench, and how to mend what is missing")
    .option("--json", "print an object instead of text")
    .action(async ({ json }) => {
      const { text, ok } = await doctor({ json: json ?? false, folders: dataFolders() });
      console.log(text);
      if (!ok) Deno.exitCode = 1;
    });
