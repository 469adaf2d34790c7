// maskbench baseline DIR…: a baseline of finished runs, on standard output.
import { Command } from "@commander-js/extra-typings";
import { UserError } from "../../base/errors.ts";
import {
  baselineOf,
  baselineTextOf,
  ensureSameOutcomes,
  type Round,
} from "../../regression/mod.ts";
import { readRunFolder } from "../../runs/run_folder.ts";
import { shownPathOf, userPathOf } from "../paths.ts";

export const baselineCommand = () =>
  new Command("baseline")
    .description("make a baseline of finished runs, for check; it goes to standard output")
    .argument("<dir>", "a sweep's folder")
    .argument("[again...]", "the same runs made again: speed is measured over all of them")
    .addHelpText(
      "after",
      `
How far speed differs from one process to another only shows in several: make the same runs in
folders of their own, at best five. Their losses and masks must be the same, to the last bit. The
runs of several sweeps join one baseline where they are in one folder.

Example:
  for i in 1 2 3 4 5; do deno task bench bench/ci.json --out results/ci-$i; done
  for i in 1 2 3 4 5; do deno task bench bench/ci-augmented.json --out results/ci-$i; done
  deno task -q baseline results/ci-? > ci.baseline.json`,
    )
    .action(async (dir, again) => {
      const [first, ...others] = [await roundOf(dir), ...await Promise.all(again.map(roundOf))];
      ensureSameOutcomes([first!, ...others]);
      const baseline = baselineOf(first!.runs, ...others.map(({ runs }) => runs));
      await Deno.stdout.write(new TextEncoder().encode(baselineTextOf(baseline)));
    });

async function roundOf(dir: string): Promise<Round> {
  const folder = userPathOf(dir), name = shownPathOf(folder);
  const { runs, invalidFiles } = await readRunFolder(folder);
  for (const { path, reason } of invalidFiles) {
    console.error(`set aside: ${shownPathOf(path)} ${reason}`);
  }
  if (runs.length === 0) throw new UserError(`there are no runs in ${name}`);
  return { name, runs };
}
