// What a run gives back. One of these, with its configuration and environment, is one run file.

/** One epoch. Accuracies in [0, 1]; losses are mean cross-entropy in nats. */
export interface EpochResult {
  /** Counted from 1; 0 where nothing is learnt, and so evaluated once. */
  readonly epoch: number;
  /** Of this epoch, after the schedule. */
  readonly learningRate: number;
  /** Mean over the epoch's batches, each measured before its update, at the mask of that step; with smoothed labels. */
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  /** On the evaluation split, with the binary mask. */
  readonly testLoss: number;
  readonly testAccuracy: number;
  /**
   * Fraction of the binary mask's entries that differ from those one epoch before (of the first: before the first
   * step), in [0, 1]. Absent where nothing is learnt or masked, and in older run files.
   */
  readonly maskChange?: number;
}

/** How many weights of a layer the final mask keeps. */
export interface LayerKept {
  readonly name: string;
  readonly weights: number;
  readonly kept: number;
}

/** A stretch of a run, and what the machine gave right after it. What others took of the processor is taken off. */
export interface SpeedSample {
  /** Median over its steps. */
  readonly imagesPerSecond: number;
  /** Seconds of a matrix product of 256 × 256. */
  readonly matmul: number;
  /** Seconds of a copy of 1 MiB. */
  readonly copy: number;
  /** Share of the stretch's time that others had the processor, in [0, 1]. */
  readonly waited: number;
}

/** Accuracies on the evaluation split of what the mask is held against; see `controls.ts`. */
export interface Controls {
  /** The mask, in a random order within each layer. */
  readonly shuffled: number;
  /** The weights that the mask removes. */
  readonly inverted: number;
  /** The mask over weights drawn anew. */
  readonly redrawn: number;
  /** One over the number of classes. */
  readonly chance: number;
}

/** What came out of a run. */
export interface RunResult {
  readonly epochs: readonly EpochResult[];
  /** After the last epoch: what tables show. */
  readonly lastTestAccuracy: number;
  /** Highest over the epochs. Chosen on the evaluation split: an optimistic figure, tables use the last. */
  readonly bestTestAccuracy: number;
  readonly layers: readonly LayerKept[];
  /** SHA-256 of the final mask, one byte per weight (dense: of the final weights' bytes). */
  readonly digest: string;
  /** Where they were asked for, and a mask was learnt. */
  readonly controls?: Controls;
  /** Seeds of the named streams, to give to `torch.manual_seed`. */
  readonly streams: Readonly<Record<string, number>>;
  /** Wall-clock seconds of training steps, of evaluation, and of the whole run. */
  readonly seconds: { readonly train: number; readonly evaluation: number; readonly total: number };
  /** Training images per second, evaluation aside; 0 where nothing is learnt. */
  readonly imagesPerSecond: number;
  /** Spread over the run; none where it is too short for one. Run files from before speed was measured so lack it. */
  readonly speed?: readonly SpeedSample[] | undefined;
  /** Largest resident memory of the process seen during the run, runs beside it included. */
  readonly peakMemoryBytes: number;
}

/** Sent while a run is under way: before and after the steps of every epoch, and a few times a second meanwhile. */
export interface RunProgress {
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done of this epoch, and in it. */
  readonly step: number;
  readonly steps: number;
  /** Of the epoch so far, or `NaN` before its first step. */
  readonly trainLoss: number;
  /** Of the last evaluation, or `NaN` before the first. */
  readonly testAccuracy: number;
  /** 0 before the first step. */
  readonly imagesPerSecond: number;
}
