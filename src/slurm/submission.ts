// A submission: `DIR/slurm/<number>/submission.json`, what was handed to Slurm, with the logs of its tasks beside it.
//
// It holds the runs themselves. So the sweep's file may change while they wait, and whoever sees the folder can tell how
// they stand, without the sweep's file, its data set, or this machine's Slurm.
import { join } from "node:path";
import { z } from "zod";
import { makeFolder, WriteError, writeFileAtomically } from "../base/atomic_files.ts";
import { UserError } from "../base/errors.ts";
import { firstErrorOf } from "../base/schema_errors.ts";
import { configurationSchema } from "../training/config.ts";
import { executionOptionsSchema } from "../runner/execution_options.ts";

/** Raised when the file changes so that older ones can't be read any more. */
const FORMAT = 1;

const count = z.int().min(0);
const job = z.string().regex(/^\d+$/, "expected a job's number");

const submissionSchema = z.strictObject({
  format: z.literal(FORMAT),
  /** ISO 8601, UTC. */
  submitted: z.iso.datetime(),
  /** Numbers of the jobs, once Slurm has them: of the array, and of what makes the tables after it. */
  array: job.optional(),
  tables: job.optional(),
  /** How each task computes. */
  ...executionOptionsSchema.shape,
  /** All that were asked for, finished ones too. */
  runs: z.array(configurationSchema),
  /** For each task the places of its runs among them. */
  tasks: z.array(z.array(count)),
}).refine(
  ({ runs, tasks }) => tasks.flat().every((place) => place < runs.length),
  "a task has a run that is not there",
);

export type Submission = z.infer<typeof submissionSchema>;

/** One that is on disk. */
export interface NumberedSubmission {
  readonly number: number;
  readonly submission: Submission;
}

const home = (folder: string) => join(folder, "slurm");

/** Where a submission of a sweep's folder is. */
export const submissionFolderOf = (folder: string, number: number): string =>
  join(home(folder), String(number));

/** The log of a task. */
export const taskLogPathOf = (folder: string, number: number, task: number | string): string =>
  join(submissionFolderOf(folder, number), `task-${task}.log`);

/** The next number, which nobody else gets. @throws {WriteError} where folders can't be made */
export async function nextSubmissionNumber(folder: string): Promise<number> {
  await makeFolder(home(folder));
  for (let number = 1;; number++) {
    try {
      await Deno.mkdir(submissionFolderOf(folder, number));
      return number;
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) continue;
      throw new WriteError(`${home(folder)} can't be written: ${(error as Error).message}`);
    }
  }
}

const path = (folder: string, number: number) =>
  join(submissionFolderOf(folder, number), "submission.json");

/** @throws {WriteError} where it can't */
export async function writeSubmission(
  folder: string,
  number: number,
  submission: Omit<Submission, "format">,
): Promise<void> {
  const text = JSON.stringify({ format: FORMAT, ...submission } satisfies Submission);
  await writeFileAtomically(path(folder, number), `${text}\n`);
}

/** @throws {UserError} that says what is wrong with it */
export async function readSubmission(folder: string, number: number): Promise<Submission> {
  const shown = path(folder, number);
  let text: string;
  try {
    text = await Deno.readTextFile(shown);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new UserError(`${shown} does not exist`);
    throw new UserError(`${shown} can't be read: ${(error as Error).message}`);
  }
  return parseSubmission(text, shown);
}

/** The same of a file's text. @param shown how the file is called in messages */
export function parseSubmission(text: string, shown: string): Submission {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${shown} can't be read: ${(error as Error).message}`);
  }
  const { data, error } = submissionSchema.safeParse(json);
  if (error) throw new UserError(`${shown} is no submission: ${firstErrorOf(error)}`);
  return data;
}

/** All that Slurm has taken, oldest first. @throws {UserError} that says what is wrong with one */
export async function readSubmissions(folder: string): Promise<NumberedSubmission[]> {
  const numbers: number[] = [];
  try {
    for await (const { name } of Deno.readDir(home(folder))) {
      if (/^[1-9]\d*$/.test(name)) numbers.push(Number(name));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new UserError(`${home(folder)} can't be read: ${(error as Error).message}`);
    }
  }
  const found: NumberedSubmission[] = [];
  for (const number of numbers.sort((a, b) => a - b)) {
    const isThere = await Deno.stat(path(folder, number)).then(() => true, () => false);
    if (!isThere) continue; // just being made, or refused
    const submission = await readSubmission(folder, number);
    if (submission.array !== undefined) found.push({ number, submission });
  }
  return found;
}
