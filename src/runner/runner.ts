// The runner: works off the runs of a sweep that are not finished yet, some side by side, each in a worker thread.
//
// Any number of runners, in any number of processes, may work off one folder: a run is done by whoever claims it. What
// others have claimed is waited for, and taken over where they die.
import { WriteError } from "../base/atomic_files.ts";
import { durationTextOf } from "../base/duration.ts";
import { UserError } from "../base/errors.ts";
import type { Device } from "../native/mod.ts";
import { CheckpointWriter, readCheckpoint, setCheckpointAside } from "../runs/checkpoint_file.ts";
import { Claim } from "../runs/claims.ts";
import { readFailure, removeFailure, writeFailure } from "../runs/failure_file.ts";
import { identityOf } from "../runs/identity.ts";
import { labelOf } from "../runs/label.ts";
import {
  type Environment,
  readRunFile,
  runFileOf,
  runPathOf,
  writeRunFile,
} from "../runs/run_file.ts";
import { ticketOfRun, writeTicket } from "../tickets/ticket.ts";
import type { RunConfig } from "../training/config.ts";
import type { RunProgress, RunResult } from "../training/result.ts";
import type { Subnetwork } from "../training/subnetwork.ts";
import { removeLeftovers } from "./cleanup.ts";
import { datasetOf } from "./dataset_cache.ts";
import { StopFlag } from "./stop.ts";
import { CheckpointRefusal, RunFailure, type RunListener, RunWorker } from "./worker.ts";

/** Milliseconds between two looks at runs that other processes have claimed. */
const LOOK_EVERY = 1000;

export interface RunnerOptions {
  /** The sweep's folder. */
  readonly folder: string;
  readonly library: string;
  /** Folders that data sets are looked for in. */
  readonly folders: readonly string[];
  readonly device: Device;
  /** Processor threads of each run, and runs side by side. */
  readonly threads: number;
  readonly jobs: number;
  readonly environment: Omit<Environment, "started" | "finished">;
  readonly watch: RunnerListener;
  /** Asked before each run: one that it says no to is left for another start. */
  readonly begins?: (config: RunConfig) => boolean;
  /** Ends the work after the steps under way, which are kept. */
  readonly stop?: StopFlag;
  /** Whether masks are held against their controls, once they are learnt. */
  readonly controls?: boolean;
  /** Whether runs keep their tickets; see `ticket.ts`. */
  readonly saveMask?: boolean;
  /** Whether runs that failed at an earlier start are tried again. */
  readonly retry?: boolean;
  /** Milliseconds to wait for what others have claimed, once all else is done; default until it is settled. */
  readonly patience?: number;
}

/** Is told what happens; see `progress.ts`. */
export interface RunnerListener {
  /** Before the first run. @param finished those that earlier starts left */
  begin(missing: readonly RunConfig[], finished: number): void;
  progress(config: RunConfig, progress: RunProgress): void;
  finished(config: RunConfig, result: RunResult): void;
  failed(config: RunConfig, reason: string): void;
  /** Another process has finished it, or it has failed there. */
  elsewhere(config: RunConfig): void;
  /** Something that a user should know of, and that is no failure. */
  note(text: string): void;
  end(): void;
}

export interface RunnerOutcome {
  /** By this call. */
  readonly finished: number;
  /** Not finished, as it was stopped, `begins` said no, or another process still has it. */
  readonly left: number;
  /** Of those, the ones with a checkpoint of this call's. */
  readonly kept: number;
  /** Finished by an earlier start or another process, and so not run here. */
  readonly skipped: number;
  /** Here, elsewhere, or at an earlier start. */
  readonly failed: readonly FailedRun[];
}

/** A run that failed. */
export interface FailedRun {
  readonly config: RunConfig;
  readonly reason: string;
  /** Whether its settings are to blame: its loss was no number any more. */
  readonly diverged: boolean;
}

/** Which of the runs have no valid run file in the folder. */
export async function findMissingRuns(
  runs: readonly RunConfig[],
  folder: string,
): Promise<RunConfig[]> {
  const missing: RunConfig[] = [];
  for (const config of runs) if (!await isFinished(config, folder)) missing.push(config);
  return missing;
}

async function isFinished(config: RunConfig, folder: string): Promise<boolean> {
  try {
    await readRunFile(runPathOf(folder, identityOf(config)));
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof UserError)) throw error;
    return false;
  }
}

/**
 * Runs what is missing; a run that fails is told and recorded, and the others go on.
 * @throws {WriteError} where a result can't be written, after the runs beside it kept their checkpoints, or where
 * finished ones have vanished
 */
export async function work(
  runs: readonly RunConfig[],
  options: RunnerOptions,
): Promise<RunnerOutcome> {
  const { folder, watch, begins = () => true, stop = new StopFlag() } = options;
  const { retry = false, controls = false, saveMask = false, patience = Infinity } = options;
  const began = new Date().toISOString();
  const missing = await findMissingRuns(runs, folder);
  let finished = 0, kept = 0, skipped = runs.length - missing.length;
  const failed: FailedRun[] = [];
  const unfinished = new Set(missing.map(identityOf));
  await removeLeftovers(folder, unfinished);
  watch.begin(missing, skipped);

  // What another process has made of a run since this one began, or of one that is not to be tried again.
  const settledElsewhere = async (config: RunConfig): Promise<boolean> => {
    if (await isFinished(config, folder)) {
      skipped++;
      unfinished.delete(identityOf(config));
      watch.elsewhere(config);
      return true;
    }
    const failure = await readFailure(folder, config);
    if (!failure || retry && failure.environment.finished < began) return false;
    failed.push({ config, reason: failure.reason, diverged: failure.diverged });
    watch.failed(config, failure.reason);
    return true;
  };

  const attempt = async (worker: RunWorker, config: RunConfig): Promise<void> => {
    const identity = identityOf(config), started = new Date().toISOString();
    const noteSetAside = (path: string, reason: string) =>
      watch.note(`${path} is set aside, and its run begins anew: it ${reason}`);
    const before = await readCheckpoint(folder, identity, options.environment, noteSetAside);
    const checkpoints = new CheckpointWriter(folder, identity, (reason) => {
      watch.note(`no checkpoint, so a stop would lose the run under way: ${reason}`);
    });
    let goesOn = before !== undefined;
    const hasCheckpoint = async () => await checkpoints.settled() || goesOn;
    const environment = { ...options.environment, started: before?.started ?? started };
    const ended = () => ({ ...environment, finished: new Date().toISOString() });
    try {
      const dataset = await datasetOf(config.dataset, options.folders);
      if (dataset.checksum !== config.dataset.checksum) {
        throw new RunFailure(
          `the files of ${dataset.name} are not those that the run is to be made of`,
        );
      }
      const task = { ...options, controls, saveMask, config, dataset, from: before?.checkpoint };
      let found: Subnetwork | undefined, stuck: number | undefined;
      const listener: RunListener = {
        progress: (progress) => watch.progress(config, progress),
        checkpoint: (checkpoint) => checkpoints.write({ identity, checkpoint, environment }),
        found: (subnetwork) => found = subnetwork,
        slow: (time) => void hasCheckpoint().then((has) => watch.note(slowNote(config, time, has))),
        stuck: (time) => stuck = time,
      };
      const result = await worker.run(task, stop, listener).catch(async (error) => {
        if (!(error instanceof CheckpointRefusal)) throw error;
        noteSetAside(await setCheckpointAside(folder, identity), error.message);
        goesOn = false;
        return await worker.run({ ...task, from: undefined }, stop, listener);
      });
      const isKept = await hasCheckpoint();
      if (!result) {
        if (isKept) kept++;
        if (stuck !== undefined) watch.note(stuckNote(config, stuck, isKept));
        return;
      }
      if (found) {
        const { lastTestAccuracy: accuracy, streams } = result;
        const ticket = ticketOfRun(
          config,
          { subnetwork: found, accuracy, streams },
          dataset,
          environment,
        );
        await writeTicket(folder, ticket);
      }
      await writeRunFile(
        folder,
        runFileOf({ configuration: config, result, environment: ended() }),
      );
      finished++;
      unfinished.delete(identity);
      watch.finished(config, result);
      await removeFailure(folder, identity);
      await checkpoints.remove();
    } catch (error) {
      if (!(error instanceof RunFailure)) throw error;
      await checkpoints.settled();
      const { message: reason, diverged } = error;
      failed.push({ config, reason, diverged });
      watch.failed(config, reason);
      await writeFailure(folder, { configuration: config, reason, diverged, environment: ended() });
    }
  };

  const claimed: RunConfig[] = []; // by others
  const settle = async (worker: RunWorker, config: RunConfig): Promise<void> => {
    const claim = await Claim.on(folder, identityOf(config));
    if (!claim) {
      claimed.push(config);
      return;
    }
    try {
      if (!await settledElsewhere(config)) await attempt(worker, config);
    } finally {
      await claim.release();
    }
  };

  const queue = missing.values();
  const workOff = async () => {
    using worker = new RunWorker();
    try {
      for (const config of queue) { // shared by all: each run goes to whoever is free
        if (stop.isAsked) return;
        if (begins(config)) await settle(worker, config);
      }
      const until = performance.now() + patience;
      while (claimed.length > 0 && !stop.isAsked && performance.now() < until) {
        const config = claimed.shift()!;
        if (!await settledElsewhere(config)) await settle(worker, config);
        if (claimed.length > 0) await pause(LOOK_EVERY / claimed.length);
      }
    } catch (error) {
      stop.ask(); // the others keep what they have
      throw error;
    }
  };
  const ends = await Promise.allSettled(
    Array.from({ length: Math.min(options.jobs, missing.length) }, workOff),
  );
  await removeLeftovers(folder, unfinished);
  watch.end();
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  const gone = await vanished(runs.filter((run) => !unfinished.has(identityOf(run))), folder);
  if (gone > 0) {
    throw new WriteError(
      `${gone} finished runs have vanished from ${folder}`,
    );
  }
  const left = runs.length - skipped - finished - failed.length;
  return { finished, left, kept, skipped, failed };
}

const slowNote = (config: RunConfig, milliseconds: number, isKept: boolean) =>
  `${labelOf(config)}: a step has not returned for ${
    durationTextOf(milliseconds / 1000)
  }, more than a ` +
  "hundred times as long as its steps take; Ctrl-C or SIGTERM ends it, and " +
  (isKept ? "its last checkpoint stays" : "it then begins anew, as it has no checkpoint");

const stuckNote = (config: RunConfig, milliseconds: number, isKept: boolean) =>
  `${labelOf(config)}: a step has not returned for ${
    durationTextOf(milliseconds / 1000)
  } and is waited ` +
  "for no longer; finished runs are safe, and the same command " +
  (isKept
    ? "goes on from this run's last checkpoint"
    : "begins this run anew, as it has no checkpoint");

async function vanished(runs: readonly RunConfig[], folder: string): Promise<number> {
  let count = 0;
  for (const run of runs) {
    const stat = await Deno.stat(runPathOf(folder, identityOf(run))).catch(() => undefined);
    if (!stat) count++;
  }
  return count;
}

const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));
