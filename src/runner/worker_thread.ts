// A worker thread of the runner: takes one task after another.
import { fileURLToPath } from "node:url";
import { UserError } from "../base/errors.ts";
import type { Dataset } from "../datasets/dataset.ts";
import { type UsedModule, useModule } from "../extensions/modules.ts";
import { openLibrary } from "../native/mod.ts";
import { type Checkpoint, CheckpointError } from "../training/checkpoint.ts";
import type { RunConfig } from "../training/config.ts";
import type { RunProgress, RunResult } from "../training/result.ts";
import { run } from "../training/run.ts";
import { DivergenceError, StoppedError } from "../training/run_errors.ts";
import type { Subnetwork } from "../training/subnetwork.ts";
import type { ExecutionOptions } from "./execution_options.ts";

/** What a worker is asked for. */
export interface WorkerTask {
  readonly config: RunConfig;
  /** Path of the native library. */
  readonly library: string;
  /** Modules that brought what the run may name. */
  readonly modules: readonly UsedModule[];
  /** Its pictures are in shared memory or in a file. */
  readonly dataset: Dataset;
  /** Where `saveMask` is set, the worker answers with the subnetwork, too. */
  readonly execution: ExecutionOptions;
  /** Where to go on from. */
  readonly from: Checkpoint | undefined;
  /** 1 once it is to stop. */
  readonly stop: Int32Array<SharedArrayBuffer>;
}

/** What it answers: progress and checkpoints, any number of times, then the subnetwork, then one of the others. */
export type WorkerAnswer =
  /** @see PaceMonitor.record */
  | { readonly kind: "progress"; readonly progress: RunProgress; readonly sentAt: number }
  | { readonly kind: "checkpoint"; readonly checkpoint: Checkpoint }
  /** Right before the result, where asked for. */
  | { readonly kind: "subnetwork"; readonly subnetwork: Subnetwork }
  | { readonly kind: "result"; readonly result: RunResult }
  | { readonly kind: "stopped" }
  /** The checkpoint was not of this run. */
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "failure"; readonly reason: string; readonly diverged: boolean };

function executeTask(
  { config, library, dataset, execution, from, stop }: WorkerTask,
): RunResult {
  const { device, threads, controls, saveMask } = execution;
  openLibrary(library);
  return run(config, {
    dataset,
    device,
    threads,
    controls,
    from,
    onSubnetwork: saveMask ? (subnetwork) => answer({ kind: "subnetwork", subnetwork }) : undefined,
    shouldStop: () => Atomics.load(stop, 0) === 1,
    onProgress: (progress) => answer({ kind: "progress", progress, sentAt: performance.now() }),
    onCheckpoint: (checkpoint) => answer({ kind: "checkpoint", checkpoint }),
  });
}

// The worker's side of its channel, which the types of a main thread don't have.
const channel = self as unknown as {
  postMessage(answer: WorkerAnswer): void;
  onmessage: (event: MessageEvent<WorkerTask>) => void;
};
const answer = (message: WorkerAnswer) => channel.postMessage(message);

channel.onmessage = async ({ data }) => {
  try {
    for (const { url, digest } of data.modules) await useModule(fileURLToPath(url), digest);
    answer({ kind: "result", result: executeTask(data) });
  } catch (error) {
    if (error instanceof StoppedError) return answer({ kind: "stopped" });
    if (error instanceof CheckpointError) return answer({ kind: "refused", reason: error.message });
    const { message, stack } = error as Error;
    const shown = Deno.env.get("MASKBENCH_DEBUG") && !(error instanceof UserError);
    const reason = shown ? stack ?? message : message;
    answer({ kind: "failure", reason, diverged: error instanceof DivergenceError });
  }
};
