// The runner's side of a worker thread.
import type { Checkpoint } from "../training/checkpoint.ts";
import type { RunProgress, RunResult } from "../training/result.ts";
import type { Subnetwork } from "../training/subnetwork.ts";
import { PACE_INTERVAL, PaceMonitor } from "./pace.ts";
import type { StopFlag } from "./stop.ts";
import type { WorkerAnswer, WorkerTask } from "./worker_thread.ts";

/** A run that failed, with its reason for people. */
export class RunFailure extends Error {
  /** @param diverged whether the settings are to blame: its loss was no number any more */
  constructor(message: string, readonly diverged = false) {
    super(message);
  }
}

/** A checkpoint that was not of the run it was given to. */
export class CheckpointRefusal extends Error {}

/** Milliseconds that a thread has for its answer where it can't be in the middle of a step. */
const GRACE = 300;

/** Is told of a run under way. */
export interface RunListener {
  progress(progress: RunProgress): void;
  checkpoint(checkpoint: Checkpoint): void;
  /** Before it ends, where the task asks for it. */
  found(found: Subnetwork): void;
  /** While a step takes far longer than those before it, once, and not after a stop. @param milliseconds so far */
  slow(milliseconds: number): void;
  /** After a stop, when the step under way is waited for no longer. @param milliseconds that it took so far */
  stuck(milliseconds: number): void;
}

/** One thread; runs one task at a time. */
export class RunWorker implements Disposable {
  #worker: Worker | undefined;

  /**
   * Runs a task to its end.
   * @returns nothing where it was stopped: its last checkpoint is as far as it got
   * @throws {RunFailure}
   * @throws {CheckpointRefusal}
   */
  async run(
    task: Omit<WorkerTask, "stop">,
    stop: StopFlag,
    listener: RunListener,
  ): Promise<RunResult | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<RunResult | undefined>();
    const pace = new PaceMonitor(performance.now());
    const worker = this.#worker ??= new Worker(new URL("./worker_thread.ts", import.meta.url), {
      type: "module",
    });
    worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
      if (data.kind === "progress") {
        pace.hear(data.progress, data.told, performance.now());
        listener.progress(data.progress);
      } else if (data.kind === "checkpoint") {
        listener.checkpoint(data.checkpoint);
      } else if (data.kind === "found") listener.found(data.found);
      else if (data.kind === "result") resolve(data.result);
      else if (data.kind === "stopped") resolve(undefined);
      else if (data.kind === "refused") reject(new CheckpointRefusal(data.reason));
      else reject(new RunFailure(data.reason, data.diverged));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this[Symbol.dispose](); // it takes no more tasks
      reject(new RunFailure(event.message));
    };
    const { config, library, dataset, device, threads, controls, saveMask, from } = task;
    const how = { config, library, dataset, device, threads, controls, saveMask, from };
    worker.postMessage({ ...how, stop: stop.flag } satisfies WorkerTask);
    let asked: number | undefined; // for a stop, on the clock of `pace`
    const look = () => {
      const isSlow = pace.look(performance.now());
      if (isSlow && !stop.isAsked) listener.slow(pace.silence);
      if (!stop.isAsked) return;
      asked ??= pace.awake;
      const silence = Math.min(pace.awake - asked, pace.silence);
      // In the middle of steps it stops by itself, after the one under way. It does not while it sets up, and then there
      // is nothing to keep, nor while it evaluates, and then its checkpoint is all there is to keep.
      if (silence < (pace.isStepping ? pace.patience : GRACE)) return;
      if (pace.isStepping) listener.stuck(pace.silence);
      resolve(undefined);
    };
    const looking = setInterval(look, PACE_INTERVAL);
    return await promise.finally(() => clearInterval(looking));
  }

  [Symbol.dispose](): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}
