// Runs as stages make them: by the sweep's own runner, quietly, with what they are made with written down.
import { type Dataset, DatasetError } from "../../src/datasets/dataset.ts";
import { openNative } from "../../src/native/toolchain/setup.ts";
import { datasetOf } from "../../src/runner/dataset_cache.ts";
import { quietListener } from "../../src/runner/progress.ts";
import { Runner, type RunnerOptions, type RunnerOutcome } from "../../src/runner/runner.ts";
import { labelOf } from "../../src/runs/label.ts";
import type { RunConfig } from "../../src/training/config.ts";
import type { Context } from "./stage.ts";

/** Runs what is missing in the folder, `jobs` side by side, with one processor thread each. */
export async function workOn(
  runs: readonly RunConfig[],
  folder: string,
  jobs: number,
  { device, folders }: Pick<Context, "device" | "folders">,
  more: Partial<Pick<RunnerOptions, "listener" | "mayBegin">> = {},
): Promise<RunnerOutcome> {
  const { path: library } = await openNative();
  const execution = {
    device,
    jobs,
    threads: 1,
    retry: false,
    controls: false,
    redo: false,
    saveMask: false,
  };
  const options = { folder, library, dataFolders: folders, execution, listener: quietListener };
  return await new Runner(runs, { ...options, ...more }).execute();
}

/** @throws {Error} with the first reason, where runs failed */
export function mustNotFail({ failed }: RunnerOutcome): void {
  const [first] = failed;
  if (first) {
    throw new Error(`${failed.length} runs failed: ${labelOf(first.config)}: ${first.reason}`);
  }
}

/** Runs side by side: as many as were found best, else four; one in a rehearsal. */
export function jobsFor({ rehearsal, results }: Pick<Context, "rehearsal" | "results">): number {
  const found = results.jobs as { best?: number } | undefined;
  return rehearsal ? 1 : found?.best ?? 4;
}

/** A data set for its test split, or why it is not there. */
export async function datasetOr(
  name: string,
  folders: readonly string[],
): Promise<Dataset | string> {
  try {
    return await datasetOf({ name, split: "test" }, folders);
  } catch (error) {
    if (error instanceof DatasetError) return error.message;
    throw error;
  }
}
