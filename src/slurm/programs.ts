// Slurm's own programs: started with their arguments one by one, never by a shell.
import { UserError } from "../base/errors.ts";

/** Slurm could not be asked, or refused. */
export class SlurmError extends UserError {}

/** A task of a job array that waits or runs. */
export interface LiveTask {
  /** The number of the array's job. */
  readonly job: string;
  /** Its index in the array; none of a job that is no array. */
  readonly index: number | undefined;
  /** Such as `PENDING`, `RUNNING`, `COMPLETING`. */
  readonly state: string;
  /** Why it waits, such as `Resources`. */
  readonly reason: string;
}

/** Runs a program. @returns what it prints. @throws {SlurmError} where it is not there, or fails: in its own words */
async function callProgram(program: string, args: readonly string[], input = ""): Promise<string> {
  const spawn = () => {
    try {
      const pipes = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
      return new Deno.Command(program, { args: [...args], ...pipes }).spawn();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new SlurmError(`there is no ${program} here: Slurm's commands are not on the PATH`);
    }
  };
  const child = spawn(), output = child.output();
  const stdin = child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode(input)).then(() => stdin.close())
    .catch(() => {}); // the program ended without reading, and says why
  const { success, code, stdout, stderr } = await output;
  if (success) return new TextDecoder().decode(stdout);
  const message = new TextDecoder().decode(stderr).trim().split("\n")
    .map((line) => line.replace(/^\w+: (error: )?/, "")).join("; ");
  throw new SlurmError(`${program} says: ${message || `nothing, and ends with ${code}`}`);
}

/** Submits a script. @returns the job's number. @throws {SlurmError} */
export async function callSbatch(options: readonly string[], script: string): Promise<string> {
  const output = await callProgram("sbatch", ["--parsable", ...options], script);
  return output.trim().split("\n").at(-1)!.split(";")[0]!; // after it may come a cluster's name
}

/** The tasks of these jobs that wait or run, in one question for all. @throws {SlurmError} */
export async function callSqueue(jobs: readonly string[]): Promise<LiveTask[]> {
  if (jobs.length === 0) return [];
  const args = ["--noheader", "--array", "--format=%F|%K|%T|%r", `--jobs=${jobs.join(",")}`];
  try {
    return parseQueue(await callProgram("squeue", args));
  } catch (error) {
    // This is squeue's answer when the one job that it is asked for has ended some minutes ago.
    if (error instanceof SlurmError && /Invalid job id/.test(error.message)) return [];
    throw error;
  }
}

/** Parses what `squeue --format='%F|%K|%T|%r'` prints. */
export function parseQueue(text: string): LiveTask[] {
  return text.split("\n").filter((line) => line.trim() !== "").map((line) => {
    const [job = "", index = "", state = "", ...reason] = line.trim().split("|");
    const position = /^\d+$/.test(index) ? Number(index) : undefined;
    return { job, index: position, state, reason: reason.join("|") };
  });
}

/** How many tasks a job array may have. @throws {SlurmError} */
export async function readMaxTasks(): Promise<number> {
  return parseMaxTasks(await callProgram("scontrol", ["show", "config"]));
}

/** Parses what `scontrol show config` prints: indices end below MaxArraySize. */
export function parseMaxTasks(text: string): number {
  const limits = [
    /^MaxArraySize\s*=\s*(\d+)/m,
    /^SchedulerParameters\s*=.*\bmax_array_tasks=(\d+)/m,
  ]
    .map((limit) => Number(limit.exec(text)?.[1] ?? Infinity));
  const max = Math.min(...limits);
  if (max >= 1 && max < Infinity) return max;
  throw new SlurmError("this Slurm has no job arrays: its MaxArraySize is 0, or not given");
}
