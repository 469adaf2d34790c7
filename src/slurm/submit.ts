// Handing runs to Slurm: a job array that works them off, and a job that makes the tables after it.
import { removeFolder } from "../base/atomic_files.ts";
import { UserError } from "../base/errors.ts";
import { identityOf } from "../runs/identity.ts";
import type { RunConfig } from "../training/config.ts";
import { callSbatch } from "./programs.ts";
import { sharesOf } from "./shares.ts";
import { quoteForShell } from "./shell.ts";
import {
  nextSubmissionNumber,
  type NumberedSubmission,
  type Submission,
  submissionFolderOf,
  taskLogPathOf,
  writeSubmission,
} from "./submission.ts";

/** What users ask Slurm for. */
export interface SlurmOptions {
  readonly partition?: string | undefined;
  readonly gpusPerTask?: string | undefined;
  readonly time?: string | undefined;
  /** Tasks at most: no more than `readMaxTasks`. */
  readonly tasks: number;
  /** More options of sbatch, a word each. */
  readonly extra: readonly string[];
}

export interface SubmissionRequest
  extends Pick<Submission, "device" | "threads" | "jobs" | "retry" | "controls" | "saveMask"> {
  /** Of the sweep. */
  readonly folder: string;
  /** Of the sweep, and the ones that are to be submitted. */
  readonly runs: readonly RunConfig[];
  readonly missing: readonly RunConfig[];
  readonly wishes: SlurmOptions;
  /** Words that start maskbench with these arguments, on any node. */
  readonly starting: (...args: string[]) => readonly string[];
  /** Folder that jobs start in. */
  readonly standing: string;
  /** Is told what went wrong and is no reason to stop. */
  readonly warn: (text: string) => void;
}

/**
 * Submits the missing runs, of which there must be one.
 * @throws {SlurmError} with what Slurm says; nothing is then left behind
 */
export async function submitRuns(request: SubmissionRequest): Promise<NumberedSubmission> {
  const { folder, runs, missing, wishes, starting, standing, device, threads, jobs } = request;
  if (folder.includes("\\")) { // Slurm would write its logs elsewhere
    throw new UserError(`${folder}: Slurm takes no path with a backslash in it`);
  }
  const places = new Map(runs.map((run, place) => [identityOf(run), place]));
  const tasks = sharesOf(missing.map((run) => places.get(identityOf(run))!), wishes.tasks);
  const number = await nextSubmissionNumber(folder);
  let submission: Omit<Submission, "format"> = {
    ...{ submitted: new Date().toISOString(), device, threads, jobs, retry: request.retry },
    ...{ controls: request.controls, saveMask: request.saveMask },
    ...{ runs: [...runs], tasks },
  };
  await writeSubmission(folder, number, submission);

  const wished = [
    `--chdir=${standing}`,
    "--export=ALL", // the nodes are to find data and libtorch as this machine does
    "--ntasks=1",
    ...wishes.partition === undefined ? [] : [`--partition=${wishes.partition}`],
    ...wishes.time === undefined ? [] : [`--time=${wishes.time}`],
  ];
  let array: string;
  try {
    array = await callSbatch([
      ...[...wished, "--job-name=maskbench", "--requeue", `--cpus-per-task=${threads * jobs}`],
      ...wishes.gpusPerTask === undefined ? [] : [`--gpus-per-task=${wishes.gpusPerTask}`],
      ...wishes.extra,
      ...[`--array=0-${tasks.length - 1}`, "--open-mode=append"],
      `--output=${pattern(taskLogPathOf(folder, number, "%a"))}`,
    ], `${scriptOf(starting("task", folder, String(number)))} "$SLURM_ARRAY_TASK_ID"\n`);
  } catch (error) {
    await removeFolder(submissionFolderOf(folder, number));
    throw error;
  }
  await writeSubmission(folder, number, submission = { ...submission, array });
  try {
    const tables = await callSbatch([
      ...[...wished, "--job-name=maskbench-tables", ...wishes.extra],
      ...[`--dependency=afterany:${array}`, "--kill-on-invalid-dep=yes"],
      `--output=${pattern(`${submissionFolderOf(folder, number)}/tables.log`)}`,
    ], `${scriptOf(starting("table", folder))}\n`);
    await writeSubmission(folder, number, submission = { ...submission, tables });
  } catch (error) {
    request.warn(
      `the tables won't be made by themselves when all ends: ${(error as Error).message}`,
    );
  }
  return { number, submission: { format: 1, ...submission } };
}

/** In place of the shell, so that signals reach maskbench itself. */
function scriptOf(words: readonly string[]): string {
  return `#!/bin/sh\nexec ${words.map(quoteForShell).join(" ")}`;
}

/** Of a log's path; `%a` alone is the index of the task. */
function pattern(path: string): string {
  return path.replaceAll("%", "%%").replace(/%%a(?=\.log$)/, "%a");
}
