// maskbench status DIR: the state of the runs that were submitted to Slurm.
import { Command } from "@commander-js/extra-typings";
import { UserError } from "../../base/errors.ts";
import { statusSummaryOf } from "../../slurm/follow.ts";
import { readOverview } from "../../slurm/status.ts";
import { submissionFolderOf } from "../../slurm/submission.ts";
import { shownPathOf, userPathOf } from "../paths.ts";
import { followWhile, reportOverview } from "../slurm.ts";

export const statusCommand = () =>
  new Command("status")
    .description("show the state of the runs that bench --engine slurm submitted from a folder")
    .argument("<dir>", "the folder that bench writes to, such as results/digits")
    .option("--follow", "keep showing it until no task waits or runs")
    .addHelpText(
      "after",
      `
Where there is no squeue, it says so, and shows what the run files say.

Example:
  deno task maskbench status results/mnist`,
    )
    .action(async (dir, { follow }) => {
      const folder = userPathOf(dir), overview = await readOverview(folder, new Set());
      if (overview.submissions.length === 0) {
        throw new UserError(
          `nothing was submitted from ${dir}: \`deno task bench SWEEP --engine slurm\` does that`,
        );
      }
      for (const { number, submission: { array, submitted, tasks } } of overview.submissions) {
        const live = overview.live?.filter(({ job }) => job === array).length;
        console.log(
          `${shownPathOf(submissionFolderOf(folder, number))}: job ${array} of ${submitted}, ` +
            `${tasks.length} tasks` + (live === undefined ? "" : `, ${live} wait or run`),
        );
      }
      if (!follow) console.log(statusSummaryOf(overview));
      reportOverview(follow ? await followWhile(folder) : overview);
    });
