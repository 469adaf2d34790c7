// How fast a run is, and how fast the machine is at the same moments: some training steps, a fixed matrix product and a
// fixed copy are timed in turn, without the time that other processes took.
import { median } from "../base/statistics.ts";
import { type Device, measureCopy, measureMatmul, readWaitedSeconds } from "../native/mod.ts";
import type { SpeedSample, SpeedSummary } from "./result.ts";

/** Milliseconds of steps in a stretch, far more than the reference after them takes. */
const STRETCH = 200;

/** Rows and columns of the matrix product of the reference. */
const MATMUL_SIZE = 256;

/** Bytes of the copy of the reference. */
const COPY_BYTES = 1 << 20;

/** Samples that are kept while a run goes on: a checkpoint and the memory of a long run stay small. */
const MAX_KEPT = 256;

/** Samples that a run file keeps, besides the medians. */
const MAX_WRITTEN = 8;

/** A stretch of which others had more than this share of the time tells more of them than of the run. */
const QUIET = 0.1;

/** The samples of a run so far. */
export interface SpeedSamples {
  /** Stretches so far. */
  readonly stretches: number;
  /** One in so many of them has a sample: a power of two. */
  readonly every: number;
  readonly samples: readonly SpeedSample[];
}

/** The samples after one more stretch, every second one of them dropped where there are too many. */
export function withStretch(
  { stretches, every, samples }: SpeedSamples,
  measure: () => SpeedSample,
): SpeedSamples {
  if (stretches % every !== 0) return { stretches: stretches + 1, every, samples };
  const more = [...samples, measure()];
  return more.length < MAX_KEPT
    ? { stretches: stretches + 1, every, samples: more }
    : { stretches: stretches + 1, every: 2 * every, samples: more.filter((_, i) => i % 2 === 0) };
}

/** What is said of a run's speed, made from its samples. @param stretches of the run; default one for each sample */
export function speedSummaryOf(
  samples: readonly SpeedSample[],
  stretches: number = samples.length,
): SpeedSummary {
  const quiet = samples.filter(({ waited }) => waited <= QUIET);
  const medianOf = (key: "imagesPerSecond" | "matmul" | "copy") =>
    median(quiet.map((sample) => sample[key]))!;
  const step = Math.ceil(samples.length / MAX_WRITTEN);
  return {
    stretches,
    quiet: samples.length > 0 ? quiet.length / samples.length : 0,
    ...(quiet.length > 0 && {
      medians: {
        imagesPerSecond: medianOf("imagesPerSecond"),
        matmul: medianOf("matmul"),
        copy: medianOf("copy"),
      },
    }),
    sample: samples.filter((_, i) => i % step === 0).map((sample) => ({
      imagesPerSecond: rounded(sample.imagesPerSecond),
      matmul: rounded(sample.matmul),
      copy: rounded(sample.copy),
      waited: rounded(sample.waited),
    })),
  };
}

// Four digits are more than a stretch is measured to.
const rounded = (value: number) => Number(value.toPrecision(4));

/** Takes a sample after a stretch of a run's steps: after every one at first, more seldom as the run gets longer. */
export class SpeedRecorder {
  #kept: SpeedSamples;
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
   * @param before what the run has measured already
   */
  constructor(
    readonly device: Device,
    readonly wait: () => void,
    before: SpeedSamples = { stretches: 0, every: 1, samples: [] },
  ) {
    this.#kept = before;
  }

  /** What is to be handed to the recorder of a run that goes on. */
  get samples(): SpeedSamples {
    return this.#kept;
  }

  get summary(): SpeedSummary {
    return speedSummaryOf(this.#kept.samples, this.#kept.stretches);
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
    if (this.#milliseconds < STRETCH) return;
    this.#kept = withStretch(this.#kept, () => ({
      imagesPerSecond: median(this.#laps)!, // so that a step which other processes disturbed doesn't count
      matmul: 2 * MATMUL_SIZE ** 3 / measureMatmul(this.device, MATMUL_SIZE, 3),
      copy: 2 * COPY_BYTES / measureCopy(this.device, COPY_BYTES, 4),
      waited: this.#waited / (this.#waited + this.#milliseconds),
    }));
    this.#laps = [];
    this.#milliseconds = this.#waited = 0;
  }
}
