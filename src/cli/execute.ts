// Working off runs as commands do: with the options of the command line, progress on the terminal, signals heeded.
import os from "node:os";
import type { Command } from "@commander-js/extra-typings";
import { WriteError } from "../base/atomic_files.ts";
import { exitNow } from "../native/mod.ts";
import { findBlasInUse, openNative } from "../native/toolchain/setup.ts";
import { progressListener } from "../runner/progress.ts";
import { type RunnerOutcome, work } from "../runner/runner.ts";
import { StopFlag } from "../runner/stop.ts";
import { environmentOf } from "../runs/environment.ts";
import { labelOf } from "../runs/label.ts";
import { readRunFolder, runsFolder } from "../runs/run_file.ts";
import type { RunConfig } from "../training/config.ts";
import { type DeviceChoice, deviceOption, parsePositive, resolveDevice } from "./options.ts";
import { dataFolders, shownPathOf } from "./paths.ts";
import { withSignals } from "./signals.ts";

/** What `withExecutionOptions` adds to a command. */
export interface ExecutionOptions {
  readonly jobs?: number | undefined;
  readonly threads?: number | undefined;
  readonly device: DeviceChoice;
  readonly retry?: boolean | undefined;
  /** Whether masks are held against their controls; of those commands that can ask for it. */
  readonly controls?: boolean | undefined;
  /** Whether runs keep their tickets; likewise. */
  readonly saveMask?: boolean | undefined;
  /** Milliseconds to wait for what other processes have claimed; no option of the command line. */
  readonly patience?: number;
}

/** Milliseconds in which a second signal is taken for the first: a terminal and `deno task` may both send it. */
const SAME_SIGNAL = 300;

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
      "runs side by side; default one for each processor, or one on a GPU",
      parsePositive,
    )
    .option(
      "--threads <n>",
      "processor threads of each run; default what is left to each",
      parsePositive,
    )
    .addOption(deviceOption())
    .option("--retry", "try runs again that failed at an earlier start");
}

/**
 * Runs what is not finished in the folder.
 * @param all runs of the sweep: the default number of jobs, and so of threads, goes by them, so that a second start
 * computes as the first did
 */
export async function executeRuns(
  runs: readonly RunConfig[],
  all: number,
  folder: string,
  options: ExecutionOptions,
): Promise<RunnerOutcome> {
  const { path: library } = await openNative();
  const device = resolveDevice(options.device), processors = os.availableParallelism();
  const jobs = options.jobs ?? (device === "cuda" ? 1 : Math.min(processors, all));
  const threads = options.threads ?? Math.max(1, Math.floor(processors / jobs));
  const watch = progressListener(Deno.stderr.isTerminal());
  const stop = new StopFlag();
  let code: number | undefined, since = 0;
  const onSignal = (_signal: Deno.Signal, given: number) => {
    if (code !== undefined && performance.now() - since < SAME_SIGNAL) return;
    if (code !== undefined) exitNow(code); // asked twice: at once
    code = given;
    since = performance.now();
    watch.note("stopping after the steps under way (once more: at once)");
    stop.ask();
  };
  try {
    const outcome = await withSignals(onSignal, () => {
      const environment = environmentOf({ device, threads, jobs, blas: findBlasInUse() });
      const { retry = false, controls = false, saveMask = false } = options;
      const { patience = Infinity } = options;
      const folders = dataFolders();
      const how = { folder, library, folders, device, threads, jobs, environment };
      return work(runs, { ...how, watch, stop, retry, controls, saveMask, patience });
    });
    const { finished, skipped, left, kept } = outcome;
    if (code !== undefined && left > 0) {
      console.error(
        `stopped: ${finished + skipped} of ${runs.length} runs are finished` +
          (kept > 0 ? `, and ${kept} more are kept as far as they got` : "") +
          `, in ${shownPathOf(folder)}; the same command goes on from there`,
      );
      exitNow(code);
    }
    return outcome;
  } catch (error) {
    if (!(error instanceof WriteError)) throw error;
    const safe = (await readRunFolder(folder).catch(() => ({ runs: [] }))).runs.length;
    throw new WriteError(
      `${error.message}; ${safe} finished runs are safe in ${
        shownPathOf(runsFolder(folder))
      }, and ` +
        "the same command goes on from there",
    );
  }
}

/** Names the runs that failed, with their reasons, and sees to the exit code. */
export function reportFailures({ failed, finished, skipped }: RunnerOutcome): void {
  if (failed.length === 0) return;
  console.error(
    `maskbench: ${failed.length} of ${failed.length + finished + skipped} runs failed: ` +
      failed.map(({ config, reason }) => `${labelOf(config)}: ${reason}`).join("; ") +
      " (--retry tries them again)",
  );
  Deno.exitCode = 1;
}
