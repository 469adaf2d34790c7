// A submission: `DIR/slurm/<number>/submission.json`, what was handed to Slurm, with the logs of its tasks next to it.
//
// It holds the runs themselves. So the sweep's file may change while they wait, and whoever sees the folder can tell how
// they stand, without the sweep's file, its data set, or this machine's Slurm.
import { join } from "node:path";
import { z } from "zod";
import { makeFolder, WriteError, writeFileAtomically } from "../base/atomic_files.ts";
import { UserError } from "../base/errors.ts";
import { parseJsonAs, readUserFile } from "../base/json.ts";
import { MAX_TEXT_BYTES } from "../base/plain_files.ts";
import { configurationSchema, type RunConfig } from "../training/config.ts";
import { executionOptionsSchema } from "../runner/execution_options.ts";

/** Raised when the file changes so that older ones can no longer be read. */
const FORMAT = 1;

const count = z.int().min(0);
const job = z.string().regex(/^\d+$/, "expected a job's number");

const submissionSchema = z.strictObject({
  format: z.literal(FORMAT),
  /** ISO 8601, UTC. */
  submitted: z.iso.datetime(),
  /** Numbers of the jobs, once Slurm has them: the array, and what makes the tables after it. */
  array: job.optional(),
  tables: job.optional(),
  /** How each task computes. */
  ...executionOptionsSchema.shape,
  /** All runs that were asked for, finished ones too. */
  runs: z.array(configurationSchema),
  /** For each task the indices of its runs in `runs`. */
  tasks: z.array(z.array(count)),
}).refine(
  ({ runs, tasks }) => tasks.flat().every((index) => index < runs.length),
  "a task has a run that is not there",
);

/** What was submitted. */
export type Submission = Omit<z.infer<typeof submissionSchema>, "runs"> & {
  readonly runs: readonly RunConfig[];
};

/** A submission that is on disk. */
export interface NumberedSubmission {
  readonly number: number;
  readonly submission: Submission;
}

const submissionsFolder = (folder: string) => join(folder, "slurm");

/** Where a submission of a sweep's folder is. */
export const submissionFolderOf = (folder: string, number: number): string =>
  join(submissionsFolder(folder), String(number));

/** The log of a task. */
export const taskLogPathOf = (folder: string, number: number, task: number | string): string =>
  join(submissionFolderOf(folder, number), `task-${task}.log`);

/** The next number, which nobody else gets. @throws {WriteError} where folders can't be made */
export async function nextSubmissionNumber(folder: string): Promise<number> {
  await makeFolder(submissionsFolder(folder));
  for (let number = 1;; number++) {
    try {
      await Deno.mkdir(submissionFolderOf(folder, number));
      return number;
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) continue;
      throw new WriteError(
        `${submissionsFolder(folder)} can't be written: ${(error as Error).message}`,
      );
    }
  }
}

const submissionPathOf = (folder: string, number: number) =>
  join(submissionFolderOf(folder, number), "submission.json");

/** @throws {WriteError} where it can't */
export async function writeSubmission(
  folder: string,
  number: number,
  submission: Omit<Submission, "format">,
): Promise<void> {
  const text = JSON.stringify({ format: FORMAT, ...submission } satisfies Submission);
  await writeFileAtomically(submissionPathOf(folder, number), `${text}\n`);
}

/** @throws {UserError} that says what is wrong with it */
export async function readSubmission(folder: string, number: number): Promise<Submission> {
  const shown = submissionPathOf(folder, number);
  return parseSubmission(await readUserFile(shown, shown, "does not exist", MAX_TEXT_BYTES), shown);
}

/** The same of a file's text. @param shown how the file is called in messages */
export function parseSubmission(text: string, shown: string): Submission {
  return parseJsonAs(submissionSchema, text, {
    noJson: (reason) => new UserError(`${shown} can't be read: ${reason}`),
    invalid: (fault) => new UserError(`${shown} is no submission: ${fault}`),
  });
}

/** All that Slurm has taken, oldest first. @throws {UserError} that says what is wrong with one */
export async function readSubmissions(folder: string): Promise<NumberedSubmission[]> {
  const numbers: number[] = [];
  try {
    for await (const { name } of Deno.readDir(submissionsFolder(folder))) {
      if (/^[1-9]\d*$/.test(name)) numbers.push(Number(name));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new UserError(
        `${submissionsFolder(folder)} can't be read: ${(error as Error).message}`,
      );
    }
  }
  const submissions: NumberedSubmission[] = [];
  for (const number of numbers.sort((a, b) => a - b)) {
    const isThere = await Deno.stat(submissionPathOf(folder, number)).then(() => true, () => false);
    if (!isThere) continue; // it is just being made, or Slurm has refused it
    const submission = await readSubmission(folder, number);
    if (submission.array !== undefined) submissions.push({ number, submission });
  }
  return submissions;
}
