// A worker thread of the runner: takes one task after another, and keeps the data set between them.
import type { Dataset } from "../datasets/dataset.ts";
import { UserError } from "../errors.ts";
import { type Device, openLibrary } from "../native/mod.ts";
import type { RunProgress, RunResult } from "../training/result.ts";
import { run } from "../training/run.ts";
import type { RunConfig } from "../training/config.ts";
import { datasetFor } from "./data.ts";

/** What a worker is asked for. */
export interface Task {
  readonly config: RunConfig;
  /** Path of the native library. */
  readonly library: string;
  /** Folders that data sets are looked for in. */
  readonly folders: readonly string[];
  readonly device: Device;
  readonly threads: number;
}

/** What it answers: progress, any number of times, then a result or a failure. */
export type Answer =
  | { readonly kind: "progress"; readonly progress: RunProgress }
  | { readonly kind: "result"; readonly result: RunResult }
  | { readonly kind: "failure"; readonly reason: string };

let loaded: Dataset | undefined;

async function work({ config, library, folders, device, threads }: Task): Promise<RunResult> {
  openLibrary(library);
  if (loaded?.checksum !== config.dataset.checksum) {
    loaded = await datasetFor(config.dataset, folders);
  }
  if (loaded.checksum !== config.dataset.checksum) {
    throw new UserError(`the files of ${config.dataset.name} changed while the sweep was running`);
  }
  const onProgress = (progress: RunProgress) => answer({ kind: "progress", progress });
  return run(config, { dataset: loaded, device, threads, onProgress });
}

// The worker's side of its channel, which the types of a main thread don't have.
const channel = self as unknown as {
  postMessage(answer: Answer): void;
  onmessage: (event: MessageEvent<Task>) => Promise<void>;
};
const answer = (message: Answer) => channel.postMessage(message);

channel.onmessage = async ({ data }) => {
  try {
    answer({ kind: "result", result: await work(data) });
  } catch (error) {
    const { message, stack } = error as Error;
    const shown = Deno.env.get("MASKBENCH_DEBUG") && !(error instanceof UserError);
    answer({ kind: "failure", reason: shown ? stack ?? message : message });
  }
};
