// maskbench bench [SWEEP]: the main job, a sweep and its tables.
import { Command } from "@commander-js/extra-typings";
import { writeTablesAndPlot } from "../../report/mod.ts";
import { type TerminalStyle, wrapWords } from "../../report/text_table.ts";
import { datasetOf } from "../../runner/dataset_cache.ts";
import { ownCommit, UNKNOWN_COMMIT } from "../../runs/environment.ts";
import { identityOf } from "../../runs/identity.ts";
import { labelOf } from "../../runs/label.ts";
import { type RunFile } from "../../runs/run_file.ts";
import { missingRunsOf, readFinishedRuns } from "../../runs/run_folder.ts";
import { configurationsOf } from "../../sweep/expand.ts";
import { readSweep } from "../../sweep/read.ts";
import { selectRuns } from "../../sweep/select.ts";
import { writeCompareFile } from "../../tables/compare_file.ts";
import { ticketPathOf } from "../../tickets/ticket.ts";
import type { RunConfig } from "../../training/config.ts";
import { reportFailures, withExecutionOptions } from "../execute.ts";
import { executeRunsHere, gpusOption, refuseGpusWithSlurm } from "../gpus.ts";
import { onlyOption, setOption } from "../options.ts";
import { dataFolders, ownPathOf, shownPathOf, userPathOf } from "../paths.ts";
import { terminalStyle } from "../terminal.ts";
import { refuseSlurmOptions, reportOverview, runWithSlurm, withEngineOptions } from "../slurm.ts";

export const benchCommand = () =>
  withExecutionOptions(withEngineOptions(new Command("bench")))
    .description("run a sweep, and make its tables; what is finished already is not run again")
    .argument("[sweep]", "a sweep file; without one, bench/digits.json")
    .option("--out <dir>", "write results to this folder; default results/<name of the sweep>")
    .addOption(gpusOption())
    .addOption(onlyOption())
    .addOption(setOption())
    .option("--save-mask", "keep the subnetwork of each run in DIR/tickets, for `ticket`")
    .option("--controls", "compare each mask with its controls, for `controls` to show")
    .option("--redo", "make runs again that another commit of maskbench finished")
    .option("--dry-run", "only list the runs, and which are finished")
    .addHelpText(
      "after",
      `
Examples:
  deno task bench                                       the embedded data set, about a minute
  deno task bench bench/mnist.json --out results/mine --dry-run
  deno task bench bench/mnist.json --only algorithm=sbp --only sparsity=0.9
  deno task bench bench/mnist.json --set epochs=2 --set algorithms.sbp.learningRate=1,3
  deno task bench bench/cifar10.json --gpus all
  deno task bench bench/cifar10.json --engine slurm --partition gpu --gpus-per-task 1 --time 8:00:00`,
    )
    .action(async (file, options) => {
      refuseSlurmOptions(options);
      refuseGpusWithSlurm(options);
      const path = file === undefined ? ownPathOf("bench", "digits.json") : userPathOf(file);
      const sweep = await readSweep(path, shownPathOf(path), options.set);
      const folder = options.out === undefined
        ? ownPathOf("results", sweep.name)
        : userPathOf(options.out);
      const dataset = await datasetOf({ name: sweep.dataset, split: sweep.split }, dataFolders());
      if (dataset.name !== sweep.dataset) {
        console.error(
          `the files found for ${sweep.dataset} are ${dataset.name}: results are named so`,
        );
      }
      const runs = configurationsOf(sweep, dataset);
      const picked = selectRuns(runs, options.only);
      const finished = await readFinishedRuns(picked, folder), redo = options.redo ?? false;
      reportOtherCommits([...finished.values()], redo);
      const missing = missingRunsOf(picked, finished, redo ? ownCommit() : undefined);
      if (options.dryRun) return listRuns(picked, missing, folder);

      const withoutTicket = options.saveMask ? await countWithoutTicket(finished, folder) : 0;
      if (withoutTicket > 0) {
        console.error(
          `${withoutTicket} run${
            withoutTicket === 1 ? " is" : "s are"
          } finished without a ticket, made without ` +
            "--save-mask: another folder (--out) makes it again",
        );
      }
      await writeCompareFile(folder, sweep.compare);
      const outcome = options.engine === "slurm"
        ? await runWithSlurm(picked, missing, folder, options)
        : await executeRunsHere(picked, runs.length, folder, options);
      const style = terminalStyle();
      const { figures, plot, findings } = await writeTablesAndPlot(folder, style);
      console.log(figures);
      console.log(plot);
      for (const text of findings) console.log(wrapped(text, style));
      const shown = shownPathOf(folder);
      console.log(
        `\n${shown}/table.md, table.csv and runs/ hold all of it\n` +
          `a page of it:  deno task report ${shown}`,
      );
      if ("statuses" in outcome) reportOverview(outcome);
      else reportFailures(outcome);
    });

function wrapped(text: string, style: TerminalStyle | undefined): string {
  return style ? wrapWords(text, style.width).join("\n") : text;
}

/** Names the commits of finished runs that are not this one's. */
function reportOtherCommits(finished: readonly RunFile[], redo: boolean): void {
  if (finished.length === 0) return; // git need not be asked
  const others = finished.filter(({ environment }) => environment.commit !== ownCommit());
  if (others.length === 0) return;
  const counts = Map.groupBy(others, ({ environment }) => shortCommitOf(environment.commit));
  const by = [...counts].map(([name, runs]) => `${runs.length} of them by ${name}`).join(", ");
  console.error(
    `${finished.length} finished, ${by}` +
      (redo ? ", which are made again" : ": --redo makes those of other commits again"),
  );
}

const shortCommitOf = (commit: string) =>
  commit.replace(/^([0-9a-f]{7})[0-9a-f]+/, "$1") || UNKNOWN_COMMIT;

function listRuns(
  runs: readonly RunConfig[],
  missingRuns: readonly RunConfig[],
  folder: string,
): void {
  const missing = new Set(missingRuns);
  for (const run of runs) {
    const state = missing.has(run) ? "to run  " : "finished";
    console.log(`${state}  ${identityOf(run).slice(0, 12)}  ${labelOf(run)}`);
  }
  console.log(`${runs.length} runs, ${missing.size} of them to run, in ${shownPathOf(folder)}`);
}

async function countWithoutTicket(
  finished: ReadonlyMap<string, RunFile>,
  folder: string,
): Promise<number> {
  let count = 0;
  for (const identity of finished.keys()) {
    const ticket = await Deno.stat(ticketPathOf(folder, identity)).catch(() => undefined);
    if (!ticket) count++;
  }
  return count;
}
