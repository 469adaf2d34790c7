// Executing runs as commands do: with the options of the command line, progress on the terminal, and signals followed.
import os from "node:os";
import type { Command } from "@commander-js/extra-typings";
import { WriteError } from "../base/atomic_files.ts";
import { exitNow } from "../native/mod.ts";
import { openNative } from "../native/toolchain/setup.ts";
import type { ExecutionOptions, ExecutionRequest } from "../runner/execution_options.ts";
import type { RunnerListener } from "../runner/listener.ts";
import { progressListener } from "../runner/progress.ts";
import { Runner, type RunnerOutcome } from "../runner/runner.ts";
import { StopFlag } from "../runner/stop.ts";
import { labelOf } from "../runs/label.ts";
import { runsFolder } from "../runs/run_file.ts";
import { readRunFolder } from "../runs/run_folder.ts";
import type { RunConfig } from "../training/config.ts";
import { deviceOption, parsePositive, resolveDevice } from "./options.ts";
import { dataFolders, shownPathOf } from "./paths.ts";
import { withSignals } from "./signals.ts";

/** Milliseconds in which a second signal is taken for the first: a terminal and `deno task` may both send it. */
const SAME_SIGNAL_WINDOW = 300;

/** Adds --jobs, --threads, --device and --retry. */
export function withExecutionOptions<
  Args extends unknown[],
  Options extends Record<string, unknown>,
>(
  command: Command<Args, Options>,
) {
  return command
    .option(
      "--jobs <n>",
      "execute n runs side by side; default one for each processor, or one on a GPU",
      parsePositive,
    )
    .option(
      "--threads <n>",
      "give each run n processor threads; default an equal share of the processors",
      parsePositive,
    )
    .addOption(deviceOption())
    .option("--retry", "try runs again that failed at an earlier start");
}

/**
 * Executes the runs that are not finished in the folder.
 * @param all runs of the sweep: the default number of jobs, and so of threads, depends on it, so that a second start
 * computes as the first did
 * @param patience milliseconds to wait for runs that other processes have claimed
 */
export async function executeRuns(
  runs: readonly RunConfig[],
  all: number,
  folder: string,
  request: ExecutionRequest,
  patience = Infinity,
): Promise<RunnerOutcome> {
  const listener = progressListener(Deno.stderr.isTerminal());
  const { outcome, exitCode } = await executeUntilStopped(runs, all, folder, request, {
    patience,
    listener,
  });
  if (exitCode !== undefined && outcome.left > 0) {
    reportStop(outcome, runs.length, folder);
    exitNow(exitCode);
  }
  return outcome;
}

/**
 * The same, but where a signal ends it early its exit code is given back.
 * @param listener is called with what happens to the runs
 * @param stop ends it early as a signal does
 */
export async function executeUntilStopped(
  runs: readonly RunConfig[],
  all: number,
  folder: string,
  request: ExecutionRequest,
  { patience = Infinity, listener, stop = new StopFlag() }: {
    readonly patience?: number;
    readonly listener: RunnerListener;
    readonly stop?: StopFlag;
  },
): Promise<{ readonly outcome: RunnerOutcome; readonly exitCode: number | undefined }> {
  const { path: library } = await openNative();
  const execution = resolveExecution(request, all);
  let exitCode: number | undefined, stoppedAt = 0;
  const onSignal = (_signal: Deno.Signal, code: number) => {
    if (exitCode !== undefined && performance.now() - stoppedAt < SAME_SIGNAL_WINDOW) return;
    if (exitCode !== undefined) exitNow(exitCode); // asked twice: at once
    exitCode = code;
    stoppedAt = performance.now();
    listener.note("stopping after the steps under way (once more: at once)");
    stop.ask();
  };
  const options = { folder, library, dataFolders: dataFolders(), execution, listener, stop };
  try {
    const outcome = await withSignals(
      onSignal,
      () => new Runner(runs, { ...options, patience }).execute(),
    );
    return { outcome, exitCode };
  } catch (error) {
    throw error instanceof WriteError ? await withFinishedRuns(error, folder) : error;
  }
}

/** The native library must be open. @param all runs of the sweep */
function resolveExecution(request: ExecutionRequest, all: number): ExecutionOptions {
  const device = resolveDevice(request.device ?? "auto");
  const processors = os.availableParallelism();
  const jobs = request.jobs ?? (device === "cuda" ? 1 : Math.min(processors, all));
  const threads = request.threads ?? Math.max(1, Math.floor(processors / jobs));
  const { retry = false, redo = false, controls = false, saveMask = false } = request;
  return { device, threads, jobs, retry, redo, controls, saveMask };
}

/** Says how far a sweep that was stopped has got. @param all number of its runs */
export function reportStop(outcome: RunnerOutcome, all: number, folder: string): void {
  const { finished, skipped, checkpointed } = outcome;
  const kept = checkpointed > 0 ? `, and ${checkpointed} more are kept as far as they got` : "";
  console.error(
    `stopped: ${finished + skipped} of ${all} runs are finished${kept}, in ` +
      `${shownPathOf(folder)}; the same command goes on from there`,
  );
}

/** The same error, with the number of runs that are safe. */
async function withFinishedRuns(error: WriteError, folder: string): Promise<WriteError> {
  const safe = (await readRunFolder(folder).catch(() => ({ runs: [] }))).runs.length;
  const where = shownPathOf(runsFolder(folder));
  return new WriteError(
    `${error.message}; ${safe} finished runs are safe in ${where}, and ` +
      "the same command goes on from there",
  );
}

/** Names the runs that failed, with their reasons, and sets the exit code. */
export function reportFailures({ failed, finished, skipped }: RunnerOutcome): void {
  if (failed.length === 0) return;
  console.error(
    `maskbench: ${failed.length} of ${failed.length + finished + skipped} runs failed: ` +
      failed.map(({ config, reason }) => `${labelOf(config)}: ${reason}`).join("; ") +
      " (--retry tries them again)",
  );
  Deno.exitCode ||= 1;
}
