// The runner: executes the runs of a sweep that are not finished yet, some side by side, each in a worker thread.
//
// Any number of runners, in any number of processes, may share one folder: a run is executed by whoever claims it. Runs
// that others have claimed are waited for, and taken over where those processes die.
import { isDeepStrictEqual } from "node:util";
import { namesIn, WriteError } from "../base/atomic_files.ts";
import { findBlasInUse } from "../native/toolchain/setup.ts";
import { Claim, type ClaimHolder, type ClaimOwner } from "../runs/claims.ts";
import { environmentOf, UNKNOWN_COMMIT } from "../runs/environment.ts";
import { type Failure, readFailure, writeFailure } from "../runs/failure_file.ts";
import { identityOf } from "../runs/identity.ts";
import { type Environment, runPathOf, runsFolder } from "../runs/run_file.ts";
import { missingRunsOf, readFinishedRuns, readRunLines, readValidRun } from "../runs/run_folder.ts";
import type { RunConfig } from "../training/config.ts";
import { Admission } from "./admission.ts";
import { killedReason, waitNote } from "./claim_notes.ts";
import { removeLeftovers } from "./cleanup.ts";
import { type RunEnd, RunExecution, type RunExecutionOptions } from "./run_execution.ts";
import { StopFlag } from "./stop.ts";
import { RunWorker } from "./worker.ts";

/** Milliseconds between two looks at runs that other processes have claimed. */
const CLAIM_POLL_INTERVAL = 1000;

/** A run has failed whose processes were killed so many times before they had kept anything of it. */
const MAX_KILLS = 2;

/** What a runner needs to know, apart from the runs. The native library must be open. */
export interface RunnerOptions extends RunExecutionOptions {
  /** Asked before each run: one that it refuses is left for another start. */
  readonly mayBegin?: (config: RunConfig) => boolean;
  /** Ends the work after the steps under way, which are kept. */
  readonly stop?: StopFlag;
  /** Milliseconds to wait for what others have claimed, once all else is done; default until it is settled. */
  readonly patience?: number;
}

/** What became of the runs. */
export interface RunnerOutcome {
  /** Runs that this call finished. */
  readonly finished: number;
  /** Runs that are not finished: the call was stopped, `mayBegin` refused them, or another process still has them. */
  readonly left: number;
  /** How many of those have a checkpoint to go on from. */
  readonly checkpointed: number;
  /** Runs that an earlier start or another process finished, and that were not executed here. */
  readonly skipped: number;
  /** Runs that failed here, elsewhere, or at an earlier start. */
  readonly failed: readonly FailedRun[];
}

/** A run that failed. */
export interface FailedRun {
  readonly config: RunConfig;
  readonly reason: string;
  /** Whether its settings are to blame: its loss became NaN. */
  readonly diverged: boolean;
}

/** Executes runs once, in a folder. */
export class Runner {
  readonly #runs: readonly RunConfig[];
  readonly #options: RunnerOptions;
  readonly #stop: StopFlag;
  readonly #environment: Omit<Environment, "started" | "finished">;
  readonly #admission = new Admission();
  /** The failures that earlier starts recorded, by identity, where those runs are to be tried again. */
  readonly #earlierFailures = new Map<string, Failure>();
  /** Identities of the runs without a valid run file, as far as is known. */
  readonly #unfinished = new Set<string>();
  /** Runs that other processes had claimed when this one reached them. */
  readonly #claimedByOthers: RunConfig[] = [];
  /** What was said of claims that are waited for. */
  readonly #notedWaits = new Set<string>();
  readonly #failed: FailedRun[] = [];
  /** The commit that runs must be of to count as finished; any where nothing is redone. */
  readonly #commit: string | undefined;
  #finished = 0;
  #skipped = 0;
  #checkpointed = 0;

  /** The native library must be open. */
  constructor(runs: readonly RunConfig[], options: RunnerOptions) {
    this.#runs = runs;
    this.#options = options;
    this.#stop = options.stop ?? new StopFlag();
    this.#environment = environmentOf({ ...options.execution, blas: findBlasInUse() });
    this.#commit = options.execution.redo ? this.#environment.commit : undefined;
  }

  /**
   * Executes what is missing; a run that fails is reported and recorded, and the others go on.
   * @throws {WriteError} where a result can't be written, after the other runs under way have kept their checkpoints, or
   * where finished runs have vanished
   */
  async execute(): Promise<RunnerOutcome> {
    const { folder, listener, execution } = this.#options;
    const missing = await findMissingRuns(this.#runs, folder, this.#commit);
    for (const config of missing) this.#unfinished.add(identityOf(config));
    this.#skipped = this.#runs.length - missing.length;
    if (execution.retry) await this.#readEarlierFailures(missing);
    await removeLeftovers(folder, this.#unfinished);
    listener.begin(missing, this.#skipped);
    if (missing.length > 0 && this.#environment.commit === UNKNOWN_COMMIT) {
      listener.note(
        "this copy of maskbench has no history, so its runs are recorded with an unknown commit: set MASKBENCH_COMMIT",
      );
    }

    // Shared: each run goes to whichever worker is free.
    const queue = (await claimedLast(missing, folder)).values();
    const workers = Math.min(execution.jobs, missing.length);
    const ends = await Promise.allSettled(Array.from({ length: workers }, () => this.#work(queue)));

    await removeLeftovers(folder, this.#unfinished);
    listener.end();
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    await this.#ensureFilesRemain();
    return this.#outcome();
  }

  /** One worker's part: runs from the queue, and then those that others have claimed. */
  async #work(queue: Iterable<RunConfig>): Promise<void> {
    const { mayBegin = () => true } = this.#options;
    using worker = new RunWorker();
    try {
      for (const config of queue) {
        if (this.#stop.isAsked) return;
        if (mayBegin(config)) await this.#claimAndExecute(worker, config);
      }
      await this.#waitForOthers(worker);
    } catch (error) {
      this.#stop.ask(); // so that the other workers keep what they have
      throw error;
    }
  }

  /** @returns the holder of the run where another process has claimed it */
  async #claimAndExecute(worker: RunWorker, config: RunConfig): Promise<ClaimHolder | undefined> {
    const claim = await Claim.on(this.#options.folder, identityOf(config));
    if (!(claim instanceof Claim)) {
      this.#claimedByOthers.push(config);
      return claim;
    }
    try {
      if (await this.#isSettled(config)) return;
      if (claim.killed.length >= MAX_KILLS && !this.#options.execution.retry) {
        await this.#recordKills(config, claim.killed);
      } else await this.#executeRun(worker, config, claim);
    } finally {
      await claim.release();
    }
  }

  /** Looks at the claimed runs in turn, and executes those whose process has died. */
  async #waitForOthers(worker: RunWorker): Promise<void> {
    const { patience = Infinity } = this.#options;
    const deadline = performance.now() + patience, claimed = this.#claimedByOthers;
    while (claimed.length > 0 && !this.#stop.isAsked && performance.now() < deadline) {
      const config = claimed.shift()!;
      if (!await this.#isSettled(config)) {
        const holder = await this.#claimAndExecute(worker, config);
        if (holder) this.#noteWait(config, holder, deadline - performance.now());
      }
      if (claimed.length > 0) await pause(CLAIM_POLL_INTERVAL / claimed.length);
    }
  }

  /** Says once of each claim whom this process waits for, and what ends that. @param patience milliseconds left of it */
  #noteWait(config: RunConfig, holder: ClaimHolder, patience: number): void {
    const { owner, expiresIn } = holder;
    if (!owner && expiresIn === undefined) return; // it is just being made, or released
    const key = JSON.stringify([identityOf(config), owner?.machine, owner?.process, owner?.since]);
    if (this.#notedWaits.has(key)) return;
    this.#notedWaits.add(key);
    this.#options.listener.note(waitNote(config, holder, patience));
  }

  async #readEarlierFailures(missing: readonly RunConfig[]): Promise<void> {
    for (const config of missing) {
      const failure = await readFailure(this.#options.folder, config);
      if (failure) this.#earlierFailures.set(identityOf(config), failure);
    }
  }

  /** Whether another process has finished the run, or it has failed and is not to be tried again; counts it then. */
  async #isSettled(config: RunConfig): Promise<boolean> {
    const { folder, listener, execution } = this.#options;
    const run = await readValidRun(folder, identityOf(config));
    if (run && (this.#commit === undefined || run.environment.commit === this.#commit)) {
      this.#skipped++;
      this.#unfinished.delete(identityOf(config));
      listener.finishedElsewhere(config);
      return true;
    }
    const failure = await readFailure(folder, config);
    const earlier = this.#earlierFailures.get(identityOf(config));
    const isRetried = execution.retry && isDeepStrictEqual(failure, earlier);
    if (!failure || isRetried) return false;
    this.#countFailure(config, failure);
    return true;
  }

  async #executeRun(worker: RunWorker, config: RunConfig, claim: Claim): Promise<void> {
    const prove = await this.#admission.admit(claim.killed.length > 0);
    try {
      if (this.#stop.isAsked) return;
      await claim.noteProgress("begun");
      const onFirstCheckpoint = () => {
        void claim.noteProgress("kept");
        prove();
      };
      const environment = this.#environment, stop = this.#stop;
      const options = { ...this.#options, onFirstCheckpoint };
      const execution = new RunExecution(config, environment, options, stop);
      const end = await execution.execute(worker);
      this.#count(config, end);
      await execution.tidyUp(end);
    } finally {
      prove();
    }
  }

  /** Records as failed a run whose processes were killed. */
  async #recordKills(config: RunConfig, killed: readonly ClaimOwner[]): Promise<void> {
    const reason = killedReason(killed), diverged = false, now = new Date().toISOString();
    const environment = { ...this.#environment, started: now, finished: now };
    const failure = { configuration: config, reason, diverged, environment };
    await writeFailure(this.#options.folder, failure);
    this.#countFailure(config, { reason, diverged });
  }

  #count(config: RunConfig, end: RunEnd): void {
    if (end.state === "finished") {
      this.#finished++;
      this.#unfinished.delete(identityOf(config));
      this.#options.listener.finished(config, end.result);
    } else if (end.state === "failed") {
      this.#countFailure(config, end);
    } else if (end.hasCheckpoint) {
      this.#checkpointed++;
    }
  }

  #countFailure(config: RunConfig, { reason, diverged }: Omit<FailedRun, "config">): void {
    this.#failed.push({ config, reason, diverged });
    this.#options.listener.failed(config, reason);
  }

  /** @throws {WriteError} where run files that were there are gone */
  async #ensureFilesRemain(): Promise<void> {
    const { folder } = this.#options;
    const vanished = new Set<string>();
    for (const identity of this.#runs.map(identityOf)) {
      if (this.#unfinished.has(identity)) continue;
      const isThere = await Deno.stat(runPathOf(folder, identity)).then(() => true, () => false);
      if (!isThere) vanished.add(identity);
    }
    if (vanished.size === 0) return;
    for (const { identity } of (await readRunLines(folder)).runs) vanished.delete(identity);
    if (vanished.size > 0) {
      throw new WriteError(`${vanished.size} finished runs have vanished from ${folder}`);
    }
  }

  #outcome(): RunnerOutcome {
    const finished = this.#finished, skipped = this.#skipped, failed = this.#failed;
    const left = this.#runs.length - skipped - finished - failed.length;
    return { finished, left, checkpointed: this.#checkpointed, skipped, failed };
  }
}

/** The runs that are not finished in the folder, or by another commit than the one given. */
export async function findMissingRuns(
  runs: readonly RunConfig[],
  folder: string,
  commit?: string,
): Promise<RunConfig[]> {
  return missingRunsOf(runs, await readFinishedRuns(runs, folder), commit);
}

/** The same runs, those last that a process claims or claimed: it lives, or was killed while it had them. */
async function claimedLast(
  runs: readonly RunConfig[],
  folder: string,
): Promise<readonly RunConfig[]> {
  const names = await namesIn(runsFolder(folder));
  const claimed = new Set(
    names.filter((name) => name.includes(".claim-")).map((name) => name.slice(0, 64)),
  );
  const isClaimed = (run: RunConfig) => claimed.has(identityOf(run));
  return [...runs.filter((run) => !isClaimed(run)), ...runs.filter(isClaimed)];
}

const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));
