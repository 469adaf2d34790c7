// maskbench task DIR NUMBER INDEX: what a task of a job array does, its share of a submission's runs.
import { Command } from "@commander-js/extra-typings";
import { algorithmOf } from "../../algorithms/registry.ts";
import { UserError } from "../../base/errors.ts";
import { CLAIM_EXPIRY } from "../../runs/claims.ts";
import { readSubmission, type Submission } from "../../slurm/submission.ts";
import { executeRuns, reportFailures } from "../execute.ts";
import { userPathOf } from "../paths.ts";

/** Milliseconds after which what is still claimed is a living process's. */
const PATIENCE = CLAIM_EXPIRY + 30_000;

export const taskCommand = () =>
  new Command("task")
    .description("what each task of bench --engine slurm starts: its share of the runs")
    .argument("<dir>", "the folder that bench writes to")
    .argument("<number>", "of the submission, in DIR/slurm/", Number)
    .argument("<index>", "of the task", Number)
    .action(async (dir, number, index) => {
      const folder = userPathOf(dir), submission = await readSubmission(folder, number);
      const places = submission.tasks[index];
      if (!places) {
        throw new UserError(`task ${index}: expected 0 to ${submission.tasks.length - 1}`);
      }
      const runs = places.map((place) => submission.runs[place]!);
      refuseOthers(runs);
      const { device, threads, jobs, retry, controls, saveMask } = submission;
      const how = { device, threads, jobs, retry, controls, saveMask, patience: PATIENCE };
      const outcome = await executeRuns(runs, runs.length, folder, how);
      if (outcome.left > 0) console.error(`${outcome.left} runs are under way elsewhere`);
      reportFailures(outcome);
    });

// Runs wait for hours or days, in which maskbench may have become another.
function refuseOthers(runs: Submission["runs"]): void {
  for (const { algorithm: { name, version } } of runs) {
    const here = algorithmOf(name).version;
    if (here === version) continue;
    throw new UserError(
      `the runs were submitted for version ${version} of ${name}, which is version ${here} now: ` +
        "submit them again",
    );
  }
}
