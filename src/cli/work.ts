// Working off runs as commands do: with the options of the command line, progress on the terminal, signals heeded.
import os from "node:os";
import type { Command } from "@commander-js/extra-typings";
import { exitNow } from "../native/mod.ts";
import { blasInUse, openNative } from "../native/setup.ts";
import type { RunConfig } from "../training/config.ts";
import { environmentOf } from "../sweep/environment.ts";
import { labelOf } from "../sweep/label.ts";
import { progressOn } from "../sweep/progress.ts";
import { type Outcome, work } from "../sweep/runner.ts";
import { type DeviceChoice, deviceOf, deviceOption } from "./device.ts";
import { positive } from "./number.ts";
import { dataFolders, shownPath } from "./paths.ts";

/** What `withWorkOptions` adds to a command. */
export interface WorkOptions {
  readonly jobs?: number | undefined;
  readonly threads?: number | undefined;
  readonly device: DeviceChoice;
}

/** Adds --jobs, --threads and --device. */
export function withWorkOptions<Args extends unknown[], Options extends Record<string, unknown>>(
  command: Command<Args, Options>,
) {
  return command
    .option(
      "--jobs <n>",
      "runs side by side; default one for each processor, or one on a GPU",
      positive,
    )
    .option(
      "--threads <n>",
      "processor threads of each run; default what is left to each",
      positive,
    )
    .addOption(deviceOption());
}

/**
 * Runs what is not finished in the folder.
 * @param all runs of the sweep: the default number of jobs, and so of threads, goes by them, so that a second start
 * computes as the first did
 */
export async function workOff(
  runs: readonly RunConfig[],
  all: number,
  folder: string,
  options: WorkOptions,
): Promise<Outcome> {
  const { path: library } = await openNative();
  const device = deviceOf(options.device), processors = os.availableParallelism();
  const jobs = options.jobs ?? (device === "cuda" ? 1 : Math.min(processors, all));
  const threads = options.threads ?? Math.max(1, Math.floor(processors / jobs));
  const watch = progressOn(Deno.stderr.isTerminal());
  const stop = (code: number) => {
    watch.end();
    console.error(
      `stopped: finished runs are safe in ${
        shownPath(folder)
      }, the same command goes on from there`,
    );
    exitNow(code);
  };
  const signals = { SIGINT: () => stop(130), SIGTERM: () => stop(143) };
  Deno.addSignalListener("SIGINT", signals.SIGINT);
  Deno.addSignalListener("SIGTERM", signals.SIGTERM);
  const environment = environmentOf({ device, threads, jobs, blas: blasInUse() });
  const folders = dataFolders();
  const outcome = await work(runs, {
    folder,
    library,
    folders,
    device,
    threads,
    jobs,
    environment,
    watch,
  });
  Deno.removeSignalListener("SIGINT", signals.SIGINT);
  Deno.removeSignalListener("SIGTERM", signals.SIGTERM);
  return outcome;
}

/** Names the runs that failed, with their reasons, and sees to the exit code. */
export function tellFailed({ failed, finished, skipped }: Outcome): void {
  if (failed.length === 0) return;
  console.error(
    `maskbench: ${failed.length} of ${failed.length + finished + skipped} runs failed: ` +
      failed.map(({ config, reason }) => `${labelOf(config)}: ${reason}`).join("; "),
  );
  Deno.exitCode = 1;
}
