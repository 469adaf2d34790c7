// What a run gives back. Its result, with its configuration and environment, is one run file.

/** One epoch. Accuracies are in [0, 1]; losses are mean cross-entropies in nats. */
export interface EpochResult {
  /** Counted from 1; 0 where nothing is learnt, and so evaluated once. */
  readonly epoch: number;
  /** The rate of this epoch, after the schedule. */
  readonly learningRate: number;
  /** The mean over the epoch's batches, each measured before its update, at the mask of that step; with smoothed labels. */
  readonly trainLoss: number;
  /** Over the same batches, each before its update. */
  readonly trainAccuracy: number;
  /** On the evaluation split, with the binary mask. */
  readonly testLoss: number;
  /** On the evaluation split, with the binary mask. */
  readonly testAccuracy: number;
  /**
   * The fraction of the binary mask's entries that differ from those one epoch before, in the first epoch from those before
   * the first step; in [0, 1]. Absent where nothing is learnt or masked, and in older run files.
   */
  readonly maskChange?: number;
}

/** How many weights of a layer the final mask keeps. */
export interface LayerKept {
  /** That of its segment. */
  readonly name: string;
  /** How many it has. */
  readonly weights: number;
  /** How many the mask keeps. */
  readonly kept: number;
}

/** The speed of a stretch of a run, and that of the machine right after it, without the time that other processes took. */
export interface SpeedSample {
  /** The median over its steps. */
  readonly imagesPerSecond: number;
  /** Seconds of a matrix product of 256 × 256. */
  readonly matmul: number;
  /** Seconds of a copy of 1 MiB. */
  readonly copy: number;
  /** Share of the stretch's time in which other processes had the processor, in [0, 1]. */
  readonly waited: number;
}

/** A run's speed over all its stretches. */
export interface SpeedSummary {
  /** Stretches of the run. */
  readonly stretches: number;
  /** Share of the measured stretches in which others took no more than a tenth of the processor, in [0, 1]. */
  readonly quiet: number;
  /** Medians over the quiet stretches; absent where there was none. */
  readonly medians?: Omit<SpeedSample, "waited"> | undefined;
  /** A few of the stretches, evenly spread over the run. */
  readonly sample: readonly SpeedSample[];
}

/** Accuracies on the evaluation split of what the mask is compared with; see `controls.ts`. */
export interface Controls {
  /** The mask, in a random order within each layer. */
  readonly shuffled: number;
  /** The weights that the mask removes. */
  readonly inverted: number;
  /** The mask over weights that are drawn again. */
  readonly redrawn: number;
  /** One over the number of classes. */
  readonly chance: number;
}

/** What came out of a run. */
export interface RunResult {
  /** In their order. */
  readonly epochs: readonly EpochResult[];
  /** The accuracy after the last epoch, which tables show. */
  readonly lastTestAccuracy: number;
  /** The highest over the epochs. It is chosen on the evaluation split, and so optimistic. */
  readonly bestTestAccuracy: number;
  /** The layers that have weights, in their order. */
  readonly layers: readonly LayerKept[];
  /** SHA-256 of the final mask, one byte per weight (dense: of the final weights' bytes). */
  readonly digest: string;
  /**
   * SHA-256 of the first batch of the first epoch as the network reads it; see `batchDigestOf`. Absent where nothing is
   * learnt, and in older run files.
   */
  readonly firstBatch?: string;
  /** Present where they were asked for, and a mask was learnt. */
  readonly controls?: Controls;
  /** Seeds of the named streams, to give to `torch.manual_seed`. */
  readonly streams: Readonly<Record<string, number>>;
  /** Wall-clock seconds of training steps, of evaluations, and of the whole run. */
  readonly seconds: { readonly train: number; readonly evaluation: number; readonly total: number };
  /** Training images per second, evaluation aside; 0 where nothing is learnt. */
  readonly imagesPerSecond: number;
  /** Run files from before speed was measured so lack it. */
  readonly speed?: SpeedSummary | undefined;
  /** Largest resident memory of the process seen during the run, which includes runs next to it. */
  readonly peakMemoryBytes: number;
}

/** The progress of a run: reported before and after the steps of every epoch, and a few times a second meanwhile. */
export interface RunProgress {
  /** The epoch under way, counted from 1. */
  readonly epoch: number;
  /** All of the run. */
  readonly epochs: number;
  /** Steps of this epoch that are done. */
  readonly step: number;
  /** All steps of an epoch. */
  readonly steps: number;
  /** The loss of the epoch so far, or NaN before its first step. */
  readonly trainLoss: number;
  /** The accuracy of the last evaluation, or NaN before the first. */
  readonly testAccuracy: number;
  /** 0 before the first step. */
  readonly imagesPerSecond: number;
}
