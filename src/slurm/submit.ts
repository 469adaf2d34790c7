// Handing runs to Slurm: a job array that works them off, and a job that makes the tables after it.
import { removeFolder } from "../base/atomic_files.ts";
import { UserError } from "../base/errors.ts";
import { identityOf } from "../runs/identity.ts";
import type { DeviceChoice, ExecutionOptions } from "../runner/execution_options.ts";
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
  /** Number of tasks at most, itself at most `readMaxTasks`. */
  readonly tasks: number;
  /** Further options of sbatch, a word each. */
  readonly extra: readonly string[];
}

/** What is to be submitted, and how it is to be executed. */
export interface SubmissionRequest {
  /** The sweep's folder. */
  readonly folder: string;
  /** All runs of the sweep. */
  readonly runs: readonly RunConfig[];
  /** Those of them that are to be submitted. */
  readonly missing: readonly RunConfig[];
  readonly slurm: SlurmOptions;
  readonly execution: ExecutionOptions<DeviceChoice>;
  /** Gives the words that start maskbench with these arguments, on any node. */
  readonly launchCommandOf: (...args: string[]) => readonly string[];
  /** The folder that jobs start in. */
  readonly startFolder: string;
  /** Is called with what went wrong and is no reason to stop. */
  readonly warn: (text: string) => void;
}

/**
 * Submits the missing runs, of which there must be one.
 * @throws {SlurmError} with what Slurm says; nothing is then left behind
 */
export async function submitRuns(request: SubmissionRequest): Promise<NumberedSubmission> {
  const { folder, runs, missing, slurm, execution } = request;
  if (folder.includes("\\")) { // Slurm would write its logs elsewhere
    throw new UserError(`${folder}: Slurm takes no path with a backslash in it`);
  }
  const indices = new Map(runs.map((run, index) => [identityOf(run), index]));
  const tasks = sharesOf(missing.map((run) => indices.get(identityOf(run))!), slurm.tasks);
  const number = await nextSubmissionNumber(folder);
  const submitted = new Date().toISOString();
  let submission: Omit<Submission, "format"> = { submitted, ...execution, runs: [...runs], tasks };
  await writeSubmission(folder, number, submission);

  let array: string;
  try {
    array = await submitArray(request, number, tasks.length);
  } catch (error) {
    await removeFolder(submissionFolderOf(folder, number));
    throw error;
  }
  submission = { ...submission, array };
  await writeSubmission(folder, number, submission);
  try {
    submission = { ...submission, tables: await submitTables(request, number, array) };
    await writeSubmission(folder, number, submission);
  } catch (error) {
    request.warn(
      `the tables won't be made by themselves when all ends: ${(error as Error).message}`,
    );
  }
  return { number, submission: { format: 1, ...submission } };
}

/** @returns the number of the job. @throws {SlurmError} */
async function submitArray(
  { folder, slurm, execution, launchCommandOf, startFolder }: SubmissionRequest,
  number: number,
  tasks: number,
): Promise<string> {
  const processors = execution.threads * execution.jobs;
  return await callSbatch([
    ...commonOptionsOf(slurm, startFolder),
    ...["--job-name=maskbench", "--requeue", `--cpus-per-task=${processors}`],
    ...slurm.gpusPerTask === undefined ? [] : [`--gpus-per-task=${slurm.gpusPerTask}`],
    ...slurm.extra,
    ...[`--array=0-${tasks - 1}`, "--open-mode=append"],
    `--output=${pattern(taskLogPathOf(folder, number, "%a"))}`,
  ], `${scriptOf(launchCommandOf("task", folder, String(number)))} "$SLURM_ARRAY_TASK_ID"\n`);
}

/** A job that makes the tables once all tasks have ended. @returns its number. @throws {SlurmError} */
async function submitTables(
  { folder, slurm, launchCommandOf, startFolder }: SubmissionRequest,
  number: number,
  array: string,
): Promise<string> {
  return await callSbatch([
    ...commonOptionsOf(slurm, startFolder),
    ...["--job-name=maskbench-tables", ...slurm.extra],
    ...[`--dependency=afterany:${array}`, "--kill-on-invalid-dep=yes"],
    `--output=${pattern(`${submissionFolderOf(folder, number)}/tables.log`)}`,
  ], `${scriptOf(launchCommandOf("table", folder))}\n`);
}

function commonOptionsOf({ partition, time }: SlurmOptions, startFolder: string): string[] {
  return [
    `--chdir=${startFolder}`,
    "--export=ALL", // the nodes are to find data and libtorch as this machine does
    "--ntasks=1",
    ...partition === undefined ? [] : [`--partition=${partition}`],
    ...time === undefined ? [] : [`--time=${time}`],
  ];
}

/** The script's shell is replaced by maskbench, so that signals reach it. */
function scriptOf(words: readonly string[]): string {
  return `#!/bin/sh\nexec ${words.map(quoteForShell).join(" ")}`;
}

/** What sbatch is given for a log's path: `%a` alone is the index of the task. */
function pattern(path: string): string {
  return path.replaceAll("%", "%%").replace(/%%a(?=\.log$)/, "%a");
}
