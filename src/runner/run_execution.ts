// The execution of one claimed run: from its last checkpoint, if it has one, to its ticket and its run file.
import { durationTextOf } from "../base/duration.ts";
import { usedModules } from "../extensions/modules.ts";
import type { Dataset } from "../datasets/dataset.ts";
import { CheckpointWriter, readCheckpoint, setCheckpointAside } from "../runs/checkpoint_file.ts";
import { removeFailure, writeFailure } from "../runs/failure_file.ts";
import { identityOf } from "../runs/identity.ts";
import { labelOf } from "../runs/label.ts";
import { type Environment, runFileOf, writeRunFile } from "../runs/run_file.ts";
import { ticketOfRun, writeTicket } from "../tickets/ticket.ts";
import type { Checkpoint } from "../training/checkpoint.ts";
import type { RunConfig } from "../training/config.ts";
import type { RunResult } from "../training/result.ts";
import type { Subnetwork } from "../training/subnetwork.ts";
import { datasetOf } from "./dataset_cache.ts";
import type { ExecutionOptions } from "./execution_options.ts";
import type { RunnerListener } from "./listener.ts";
import type { StopFlag } from "./stop.ts";
import { CheckpointRefusal, RunFailure, type RunListener, type RunWorker } from "./worker.ts";

/** What an execution needs to know, apart from its run. */
export interface RunExecutionOptions {
  /** The sweep's folder. */
  readonly folder: string;
  /** Path of the native library. */
  readonly library: string;
  /** Folders that data sets are looked for in. */
  readonly dataFolders: readonly string[];
  readonly execution: ExecutionOptions;
  readonly listener: RunnerListener;
}

/** How an execution ended. */
export type RunEnd =
  | { readonly state: "finished"; readonly result: RunResult }
  | { readonly state: "stopped"; readonly hasCheckpoint: boolean }
  | { readonly state: "failed"; readonly reason: string; readonly diverged: boolean };

/** Executes one run, which this process must have claimed. */
export class RunExecution {
  readonly #identity: string;
  readonly #checkpoints: CheckpointWriter;
  /** What the run is made with; `started` becomes that of the first start when it goes on from a checkpoint. */
  #environment: Omit<Environment, "finished">;
  /** Whether the file of an earlier start's checkpoint is still the run's. */
  #hasEarlierCheckpoint = false;
  #subnetwork: Subnetwork | undefined;
  /** Milliseconds that the step took so far which is waited for no longer. */
  #stuckTime: number | undefined;

  constructor(
    readonly config: RunConfig,
    environment: Omit<Environment, "started" | "finished">,
    readonly options: RunExecutionOptions & {
      /** Is called once the first checkpoint of this start is on disk. */
      readonly onFirstCheckpoint: () => void;
    },
    readonly stop: StopFlag,
  ) {
    const { folder, listener, onFirstCheckpoint } = options;
    this.#identity = identityOf(config);
    this.#environment = { ...environment, started: now() };
    this.#checkpoints = new CheckpointWriter(folder, this.#identity, (reason) => {
      listener.note(`no checkpoint, so a stop would lose the run under way: ${reason}`);
    }, onFirstCheckpoint);
  }

  /** @throws {WriteError} where what the run leaves can't be written */
  async execute(worker: RunWorker): Promise<RunEnd> {
    const checkpoint = await this.#readCheckpoint();
    try {
      const dataset = await this.#loadDataset();
      const result = await this.#train(worker, dataset, checkpoint);
      if (!result) return await this.#reportStop();
      await this.#writeFiles(result, dataset);
      return { state: "finished", result };
    } catch (error) {
      if (!(error instanceof RunFailure)) throw error;
      await this.#checkpoints.settled();
      return { state: "failed", reason: error.message, diverged: error.diverged };
    }
  }

  /** Removes what a finished run needs no more, or records why it failed. @throws {WriteError} where it can't */
  async tidyUp(end: RunEnd): Promise<void> {
    const { folder } = this.options;
    if (end.state === "finished") {
      await removeFailure(folder, this.#identity);
      await this.#checkpoints.remove();
    } else if (end.state === "failed") {
      const { reason, diverged } = end, environment = this.#endedEnvironment();
      await writeFailure(folder, { configuration: this.config, reason, diverged, environment });
    }
  }

  async #readCheckpoint(): Promise<Checkpoint | undefined> {
    const earlier = await readCheckpoint(
      this.options.folder,
      this.#identity,
      this.#environment,
      (path, reason) => this.#noteSetAside(path, reason),
    );
    if (!earlier) return undefined;
    this.#hasEarlierCheckpoint = true;
    this.#environment = { ...this.#environment, started: earlier.started };
    return earlier.checkpoint;
  }

  async #loadDataset(): Promise<Dataset> {
    const dataset = await datasetOf(this.config.dataset, this.options.dataFolders);
    if (dataset.checksum === this.config.dataset.checksum) return dataset;
    throw new RunFailure(
      `the files of ${dataset.name} are not those that the run is to be made of`,
    );
  }

  /** @returns nothing where it was stopped */
  async #train(
    worker: RunWorker,
    dataset: Dataset,
    checkpoint: Checkpoint | undefined,
  ): Promise<RunResult | undefined> {
    const { config, options: { library, execution, folder }, stop } = this;
    const task = { config, library, modules: usedModules(), dataset, execution };
    const listener = this.#listener();
    try {
      return await worker.run({ ...task, from: checkpoint }, stop, listener);
    } catch (error) {
      if (!(error instanceof CheckpointRefusal)) throw error;
      this.#noteSetAside(await setCheckpointAside(folder, this.#identity), error.message);
      this.#hasEarlierCheckpoint = false;
      return await worker.run({ ...task, from: undefined }, stop, listener);
    }
  }

  #listener(): RunListener {
    const { config, options: { listener } } = this;
    return {
      progress: (progress) => listener.progress(config, progress),
      checkpoint: (checkpoint) => {
        const identity = this.#identity, environment = this.#environment;
        this.#checkpoints.write({ identity, checkpoint, environment });
      },
      subnetwork: (subnetwork) => this.#subnetwork = subnetwork,
      slow: async (time) => listener.note(slowNote(config, time, await this.#hasCheckpoint())),
      stuck: (time) => this.#stuckTime = time,
    };
  }

  async #reportStop(): Promise<RunEnd> {
    const hasCheckpoint = await this.#hasCheckpoint();
    if (this.#stuckTime !== undefined) {
      this.options.listener.note(stuckNote(this.config, this.#stuckTime, hasCheckpoint));
    }
    return { state: "stopped", hasCheckpoint };
  }

  async #writeFiles(result: RunResult, dataset: Dataset): Promise<void> {
    const { config, options: { folder } } = this;
    await this.#checkpoints.settled();
    if (this.#subnetwork) {
      const { lastTestAccuracy: accuracy, streams } = result;
      const outcome = { subnetwork: this.#subnetwork, accuracy, streams };
      await writeTicket(folder, ticketOfRun(config, outcome, dataset, this.#environment));
    }
    const environment = this.#endedEnvironment();
    await writeRunFile(folder, runFileOf({ configuration: config, result, environment }));
  }

  /** Waits for checkpoints that are just being written. */
  async #hasCheckpoint(): Promise<boolean> {
    return await this.#checkpoints.settled() || this.#hasEarlierCheckpoint;
  }

  #noteSetAside(path: string, reason: string): void {
    this.options.listener.note(`${path} is set aside, and its run begins again: it ${reason}`);
  }

  #endedEnvironment(): Environment {
    return { ...this.#environment, finished: now() };
  }
}

const now = (): string => new Date().toISOString();

const slowNote = (config: RunConfig, milliseconds: number, hasCheckpoint: boolean) =>
  `${labelOf(config)}: a step has not returned for ${durationTextOf(milliseconds / 1000)}, ` +
  "more than a hundred times as long as its steps take; Ctrl-C or SIGTERM ends it, and " +
  (hasCheckpoint ? "its last checkpoint stays" : "it then begins again, as it has no checkpoint");

const stuckNote = (config: RunConfig, milliseconds: number, hasCheckpoint: boolean) =>
  `${labelOf(config)}: a step has not returned for ${durationTextOf(milliseconds / 1000)} and ` +
  "is waited for no longer; finished runs are safe, and the same command " +
  (hasCheckpoint
    ? "goes on from this run's last checkpoint"
    : "begins this run again, as it has no checkpoint");
