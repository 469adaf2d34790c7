// The runner's side of a worker thread.
import type { Checkpoint } from "../training/checkpoint.ts";
import type { RunProgress, RunResult } from "../training/result.ts";
import type { Subnetwork } from "../training/subnetwork.ts";
import { PACE_INTERVAL, PaceMonitor } from "./pace.ts";
import type { StopFlag } from "./stop.ts";
import type { WorkerAnswer, WorkerTask } from "./worker_thread.ts";

/** A run that failed, with its reason for people. */
export class RunFailure extends Error {
  /** @param diverged whether the settings are to blame: its loss became NaN */
  constructor(message: string, readonly diverged = false) {
    super(message);
  }
}

/** A checkpoint that was not of the run it was given to. */
export class CheckpointRefusal extends Error {}

/** Milliseconds that a thread has for its answer where it can't be in the middle of a step. */
const GRACE_PERIOD = 300;

/** Is called with what a run does. */
export interface RunListener {
  progress(progress: RunProgress): void;
  checkpoint(checkpoint: Checkpoint): void;
  /** Before the run ends, where the task asks for its subnetwork. */
  subnetwork(subnetwork: Subnetwork): void;
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
        pace.record(data.progress, data.sentAt, performance.now());
        listener.progress(data.progress);
      } else if (data.kind === "checkpoint") listener.checkpoint(data.checkpoint);
      else if (data.kind === "subnetwork") listener.subnetwork(data.subnetwork);
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
    worker.postMessage({ ...task, stop: stop.flag } satisfies WorkerTask);
    const watch = watchStep(pace, stop, listener, () => resolve(undefined));
    return await promise.finally(() => clearInterval(watch));
  }

  [Symbol.dispose](): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}

/**
 * Looks at the step under way from time to time: reports one that is slow, and gives it up where it does not return
 * after a stop.
 * @returns the timer
 */
function watchStep(
  pace: PaceMonitor,
  stop: StopFlag,
  listener: RunListener,
  giveUp: () => void,
): ReturnType<typeof setInterval> {
  let stopAskedAt: number | undefined; // on the clock of `pace`
  return setInterval(() => {
    const isSlow = pace.checkStep(performance.now());
    if (isSlow && !stop.isAsked) listener.slow(pace.silence);
    if (!stop.isAsked) return;
    stopAskedAt ??= pace.awake;
    const silence = Math.min(pace.awake - stopAskedAt, pace.silence);
    // In the middle of steps the thread stops by itself, after the one under way. It does not while it sets up, and then
    // there is nothing to keep, nor while it evaluates, and then its checkpoint is all there is to keep.
    if (silence < (pace.isStepping ? pace.patience : GRACE_PERIOD)) return;
    if (pace.isStepping) listener.stuck(pace.silence);
    giveUp();
  }, PACE_INTERVAL);
}
