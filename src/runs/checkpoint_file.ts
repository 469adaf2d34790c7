// Checkpoints on disk: `DIR/runs/<identity>.checkpoint.safetensors`, until the run is finished. One that is cut short, of
// another run, or made with another libtorch or processor is set aside: a run goes on to the same bytes, or begins anew.
import { join } from "node:path";
import { z } from "zod";
import { removeFile, writeFileAtomically } from "../base/atomic_files.ts";
import { UserError } from "../base/errors.ts";
import {
  decodeTensors,
  encodeTensors,
  type Tensor,
  tensorsChecksumOf,
  type TensorType,
} from "../base/safetensors.ts";
import { firstErrorOf } from "../base/schema_errors.ts";
import type { Checkpoint } from "../training/checkpoint.ts";
import { type StreamName, streamNames } from "../training/streams.ts";
import { reproducibilityFields, type ReproducibilityKey } from "./environment.ts";
import {
  type Environment,
  environmentSchema,
  epochSchema,
  runsFolder,
  speedSampleSchema,
} from "./run_file.ts";

/** Raised when a checkpoint changes so that older ones can't be gone on from. */
const FORMAT = 1;

/** A run's checkpoint, and what has to be the same when it goes on. */
export interface CheckpointRecord {
  readonly identity: string;
  readonly checkpoint: Checkpoint;
  /** What the run is made with, from its first start on. */
  readonly environment: Omit<Environment, "finished">;
}

const count = z.int().min(0), seconds = z.number().min(0);

const standing = z.strictObject({
  epoch: count,
  step: count,
  epochs: z.array(epochSchema),
  spent: z.strictObject({
    train: seconds,
    evaluation: seconds,
    total: seconds,
    images: count,
    peakMemoryBytes: count,
    speed: z.array(speedSampleSchema),
  }),
});

const made = environmentSchema.pick({
  maskbench: true,
  libtorch: true,
  blas: true,
  device: true,
  processor: true,
  threads: true,
  started: true,
}).strict();

const checkpointPath = (folder: string, identity: string) =>
  join(runsFolder(folder), `${identity}.checkpoint.safetensors`);

/** The bytes of a checkpoint's file. @param room is written to where it is large enough */
export function encodeCheckpoint(
  { identity, checkpoint, environment }: CheckpointRecord,
  room?: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const { state, inUse: _, streams, mask, sums, ...standing } = checkpoint;
  const tensors: Record<string, Tensor> = { sums: tensor("F64", sums) };
  for (const [name, values] of Object.entries(state)) {
    tensors[`state.${name}`] = tensor("F32", values);
  }
  for (const name of streamNames) tensors[`stream.${name}`] = tensor("U8", streams[name]);
  if (mask) tensors.mask = tensor("U8", mask);
  const kept = [...reproducibilityFields, "started"].map((key) =>
    [key, environment[key as keyof typeof environment]] as const
  );
  const metadata = {
    format: `maskbench checkpoint ${FORMAT}`,
    identity,
    standing: JSON.stringify(standing),
    environment: JSON.stringify(Object.fromEntries(kept)),
  };
  const checksum = tensorsChecksumOf(tensors, metadata);
  return encodeTensors({ tensors, metadata: { ...metadata, checksum } }, room);
}

/**
 * Reads what `encodeCheckpoint` made.
 * @param environment what the run is to go on with
 * @throws {UserError} that says why it is not to be trusted
 */
export function decodeCheckpoint(
  file: Uint8Array,
  identity: string,
  environment: ReproducibilityKey,
): { checkpoint: Checkpoint; started: string } {
  const { tensors, metadata: { checksum, ...metadata } } = decodeTensors(file);
  if (metadata.format !== `maskbench checkpoint ${FORMAT}`) {
    throw new UserError(`is no checkpoint of format ${FORMAT}: ${metadata.format ?? "no format"}`);
  }
  if (checksum !== tensorsChecksumOf(tensors, metadata)) {
    throw new UserError("is damaged: its checksum is another");
  }
  if (metadata.identity !== identity) {
    throw new UserError(`is of another run, ${metadata.identity}`);
  }
  const before = parsed(made, metadata.environment, "environment");
  const other = reproducibilityFields.find((key) => before[key] !== environment[key]);
  if (other) {
    throw new UserError(
      `was made with ${other} ${before[other]}, now it is ${environment[other]}: ` +
        "going on would not give the bytes that either gives",
    );
  }
  const { epoch, step, epochs, spent } = parsed(standing, metadata.standing, "standing");
  const state = Object.keys(tensors).filter((name) => name.startsWith("state."))
    .map((name) =>
      [name.slice("state.".length), new Float32Array(bytesOf(tensors, name, "F32"))] as const
    );
  const streams = streamNames.map((name) =>
    [name, new Uint8Array(bytesOf(tensors, `stream.${name}`, "U8"))] as const
  );
  return {
    started: before.started,
    checkpoint: {
      epoch,
      step,
      epochs,
      spent,
      sums: new Float64Array(bytesOf(tensors, "sums", "F64")),
      state: Object.fromEntries(state),
      inUse: Int32Array.of(1),
      streams: Object.fromEntries(streams) as Record<StreamName, Uint8Array<ArrayBuffer>>,
      mask: tensors.mask && new Uint8Array(bytesOf(tensors, "mask", "U8")),
    },
  };
}

/**
 * The checkpoint of a run, if there is one to go on from.
 * @param setAside is told of one that is not to be trusted: it lies beside, under another name
 * @throws {WriteError} where it can't be set aside
 */
export async function readCheckpoint(
  folder: string,
  identity: string,
  environment: ReproducibilityKey,
  setAside: (path: string, reason: string) => void,
): Promise<{ checkpoint: Checkpoint; started: string } | undefined> {
  const path = checkpointPath(folder, identity);
  let reason: string;
  try {
    return decodeCheckpoint(await Deno.readFile(path), identity, environment);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    reason = (error as Error).message;
    if (!(error instanceof UserError)) reason = `can't be read: ${reason}`;
  }
  setAside(await setCheckpointAside(folder, identity), reason);
}

/** Keeps a checkpoint out of the way, until its run is finished. @returns where it was */
export async function setCheckpointAside(folder: string, identity: string): Promise<string> {
  const path = checkpointPath(folder, identity);
  await Deno.rename(path, `${path}.aside`).catch(() => removeFile(path));
  return path;
}

/** Writes the checkpoints of one run, one after the other; of those that come meanwhile, the last. */
export class CheckpointWriter {
  #next: CheckpointRecord | undefined;
  #writing: Promise<void> | undefined;
  /** Of the last file, used again. */
  #room: Uint8Array<ArrayBuffer> | undefined;
  #failed = false;
  #written = false;

  /** @param failed is told, once, that they can't be written: the run goes on without */
  constructor(
    readonly folder: string,
    readonly identity: string,
    readonly failed: (reason: string) => void,
  ) {}

  write(kept: CheckpointRecord): void {
    if (this.#next) release(this.#next);
    this.#next = kept;
    this.#writing ??= this.#work();
  }

  async #work(): Promise<void> {
    for (let kept; (kept = this.#next);) {
      this.#next = undefined;
      try {
        const bytes = encodeCheckpoint(kept, this.#room);
        release(kept);
        if (bytes.length > (this.#room?.length ?? 0)) this.#room = bytes;
        await writeFileAtomically(checkpointPath(this.folder, this.identity), bytes);
        this.#written = true;
      } catch (error) {
        if (!this.#failed) this.failed((error as Error).message);
        this.#failed = true;
      }
    }
    this.#writing = undefined;
  }

  /** Until what it was given is on disk, or could not be written. @returns whether there is one on disk */
  async settled(): Promise<boolean> {
    await this.#writing;
    return this.#written;
  }

  /** Removes them, once the run is finished. @throws {WriteError} where it can't */
  async remove(): Promise<void> {
    this.#next = undefined;
    await this.#writing;
    const path = checkpointPath(this.folder, this.identity);
    await removeFile(path);
    await removeFile(`${path}.aside`);
  }
}

// Its memory is then used again by the run.
function release({ checkpoint }: CheckpointRecord): void {
  Atomics.store(checkpoint.inUse, 0, 0);
}

function tensor(type: TensorType, values: Float32Array | Float64Array | Uint8Array): Tensor {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { type, shape: [values.length], bytes };
}

// A copy, which lies where an array of the type may begin.
function bytesOf(tensors: Readonly<Record<string, Tensor>>, name: string, type: TensorType) {
  const found = tensors[name];
  if (found?.type !== type) throw new UserError(`has no ${name} of type ${type}`);
  return found.bytes.slice().buffer as ArrayBuffer;
}

function parsed<Schema extends z.ZodType>(
  schema: Schema,
  text: string | undefined,
  name: string,
): z.infer<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(text ?? "");
  } catch {
    throw new UserError(`has no ${name}`);
  }
  const { data, error } = schema.safeParse(json);
  if (error) throw new UserError(`has a wrong ${name}: ${firstErrorOf(error)}`);
  return data as z.infer<Schema>;
}
