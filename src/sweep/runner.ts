// The runner: works off the runs of a sweep that are not finished yet, some side by side, each in a worker thread.
import { UserError } from "../errors.ts";
import type { Device } from "../native/mod.ts";
import type { RunProgress, RunResult } from "../training/result.ts";
import type { RunConfig } from "../training/config.ts";
import { identityOf } from "./identity.ts";
import { type Environment, readRun, runFileOf, runPath, writeRun } from "./store.ts";
import type { Answer, Task } from "./worker.ts";

export interface RunnerOptions {
  /** The sweep's folder. */
  readonly folder: string;
  readonly library: string;
  readonly folders: readonly string[];
  readonly device: Device;
  /** Processor threads of each run, and runs side by side. */
  readonly threads: number;
  readonly jobs: number;
  readonly environment: Omit<Environment, "started" | "finished">;
  readonly watch: Watcher;
  /** Asked before each run: one that it says no to is left for another start. */
  readonly begins?: (config: RunConfig) => boolean;
}

/** Is told what happens; see `progress.ts`. */
export interface Watcher {
  /** Before the first run. @param finished those that earlier starts left */
  begin(missing: readonly RunConfig[], finished: number): void;
  progress(config: RunConfig, progress: RunProgress): void;
  finished(config: RunConfig, result: RunResult): void;
  failed(config: RunConfig, reason: string): void;
  end(): void;
}

export interface Outcome {
  readonly finished: number;
  /** Not begun. */
  readonly left: number;
  /** Finished by an earlier start, and so not run again. */
  readonly skipped: number;
  readonly failed: readonly { readonly config: RunConfig; readonly reason: string }[];
}

/** Which of the runs have no valid run file in the folder. */
export async function missingRuns(
  runs: readonly RunConfig[],
  folder: string,
): Promise<RunConfig[]> {
  const missing: RunConfig[] = [];
  for (const config of runs) {
    try {
      await readRun(runPath(folder, identityOf(config)));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound || error instanceof UserError)) throw error;
      missing.push(config);
    }
  }
  return missing;
}

/** Runs what is missing; a run that fails is told and the others go on. */
export async function work(runs: readonly RunConfig[], options: RunnerOptions): Promise<Outcome> {
  const { watch, begins = () => true } = options;
  const missing = await missingRuns(runs, options.folder);
  const skipped = runs.length - missing.length;
  const failed: { config: RunConfig; reason: string }[] = [];
  let left = missing.length;
  watch.begin(missing, skipped);
  const queue = missing.values();
  const workOff = async () => {
    using worker = new RunWorker();
    for (const config of queue) { // shared by all: each run goes to whoever is free
      if (!begins(config)) continue;
      left--;
      const started = new Date().toISOString();
      try {
        const result = await worker.run(
          { ...options, config },
          (progress) => watch.progress(config, progress),
        );
        const finished = new Date().toISOString();
        const environment = { ...options.environment, started, finished };
        await writeRun(options.folder, runFileOf({ configuration: config, result, environment }));
        watch.finished(config, result);
      } catch (error) {
        if (!(error instanceof RunFailure)) throw error;
        failed.push({ config, reason: error.message });
        watch.failed(config, error.message);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(options.jobs, missing.length) }, workOff));
  } finally {
    watch.end();
  }
  return { finished: missing.length - left - failed.length, left, skipped, failed };
}

class RunFailure extends Error {}

// One thread; runs one task at a time.
class RunWorker implements Disposable {
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });

  run(
    { config, library, folders, device, threads }: Task,
    onProgress: (progress: RunProgress) => void,
  ): Promise<RunResult> {
    const { promise, resolve, reject } = Promise.withResolvers<RunResult>();
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      if (data.kind === "progress") onProgress(data.progress);
      else if (data.kind === "result") resolve(data.result);
      else reject(new RunFailure(data.reason));
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      reject(new RunFailure(event.message));
    };
    this.#worker.postMessage({ config, library, folders, device, threads } satisfies Task);
    return promise;
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
