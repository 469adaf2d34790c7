// The safetensors format (https://github.com/huggingface/safetensors): the length of a header (64 bits, little-endian),
// the header as JSON (for each tensor its type, shape and offsets), and the tensors' bytes one after the other. PyTorch,
// NumPy and JAX read it.
import { createHash } from "node:crypto";
import { UserError } from "./errors.ts";

/** Types of elements, with their bytes. */
const types = { U8: 1, F32: 4, F64: 8 } as const;
export type TensorType = keyof typeof types;

/** A tensor's bytes, row-major. */
export interface Tensor {
  readonly type: TensorType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Tensors by name, with metadata. */
export interface Tensors {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bytes that a header may have, as in the reference implementation. */
const MAX_HEADER = 100_000_000;

/**
 * Gives the bytes of a file. The larger types come first, so that each tensor lies at a multiple of its element's size.
 * @param buffer is written to where it is large enough, instead of memory of its own
 */
export function encodeTensors(
  { tensors, metadata }: Tensors,
  buffer?: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const ordered = Object.entries(tensors).sort(([a, x], [b, y]) =>
    types[y.type] - types[x.type] || (a < b ? -1 : 1)
  );
  let end = 0;
  const described = ordered.map(([name, { type, shape, bytes }]) => {
    const data_offsets = [end, end += bytes.length];
    return [name, { dtype: type, shape, data_offsets }] as const;
  });
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(described) });
  const text = new TextEncoder().encode(json), length = Math.ceil(text.length / 8) * 8;
  const size = 8 + length + end;
  const file = buffer && buffer.length >= size ? buffer.subarray(0, size) : new Uint8Array(size);
  new DataView(file.buffer, file.byteOffset).setBigUint64(0, BigInt(length), true);
  file.fill(0x20, 8, 8 + length); // the header ends in spaces
  file.set(text, 8);
  let at = 8 + length;
  for (const [, { bytes }] of ordered) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

/**
 * Reads what `encodeTensors` or another writer of the format made. The tensors are views of the file's bytes.
 * @throws {UserError} that says what is wrong with it
 */
export function decodeTensors(file: Uint8Array): Tensors {
  const bad = (why: string) => new UserError(`is no safetensors file: ${why}`);
  if (file.length < 8) throw bad(`${file.length} bytes`);
  const length = Number(
    new DataView(file.buffer, file.byteOffset, file.byteLength).getBigUint64(0, true),
  );
  if (length > MAX_HEADER || 8 + length > file.length) throw bad(`a header of ${length} bytes`);
  let header: unknown;
  try {
    header = JSON.parse(
      new TextDecoder("utf-8", { fatal: true }).decode(file.subarray(8, 8 + length)),
    );
  } catch (error) {
    throw bad(`its header is no JSON: ${(error as Error).message}`);
  }
  if (!isRecord(header)) throw bad("its header is no object");
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== "string")) {
    throw bad("its metadata are no texts");
  }
  const data = file.subarray(8 + length);
  let end = 0;
  const placed = Object.entries(entries).map(([name, entry]) => {
    const { dtype, shape, data_offsets: place } = isRecord(entry) ? entry : {};
    if (typeof dtype !== "string" || !Object.hasOwn(types, dtype)) {
      throw bad(`${name} is of type ${dtype}, expected one of ${Object.keys(types).join(", ")}`);
    }
    const type = dtype as TensorType;
    if (!isCounts(shape)) throw bad(`${name} has no shape`);
    if (!isCounts(place) || place.length !== 2) throw bad(`${name} has no place`);
    return { name, type, shape, from: place[0]!, to: place[1]! };
  });
  const tensors = placed.sort((a, b) => a.from - b.from || a.to - b.to).map((one) => {
    const bytes = one.shape.reduce((product, size) => product * size, types[one.type]);
    if (one.from !== end || one.to - one.from !== bytes || one.to > data.length) {
      throw bad(`${one.name} lies at ${one.from} to ${one.to}, expected ${end} to ${end + bytes}`);
    }
    end = one.to;
    const { type, shape } = one;
    return [one.name, { type, shape, bytes: data.subarray(one.from, one.to) }] as const;
  });
  if (end !== data.length) throw bad(`${data.length - end} bytes after its tensors`);
  return { tensors: Object.fromEntries(tensors), metadata: metadata as Record<string, string> };
}

/** SHA-256 of metadata and tensors, whatever their order. */
export function tensorsChecksumOf(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>>,
): string {
  const words = Object.keys(metadata).sort().map((key) => [key, metadata[key]] as const);
  const hash = createHash("sha256").update(JSON.stringify(Object.fromEntries(words)));
  for (const name of Object.keys(tensors).sort()) {
    const { type, shape, bytes } = tensors[name]!;
    hash.update(JSON.stringify([name, type, shape])).update(bytes);
  }
  return hash.digest("hex");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && one >= 0);
}
