// Checkpoints on disk: `DIR/runs/<identity>.checkpoint.safetensors`, until the run is finished. One that is cut short, of
// another run, or made by other sources or with another libtorch or processor is set aside: a run goes on to the same bytes,
// or begins again.
import { join } from "node:path";
import { z } from "zod";
import { removeFile, writeFileAtomically } from "../base/atomic_files.ts";
import { columnsSchema, listsByKeyOf } from "../base/columns.ts";
import { digestSchema } from "../base/digest.ts";
import { UserError } from "../base/errors.ts";
import { parseJsonAs } from "../base/json.ts";
import { readPlainFile } from "../base/plain_files.ts";
import {
  decodeTensors,
  encodeTensors,
  type Tensor,
  tensorsChecksumOf,
  type TensorType,
} from "../base/safetensors.ts";
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
import { sourcesDigest } from "./sources.ts";

/** Raised when a checkpoint changes so that older ones can no longer be gone on from. */
const FORMAT = 2;

/** A run's checkpoint, and what has to be the same when it goes on. */
export interface CheckpointRecord {
  readonly identity: string;
  readonly checkpoint: Checkpoint;
  /** What the run is made with, from its first start on. */
  readonly environment: Omit<Environment, "finished">;
}

const count = z.int().min(0), seconds = z.number().min(0);

const progressSchema = z.strictObject({
  epoch: count,
  step: count,
  epochs: columnsSchema(epochSchema),
  firstBatch: digestSchema,
  spent: z.strictObject({
    train: seconds,
    evaluation: seconds,
    total: seconds,
    images: count,
    peakMemoryBytes: count,
    speed: z.strictObject({
      stretches: count,
      every: z.int().min(1),
      samples: columnsSchema(speedSampleSchema),
    }),
  }),
});

const madeWithSchema = environmentSchema.pick({
  maskbench: true,
  libtorch: true,
  blas: true,
  instructions: true,
  device: true,
  processor: true,
  threads: true,
  started: true,
}).strict();

/** Bytes that a checkpoint has at most: some vectors as long as the largest network's weights. */
const MAX_BYTES = 2 ** 32;

const checkpointPath = (folder: string, identity: string) =>
  join(runsFolder(folder), `${identity}.checkpoint.safetensors`);

/** The bytes of a checkpoint's file. @param buffer is written to where it is large enough */
export function encodeCheckpoint(
  { identity, checkpoint, environment }: CheckpointRecord,
  buffer?: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const { state, inUse: _, streams, mask, sums, epochs, spent, ...rest } = checkpoint;
  const speed = { ...spent.speed, samples: listsByKeyOf(spent.speed.samples) };
  const progress = { ...rest, epochs: listsByKeyOf(epochs), spent: { ...spent, speed } };
  const tensors: Record<string, Tensor> = { sums: tensor("F64", sums) };
  for (const [name, values] of Object.entries(state)) {
    tensors[`state.${name}`] = tensor("F32", values);
  }
  for (const name of streamNames) tensors[`stream.${name}`] = tensor("U8", streams[name]);
  if (mask) tensors.mask = tensor("U8", mask);
  const madeWith = ([...reproducibilityFields, "started"] as const).map((key) =>
    [key, environment[key]] as const
  );
  const metadata = {
    format: `maskbench checkpoint ${FORMAT}`,
    identity,
    standing: JSON.stringify(progress), // the name is that of the file's format
    environment: JSON.stringify(Object.fromEntries(madeWith)),
    sources: sourcesDigest(),
  };
  const checksum = tensorsChecksumOf(tensors, metadata);
  return encodeTensors({ tensors, metadata: { ...metadata, checksum } }, buffer);
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
  if (metadata.sources !== sourcesDigest()) {
    throw new UserError(
      "was made by other sources of maskbench: going on would give a run that neither version gives",
    );
  }
  const madeWith = parsePart(madeWithSchema, metadata, "environment");
  const changed = reproducibilityFields.find((key) => madeWith[key] !== environment[key]);
  if (changed) {
    throw new UserError(
      `was made with ${changed} ${madeWith[changed]}, now it is ${environment[changed]}: ` +
        "going on would not give the bytes that either gives",
    );
  }
  const { epoch, step, epochs, firstBatch, spent } = parsePart(
    progressSchema,
    metadata,
    "standing",
  );
  const state = Object.keys(tensors).filter((name) => name.startsWith("state."))
    .map((name) =>
      [name.slice("state.".length), new Float32Array(bytesOf(tensors, name, "F32"))] as const
    );
  const streams = streamNames.map((name) =>
    [name, new Uint8Array(bytesOf(tensors, `stream.${name}`, "U8"))] as const
  );
  return {
    started: madeWith.started,
    checkpoint: {
      epoch,
      step,
      epochs,
      firstBatch,
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
 * @param onSetAside is called for one that is not to be trusted: it was moved to another name in the same folder
 * @throws {WriteError} where it can't be set aside
 */
export async function readCheckpoint(
  folder: string,
  identity: string,
  environment: ReproducibilityKey,
  onSetAside: (path: string, reason: string) => void,
): Promise<{ checkpoint: Checkpoint; started: string } | undefined> {
  const path = checkpointPath(folder, identity);
  sourcesDigest(); // read now, as the run begins: a source that is changed meanwhile is not what it computes with
  let reason: string;
  try {
    return decodeCheckpoint(await readPlainFile(path, MAX_BYTES), identity, environment);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    reason = (error as Error).message;
    if (!(error instanceof UserError)) reason = `can't be read: ${reason}`;
  }
  onSetAside(await setCheckpointAside(folder, identity), reason);
}

/** Moves a checkpoint out of the way, until its run is finished. @returns its path before */
export async function setCheckpointAside(folder: string, identity: string): Promise<string> {
  const path = checkpointPath(folder, identity);
  await Deno.rename(path, `${path}.aside`).catch(() => removeFile(path));
  return path;
}

/** Writes the checkpoints of one run, one after the other; of several that come while one is written, only the last. */
export class CheckpointWriter {
  #next: CheckpointRecord | undefined;
  #writing: Promise<void> | undefined;
  /** The bytes of the last file, whose memory is used again. */
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  #hasFailed = false;
  #hasWritten = false;

  /**
   * @param onFailure is called once where checkpoints can't be written: the run goes on without
   * @param onFirst is called once the first of them is on disk
   */
  constructor(
    readonly folder: string,
    readonly identity: string,
    readonly onFailure: (reason: string) => void,
    readonly onFirst: () => void = () => {},
  ) {}

  /** Has a checkpoint written, and returns at once. */
  write(record: CheckpointRecord): void {
    if (this.#next) releaseMemory(this.#next);
    this.#next = record;
    this.#writing ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    for (let record; (record = this.#next);) {
      this.#next = undefined;
      try {
        const bytes = encodeCheckpoint(record, this.#buffer);
        releaseMemory(record);
        if (bytes.length > (this.#buffer?.length ?? 0)) this.#buffer = bytes;
        await writeFileAtomically(checkpointPath(this.folder, this.identity), bytes);
        if (!this.#hasWritten) this.onFirst();
        this.#hasWritten = true;
      } catch (error) {
        if (!this.#hasFailed) this.onFailure((error as Error).message);
        this.#hasFailed = true;
      }
    }
    this.#writing = undefined;
  }

  /** Waits until what it was given is on disk, or could not be written. @returns whether there is one on disk */
  async settled(): Promise<boolean> {
    await this.#writing;
    return this.#hasWritten;
  }

  /** Removes the run's checkpoints, once it is finished. @throws {WriteError} where it can't */
  async remove(): Promise<void> {
    this.#next = undefined;
    await this.#writing;
    const path = checkpointPath(this.folder, this.identity);
    await removeFile(path);
    await removeFile(`${path}.aside`);
  }
}

/** Says that the record is written: the run then uses its memory again. */
function releaseMemory({ checkpoint }: CheckpointRecord): void {
  Atomics.store(checkpoint.inUse, 0, 0);
}

function tensor(type: TensorType, values: Float32Array | Float64Array | Uint8Array): Tensor {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { type, shape: [values.length], bytes };
}

/** A copy of a tensor's bytes, which begins where an array of the type may begin. */
function bytesOf(tensors: Readonly<Record<string, Tensor>>, name: string, type: TensorType) {
  const found = tensors[name];
  if (found?.type !== type) throw new UserError(`has no ${name} of type ${type}`);
  return found.bytes.slice().buffer as ArrayBuffer;
}

/** A part of the metadata. @throws {UserError} where it is missing or wrong */
const parsePart = <Schema extends z.ZodType>(
  schema: Schema,
  metadata: Readonly<Record<string, string>>,
  name: "environment" | "standing",
): z.output<Schema> =>
  parseJsonAs(schema, metadata[name] ?? "", {
    noJson: () => new UserError(`has no ${name}`),
    invalid: (fault) => new UserError(`has a wrong ${name}: ${fault}`),
  });
