// The progress of several processes on the same runs, as that of one: each run is shown and counted once.
import { identityOf } from "../runs/identity.ts";
import type { RunConfig } from "../training/config.ts";
import type { RunnerListener } from "./listener.ts";
import type { FailedRun, RunnerOutcome } from "./runner.ts";
import type { ShareMessage } from "./share.ts";

/** Passes messages of processes on to a listener, and sums up their outcomes. */
export class JoinedProgress {
  readonly #configs: ReadonlyMap<string, RunConfig>;
  /** Identities of the runs that a process has finished. */
  readonly #finished = new Set<string>();
  /** Identities of runs that a process found finished: by another of them, as a rule. */
  readonly #foundFinished = new Set<string>();
  /** Identities of the runs whose failure was shown. */
  readonly #shownFailures = new Set<string>();
  readonly #failed = new Map<string, FailedRun>();
  readonly #notes = new Set<string>();
  #checkpointed = 0;

  /** @param missing runs that the processes work on @param skipped how many earlier starts have finished */
  constructor(
    readonly missing: readonly RunConfig[],
    readonly skipped: number,
    readonly listener: RunnerListener,
  ) {
    this.#configs = new Map(missing.map((config) => [identityOf(config), config]));
    listener.begin(missing, skipped);
  }

  /** Says something once, whichever processes say it. */
  note(text: string): void {
    if (this.#notes.has(text)) return;
    this.#notes.add(text);
    this.listener.note(text);
  }

  /** Takes what a process says. */
  take(message: ShareMessage): void {
    if (message.kind === "note") return this.note(message.text);
    if (message.kind === "outcome") {
      this.#checkpointed += message.checkpointed;
      for (const { identity, ...failure } of message.failed) {
        const config = this.#configs.get(identity);
        if (config) this.#failed.set(identity, { config, ...failure });
      }
      return;
    }
    const { identity } = message, config = this.#configs.get(identity);
    if (!config || this.#finished.has(identity) || this.#shownFailures.has(identity)) return;
    switch (message.kind) {
      case "progress": {
        const { trainLoss, testAccuracy, ...counts } = message.progress;
        this.listener.progress(config, {
          ...counts as { [Key in keyof typeof counts]: number },
          trainLoss: trainLoss ?? NaN,
          testAccuracy: testAccuracy ?? NaN,
        });
        break;
      }
      case "finished":
        this.#finished.add(identity);
        this.listener.finished(config, message.result);
        break;
      case "failed":
        this.#shownFailures.add(identity);
        this.listener.failed(config, message.reason);
        break;
      case "finishedElsewhere":
        this.#foundFinished.add(identity); // the message of the process that finished it may be on its way
    }
  }

  /** Ends the display, once all processes have ended. */
  end(): RunnerOutcome {
    const elsewhere = this.#foundFinished.difference(this.#finished);
    for (const identity of elsewhere) {
      this.listener.finishedElsewhere(this.#configs.get(identity)!);
    }
    this.listener.end();
    const finished = this.#finished.size, skipped = this.skipped + elsewhere.size;
    const failed = [...this.#failed.values()];
    const left = this.missing.length + this.skipped - finished - skipped - failed.length;
    return { finished, left, checkpointed: this.#checkpointed, skipped, failed };
  }
}
