// What a run is made with in addition to its configuration. None of it changes the outcome, except that the device and the
// number of threads may change the last bits of sums.
import type { Dataset } from "../datasets/dataset.ts";
import type { Device } from "../native/mod.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { RunProgress } from "./result.ts";
import type { Subnetwork } from "./subnetwork.ts";

/** The pictures, the device, and what is to be said meanwhile. */
export interface RunOptions {
  /** Accuracy is measured on its test split: for tuning, hand in `validationOf(dataset)`. */
  readonly dataset: Dataset;
  /** Where it computes. */
  readonly device: Device;
  /** Processor threads of this run. */
  readonly threads: number;
  /** Receives the progress: before and after the steps of every epoch, and a few times a second meanwhile. */
  readonly onProgress?: (progress: RunProgress) => void;
  /** Receives a checkpoint before every evaluation, in long epochs once a minute, and when the run is stopped. */
  readonly onCheckpoint?: (checkpoint: Checkpoint) => void;
  /** Where the run goes on from: the outcome is that of a run that was never stopped. */
  readonly from?: Checkpoint | undefined;
  /** Whether the sanity controls of the learnt mask are evaluated at the end. */
  readonly controls?: boolean;
  /** Receives the subnetwork at the end. */
  readonly onSubnetwork?: ((subnetwork: Subnetwork) => void) | undefined;
  /** Whether the run should stop now; called after every step. */
  readonly shouldStop?: () => boolean;
}
