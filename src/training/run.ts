// One run: configuration in, result out.
import type { Dataset } from "../datasets/dataset.ts";
import type { RunConfig } from "../sweep/config.ts";
import type { RunProgress, RunResult } from "./result.ts";

export interface RunOptions {
  readonly dataset: Dataset;
  readonly device: "cpu" | "cuda";
  /** Processor threads of this run. */
  readonly threads: number;
  readonly onProgress?: (progress: RunProgress) => void;
}

/** Trains, evaluates, and gives the result; blocks the calling thread throughout, so call it in a worker. */
export function run(_config: RunConfig, _options: RunOptions): RunResult {
  throw new Error("not built yet");
}
