// bench --engine slurm: the same sweep as a job array, followed until it ends.
import { type Command, Option } from "@commander-js/extra-typings";
import { UserError } from "../base/errors.ts";
import { exitNow } from "../native/mod.ts";
import { ensureNative } from "../native/toolchain/setup.ts";
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
import type { ExecutionOptions } from "./execute.ts";
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

/** Runs that are named one by one. */
const MOST_TOLD = 20;

/** Adds --engine, and what Slurm may be asked for. */
export function withEngineOptions(command: Command) {
  return command
    .addOption(
      new Option(
        "--engine <engine>",
        "this machine, or a job array on a Slurm cluster, of whose tasks each does a run at a time on " +
          "one processor unless --jobs and --threads say otherwise",
      )
        .choices(["local", "slurm"] as const).default("local" as const),
    )
    .option("--partition <name>", "of Slurm")
    .option("--gpus-per-task <n>", "GPUs of each task of the array, such as 1 or a100:1")
    .option("--time <time>", "that Slurm gives each task at most, such as 8:00:00")
    .option("--tasks <n>", "tasks of the array at most; default one for each run", parsePositive)
    .option("--sbatch <options>", "more options of sbatch, such as '--account=me --mem=8G'");
}

/** @throws {UserError} where something is asked of Slurm that is not to be used */
export function refuseSlurmOptions({ engine, ...wishes }: EngineOptions): void {
  const names = {
    partition: "--partition",
    gpusPerTask: "--gpus-per-task",
    time: "--time",
    tasks: "--tasks",
    sbatch: "--sbatch",
  } as const;
  const given = Object.entries(names).find(([key]) => wishes[key as keyof typeof names]);
  if (engine === "local" && given) {
    throw new UserError(`${given[1]} is for Slurm: expected --engine slurm beside it`);
  }
}

/**
 * Submits what is missing of these runs and neither waits nor runs already, and follows all of the folder's until none
 * does any more.
 * @param missing those of them without a valid run file
 * @returns how they stand at the end
 */
export async function runWithSlurm(
  runs: readonly RunConfig[],
  missing: readonly RunConfig[],
  folder: string,
  options: ExecutionOptions & EngineOptions,
): Promise<StatusOverview> {
  const { threads = 1, jobs = 1, retry = false, controls = false, saveMask = false } = options;
  const { partition, gpusPerTask, time } = options;
  const extra = splitWords(options.sbatch ?? "");
  const tasks = Math.min(await readMaxTasks(), options.tasks ?? Infinity);
  const wishes = { partition, gpusPerTask, time, tasks, extra };
  const device = gpusPerTask !== undefined && options.device === "auto" ? "cuda" : options.device;
  const before = await readOverview(folder, new Set());
  if (before.silence !== undefined) throw new UserError(before.silence);
  const lacking = await lackingRuns(missing, folder, before, retry);
  if (lacking.length === 0) {
    console.error(
      `nothing to submit: of ${runs.length} runs ${runs.length - missing.length} are finished` +
        (missing.length > 0 ? ", the others wait, run, or have failed (--retry)" : ""),
    );
    return before.submissions.length > 0 ? await followWhile(folder) : before;
  }
  return await followWhile(folder, async () => {
    await ensureNative(); // once, before many would
    const { submission, number } = await submitRuns({
      ...{ folder, runs, missing: lacking, wishes, device, threads, jobs, retry },
      ...{ controls, saveMask },
      ...{ starting: launchCommandOf, standing: root, warn: (text) => console.error(text) },
    });
    console.error(
      `submitted ${lacking.length} of ${runs.length} runs as job ${submission.array}, ` +
        `${submission.tasks.length} tasks: ${shownPathOf(submissionFolderOf(folder, number))}`,
    );
  });
}

// Those that no task has, and that have not failed, unless they are to be tried again.
async function lackingRuns(
  missing: readonly RunConfig[],
  folder: string,
  { standings }: StatusOverview,
  retry: boolean,
): Promise<RunConfig[]> {
  const given = new Set(
    standings.filter(({ state }) => state === "waiting" || state === "running")
      .map(({ run }) => identityOf(run)),
  );
  const lacking: RunConfig[] = [];
  for (const run of missing) {
    if (!given.has(identityOf(run)) && (retry || !await readFailure(folder, run))) {
      lacking.push(run);
    }
  }
  return lacking;
}

/** Does something, and then shows how the runs stand until Slurm has none of them; a signal leaves its jobs alone. */
export async function followWhile(
  folder: string,
  first: () => Promise<void> = () => Promise.resolve(),
): Promise<StatusOverview> {
  const stop = new StopFlag();
  let code: number | undefined;
  const onSignal = (_signal: Deno.Signal, given: number) => {
    code ??= given;
    stop.ask();
  };
  const found = await withSignals(onSignal, async () => {
    await first();
    return await followSubmissions(folder, stop, (text) => console.error(text));
  });
  if (code === undefined) return found;
  const jobs = [...new Set(found.live?.map(({ job }) => job))];
  console.error(
    `the jobs go on; \`deno task maskbench status ${
      quoteForShell(shownPathOf(folder))
    } --follow\` comes back to ` +
      `them` + (jobs.length > 0 ? `, \`scancel ${jobs.join(" ")}\` ends them` : ""),
  );
  exitNow(code);
}

/** Names what failed and what is missing, and sees to the exit code. */
export function reportOverview({ standings }: StatusOverview): void {
  const those = (state: RunStatus["state"]) => standings.filter((one) => one.state === state);
  const failed = those("failed"), missing = those("missing");
  const list = (all: readonly RunStatus[], text: (one: RunStatus) => string) => {
    for (const one of all.slice(0, MOST_TOLD)) console.error(`  ${labelOf(one.run)}: ${text(one)}`);
    if (all.length > MOST_TOLD) console.error(`  and ${all.length - MOST_TOLD} more`);
  };
  if (failed.length > 0) {
    console.error(`maskbench: ${failed.length} runs failed (--retry tries them again):`);
    list(failed, ({ reason }) => reason!);
  }
  if (missing.length > 0) {
    console.error(
      `maskbench: ${missing.length} runs have no result, and no task that waits or runs ` +
        "(the same `bench` command submits them again); why is in the logs:",
    );
    list(missing, ({ log }) => log ? shownPathOf(log) : "it was in no task");
  }
  if (failed.length + missing.length > 0) Deno.exitCode = 1;
}
