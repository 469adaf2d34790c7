// The state of submitted runs: by their own files, and by what Slurm still has of them. A job's state never makes a run
// finished, as a node that is set up badly calls a job completed that never ran.
import { namesIn, refreshFolder } from "../base/atomic_files.ts";
import { isClaimAlive } from "../runs/claims.ts";
import { readFailure } from "../runs/failure_file.ts";
import { identityOf } from "../runs/identity.ts";
import { readRunFile, runPathOf, runsFolder } from "../runs/run_file.ts";
import { readRunLines } from "../runs/run_folder.ts";
import type { RunConfig } from "../training/config.ts";
import { callSqueue, type LiveTask, SlurmError } from "./programs.ts";
import { type NumberedSubmission, readSubmissions, taskLogPathOf } from "./submission.ts";

/** `open`: not finished, and it is unknown whether it waits or is missing, as Slurm can't be asked. */
export type RunState = "finished" | "failed" | "running" | "waiting" | "missing" | "open";

/** The state of one run. */
export interface RunStatus {
  readonly run: RunConfig;
  readonly state: RunState;
  /** Why it failed. */
  readonly reason?: string | undefined;
  /** The log of the last task that it was given to. */
  readonly log?: string | undefined;
}

/** What the files of a folder say of its runs, by identity. */
export interface FolderContents {
  readonly finished: ReadonlySet<string>;
  /** Failed runs with their reasons. */
  readonly failed: ReadonlyMap<string, string>;
  /** Runs claimed by a process that was alive minutes ago. */
  readonly claimed: ReadonlySet<string>;
}

/** All runs of all submissions of a folder, in their order. */
export interface StatusOverview {
  readonly submissions: readonly NumberedSubmission[];
  readonly statuses: readonly RunStatus[];
  /** What Slurm has of them; nothing where it can't be asked. */
  readonly live: readonly LiveTask[] | undefined;
  /** Why it can't be asked. */
  readonly silence?: string | undefined;
}

/**
 * Looks at the folder, and asks Slurm once.
 * @param known identities that were seen finished: their files are not read again. Those seen now are added
 */
export async function readOverview(folder: string, known: Set<string>): Promise<StatusOverview> {
  const submissions = await readSubmissions(folder);
  let live: readonly LiveTask[] | undefined, silence: string | undefined;
  try { // before the files: what has ended by then has written them
    live = await callSqueue(submissions.map(({ submission }) => submission.array!));
  } catch (error) {
    if (!(error instanceof SlurmError)) throw error;
    silence = error.message;
  }
  const runs = submissions.flatMap(({ submission }) => submission.runs);
  const contents = await readContents(runs, folder, known);
  return {
    submissions,
    statuses: runStatusesOf(folder, submissions, contents, live),
    live,
    silence,
  };
}

async function readContents(
  runs: readonly RunConfig[],
  folder: string,
  finished: Set<string>,
): Promise<FolderContents> {
  const failed = new Map<string, string>(), claimed = new Set<string>();
  const now = await refreshFolder(runsFolder(folder)).catch(() => Date.now());
  const names = await namesIn(runsFolder(folder));
  const files = Map.groupBy(names, (name) => name.slice(0, 64));
  for (const { identity } of (await readRunLines(folder)).runs) finished.add(identity);
  for (const run of runs) {
    const identity = identityOf(run), own = files.get(identity) ?? [];
    if (finished.has(identity)) continue;
    if (own.includes(`${identity}.json`)) {
      const isValid = await readRunFile(runPathOf(folder, identity)).then(() => true, () => false);
      if (isValid) {
        finished.add(identity);
        continue;
      }
    }
    if (own.includes(`${identity}.failed`)) {
      const failure = await readFailure(folder, run);
      if (failure) failed.set(identity, failure.reason);
    }
    if (own.some((name) => name.includes(".claim-")) && await isClaimAlive(folder, identity, now)) {
      claimed.add(identity);
    }
  }
  return { finished, failed, claimed };
}

/** The state of each run, once, by its files and by what Slurm has of it. */
export function runStatusesOf(
  folder: string,
  submissions: readonly NumberedSubmission[],
  { finished, failed, claimed }: FolderContents,
  live: readonly LiveTask[] | undefined,
): RunStatus[] {
  const alive = Map.groupBy(live ?? [], ({ job, index }) => `${job}_${index}`);
  const runs = new Map<string, RunConfig>(), logs = new Map<string, string>();
  const taskOf = new Map<string, { isRunning: boolean; retries: boolean }>();
  for (const { number, submission } of submissions) {
    const identities = submission.runs.map(identityOf);
    submission.runs.forEach((run, i) => runs.set(identities[i]!, run));
    submission.tasks.forEach((runIndices, task) => {
      const tasks = alive.get(`${submission.array}_${task}`) ?? [];
      for (const identity of runIndices.map((i) => identities[i]!)) {
        logs.set(identity, taskLogPathOf(folder, number, task));
        if (tasks.length === 0) continue;
        const before = taskOf.get(identity);
        taskOf.set(identity, {
          isRunning: before?.isRunning || tasks.some(({ state }) => state !== "PENDING"),
          retries: before?.retries || submission.retry,
        });
      }
    });
  }
  return [...runs].map(([identity, run]): RunStatus => {
    const log = logs.get(identity), task = taskOf.get(identity), reason = failed.get(identity);
    if (finished.has(identity)) return { run, state: "finished", log };
    if (reason !== undefined && !task?.retries) return { run, state: "failed", reason, log };
    if (!live) return { run, state: claimed.has(identity) ? "running" : "open", log };
    if (!task) return { run, state: "missing", log };
    return { run, state: task.isRunning && claimed.has(identity) ? "running" : "waiting", log };
  });
}
