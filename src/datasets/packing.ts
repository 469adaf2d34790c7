// Packing pictures of a folder, or of arrays: each decoded and resized once, many at a time, and written in the order of the
// list. All of it is made under a temporary name and renamed when it is whole and on the disk.
import os from "node:os";
import { basename, join } from "node:path";
import { UserError } from "../base/errors.ts";
import { readPlainFile } from "../base/plain_files.ts";
import { sha256 } from "./checksum.ts";
import { DatasetError } from "./dataset.ts";
import { decode, decoder, resizePicture } from "./decode.ts";
import { normalisationOf } from "./normalisation.ts";
import {
  type PackManifest,
  packNameOf,
  packsFolder,
  type Picture,
  readPackManifest,
  SIZES,
  verifyPack,
} from "./pack.ts";
import {
  type DecodedPicture,
  flush,
  keepOneChannel,
  writeFlushed,
  writeSplit,
} from "./pack_writer.ts";
import { type PictureArray, readPictureArrays, sideOf } from "./picture_arrays.ts";
import { listPictures, summariseNames } from "./picture_folder.ts";

/** Milliseconds between two looks at a pack that another process makes. */
const LOCK_POLL_INTERVAL = 500;

/** What is to be packed, and how. */
export interface PackOptions {
  /** The folder of pictures or of arrays, or an .npz file of arrays. */
  readonly from: string;
  /** The data folder that the pack goes to. */
  readonly to: string;
  /** The name that the pack is to get. */
  readonly name: string;
  /** Side of the pictures that networks read; default 224, and of arrays that of their pictures. */
  readonly size?: number;
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the packing early, with nothing left. */
  readonly signal?: AbortSignal;
  /** Is called with what a user should know meanwhile. */
  readonly note?: (text: string) => void;
}

/** A pack that is there now. */
export interface PackResult {
  readonly home: string;
  readonly manifest: PackManifest;
  /** Whether it was there before, undamaged. */
  readonly before: boolean;
}

/**
 * Packs a folder, unless that is done already: with the same files, sizes and times of change, by the same decoder.
 * Another process that packs it at the same time is waited for.
 * @throws {DatasetError} where the folder is not laid out as it should be, or the pack can't be written
 */
export async function packFolder(options: PackOptions): Promise<PackResult> {
  const { to, signal, note = () => {} } = options;
  const source = await openSource(options.from), size = options.size ?? source.sideOf();
  const name = packNameOf(options.name, size), home = join(packsFolder(to), name);
  if (source.untested.length > 0) {
    note(`classes without pictures to test on: ${summariseNames(source.untested)}`);
  }
  if (source.leftOut.length > 0) {
    note(
      `${summariseNames(source.leftOut)} is left out: validation is held out of training pictures`,
    );
  }
  try {
    await Deno.mkdir(packsFolder(to), { recursive: true });
    using lock = await Deno.open(join(packsFolder(to), `.${name}.lock`), {
      create: true,
      write: true,
    });
    // The system releases the lock where the process that has it dies.
    for (let isNoted = false; !await lock.tryLock(true); isNoted = true) {
      if (!isNoted) note(`another process packs ${name}: waiting for it`);
      await new Promise((done) => setTimeout(done, LOCK_POLL_INTERVAL));
      signal?.throwIfAborted();
    }
    await removeUnfinishedPacks(packsFolder(to), name);
    const before = await findEarlierPack(home, size, source.digest);
    if (before) return { home, manifest: before, before: true };
    return { home, manifest: await pack(source, home, size, options), before: false };
  } catch (error) {
    if (error instanceof DatasetError || signal?.aborted) throw error;
    throw new DatasetError(`${home} can't be written: ${(error as Error).message}`);
  }
}

// Removes what killed processes have left. This process must have the lock.
async function removeUnfinishedPacks(folder: string, name: string): Promise<void> {
  for await (const { name: entry } of Deno.readDir(folder)) {
    const isTemporary = entry.startsWith(`.${name}.`) &&
      /^[0-9a-f-]{36}$/.test(entry.slice(name.length + 2));
    if (isTemporary) await Deno.remove(join(folder, entry), { recursive: true });
  }
}

// The manifest of a pack of the same files, after all of it was verified.
async function findEarlierPack(
  home: string,
  size: number,
  source: string,
): Promise<PackManifest | undefined> {
  try {
    const manifest = await readPackManifest(home);
    const same = manifest.size === size && manifest.source === source &&
      JSON.stringify(manifest.decoder) === JSON.stringify(decoder);
    return same ? await verifyPack(home) : undefined;
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    return undefined; // there is none, or a damaged one: the folder is packed again
  }
}

async function pack(
  source: PictureSource,
  home: string,
  size: number,
  { from, signal, onProgress = () => {} }: PackOptions,
): Promise<PackManifest> {
  const temporary = temporaryOf(home), { total } = source;
  let done = 0;
  const advance = () => {
    signal?.throwIfAborted();
    onProgress(++done, total);
  };
  await Deno.mkdir(temporary);
  try {
    const write = (name: "train" | "test") =>
      writeSplit(temporary, name, source.decodeAll(name, size), advance);
    let train = await write("train"), test = await write("test");
    const skipped = [...train.skipped, ...test.skipped, ...source.passedOver].sort();
    const emptyClass = source.classes.find((_, label) => !train.labels.has(label));
    if (emptyClass !== undefined || test.labels.size === 0) {
      const where = emptyClass === undefined ? "test or val" : join("train", emptyClass);
      const [first] = emptyClass === undefined
        ? test.skipped
        : skipped.filter((line) => line.startsWith(join(where, "/")));
      throw new DatasetError(
        `${from} has no picture in ${where} that can be decoded${first ? `: ${first}` : ""}`,
      );
    }
    if (train.isGrey && test.isGrey) {
      train = await keepOneChannel(temporary, "train", train);
      test = await keepOneChannel(temporary, "test", test);
    }
    const manifest: PackManifest = {
      format: 1,
      size,
      classes: [...source.classes],
      ...normalisationOf(train.histograms),
      decoder,
      train: train.entry,
      test: test.entry,
      source: source.digest,
      skipped: skipped.length,
    };
    await writeFlushed(join(temporary, "skipped.txt"), skipped.map((line) => `${line}\n`).join(""));
    await writeFlushed(join(temporary, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
    await flush(temporary);
    await putInPlace(temporary, home);
    return manifest;
  } finally {
    await Deno.remove(temporary, { recursive: true }).catch(() => {});
  }
}

// A name that `removeUnfinishedPacks` recognises.
const temporaryOf = (home: string) => join(home, "..", `.${basename(home)}.${crypto.randomUUID()}`);

// Moves an older pack out of the way first; runs that have mapped it keep it.
async function putInPlace(temporary: string, home: string): Promise<void> {
  const old = temporaryOf(home);
  await Deno.rename(home, old).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.rename(temporary, home);
  await flush(join(home, ".."));
  await Deno.remove(old, { recursive: true }).catch(() => {});
}

/** What is to be packed: the pictures of a folder, or those of arrays. */
interface PictureSource {
  readonly classes: readonly string[];
  readonly untested: readonly string[];
  readonly passedOver: readonly string[];
  readonly leftOut: readonly string[];
  readonly digest: string;
  /** How many pictures there are. */
  readonly total: number;
  /** The side that networks read where nobody says another. */
  sideOf(): number;
  decodeAll(split: "train" | "test", size: number): AsyncIterable<DecodedPicture>;
}

async function openSource(from: string): Promise<PictureSource> {
  const arrays = await readPictureArrays(from);
  if (!arrays) {
    const list = listPictures(from);
    return {
      ...list,
      leftOut: [],
      total: list.train.length + list.test.length,
      sideOf: () => 224,
      decodeAll: (split, size) =>
        inOrder(list[split], async ({ path, label }) => {
          try {
            return { label, picture: await decode(await readPicture(join(from, path)), size) };
          } catch (error) {
            if (error instanceof DatasetError) throw error;
            return { path, reason: (error as Error).message.trim().split("\n").at(-1)! };
          }
        }),
    };
  }
  return {
    ...arrays,
    passedOver: [],
    total: arrays.train.count + arrays.test.count,
    sideOf() {
      const side = sideOf(arrays, from);
      if (side >= SIZES.min && side <= SIZES.max) return side;
      throw new DatasetError(
        `${from} has pictures of ${side} × ${side}: say by --size what networks are to read, ` +
          `${SIZES.min} to ${SIZES.max}`,
      );
    },
    decodeAll: (split, size) =>
      inOrder(mixedOrderOf(arrays[split].count), async (i) => {
        try {
          const picture = await resizePicture(pictureOf(arrays[split], i), size);
          return { label: arrays[split].labels[i]!, picture };
        } catch (error) {
          throw new DatasetError(`${from} has pictures of ${(error as Error).message}`);
        }
      }),
  };
}

// The pictures of an array in the order of the SHA-256 of their numbers: the same everywhere, and mixed as those of a folder
// are, since an array may be in the order of its classes.
function mixedOrderOf(count: number): number[] {
  const keyed = Array.from({ length: count }, (_, i) => ({ i, key: sha256(String(i)) }));
  return keyed.sort((a, b) => a.key < b.key ? -1 : 1).map(({ i }) => i);
}

function pictureOf({ pixels, height, width, channels }: PictureArray, i: number): Picture {
  const length = height * width * channels;
  const own = pixels.subarray(i * length, (i + 1) * length);
  if (channels === 3) return { height, width, pixels: own };
  const grey = new Uint8Array(3 * length);
  own.forEach((value, at) => grey.fill(value, 3 * at, 3 * at + 3));
  return { height, width, pixels: grey };
}

// Decodes in the order of the list, and just so far ahead that all processors have work.
async function* inOrder<Listed>(
  list: readonly Listed[],
  decodeOne: (listed: Listed) => Promise<DecodedPicture>,
): AsyncGenerator<DecodedPicture> {
  const ahead = 4 * os.availableParallelism(), pending: Promise<DecodedPicture>[] = [];
  for (const listed of list) {
    const decoding = decodeOne(listed);
    decoding.catch(() => {}); // told when its turn comes
    pending.push(decoding);
    if (pending.length >= ahead) yield pending.shift()!;
  }
  for (const last of pending) yield last;
}

/** Bytes that a picture's file may have. */
const MAX_FILE = 256 << 20;

// A file that can't be read for the machine's sake (its disk, too many open files) says nothing of the file: were it passed over,
// the pack would lack a picture that another time it has.
async function readPicture(path: string): Promise<Uint8Array> {
  try {
    return await readPlainFile(path, MAX_FILE);
  } catch (error) {
    const { message } = error as Error;
    const isOfFile = error instanceof UserError || error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.FilesystemLoop;
    throw isOfFile ? error : new DatasetError(`${path} can't be read: ${message}`);
  }
}
