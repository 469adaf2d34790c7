// One run: configuration in, result out.
import { resetPeak, setThreads } from "../native/mod.ts";
import { restoreCheckpoint } from "./checkpoint.ts";
import type { RunConfig } from "./config.ts";
import { remainingEpochs } from "./epoch.ts";
import { ensureLayersCorrect } from "./layer_check.ts";
import type { RunResult } from "./result.ts";
import type { RunOptions } from "./run_options.ts";
import { RunRecorder } from "./run_recorder.ts";
import { type RunSetup, setUpRun } from "./setup.ts";

/**
 * Trains, evaluates, and gives the result; blocks the calling thread throughout, so call it in a worker. The native
 * library must be open (`openLibrary`).
 * @throws {UserError} where network and data set don't fit
 * @throws {LayerFault} where a layer computes something else than plain loops do
 * @throws {DivergenceError} where the loss is NaN or infinite
 * @throws {CheckpointError} where the checkpoint is of another run
 * @throws {StoppedError} where `shouldStop` says so
 */
export function run(config: RunConfig, options: RunOptions): RunResult {
  const started = performance.now();
  using resources = new DisposableStack();
  const setup = setUpCheckedRun(config, options, resources);
  const recorder = new RunRecorder(setup, options, started, resources);
  if (setup.learns === null) recorder.evaluateUntrained();
  for (const epoch of remainingEpochs(setup, options.from)) {
    recorder.beginEpoch(epoch);
    for (const step of epoch.remainingSteps()) recorder.afterStep(step, epoch.train(step));
    recorder.endEpoch();
  }
  return recorder.result();
}

// Sets up a run whose layers are known to be right, where its checkpoint left it.
function setUpCheckedRun(
  config: RunConfig,
  options: RunOptions,
  resources: DisposableStack,
): RunSetup {
  setThreads(options.threads);
  // Each run gets memory of its own: where it lies makes a run faster or slower, and would do so to all that follow.
  resetPeak();
  const setup = setUpRun(config, options, resources);
  ensureLayersCorrect(setup.network, options.threads);
  if (options.from) restoreCheckpoint(setup, options.from);
  return setup;
}
