// A packed image folder, `packed/FOLDER-SIZE/` in one of the data folders: its pictures, decoded and resized once, in a
// file for each split that the native core maps. Nothing here decodes, and no part of a pack names a file.
//
//   manifest.json             classes, normalisation, decoder, and what the other files must be
//   train.pack, test.pack     pictures one after another, (height, width, 3) bytes each, or (height, width) where all are grey
//   train.index, test.index   for each of them height, width and label, as little-endian int32
import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { digestSchema } from "../base/digest.ts";
import { parseJsonAs } from "../base/json.ts";
import { fileKindOf } from "../base/plain_files.ts";
import { plainText } from "../base/text.ts";
import { sha256 } from "./checksum.ts";
import { type Dataset, DatasetError, type DatasetSource, type PackedSplit } from "./dataset.ts";
import { candidatePathsOf, findFirstFile, readBytes } from "./files.ts";

/** A picture as it is decoded: `(height, width, 3)` bytes, red, green, blue. */
export interface Picture {
  readonly height: number;
  readonly width: number;
  readonly pixels: Uint8Array;
}

/** Sides of the pictures that networks can read. */
export const SIZES = { min: 8, max: 1024 } as const;

/** Names that a folder may be packed as: they become parts of paths. */
export const packFolderNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** The data set that a packed folder is, such as `imagenet-224`. */
export const packNameOf = (folder: string, size: number): string => `${folder}-${size}`;

/** The arguments of `packNameOf` that give the name; nothing where it is no such name. */
export function packOf(name: string): { folder: string; size: number } | undefined {
  const [, folder = "", digits] = /^(.+)-([1-9]\d{0,3})$/.exec(name) ?? [];
  const size = Number(digits);
  const fits = packFolderNamePattern.test(folder) && size >= SIZES.min && size <= SIZES.max;
  return fits ? { folder, size } : undefined;
}

/** Where the packs of a data folder are. */
export const packsFolder = (folder: string): string => join(folder, "packed");

const perChannel = z.array(z.number()).refine(({ length }) => length === 1 || length === 3, {
  error: "expected 1 or 3 numbers, one for each channel",
});
const splitSchema = z.strictObject({
  count: z.int().min(1).max(2 ** 31),
  bytes: z.int().min(1),
  /** SHA-256 of the two files. */
  pictures: digestSchema,
  index: digestSchema,
});
const manifestSchema = z.strictObject({
  /** Raised when packs change so that older ones can no longer be read. */
  format: z.literal(1),
  size: z.int().min(SIZES.min).max(SIZES.max),
  /** The class of each label. */
  classes: z.array(plainText).min(1).max(1 << 24),
  /** Those of the training pictures as they are stored, of pixels scaled to 0..1: of one channel where all pictures are grey. */
  mean: perChannel,
  deviation: perChannel.refine((values) => values.every((value) => value > 0), {
    error: "expected deviations over 0",
  }),
  decoder: z.record(plainText, plainText),
  train: splitSchema,
  test: splitSchema,
  /** Digest of the folder that was packed: see `PictureFolder`. */
  source: digestSchema,
  /** Files that could not be decoded; `skipped.txt` names them. */
  skipped: z.int().min(0),
}).refine(({ mean, deviation }) => mean.length === deviation.length, {
  error: "expected as many deviations as means",
});

/** `manifest.json`. */
export type PackManifest = z.infer<typeof manifestSchema>;

/** Files of a pack of up to so many bytes are verified by their SHA-256 whenever they are opened, larger ones when packed. */
const MAX_VERIFIED = 1 << 30;

/** Bytes that a manifest may have: it names all classes. */
const MAX_MANIFEST = 64 << 20;
/** Bytes of each picture's entry in an index. */
const INDEX_ENTRY = 12;

/**
 * The data set of a packed folder.
 * @param name as `packNameOf` gives it
 * @param folders searched in order
 * @throws {DatasetError} if there is none, or it is damaged
 */
export async function loadPack(name: string, folders: readonly string[]): Promise<Dataset> {
  const home = packHome(name, folders);
  const manifest = await readPackManifest(home);
  const { size, classes, mean, deviation } = manifest;
  if (size !== packOf(name)!.size) {
    throw damaged(home, `it is packed for ${size}, not for its name`);
  }
  return {
    name,
    shape: [mean.length, size, size],
    classes,
    train: await openSplit(home, "train", manifest),
    test: await openSplit(home, "test", manifest),
    mean,
    deviation,
    checksum: checksumOfPack(manifest),
  };
}

function packHome(name: string, folders: readonly string[]): string {
  const manifest = findFirstFile(
    candidatePathsOf(folders.map(packsFolder), [join(name, "manifest.json")]),
  );
  if (manifest) return join(manifest, "..");
  const { folder, size } = packOf(name)!;
  throw new DatasetError(
    `${name} was not found: expected packed/${name}/manifest.json in ${folders.join(" or ")}; ` +
      `type "deno task pack PATH --name ${folder} --size ${size}" with the path of the pictures`,
  );
}

/** @throws {DatasetError} where there is no manifest, or a damaged one */
export async function readPackManifest(home: string): Promise<PackManifest> {
  const path = join(home, "manifest.json");
  return parsePackManifest(new TextDecoder().decode(await readBytes(path, MAX_MANIFEST)), path);
}

/** The same of its text. */
export function parsePackManifest(text: string, path: string): PackManifest {
  return parseJsonAs(manifestSchema, text, {
    noJson: () => damaged(path, "no JSON"),
    invalid: (fault) => damaged(path, fault),
  });
}

/** The same pictures, fed alike, give the same checksum, wherever and whenever they were packed by the same decoder. */
export function checksumOfPack({ source: _, skipped: _s, ...rest }: PackManifest): string {
  return sha256(JSON.stringify(rest));
}

/** The packs in those folders, as the catalogue shows them; a folder without a manifest is no pack. */
export async function packSources(folders: readonly string[]): Promise<DatasetSource[]> {
  const names = folders.map(packsFolder).flatMap((folder) => {
    try {
      return [...Deno.readDirSync(folder)].map(({ name }) => name);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  });
  const packs = [...new Set(names)].sort().filter((name) => packOf(name));
  const manifestOf = async (name: string) => await readPackManifest(packHome(name, folders));
  const sources = packs.map(async (name): Promise<DatasetSource[]> => {
    const manifest = await manifestOf(name).catch((error) => {
      if (error instanceof DatasetError) return undefined;
      throw error;
    });
    if (!manifest) return [];
    const { size, classes, mean, train, test } = manifest;
    return [{
      name,
      summary: `an image folder, packed: ${JSON.stringify(packOf(name))} in a sweep file`,
      source: "a folder of pictures",
      licence: "that of its pictures",
      shape: [mean.length, size, size],
      classes,
      trainCount: train.count,
      testCount: test.count,
      load: (folders) => loadPack(name, folders),
    }];
  });
  return (await Promise.all(sources)).flat();
}

const splitFiles = (home: string, name: "train" | "test") => ({
  pictures: join(home, `${name}.pack`),
  index: join(home, `${name}.index`),
});

/** Reads all of a pack. @returns its manifest. @throws {DatasetError} where any of it is not what was packed */
export async function verifyPack(home: string): Promise<PackManifest> {
  const manifest = await readPackManifest(home);
  await openSplit(home, "train", manifest, Infinity);
  await openSplit(home, "test", manifest, Infinity);
  return manifest;
}

async function openSplit(
  home: string,
  name: "train" | "test",
  { size, classes, mean, [name]: expected }: PackManifest,
  maxVerified = MAX_VERIFIED,
): Promise<PackedSplit> {
  const paths = splitFiles(home, name), { count, bytes } = expected;
  const entries = await readBytes(paths.index, count * INDEX_ENTRY + 1);
  if (entries.length !== count * INDEX_ENTRY || sha256(entries) !== expected.index) {
    throw damaged(paths.index, `${entries.length} bytes, or not those that the manifest names`);
  }
  const found = await sizeOf(paths.pictures);
  if (found !== bytes) throw damaged(paths.pictures, `${found} bytes, expected ${bytes}`);
  if (bytes <= maxVerified) await verifyPictures(paths.pictures, expected.pictures);
  const index = parseIndex(entries, paths.index, { size, channels: mean.length, classes, bytes });
  return { path: paths.pictures, bytes, ...index };
}

/** What an index must fit to: the side that networks read, the classes, and the bytes that its pictures fill. */
export interface PackLayout {
  readonly size: number;
  readonly channels: number;
  readonly classes: readonly string[];
  readonly bytes: number;
}

/** Parses an index. @throws {DatasetError} where it is not that of pictures that fill the file */
export function parseIndex(
  entries: Uint8Array<ArrayBuffer>,
  path: string,
  { size, channels, classes, bytes }: PackLayout,
): Pick<PackedSplit, "index" | "labels"> {
  const count = entries.length / INDEX_ENTRY, view = new DataView(entries.buffer);
  const index = new BigInt64Array(new SharedArrayBuffer(24 * count));
  const labels = new Int32Array(count);
  let offset = 0;
  for (let i = 0; i < count; i++) {
    const [height, width, label] = [0, 4, 8].map((at) =>
      view.getInt32(entries.byteOffset + INDEX_ENTRY * i + at, true)
    ) as [number, number, number];
    if (Math.min(height, width) < size || Math.max(height, width) > 65_536) {
      throw damaged(path, `picture ${i} of ${height} × ${width}, expected at least ${size}`);
    }
    if (label < 0 || label >= classes.length) {
      throw damaged(path, `label ${label} of picture ${i}, expected 0 to ${classes.length - 1}`);
    }
    index.set([BigInt(offset), BigInt(height), BigInt(width)], 3 * i);
    labels[i] = label;
    offset += height * width * channels;
  }
  if (offset !== bytes) throw damaged(path, `pictures of ${offset} bytes, expected ${bytes}`);
  return { index, labels };
}

async function verifyPictures(path: string, expected: string): Promise<void> {
  const hash = createHash("sha256");
  try {
    using file = await Deno.open(path);
    const part = new Uint8Array(1 << 22);
    for (let read; (read = await file.read(part)) !== null;) hash.update(part.subarray(0, read));
  } catch (error) {
    throw damaged(path, (error as Error).message);
  }
  if (hash.digest("hex") !== expected) throw damaged(path, "the wrong checksum");
}

async function sizeOf(path: string): Promise<number> {
  try {
    const info = await Deno.stat(path);
    if (info.isFile) return info.size;
    throw new Error(`is ${fileKindOf(info)}`);
  } catch (error) {
    throw damaged(path, (error as Error).message);
  }
}

const damaged = (path: string, how: string) =>
  new DatasetError(`${path} is damaged (${how}): type "deno task pack" as before to pack it again`);
