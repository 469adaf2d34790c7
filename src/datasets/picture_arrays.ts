// Pictures in arrays: MNIST's IDX files, CIFAR's binary files, and NumPy's arrays under the names that Keras and MedMNIST
// give them. Nothing here decodes or resizes.
import { basename, join } from "node:path";
import { plainText } from "../base/text.ts";
import { sha256 } from "./checksum.ts";
import {
  cifar100Records,
  cifar10Records,
  type CifarRecords,
  parseCifarRecords,
} from "./cifar_records.ts";
import { DatasetError } from "./dataset.ts";
import { gunzip, readBytes } from "./files.ts";
import { parseIdx } from "./idx.ts";
import { integersOf, MAX_ARRAY_BYTES, type NumpyArray, parseNpy, parseZip } from "./npy.ts";
import { fileStampOf, summariseNames } from "./picture_folder.ts";

/** Pictures of one size, and the label of each. */
export interface PictureArray {
  /** `(count, height, width, channels)` bytes, row-major. */
  readonly pixels: Uint8Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** 1 where they are grey. */
  readonly channels: 1 | 3;
  /** Indices of the classes. */
  readonly labels: Int32Array<ArrayBuffer>;
}

/** A data set of arrays. */
export interface PictureArrays {
  /** The labels that training pictures have, in their order, by their names where there are any. */
  readonly classes: readonly string[];
  readonly train: PictureArray;
  readonly test: PictureArray;
  /** Classes without pictures to test on. */
  readonly untested: readonly string[];
  /** Arrays that are not used, though they hold pictures. */
  readonly leftOut: readonly string[];
  /** SHA-256 of the names, sizes and times of change of all files: where it differs, they must be packed again. */
  readonly digest: string;
}

/** Labels may be any whole numbers up to this one. */
const MAX_LABEL = 2 ** 24 - 1;

/** An array, and what messages call it. */
interface ShownArray {
  readonly shown: string;
  readonly array: NumpyArray;
}

/** The contents of files, before they are checked against each other. */
interface RawArrays {
  readonly train: { readonly pictures: ShownArray; readonly labels: ShownArray };
  readonly test: { readonly pictures: ShownArray; readonly labels: ShownArray };
  /** The class of each label, where a file says so. */
  readonly names?: readonly string[];
  readonly leftOut?: readonly string[];
  readonly files: readonly string[];
}

/**
 * Reads the arrays of a file, or of a folder that has no folder `train/`.
 * @returns nothing where it is a folder without files of such names
 * @throws {DatasetError} where they are damaged, lack a part, or don't fit together
 */
export async function readPictureArrays(from: string): Promise<PictureArrays | undefined> {
  const raw = await readRawArrays(from);
  if (!raw) return undefined;
  const { names, files, leftOut = [] } = raw;
  const trainLabels = labelsOf(raw.train.labels, names);
  const testLabels = labelsOf(raw.test.labels, names);
  const found = [...new Set(trainLabels)].sort((a, b) => a - b);
  const classOf = new Map(found.map((label, index) => [label, index]));
  const unknown = testLabels.find((label) => !classOf.has(label));
  if (unknown !== undefined) {
    throw new DatasetError(
      `${raw.test.labels.shown} has label ${unknown}, which ${raw.train.labels.shown} has not`,
    );
  }
  const indices = (labels: readonly number[]) =>
    Int32Array.from(labels, (label) => classOf.get(label)!);
  const tested = new Set(testLabels);
  const nameOf = (label: number) => names?.[label] ?? String(label);
  return {
    classes: found.map(nameOf),
    train: pictureArrayOf(raw.train.pictures, raw.train.labels.shown, indices(trainLabels)),
    test: pictureArrayOf(raw.test.pictures, raw.test.labels.shown, indices(testLabels)),
    untested: found.filter((label) => !tested.has(label)).map(nameOf),
    leftOut,
    digest: sha256(...files.map((path) => `${basename(path)}\0${fileStampOf(path)}\0`)),
  };
}

/** Height and width of the pictures, where all have one. @throws {DatasetError} where they have not */
export function sideOf({ train, test }: PictureArrays, shown: string): number {
  const sides = new Set([train.height, train.width, test.height, test.width]);
  if (sides.size === 1) return train.height;
  throw new DatasetError(
    `${shown} has pictures of ${train.height} × ${train.width} to train on and of ` +
      `${test.height} × ${test.width} to test on: say by --size what networks are to read`,
  );
}

async function readRawArrays(from: string): Promise<RawArrays | undefined> {
  if (from.endsWith(".npz")) return await readNpz(from);
  const names = namesIn(from).sort();
  if (names.includes("train")) return undefined;
  if (names.some((name) => idxPatternOf(".*", ".*").test(name))) return await readIdx(from, names);
  if (names.some((name) => arrayNames.includes(name.replace(/\.npy$/, "")))) {
    return await readNpyFolder(from, names);
  }
  if (names.some((name) => batchPattern.test(name) || name === "test_batch.bin")) {
    return await readCifar(from, names, cifar10Records, batchPattern, "test_batch.bin");
  }
  if (names.includes("train.bin") || names.includes("test.bin")) {
    return await readCifar(from, names, cifar100Records, /^train\.bin$/, "test.bin");
  }
  return undefined;
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotADirectory) {
      throw new DatasetError(`${folder} is a file, expected a folder or an .npz file`);
    }
    throw new DatasetError(`${folder} can't be read: ${(error as Error).message}`);
  }
}

// --- IDX files -------------------------------------------------------------------------------------------------------------

const idxPatternOf = (half: string, kind: string) =>
  new RegExp(`^(${half})-(${kind})[-.]idx\\d-ubyte(\\.gz)?$`);

async function readIdx(folder: string, names: readonly string[]): Promise<RawArrays> {
  const files: string[] = [];
  const read = async (half: string, kind: "images" | "labels"): Promise<ShownArray> => {
    const name = names.find((name) => idxPatternOf(half, kind).test(name));
    if (name === undefined) {
      const expected = `${half}-${kind}-idx${kind === "images" ? 3 : 1}-ubyte`;
      throw new DatasetError(`${folder} has no ${expected}: expected it, or ${expected}.gz`);
    }
    const path = join(folder, name), bytes = await readBytes(path, MAX_ARRAY_BYTES);
    files.push(path);
    const { sizes, values } = parseIdx(
      name.endsWith(".gz") ? gunzip(bytes, MAX_ARRAY_BYTES, path) : bytes,
      path,
    );
    return { shown: path, array: { type: "uint8", sizes, values, isLittleEndian: true } };
  };
  const split = async (half: string) => ({
    pictures: await read(half, "images"),
    labels: await read(half, "labels"),
  });
  return { train: await split("train"), test: await split("t10k"), files };
}

// --- NumPy's files ---------------------------------------------------------------------------------------------------------

type Half = "train" | "test" | "val";

/** The names that Keras gives arrays, and those that MedMNIST gives them. */
const namings = [
  { pictures: (half: Half) => `x_${half}`, labels: (half: Half) => `y_${half}` },
  { pictures: (half: Half) => `${half}_images`, labels: (half: Half) => `${half}_labels` },
] as const;

const arrayNames: readonly string[] = namings.flatMap(({ pictures, labels }) =>
  (["train", "test", "val"] as const).flatMap((half) => [pictures(half), labels(half)])
);

const expectedNames = namings.map(({ pictures, labels }) =>
  (["train", "test"] as const).flatMap((half) => [pictures(half), labels(half)]).join(", ")
).join(", or ");

async function readNpz(path: string): Promise<RawArrays> {
  const entries = parseZip(await readBytes(path, MAX_ARRAY_BYTES), path);
  const names = [...entries.keys()].map((name) => name.replace(/\.npy$/, ""));
  const read = (name: string): Promise<ShownArray> => {
    const shown = `${path}: ${name}`, unpack = entries.get(`${name}.npy`)!;
    return Promise.resolve({ shown, array: parseNpy(unpack(), shown) });
  };
  return { ...await readNamed(path, names, read), files: [path] };
}

async function readNpyFolder(folder: string, files: readonly string[]): Promise<RawArrays> {
  const used: string[] = [];
  const names = files.filter((name) => name.endsWith(".npy")).map((name) => name.slice(0, -4));
  const read = async (name: string): Promise<ShownArray> => {
    const path = join(folder, `${name}.npy`);
    used.push(path);
    return { shown: path, array: parseNpy(await readBytes(path, MAX_ARRAY_BYTES), path) };
  };
  return { ...await readNamed(folder, names, read), files: used };
}

async function readNamed(
  from: string,
  names: readonly string[],
  read: (name: string) => Promise<ShownArray>,
): Promise<Omit<RawArrays, "files">> {
  const naming = namings.find(({ pictures }) => names.includes(pictures("train")));
  if (!naming) {
    throw new DatasetError(
      `${from} holds ${summariseNames(names) || "nothing"}: expected ${expectedNames}`,
    );
  }
  // A set with pictures to test on and to validate on keeps the first: validation is held out of training pictures.
  const [tested, left] = names.includes(naming.pictures("test"))
    ? ["test", "val"] as const
    : ["val", "test"] as const;
  const split = async (half: Half) => {
    for (const name of [naming.pictures(half), naming.labels(half)]) {
      const wanted = half === "val" ? name.replace("val", "test") : name;
      if (names.includes(name)) continue;
      throw new DatasetError(`${from} has no ${wanted}: expected ${expectedNames}`);
    }
    return {
      pictures: await read(naming.pictures(half)),
      labels: await read(naming.labels(half)),
    };
  };
  return {
    train: await split("train"),
    test: await split(tested),
    leftOut: [naming.pictures(left)].filter((name) => names.includes(name)),
  };
}

// --- CIFAR's files ---------------------------------------------------------------------------------------------------------

const batchPattern = /^data_batch_\d+\.bin$/;

/** Bytes that a list of classes may have. */
const MAX_NAMES = 1 << 20;

async function readCifar(
  folder: string,
  names: readonly string[],
  records: CifarRecords,
  trained: RegExp,
  tested: string,
): Promise<RawArrays> {
  const list = records === cifar10Records ? "batches.meta.txt" : "fine_label_names.txt";
  const listed = names.includes(list)
    ? new TextDecoder().decode(await readBytes(join(folder, list), MAX_NAMES))
      .split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "")
    : undefined;
  const unprintable = listed?.findIndex((name) => !plainText.safeParse(name).success) ?? -1;
  if (unprintable >= 0) {
    throw new DatasetError(`${join(folder, list)}: line ${unprintable + 1} has control characters`);
  }
  const digitsOf = (name: string) => Number(name.replace(/\D/g, ""));
  const train = names.filter((name) => trained.test(name))
    .sort((a, b) => digitsOf(a) - digitsOf(b));
  const missing = train.length === 0
    ? trained === batchPattern ? "data_batch_1.bin" : "train.bin"
    : names.includes(tested)
    ? undefined
    : tested;
  if (missing !== undefined) {
    throw new DatasetError(`${folder} has no ${missing}: expected CIFAR's binary files`);
  }
  const read = async (files: readonly string[]) => {
    const parts = await Promise.all(files.map(async (name) => {
      const path = join(folder, name), bytes = await readBytes(path, MAX_ARRAY_BYTES);
      return parseCifarRecords([bytes], { ...records, shown: path });
    }));
    const shown = files.length === 1 ? join(folder, files[0]!) : `${folder}'s batches`;
    const labels = parts.flatMap(({ labels }) => [...labels]);
    const count = labels.length, pixels = new Uint8Array(3072 * count);
    let at = 0;
    for (const { images } of parts) {
      for (let i = 0; i < images.length; i += 3072) {
        for (let j = 0; j < 3072; j++) pixels[at++] = images[i + j % 3 * 1024 + Math.floor(j / 3)]!;
      }
    }
    const array = { type: "uint8", isLittleEndian: true };
    return {
      pictures: { shown, array: { ...array, sizes: [count, 32, 32, 3], values: pixels } },
      labels: { shown, array: { ...array, sizes: [count], values: Uint8Array.from(labels) } },
    };
  };
  return {
    train: await read(train),
    test: await read([tested]),
    ...listed ? { names: listed } : {},
    files: [...train, tested, ...listed ? [list] : []].map((name) => join(folder, name)),
  };
}

// --- what all have in common -----------------------------------------------------------------------------------------------

function labelsOf({ array, shown }: ShownArray, names: readonly string[] | undefined): number[] {
  const { sizes } = array;
  if (sizes.length !== 1 && !(sizes.length === 2 && sizes[1] === 1)) {
    throw new DatasetError(
      `${shown} is of ${sizes.join(" × ") || "one value"}: expected one label for each picture`,
    );
  }
  const labels = integersOf(array, shown), max = names ? names.length - 1 : MAX_LABEL;
  const wrong = labels.findIndex((label) => !(label >= 0 && label <= max));
  if (wrong >= 0) {
    throw new DatasetError(
      `${shown}: label ${labels[wrong]} of picture ${wrong}, expected 0 to ${max}`,
    );
  }
  return labels;
}

function pictureArrayOf(
  { array: { type, sizes, values }, shown }: ShownArray,
  labelsShown: string,
  labels: Int32Array<ArrayBuffer>,
): PictureArray {
  if (type !== "uint8") {
    throw new DatasetError(
      `${shown} is ${type}, expected uint8: scale its pixels to 0 to 255 and save x.astype("uint8")`,
    );
  }
  const [count = 0, height = 0, width = 0, channels = 1] = sizes;
  const isShape = (sizes.length === 3 || sizes.length === 4) && (channels === 1 || channels === 3);
  if (!isShape || height === 0 || width === 0) {
    throw new DatasetError(
      `${shown} is of ${sizes.join(" × ") || "one value"}: expected pictures × height × width, ` +
        "for colours × 3",
    );
  }
  if (count === 0) throw new DatasetError(`${shown} has no pictures`);
  if (count !== labels.length) {
    throw new DatasetError(
      `${shown} has ${count} pictures, ${labelsShown} ${labels.length} labels`,
    );
  }
  return { pixels: values, count, height, width, channels, labels };
}
