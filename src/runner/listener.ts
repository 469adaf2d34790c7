// What a runner reports while it works; `progress.ts` shows it to people.
import type { RunConfig } from "../training/config.ts";
import type { RunProgress, RunResult } from "../training/result.ts";

/** Is called with what happens to the runs. */
export interface RunnerListener {
  /** Before the first run. @param finished how many runs earlier starts have finished */
  begin(missing: readonly RunConfig[], finished: number): void;
  progress(config: RunConfig, progress: RunProgress): void;
  finished(config: RunConfig, result: RunResult): void;
  failed(config: RunConfig, reason: string): void;
  /** Another process has finished the run meanwhile. */
  finishedElsewhere(config: RunConfig): void;
  /** Something that a user should know, and that is no failure. */
  note(text: string): void;
  end(): void;
}
