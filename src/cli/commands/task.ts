// maskbench task DIR NUMBER INDEX: what a task of a job array does, its share of a submission's runs.
import { Command } from "@commander-js/extra-typings";
import { algorithmOf } from "../../algorithms/registry.ts";
import { UserError } from "../../base/errors.ts";
import { CLAIM_EXPIRY } from "../../runs/claims.ts";
import { readSubmission, type Submission } from "../../slurm/submission.ts";
import { executeRuns, reportFailures } from "../execute.ts";
import { userPathOf } from "../paths.ts";

/** Milliseconds after which a run that is still claimed is a living process's. */
const PATIENCE = CLAIM_EXPIRY + 30_000;

export const taskCommand = () =>
  new Command("task")
    .description("execute one task's share of the runs that bench --engine slurm submitted")
    .argument("<dir>", "the folder that bench writes to")
    .argument("<number>", "number of the submission, as in DIR/slurm/", Number)
    .argument("<index>", "index of the task", Number)
    .action(async (dir, number, index) => {
      const folder = userPathOf(dir), submission = await readSubmission(folder, number);
      const indices = submission.tasks[index];
      if (!indices) {
        throw new UserError(`task ${index}: expected 0 to ${submission.tasks.length - 1}`);
      }
      const runs = indices.map((run) => submission.runs[run]!);
      ensureSameVersions(runs);
      const outcome = await executeRuns(runs, runs.length, folder, submission, PATIENCE);
      if (outcome.left > 0) console.error(`${outcome.left} runs are under way elsewhere`);
      reportFailures(outcome);
    });

// Runs wait for hours or days, in which maskbench's code may have changed.
function ensureSameVersions(runs: Submission["runs"]): void {
  for (const { algorithm: { name, version } } of runs) {
    const here = algorithmOf(name).version;
    if (here === version) continue;
    throw new UserError(
      `the runs were submitted for version ${version} of ${name}, which is version ${here} now: ` +
        "submit them again",
    );
  }
}
