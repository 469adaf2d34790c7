// How fast a run is, and what the machine gave at the same moments: some training steps, a fixed matrix product, a fixed
// copy, in turn. What other processes took of the processor is taken off all three.
import { median } from "../base/statistics.ts";
import { type Device, measureCopy, measureMatmul, readWaitedSeconds } from "../native/mod.ts";
import type { SpeedSample } from "./result.ts";

/** Milliseconds of steps in a stretch; the reference after them takes about two. */
const STRETCH = 200;

/** The reference: a matrix product of so many rows and columns, and a copy of so many bytes. */
const PRODUCT = 256, COPY = 1 << 20;

/** Takes a sample after every stretch of a run's steps. */
export class SpeedRecorder {
  readonly samples: SpeedSample[];
  /** Images per second of each lap of this stretch: a step, or on a GPU, which is not to wait for every one, all of it. */
  #laps: number[] = [];
  #images = 0;
  #milliseconds = 0;
  #others = 0;
  /** When the clock was started, and the seconds that this thread had waited until then. */
  #since = { at: 0, waited: 0 };

  /**
   * @param settled waits until the device has done the steps so far
   * @param before samples that the run has taken already
   */
  constructor(
    readonly device: Device,
    readonly settled: () => void,
    before: readonly SpeedSample[] = [],
  ) {
    this.samples = [...before];
  }

  /** Starts the clock, before steps. */
  start(): void {
    this.#since = { at: performance.now(), waited: readWaitedSeconds() };
  }

  /** To be called after every step. */
  stepped(images: number): void {
    this.#images += images;
    if (this.device === "cuda" && performance.now() - this.#since.at < STRETCH) return;
    this.stop();
    this.start();
  }

  /** Stops the clock, before anything else than steps. */
  stop(): void {
    if (this.#images === 0) return;
    if (this.device === "cuda") this.settled();
    // Read in this order, so that a wait in between counts as time, and never the other way round.
    const others = 1000 * (readWaitedSeconds() - this.#since.waited);
    const milliseconds = performance.now() - this.#since.at - others;
    this.#laps.push(1000 * this.#images / milliseconds);
    this.#images = 0;
    this.#milliseconds += milliseconds;
    this.#others += others;
    if (this.#milliseconds >= STRETCH) this.#sample();
  }

  #sample(): void {
    this.samples.push({
      imagesPerSecond: median(this.#laps)!, // so that a step which others disturbed doesn't count
      matmul: 2 * PRODUCT ** 3 / measureMatmul(this.device, PRODUCT, 3),
      copy: 2 * COPY / measureCopy(this.device, COPY, 4),
      waited: this.#others / (this.#others + this.#milliseconds),
    });
    this.#laps = [];
    this.#milliseconds = this.#others = 0;
  }
}
