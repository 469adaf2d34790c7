// Event files of TensorBoard: the curves of a run as scalars. A file is a list of records, each a length, the event as a
// message of Protocol Buffers, and a masked CRC-32C of both. Of tensorflow/core/util/event.proto and summary.proto four
// fields are needed: an event's time, step and summary, and a value's tag and number.
import { Buffer } from "node:buffer";
import type { RunFile } from "../runs/run_file.ts";

/** One point of one curve. */
export interface ScalarEvent {
  /** Such as `test/accuracy`. */
  readonly tag: string;
  readonly step: number;
  readonly value: number;
  /** Seconds since 1970. */
  readonly time: number;
}

/** The curves of a run by epoch, spread evenly over its time. Numbers that are no numbers are left out. */
export function scalarEventsOf({ result, environment }: RunFile): ScalarEvent[] {
  const start = Date.parse(environment.started) / 1000;
  const end = Date.parse(environment.finished) / 1000;
  return result.epochs.flatMap((epoch, i) => {
    const time = start + (end - start) * (i + 1) / result.epochs.length;
    const curves: Record<string, number | undefined> = {
      "train/loss": epoch.trainLoss,
      "train/accuracy": epoch.trainAccuracy,
      "test/loss": epoch.testLoss,
      "test/accuracy": epoch.testAccuracy,
      "learning rate": epoch.learningRate,
      "mask/change": epoch.maskChange,
    };
    return Object.entries(curves).flatMap(([tag, value]) =>
      value === undefined || Number.isNaN(value) ? [] : { tag, step: epoch.epoch, value, time }
    );
  });
}

/** The bytes of an event file. */
export function eventFileOf(events: readonly ScalarEvent[]): Uint8Array<ArrayBuffer> {
  const time = events[0]?.time ?? 0;
  const version = Buffer.concat([double(1, time), text(3, "brain.Event:2")]);
  const messages = events.map(({ tag, step, value, time }) => {
    const scalar = Buffer.concat([text(1, tag), float(2, value)]);
    return Buffer.concat([double(1, time), varint(2, step), bytes(5, bytes(1, scalar))]);
  });
  return Uint8Array.from(Buffer.concat([version, ...messages].map(recordOf)));
}

function recordOf(message: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(message.length));
  return Buffer.concat([length, checksumOf(length), message, checksumOf(message)]);
}

// --- Protocol Buffers: a field's number and kind, then what it holds ---------------------------------------------------

const VARINT = 0, DOUBLE = 1, BYTES = 2, FLOAT = 5;

const keyOf = (field: number, kind: number) => Buffer.of(field << 3 | kind);

function varintOf(value: number): Buffer {
  const groups: number[] = [];
  let rest = BigInt(value);
  do {
    const group = Number(rest & 127n);
    rest >>= 7n;
    groups.push(rest > 0n ? group | 128 : group);
  } while (rest > 0n);
  return Buffer.from(groups);
}

const varint = (field: number, value: number) =>
  Buffer.concat([keyOf(field, VARINT), varintOf(value)]);

const bytes = (field: number, content: Uint8Array) =>
  Buffer.concat([keyOf(field, BYTES), varintOf(content.length), content]);

const text = (field: number, content: string) => bytes(field, Buffer.from(content));

function double(field: number, value: number): Buffer {
  const content = Buffer.alloc(8);
  content.writeDoubleLE(value);
  return Buffer.concat([keyOf(field, DOUBLE), content]);
}

function float(field: number, value: number): Buffer {
  const content = Buffer.alloc(4);
  content.writeFloatLE(value);
  return Buffer.concat([keyOf(field, FLOAT), content]);
}

// --- CRC-32C (Castagnoli), masked as TensorFlow does so that a checksum of checksums is sound --------------------------

const POLYNOMIAL = 0x82f63b78, MASK = 0xa282ead8;

const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? value >>> 1 ^ POLYNOMIAL : value >>> 1;
  return value;
});

function checksumOf(content: Uint8Array): Buffer {
  const crc = ~content.reduce((sum, byte) => sum >>> 8 ^ table[(sum ^ byte) & 255]!, ~0) >>> 0;
  const result = Buffer.alloc(4);
  result.writeUInt32LE(((crc >>> 15 | crc << 17) >>> 0) + MASK >>> 0);
  return result;
}
