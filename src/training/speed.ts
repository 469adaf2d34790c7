// How fast a run is, and what the machine gave at the same moments: some training steps, a fixed matrix product, a fixed
// copy, in turn. What other processes took of the processor is taken off all three.
import { type Device, measureCopy, measureMatmul, waited } from "../native/mod.ts";
import type { SpeedSample } from "./result.ts";

/** Milliseconds of steps in a sample; the reference after them takes about two. */
const STRETCH = 400;

/** Takes a sample of a run every now and then. */
export class Speedometer {
  readonly samples: SpeedSample[] = [];
  #warm = false;
  #images = 0;
  #milliseconds = 0;
  /** When the clock was started, and the seconds that this thread had waited until then. */
  #since = { at: 0, waited: 0 };
  /** Not before this is it worth while to ask whether the stretch is done. */
  #due = 0;

  /** @param settled waits until the device has done the steps so far */
  constructor(readonly device: Device, readonly settled: () => void) {}

  /** Starts the clock, before steps. */
  start(): void {
    this.#since = { at: performance.now(), waited: waited() };
    this.#due = this.#since.at + STRETCH - this.#milliseconds;
  }

  /** Stops it, before anything else than steps. */
  stop(): void {
    this.settled();
    // Read in this order, so that a wait in between counts as time, and never the other way round.
    const others = 1000 * (waited() - this.#since.waited);
    this.#milliseconds += performance.now() - this.#since.at - others;
  }

  /** To be called after every step. The first of all only warms up. */
  stepped(images: number): void {
    if (this.#warm) this.#images += images;
    else this.#clear();
    if (performance.now() < this.#due) return;
    this.stop();
    if (this.#milliseconds >= STRETCH) {
      this.samples.push({
        imagesPerSecond: 1000 * this.#images / this.#milliseconds,
        matmul: measureMatmul(this.device, 256, 2),
        copy: measureCopy(this.device, 1 << 21, 8),
      });
      this.#clear();
    }
    this.start();
  }

  #clear(): void {
    this.#warm = true;
    this.#images = this.#milliseconds = 0;
    this.start();
  }
}
