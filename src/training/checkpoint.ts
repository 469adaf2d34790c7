// A checkpoint: all that a run needs to go on as if it had never stopped.
//
// It is taken between two steps. What an epoch drew (order, crops, flips) is not in it: those generators are kept as they
// were before the epoch, so that it draws the same again.
import { UserError } from "../base/errors.ts";
import { NativeError, type Vector } from "../native/mod.ts";
import type { EpochResult, SpeedSample } from "./result.ts";
import type { RunSetup } from "./setup.ts";
import { type StreamName, streamNames } from "./streams.ts";

/** A checkpoint that is not of the run it was given to. */
export class CheckpointError extends UserError {
  override readonly name = "CheckpointError";
}

/** The bytes of every generator, by stream. */
export type StreamStates = Readonly<Record<StreamName, Uint8Array<ArrayBuffer>>>;

/** What a run has used up so far; of no matter for its outcome. */
export interface ResourceTotals {
  /** Seconds of training steps, of evaluation, and of the whole run. */
  readonly train: number;
  readonly evaluation: number;
  readonly total: number;
  /** Training images. */
  readonly images: number;
  readonly peakMemoryBytes: number;
  readonly speed: readonly SpeedSample[];
}

/** Where a run stands between two steps. */
export interface Checkpoint {
  /** The epoch under way, counted from 0. */
  readonly epoch: number;
  /** Its steps that are done; where that is all of them, it is still to be evaluated. */
  readonly step: number;
  /** The epochs before it. */
  readonly epochs: readonly EpochResult[];
  /** Loss × images and correct predictions, summed up over its steps. */
  readonly sums: Float64Array<ArrayBuffer>;
  /** The learner's state and the network's, by name. */
  readonly state: Readonly<Record<string, Float32Array>>;
  /** Set to 0 by whoever is done with `state`: its memory, which threads share, is then used again. */
  readonly inUse: Int32Array;
  /** As they are; those of order and augmentation as they were before the epoch's first step. */
  readonly streams: StreamStates;
  /** The binary mask after the epoch before, one byte a weight; none where nothing is masked. */
  readonly mask?: Uint8Array<ArrayBuffer> | undefined;
  readonly spent: ResourceTotals;
}

/** Where all streams stand. */
export function streamStatesOf({ streams }: Pick<RunSetup, "streams">): StreamStates {
  const states = streamNames.map((name) => [name, streams[name].save()] as const);
  return Object.fromEntries(states) as unknown as StreamStates;
}

/** What steps change: the learner's vectors, and what the network's normalisations have seen. */
function stateOf(
  { learner, network }: Pick<RunSetup, "learner" | "network">,
): Record<string, Vector> {
  const { statistics } = network;
  return { ...learner.state, ...(statistics ? { statistics: statistics as Vector } : {}) };
}

/** Copies what a stage holds, into memory of its own, or that it took before and has been given back. */
export class StateSnapshots {
  readonly #rooms: Pick<Checkpoint, "state" | "inUse">[] = [];

  constructor(readonly stage: Pick<RunSetup, "learner" | "network" | "metrics">) {}

  /** The state and the sums as they are now; waits for the device. */
  take(): Pick<Checkpoint, "state" | "inUse" | "sums"> {
    const { metrics } = this.stage;
    const room = this.#rooms.find(({ inUse }) => Atomics.load(inUse, 0) === 0) ?? this.#add();
    Atomics.store(room.inUse, 0, 1);
    for (const [name, vector] of Object.entries(stateOf(this.stage))) {
      vector.downloadInto(room.state[name]!);
    }
    return { ...room, sums: metrics.download() as Float64Array<ArrayBuffer> };
  }

  #add() {
    const state = Object.entries(stateOf(this.stage)).map(([name, { length }]) =>
      [name, new Float32Array(new SharedArrayBuffer(4 * length))] as const
    );
    const inUse = new Int32Array(new SharedArrayBuffer(4));
    const room = { state: Object.fromEntries(state), inUse };
    this.#rooms.push(room);
    return room;
  }
}

/**
 * Sets a stage back to where the checkpoint was taken, but for the steps of its epoch, which the caller skips.
 * @param epochs those of the run
 * @throws {CheckpointError} where it is not of this run
 */
export function restoreCheckpoint(
  stage: RunSetup,
  from: Checkpoint,
  epochs: number,
): void {
  const { metrics, streams, epoch } = stage, vectors = stateOf(stage);
  const sizes = (of: Readonly<Record<string, { length: number }>>) =>
    Object.entries(of).map(([name, { length }]) => `${name} (${length})`).sort().join(", ");
  if (sizes(from.state) !== sizes(vectors)) {
    throw new CheckpointError(`holds ${sizes(from.state)}, expected ${sizes(vectors)}`);
  }
  if (from.epoch >= epochs || from.step > epoch.steps || from.epochs.length !== from.epoch) {
    throw new CheckpointError(
      `is of step ${from.step} in epoch ${from.epoch + 1}, after ` +
        `${from.epochs.length} epochs; expected ${epoch.steps} steps and ${epochs} epochs at most`,
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
