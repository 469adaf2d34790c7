// maskbench controls DIR: whether masks are worth anything once they, or their weights, are others.
import { join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import { algorithms } from "../../algorithms/registry.ts";
import { writeFileAtomically } from "../../base/atomic_files.ts";
import { UserError } from "../../base/errors.ts";
import { readRunFolder, type RunFile } from "../../runs/run_file.ts";
import { selectRuns } from "../../sweep/select.ts";
import {
  type ControlledRun,
  controlsCsvOf,
  controlsMarkdownOf,
  isControlled,
} from "../../tables/controls.ts";
import { executeRuns, reportFailures, withExecutionOptions } from "../execute.ts";
import { onlyOption } from "../options.ts";
import { shownPathOf, userPathOf } from "../paths.ts";

export const controlsCommand = () =>
  withExecutionOptions(new Command("controls"))
    .description(
      "hold the masks of finished runs against shuffled and inverted ones, and other weights",
    )
    .argument("<dir>", "the folder that bench wrote to, such as results/quick")
    .addOption(onlyOption())
    .addHelpText(
      "after",
      `
Run files hold no mask: runs that \`bench --controls\` has not made are made once more, into DIR/controls.

Example:
  deno task maskbench controls results/mnist --only seed=1 --only seed=2`,
    )
    .action(async (dir, { only, ...options }) => {
      const folder = userPathOf(dir), own = join(folder, "controls");
      const made = (await readRunFolder(folder)).runs, all = made.filter(learnsMask);
      if (all.length === 0) {
        throw new UserError(
          `there is no finished run in ${shownPathOf(folder)} that learns a mask`,
        );
      }
      const picked = new Set(selectRuns(all.map(({ configuration }) => configuration), only));
      const runs = all.filter(({ configuration }) => picked.has(configuration));
      const bare = runs.filter((run) => !isControlled(run));
      const missing = bare.map(({ configuration }) => configuration);
      const outcome = bare.length === 0
        ? undefined
        : await executeRuns(missing, made.length, own, { ...options, controls: true });
      const again = new Map((await readRunFolder(own)).runs.map((run) => [run.identity, run]));
      const held = runs.map((run) => isControlled(run) ? run : again.get(run.identity))
        .filter((run): run is RunFile & ControlledRun => run !== undefined && isControlled(run));
      if (held.length > 0) {
        const markdown = controlsMarkdownOf(held, notesOn(bare, again));
        await writeFileAtomically(join(own, "controls.csv"), controlsCsvOf(held));
        await writeFileAtomically(join(own, "controls.md"), markdown);
        console.log(markdown);
        console.log(`${shownPathOf(own)}/controls.md and controls.csv`);
      }
      if (outcome) reportFailures(outcome);
    });

// Of this version's algorithms: an older one's run can't be made once more.
function learnsMask({ configuration: { algorithm } }: RunFile): boolean {
  const known = algorithms.find(({ name }) => name === algorithm.name);
  return known?.learns === "mask" && known.version === algorithm.version;
}

// Another libtorch or processor may come to another mask, which then is what was held against its controls.
function notesOn(runs: readonly RunFile[], again: ReadonlyMap<string, RunFile>): string[] {
  const made = runs.filter(({ identity }) => again.has(identity));
  const others = made.filter(({ identity, result }) =>
    again.get(identity)!.result.digest !== result.digest
  );
  if (others.length === 0) return [];
  return [
    `${others.length} of ${made.length} runs that were made once more came to another mask, by ` +
    "another libtorch, processor or number of threads: their figures are those of that mask.",
  ];
}
