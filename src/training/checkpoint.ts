// A checkpoint: all that a run needs to go on as if it had never stopped.
//
// It is taken between two steps. What an epoch drew (order, crops, flips) is not in it: those generators are kept as they
// were before the epoch, so that it draws the same again.
import { UserError } from "../base/errors.ts";
import { NativeError, type Vector } from "../native/mod.ts";
import type { EpochResult } from "./result.ts";
import type { SpeedSamples } from "./speed.ts";
import type { RunSetup } from "./setup.ts";
import { type StreamName, streamNames } from "./streams.ts";

/** Thrown where a checkpoint is not of the run that should go on from it. */
export class CheckpointError extends UserError {
  override readonly name = "CheckpointError";
}

/** The bytes of every generator, by stream. */
export type StreamStates = Readonly<Record<StreamName, Uint8Array<ArrayBuffer>>>;

/** What a run has used up so far; of no matter for its outcome. */
export interface ResourceTotals {
  /** Seconds of training steps. */
  readonly train: number;
  /** Seconds of evaluations. */
  readonly evaluation: number;
  /** Seconds of the whole run. */
  readonly total: number;
  /** Training images, each counted as often as it was trained on. */
  readonly images: number;
  readonly peakMemoryBytes: number;
  readonly speed: SpeedSamples;
}

/**
 * The state of a run between two steps: what `onCheckpoint` gives and `from` takes, of this version alone.
 * @internal
 */
export interface Checkpoint {
  /** The epoch under way, counted from 0. */
  readonly epoch: number;
  /** How many of its steps are done; where that is all of them, it is still to be evaluated. */
  readonly step: number;
  /** The epochs before it. */
  readonly epochs: readonly EpochResult[];
  /** Loss × images and correct predictions, summed up over its steps. */
  readonly sums: Float64Array<ArrayBuffer>;
  /** The learner's state and the network's, by name. */
  readonly state: Readonly<Record<string, Float32Array>>;
  /** Whoever is done with `state` sets it to 0: the memory, which threads share, is then used again. */
  readonly inUse: Int32Array;
  /** All streams as they are, but order and augmentation as they were before the epoch's first step. */
  readonly streams: StreamStates;
  /** The digest of the run's first batch; see `RunResult.firstBatch`. */
  readonly firstBatch: string;
  /** The binary mask after the epoch before, one byte a weight; none where nothing is masked. */
  readonly mask?: Uint8Array<ArrayBuffer> | undefined;
  readonly spent: ResourceTotals;
}

/** The state of every stream. */
export function streamStatesOf({ streams }: Pick<RunSetup, "streams">): StreamStates {
  const states = streamNames.map((name) => [name, streams[name].save()] as const);
  return Object.fromEntries(states) as unknown as StreamStates; // its keys are the names of all streams
}

/** What steps change: the learner's vectors, and what the network's normalisations have seen. */
function stateOf(
  { learner, network }: Pick<RunSetup, "learner" | "network">,
): Record<string, Vector> {
  const { statistics } = network;
  return { ...learner.state, ...(statistics ? { statistics: statistics as Vector } : {}) };
}

/** A copy of the state in memory that threads share. */
type StateCopy = Pick<Checkpoint, "state" | "inUse">;

/** Copies the state of a run, into new memory or into that of an earlier copy that is no longer in use. */
export class StateSnapshots {
  readonly #copies: StateCopy[] = [];

  constructor(readonly setup: Pick<RunSetup, "learner" | "network" | "metrics">) {}

  /** The state and the sums as they are now; waits for the device. */
  take(): StateCopy & Pick<Checkpoint, "sums"> {
    const unused = this.#copies.find(({ inUse }) => Atomics.load(inUse, 0) === 0);
    const copy = unused ?? this.#allocate();
    Atomics.store(copy.inUse, 0, 1);
    for (const [name, vector] of Object.entries(stateOf(this.setup))) {
      vector.downloadInto(copy.state[name]!);
    }
    return { ...copy, sums: this.setup.metrics.download() as Float64Array<ArrayBuffer> };
  }

  #allocate(): StateCopy {
    const state = Object.entries(stateOf(this.setup)).map(([name, { length }]) =>
      [name, new Float32Array(new SharedArrayBuffer(4 * length))] as const
    );
    const inUse = new Int32Array(new SharedArrayBuffer(4));
    const copy = { state: Object.fromEntries(state), inUse };
    this.#copies.push(copy);
    return copy;
  }
}

/**
 * Sets a run back to where the checkpoint was taken, but for the steps of its epoch, which the caller leaves out.
 * @throws {CheckpointError} where the checkpoint is not of this run
 */
export function restoreCheckpoint(setup: RunSetup, from: Checkpoint): void {
  const { config: { epochs }, metrics, streams, batches: { steps } } = setup;
  const vectors = stateOf(setup), expected = sizesOf(vectors);
  if (sizesOf(from.state) !== expected) {
    throw new CheckpointError(`holds ${sizesOf(from.state)}, expected ${expected}`);
  }
  if (from.epoch >= epochs || from.step > steps || from.epochs.length !== from.epoch) {
    throw new CheckpointError(
      `is of step ${from.step} in epoch ${from.epoch + 1}, after ` +
        `${from.epochs.length} epochs; expected ${steps} steps and ${epochs} epochs at most`,
    );
  }
  try {
    for (const name of streamNames) streams[name].restore(from.streams[name]);
  } catch (error) {
    if (!(error instanceof NativeError)) throw error;
    throw new CheckpointError(`holds no generators: ${error.message}`);
  }
  for (const [name, vector] of Object.entries(vectors)) {
    vector.upload(from.state[name]! as Float32Array<ArrayBuffer>);
  }
  metrics.upload(from.sums);
}

function sizesOf(state: Readonly<Record<string, { readonly length: number }>>): string {
  return Object.entries(state).map(([name, { length }]) => `${name} (${length})`).sort().join(", ");
}
