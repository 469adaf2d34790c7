// maskbench baseline DIR: a baseline of finished runs, on standard output.
import { Command } from "@commander-js/extra-typings";
import { UserError } from "../errors.ts";
import { baselineOf, baselineText } from "../regression/mod.ts";
import { readRuns } from "../sweep/store.ts";
import { shownPath, userPath } from "./paths.ts";

export const baselineCommand = () =>
  new Command("baseline")
    .description("make a baseline of finished runs, for check; it goes to standard output")
    .argument("<dir>", "a sweep's folder")
    .addHelpText("after", "\nExample:\n  deno task -q baseline results/ci > ci.baseline.json")
    .action(async (dir) => {
      const folder = userPath(dir), { runs, setAside } = await readRuns(folder);
      for (const { path, reason } of setAside) {
        console.error(`set aside: ${shownPath(path)} ${reason}`);
      }
      if (runs.length === 0) throw new UserError(`there are no runs in ${shownPath(folder)}`);
      await Deno.stdout.write(new TextEncoder().encode(baselineText(baselineOf(runs))));
    });
