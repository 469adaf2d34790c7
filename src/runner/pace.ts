// How fast a run's steps are, by the progress that it reports: what one usually takes, and what the one under way has
// taken so far.
//
// The thread that steps is in a native call meanwhile and can report nothing, so its silence is all that there is to judge
// by. Only silence within an epoch's steps counts: setting up and evaluating may take minutes.
import { median } from "../base/statistics.ts";
import type { RunProgress } from "../training/result.ts";

/** Milliseconds between two looks at a run. */
export const PACE_INTERVAL = 250;

/** A step is slow that takes this many times what a step usually takes, and at least this many milliseconds. */
const SLOW_FACTOR = 100;
const SLOW_MIN = 10_000;

/**
 * After a stop, the step under way is waited for so many milliseconds or, where steps are long by nature, as on ImageNet
 * on a processor, for so many times what a step usually takes: it then returns, and nothing of the run is lost.
 */
const PATIENCE_MIN = 10_000;
const PATIENCE_FACTOR = 3;

/** What a step usually takes is the median over this many of the last stretches between two reports. */
const STRETCHES = 100;

/** Follows a run by its progress, and is to be asked every `PACE_INTERVAL`; times are in milliseconds. */
export class PaceMonitor {
  #progress: RunProgress | undefined;
  /** When the last progress was sent. */
  #sentAt = 0;
  /** Time of a step, for each of the last stretches. */
  readonly #stepTimes: number[] = [];
  /** Time since the monitor was made, without that in which this process was suspended or busy. */
  #awake = 0;
  #checkedAt: number;
  /** When the last progress arrived, on the clock of `awake`. */
  #recordedAt = 0;
  /** Whether the step under way was found slow already. */
  #isKnownSlow = false;

  constructor(now: number) {
    this.#checkedAt = now;
  }

  /** @param sentAt when the run reported it, by the clock of its own thread */
  record(progress: RunProgress, sentAt: number, now: number): void {
    const before = this.#progress;
    if (before?.epoch === progress.epoch && before.step < progress.step) {
      this.#stepTimes.push((sentAt - this.#sentAt) / (progress.step - before.step));
      if (this.#stepTimes.length > STRETCHES) this.#stepTimes.shift();
    }
    this.#progress = progress;
    this.#sentAt = sentAt;
    this.#advanceClock(now);
    this.#recordedAt = this.#awake;
    this.#isKnownSlow = false;
  }

  /** @returns whether the step under way is slow, once while it lasts */
  checkStep(now: number): boolean {
    this.#advanceClock(now);
    const usual = this.#usualStepTime;
    if (this.#isKnownSlow || !this.isStepping || usual === null) return false;
    return this.#isKnownSlow = this.silence >= Math.max(SLOW_MIN, SLOW_FACTOR * usual);
  }

  /** Whether the run is in the middle of an epoch's steps. */
  get isStepping(): boolean {
    return this.#progress !== undefined && this.#progress.step < this.#progress.steps;
  }

  /** Time since the run reported something: where it is stepping, what the step under way has taken. */
  get silence(): number {
    return this.#awake - this.#recordedAt;
  }

  /** A clock that stands still while the process does. */
  get awake(): number {
    return this.#awake;
  }

  /** How long the step under way is waited for after a stop. */
  get patience(): number {
    return Math.max(PATIENCE_MIN, PATIENCE_FACTOR * (this.#usualStepTime ?? 0));
  }

  get #usualStepTime(): number | null {
    return median(this.#stepTimes);
  }

  // A longer time between two checks is one in which this thread stood still, and the run did too or could not be heard.
  #advanceClock(now: number): void {
    this.#awake += Math.min(now - this.#checkedAt, 4 * PACE_INTERVAL);
    this.#checkedAt = now;
  }
}
