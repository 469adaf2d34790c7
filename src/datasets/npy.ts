// NumPy's files: one array (.npy), or several in a ZIP archive (.npz). Nothing in them is carried out: arrays of objects,
// which are Python's pickles, are refused like all that are not numbers.
//
// Source: numpy.lib.format of NumPy's manual, versions 1 to 3; PKWARE's APPNOTE.TXT for the archive.
import { crc32, inflateRawSync } from "node:zlib";
import { DatasetError } from "./dataset.ts";

/** An array as it is in memory, row-major. */
export interface NumpyArray {
  /** NumPy's name of what it holds, such as `uint8`. */
  readonly type: string;
  readonly sizes: readonly number[];
  /** The values, one after another, each of as many bytes as its type has. */
  readonly values: Uint8Array<ArrayBuffer>;
  readonly isLittleEndian: boolean;
}

/** NumPy's names of its kinds of numbers, which the bits of a value are added to. */
const kinds: Readonly<Record<string, string>> = {
  u: "uint",
  i: "int",
  f: "float",
  c: "complex",
  b: "bool",
};

/** Bytes that a header may have: there is little in it. */
const MAX_HEADER = 1 << 16;

/** Signs of a header that are shown. */
const MAX_SHOWN = 100;

/** Parses an .npy file. @throws {DatasetError} where it is none, cut short, in Fortran's order, or not of numbers */
export function parseNpy(bytes: Uint8Array<ArrayBuffer>, path: string): NumpyArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6] ?? 0, start = version === 1 ? 10 : 12;
  const isNpy = String.fromCharCode(...bytes.subarray(0, 6)) === "\x93NUMPY";
  if (!isNpy || version < 1 || version > 3) {
    throw new DatasetError(`${path} is no .npy file of version 1 to 3: save it by numpy.save`);
  }
  if (bytes.length < start) throw new DatasetError(`${path} ends within its header`);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER || bytes.length < start + length) {
    throw new DatasetError(`${path} ends within its header`);
  }
  const header = new TextDecoder().decode(bytes.subarray(start, start + length));
  const [, order, kind, digits] = /'descr': *'([<>|=])([a-zA-Z])(\d{1,2})'/.exec(header) ?? [];
  const [, isFortran] = /'fortran_order': *(True|False)/.exec(header) ?? [];
  const [, shape] = /'shape': *\(([\d, ]*)\)/.exec(header) ?? [];
  const width = Number(digits), name = kinds[kind ?? ""];
  if (name === undefined || isFortran === undefined || shape === undefined || width === 0) {
    throw new DatasetError(
      `${path} holds no array of numbers: its header is ${header.trim().slice(0, MAX_SHOWN)}`,
    );
  }
  const sizes = shape.split(",").map((size) => size.trim()).filter((size) => size !== "")
    .map(Number);
  if (isFortran === "True") {
    throw new DatasetError(
      `${path} is in Fortran's order: save numpy.ascontiguousarray(x) of it`,
    );
  }
  const values = bytes.slice(start + length);
  const expected = sizes.reduce((product, size) => product * size, width);
  if (values.length !== expected) {
    throw new DatasetError(
      `${path} holds ${values.length} bytes of values, expected ${expected} for ` +
        `${sizes.join(" × ") || "one"} of ${width}: it is cut short or damaged`,
    );
  }
  const type = name === "bool" ? name : `${name}${8 * width}`;
  return { type, sizes, values, isLittleEndian: order !== ">" };
}

const integerReaders: Readonly<
  Record<string, (view: DataView, at: number, isLittle: boolean) => number>
> = {
  uint8: (view, at) => view.getUint8(at),
  uint16: (view, at, isLittle) => view.getUint16(at, isLittle),
  uint32: (view, at, isLittle) => view.getUint32(at, isLittle),
  uint64: (view, at, isLittle) => Number(view.getBigUint64(at, isLittle)),
  int8: (view, at) => view.getInt8(at),
  int16: (view, at, isLittle) => view.getInt16(at, isLittle),
  int32: (view, at, isLittle) => view.getInt32(at, isLittle),
  int64: (view, at, isLittle) => Number(view.getBigInt64(at, isLittle)),
};

/** Its values, where they are integers of any type. @throws {DatasetError} where they are not */
export function integersOf({ type, values, isLittleEndian }: NumpyArray, path: string): number[] {
  const read = integerReaders[type];
  if (!read) {
    throw new DatasetError(`${path} is ${type}, expected integers: save y.astype("int64") of it`);
  }
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  const width = Number(type.replace(/\D+/, "")) / 8;
  return Array.from(
    { length: values.length / width },
    (_, i) => read(view, i * width, isLittleEndian),
  );
}

// Signatures of the ZIP format, and the bytes of its records before what has no fixed length.
const END = 0x06054b50, END_BYTES = 22, ENTRY = 0x02014b50, ENTRY_BYTES = 46, FILE_BYTES = 30;

/** Bytes that the comment at the end of an archive has at most. */
const MAX_COMMENT = 0xffff;

/** Bytes that an array may have. */
export const MAX_ARRAY_BYTES = 2 ** 32 - 2;

/**
 * The files of a ZIP archive, each unpacked and held against its checksum when it is asked for.
 * @throws {DatasetError} where it is none, damaged, or of a kind that NumPy does not write
 */
export function parseZip(
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
): Map<string, () => Uint8Array<ArrayBuffer>> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const damaged = (how: string) =>
    new DatasetError(`${path} is damaged (${how}), expected a ZIP archive such as numpy.savez's`);
  let end = bytes.length - END_BYTES;
  const first = Math.max(0, end - MAX_COMMENT);
  while (end >= first && view.getUint32(end, true) !== END) end--;
  if (end < first || end < 0) throw damaged("it has no list of its files");
  const entries = new Map<string, () => Uint8Array<ArrayBuffer>>();
  try {
    let at = view.getUint32(end + 16, true);
    for (let left = view.getUint16(end + 10, true); left > 0; left--) {
      if (view.getUint32(at, true) !== ENTRY) throw damaged("a wrong list of its files");
      const nameBytes = view.getUint16(at + 28, true);
      const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameBytes));
      const entry = at;
      entries.set(name, () => unpackEntry(bytes, view, entry, `${path}: ${name}`));
      at += ENTRY_BYTES + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    }
  } catch (error) {
    if (error instanceof RangeError) throw damaged("a list of its files beyond its end");
    throw error;
  }
  return entries;
}

function unpackEntry(
  bytes: Uint8Array<ArrayBuffer>,
  view: DataView,
  entry: number,
  shown: string,
): Uint8Array<ArrayBuffer> {
  const method = view.getUint16(entry + 10, true), checksum = view.getUint32(entry + 16, true);
  const packedBytes = view.getUint32(entry + 20, true), size = view.getUint32(entry + 24, true);
  if (size > MAX_ARRAY_BYTES) {
    throw new DatasetError(`${shown} has 4 GiB or more: save each array by numpy.save`);
  }
  try {
    const file = view.getUint32(entry + 42, true);
    const start = file + FILE_BYTES + view.getUint16(file + 26, true) +
      view.getUint16(file + 28, true);
    const packed = bytes.subarray(start, start + packedBytes);
    if (method !== 0 && method !== 8) {
      throw new Error(`it is packed by method ${method}, expected 0 or 8`);
    }
    const unpacked = method === 0
      ? packed.slice()
      : Uint8Array.from(inflateRawSync(packed, { maxOutputLength: Math.max(1, size) }));
    if (unpacked.length !== size || crc32(unpacked) !== checksum) {
      throw new Error("the wrong checksum");
    }
    return unpacked;
  } catch (error) {
    throw new DatasetError(`${shown} is damaged: ${(error as Error).message}`);
  }
}
