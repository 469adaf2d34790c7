// How fast a run is, and how fast the machine is at the same moments: some training steps, a fixed matrix product and a
// fixed copy are timed in turn, without the time that other processes took.
import { median } from "../base/statistics.ts";
import { type Device, measureCopy, measureMatmul, readWaitedSeconds } from "../native/mod.ts";
import type { SpeedSample } from "./result.ts";

/** Milliseconds of steps in a stretch, far more than the reference after them takes. */
const STRETCH = 200;

/** Rows and columns of the matrix product of the reference. */
const MATMUL_SIZE = 256;

/** Bytes of the copy of the reference. */
const COPY_BYTES = 1 << 20;

/** Takes a sample after every stretch of a run's steps. */
export class SpeedRecorder {
  readonly samples: SpeedSample[];
  /** Images per second of each lap of this stretch: a step, or on a GPU, which should not wait for every step, all of it. */
  #laps: number[] = [];
  #images = 0;
  /** Milliseconds of the steps of this stretch, and those in which other processes had the processor meanwhile. */
  #milliseconds = 0;
  #waited = 0;
  /** The moment at which the clock was started, and the seconds that this thread had waited until then. */
  #start = { moment: 0, waited: 0 };

  /**
   * @param wait waits until the device has done the steps so far
   * @param before samples that the run has taken already
   */
  constructor(
    readonly device: Device,
    readonly wait: () => void,
    before: readonly SpeedSample[] = [],
  ) {
    this.samples = [...before];
  }

  /** Starts the clock, before steps. */
  start(): void {
    this.#start = { moment: performance.now(), waited: readWaitedSeconds() };
  }

  /** Counts a step; to be called after every one. */
  stepped(images: number): void {
    this.#images += images;
    if (this.device === "cuda" && performance.now() - this.#start.moment < STRETCH) return;
    this.stop();
    this.start();
  }

  /** Stops the clock, before anything else than steps. */
  stop(): void {
    if (this.#images === 0) return;
    if (this.device === "cuda") this.wait();
    // Read in this order, so that a wait in between counts as time, and never the other way round.
    const waited = 1000 * (readWaitedSeconds() - this.#start.waited);
    const milliseconds = performance.now() - this.#start.moment - waited;
    this.#laps.push(1000 * this.#images / milliseconds);
    this.#images = 0;
    this.#milliseconds += milliseconds;
    this.#waited += waited;
    if (this.#milliseconds >= STRETCH) this.#sample();
  }

  #sample(): void {
    this.samples.push({
      imagesPerSecond: median(this.#laps)!, // so that a step which other processes disturbed doesn't count
      matmul: 2 * MATMUL_SIZE ** 3 / measureMatmul(this.device, MATMUL_SIZE, 3),
      copy: 2 * COPY_BYTES / measureCopy(this.device, COPY_BYTES, 4),
      waited: this.#waited / (this.#waited + this.#milliseconds),
    });
    this.#laps = [];
    this.#milliseconds = this.#waited = 0;
  }
}
