// How a run gets on, by the progress that it tells: what its steps take, and what the one under way has taken so far.
//
// The thread that steps is in a native call meanwhile and can tell nothing, so its silence is what there is to go by.
// Only silence within an epoch's steps counts: setting up and evaluating may take minutes.
import { median } from "../base/statistics.ts";
import type { RunProgress } from "../training/result.ts";

/** Milliseconds between two looks at a run. */
export const PACE_INTERVAL = 250;

/** A step is slow that takes so many times what one takes, and so many milliseconds at least. */
const SLOW_TIMES = 100, SLOW = 10_000;

/**
 * After a stop, the step under way is waited for so many milliseconds or, where steps are long by nature, as on ImageNet
 * on a processor, for so many times what one takes: it then returns, and nothing of the run is lost.
 */
const PATIENCE = 10_000, PATIENCE_TIMES = 3;

/** What a step takes is the median over so many of the last stretches between two reports. */
const STRETCHES = 100;

/** Is told a run's progress, and looked at every `PACE_INTERVAL`; times are in milliseconds. */
export class PaceMonitor {
  #progress: RunProgress | undefined;
  #toldAt = 0;
  /** Of a step, for each of the last stretches. */
  readonly #taken: number[] = [];
  /** Of the time since it was made, what this process was not suspended or busy for. */
  #awake = 0;
  #lookedAt: number;
  #heard = 0;
  #isTold = false;

  constructor(now: number) {
    this.#lookedAt = now;
  }

  /** @param told when the run told it, by the clock of its own thread */
  hear(progress: RunProgress, told: number, now: number): void {
    const before = this.#progress;
    if (before?.epoch === progress.epoch && before.step < progress.step) {
      this.#taken.push((told - this.#toldAt) / (progress.step - before.step));
      if (this.#taken.length > STRETCHES) this.#taken.shift();
    }
    this.#progress = progress;
    this.#toldAt = told;
    this.#pass(now);
    this.#heard = this.#awake;
    this.#isTold = false;
  }

  /** @returns whether the step under way is slow, once while it lasts */
  look(now: number): boolean {
    this.#pass(now);
    const usual = this.#usual;
    if (this.#isTold || !this.isStepping || usual === null) return false;
    return this.#isTold = this.silence >= Math.max(SLOW, SLOW_TIMES * usual);
  }

  /** Whether it is in the middle of an epoch's steps. */
  get isStepping(): boolean {
    return this.#progress !== undefined && this.#progress.step < this.#progress.steps;
  }

  /** Since it told something: where it is stepping, what the step under way has taken. */
  get silence(): number {
    return this.#awake - this.#heard;
  }

  /** A clock that stands still while the process does. */
  get awake(): number {
    return this.#awake;
  }

  /** How long the step under way is waited for after a stop. */
  get patience(): number {
    return Math.max(PATIENCE, PATIENCE_TIMES * (this.#usual ?? 0));
  }

  get #usual(): number | null {
    return median(this.#taken);
  }

  // A longer time between two looks is one in which this thread stood still, and the run did too or could not be heard.
  #pass(now: number): void {
    this.#awake += Math.min(now - this.#lookedAt, 4 * PACE_INTERVAL);
    this.#lookedAt = now;
  }
}
