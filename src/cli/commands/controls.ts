// maskbench controls DIR: whether masks lose their accuracy once they, or their weights, are replaced.
import { join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import { algorithms } from "../../algorithms/registry.ts";
import { writeFileAtomically } from "../../base/atomic_files.ts";
import { UserError } from "../../base/errors.ts";
import { type RunFile } from "../../runs/run_file.ts";
import { readRunFolder } from "../../runs/run_folder.ts";
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
      "compare the masks of finished runs with shuffled and inverted ones, and other weights",
    )
    .argument("<dir>", "the folder that bench wrote to, such as results/digits")
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
      const finished = (await readRunFolder(folder)).runs, all = finished.filter(learnsMask);
      if (all.length === 0) {
        throw new UserError(
          `there is no finished run in ${shownPathOf(folder)} that learns a mask`,
        );
      }
      const picked = new Set(selectRuns(all.map(({ configuration }) => configuration), only));
      const runs = all.filter(({ configuration }) => picked.has(configuration));
      const uncontrolled = runs.filter((run) => !isControlled(run));
      const missing = uncontrolled.map(({ configuration }) => configuration);
      const outcome = uncontrolled.length === 0
        ? undefined
        : await executeRuns(missing, finished.length, own, { ...options, controls: true });
      const again = new Map((await readRunFolder(own)).runs.map((run) => [run.identity, run]));
      const controlled = runs.map((run) => isControlled(run) ? run : again.get(run.identity))
        .filter((run): run is RunFile & ControlledRun => run !== undefined && isControlled(run));
      if (controlled.length > 0) {
        const markdown = controlsMarkdownOf(controlled, notesOn(uncontrolled, again));
        await writeFileAtomically(join(own, "controls.csv"), controlsCsvOf(controlled));
        await writeFileAtomically(join(own, "controls.md"), markdown);
        console.log(markdown);
        console.log(`${shownPathOf(own)}/controls.md and controls.csv`);
      }
      if (outcome) reportFailures(outcome);
    });

// Whether the run can be made again: it learns a mask, with an algorithm of this version.
function learnsMask({ configuration: { algorithm } }: RunFile): boolean {
  const known = algorithms.find(({ name }) => name === algorithm.name);
  return known?.learns === "mask" && known.version === algorithm.version;
}

// Another libtorch or processor may give another mask, which then is the one that was compared with its controls.
function notesOn(runs: readonly RunFile[], again: ReadonlyMap<string, RunFile>): string[] {
  const made = runs.filter(({ identity }) => again.has(identity));
  const others = made.filter(({ identity, result }) =>
    again.get(identity)!.result.digest !== result.digest
  );
  if (others.length === 0) return [];
  return [
    `${others.length} of ${made.length} runs that were made once more gave another mask, by ` +
    "another libtorch, processor or number of threads: their figures are those of that mask.",
  ];
}
