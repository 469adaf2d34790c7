// bench --engine slurm: the same sweep as a job array, followed until it ends.
import { type Command, Option } from "@commander-js/extra-typings";
import { UserError } from "../base/errors.ts";
import { exitNow } from "../native/mod.ts";
import { ensureNative } from "../native/toolchain/setup.ts";
import type { ExecutionRequest } from "../runner/execution_options.ts";
import { StopFlag } from "../runner/stop.ts";
import { readFailure } from "../runs/failure_file.ts";
import { identityOf } from "../runs/identity.ts";
import { labelOf } from "../runs/label.ts";
import { followSubmissions } from "../slurm/follow.ts";
import { readMaxTasks } from "../slurm/programs.ts";
import { quoteForShell, splitWords } from "../slurm/shell.ts";
import { readOverview, type RunStatus, type StatusOverview } from "../slurm/status.ts";
import { submissionFolderOf } from "../slurm/submission.ts";
import { submitRuns } from "../slurm/submit.ts";
import type { RunConfig } from "../training/config.ts";
import { parsePositive } from "./options.ts";
import { launchCommandOf, root, shownPathOf } from "./paths.ts";
import { withSignals } from "./signals.ts";

/** What `withEngineOptions` adds to a command. */
export interface EngineOptions {
  readonly engine: "local" | "slurm";
  readonly partition?: string | undefined;
  readonly gpusPerTask?: string | undefined;
  readonly time?: string | undefined;
  readonly tasks?: number | undefined;
  readonly sbatch?: string | undefined;
}

/** Runs that are listed one by one. */
const MAX_LISTED = 20;

/** Adds --engine, and the options for Slurm. */
export function withEngineOptions(command: Command) {
  return command
    .addOption(
      new Option(
        "--engine <engine>",
        "execute the runs on this machine, or as a job array on a Slurm cluster, where each task " +
          "executes one run at a time on one processor unless --jobs and --threads say otherwise",
      )
        .choices(["local", "slurm"] as const).default("local" as const),
    )
    .option("--partition <name>", "submit to this partition of Slurm")
    .option("--gpus-per-task <n>", "give each task of the array these GPUs, such as 1 or a100:1")
    .option("--time <time>", "let Slurm end a task after this time, such as 8:00:00")
    .option("--tasks <n>", "submit at most n tasks; default one for each run", parsePositive)
    .option(
      "--sbatch <options>",
      "pass further options to sbatch, such as '--account=me --mem=8G'",
    );
}

/** @throws {UserError} where there is an option for Slurm, and Slurm is not to be used */
export function refuseSlurmOptions({ engine, ...options }: EngineOptions): void {
  const names = {
    partition: "--partition",
    gpusPerTask: "--gpus-per-task",
    time: "--time",
    tasks: "--tasks",
    sbatch: "--sbatch",
  } as const;
  const given = Object.entries(names).find(([key]) => options[key as keyof typeof names]);
  if (engine === "local" && given) {
    throw new UserError(`${given[1]} is for Slurm: expected --engine slurm with it`);
  }
}

/**
 * Submits those of the runs that are missing and that Slurm does not have yet, and follows all of the folder's runs until
 * Slurm no longer has any of them.
 * @param missing those of the runs without a valid run file
 * @returns how all of them stand at the end
 */
export async function runWithSlurm(
  runs: readonly RunConfig[],
  missing: readonly RunConfig[],
  folder: string,
  options: ExecutionRequest & EngineOptions,
): Promise<StatusOverview> {
  const { threads = 1, jobs = 1, retry = false, redo = false } = options;
  const { controls = false, saveMask = false } = options;
  const { partition, gpusPerTask, time } = options;
  const extra = splitWords(options.sbatch ?? "");
  const tasks = Math.min(await readMaxTasks(), options.tasks ?? Infinity);
  const chosen = options.device ?? "auto";
  const device = gpusPerTask !== undefined && chosen === "auto" ? "cuda" : chosen;
  const before = await readOverview(folder, new Set());
  if (before.silence !== undefined) throw new UserError(before.silence);
  const unsubmitted = await findUnsubmittedRuns(missing, folder, before, retry);
  if (unsubmitted.length === 0) {
    console.error(
      `nothing to submit: of ${runs.length} runs ${runs.length - missing.length} are finished` +
        (missing.length > 0 ? ", the others wait, run, or have failed (--retry)" : ""),
    );
    return before.submissions.length > 0 ? await followWhile(folder) : before;
  }
  return await followWhile(folder, async () => {
    await ensureNative(); // once, before many would
    const { submission, number } = await submitRuns({
      folder,
      runs,
      missing: unsubmitted,
      slurm: { partition, gpusPerTask, time, tasks, extra },
      execution: { device, threads, jobs, retry, redo, controls, saveMask },
      launchCommandOf,
      startFolder: root,
      warn: (text) => console.error(text),
    });
    console.error(
      `submitted ${unsubmitted.length} of ${runs.length} runs as job ${submission.array}, ` +
        `${submission.tasks.length} tasks: ${shownPathOf(submissionFolderOf(folder, number))}`,
    );
  });
}

// The missing runs that no task has, and that have not failed, unless they are to be tried again.
async function findUnsubmittedRuns(
  missing: readonly RunConfig[],
  folder: string,
  { statuses }: StatusOverview,
  retry: boolean,
): Promise<RunConfig[]> {
  const submitted = new Set(
    statuses.filter(({ state }) => state === "waiting" || state === "running")
      .map(({ run }) => identityOf(run)),
  );
  const unsubmitted: RunConfig[] = [];
  for (const run of missing) {
    if (submitted.has(identityOf(run))) continue;
    if (retry || !await readFailure(folder, run)) unsubmitted.push(run);
  }
  return unsubmitted;
}

/**
 * Does something, and then shows the state of the runs until Slurm has none of them; a signal ends the watching, and
 * leaves Slurm's jobs alone.
 */
export async function followWhile(
  folder: string,
  body: () => Promise<void> = () => Promise.resolve(),
): Promise<StatusOverview> {
  const stop = new StopFlag();
  let exitCode: number | undefined;
  const onSignal = (_signal: Deno.Signal, code: number) => {
    exitCode ??= code;
    stop.ask();
  };
  const overview = await withSignals(onSignal, async () => {
    await body();
    return await followSubmissions(folder, stop, (text) => console.error(text));
  });
  if (exitCode === undefined) return overview;
  const jobs = [...new Set(overview.live?.map(({ job }) => job))];
  const status = `deno task maskbench status ${quoteForShell(shownPathOf(folder))} --follow`;
  console.error(
    `the jobs go on; \`${status}\` comes back to them` +
      (jobs.length > 0 ? `, \`scancel ${jobs.join(" ")}\` ends them` : ""),
  );
  exitNow(exitCode);
}

/** Names what failed and what is missing, and sets the exit code. */
export function reportOverview({ statuses }: StatusOverview): void {
  const failed = statuses.filter(({ state }) => state === "failed");
  const missing = statuses.filter(({ state }) => state === "missing");
  if (failed.length > 0) {
    console.error(`maskbench: ${failed.length} runs failed (--retry tries them again):`);
    listRuns(failed, ({ reason }) => reason!);
  }
  if (missing.length > 0) {
    console.error(
      `maskbench: ${missing.length} runs have no result, and no task that waits or runs ` +
        "(the same `bench` command submits them again); why is in the logs:",
    );
    listRuns(missing, ({ log }) => log ? shownPathOf(log) : "it was in no task");
  }
  if (failed.length + missing.length > 0) Deno.exitCode = 1;
}

function listRuns(statuses: readonly RunStatus[], textOf: (status: RunStatus) => string): void {
  for (const status of statuses.slice(0, MAX_LISTED)) {
    console.error(`  ${labelOf(status.run)}: ${textOf(status)}`);
  }
  if (statuses.length > MAX_LISTED) console.error(`  and ${statuses.length - MAX_LISTED} more`);
}
