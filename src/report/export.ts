// Finished runs in the forms that other tools read.
import { join } from "node:path";
import { writeFileAtomically } from "../base/atomic_files.ts";
import { UserError } from "../base/errors.ts";
import { labelOf } from "../runs/label.ts";
import type { RunFile } from "../runs/run_file.ts";
import { readRunFolder, writeRunLines } from "../runs/run_folder.ts";
import { curvesCsvOf, runsCsvOf } from "../tables/runs_csv.ts";
import { eventFileOf, scalarEventsOf } from "./tensorboard.ts";

/** Forms that runs are exported in. */
export const exportForms = ["tensorboard", "csv", "jsonl"] as const;

export type ExportForm = (typeof exportForms)[number];

/**
 * Writes the finished runs of a folder: for TensorBoard a folder of each run, with its curves by epoch; as `csv` `runs.csv` and
 * `curves.csv`; as `jsonl` `runs.jsonl`, a line of JSON for each.
 * @returns the number of runs, and of files that were left out, as they are no valid run files
 * @throws {UserError} if the folder has no runs, or can't be read
 * @throws {WriteError} where a file can't be written
 */
export async function exportRuns(
  folder: string,
  form: ExportForm,
  to: string,
): Promise<{ readonly runs: number; readonly leftOut: number }> {
  const { runs, invalidFiles } = await readRunFolder(folder);
  if (runs.length === 0) throw new UserError(`there are no finished runs in ${folder}`);
  if (form === "jsonl") await writeRunLines(to, runs);
  if (form === "csv") {
    await writeFileAtomically(join(to, "runs.csv"), runsCsvOf(runs));
    await writeFileAtomically(join(to, "curves.csv"), curvesCsvOf(runs));
  }
  if (form === "tensorboard") {
    for (const run of runs) {
      const name = `events.out.tfevents.${Date.parse(run.environment.started)}.maskbench`;
      const events = eventFileOf(scalarEventsOf(run));
      await writeFileAtomically(join(to, folderNameOf(run), name), events);
    }
  }
  return { runs: runs.length, leftOut: invalidFiles.length };
}

// TensorBoard shows it as the run's name, and selects by it. The identity keeps two of one label apart.
function folderNameOf({ configuration, identity }: RunFile): string {
  const label = labelOf(configuration).replaceAll(" · ", "_").replace(/[^A-Za-z0-9._%-]+/g, "-");
  return `${configuration.dataset.name}_${label.slice(0, 150)}_${identity.slice(0, 8)}`;
}
