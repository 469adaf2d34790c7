// Packing an image folder: each picture decoded and resized once, many at a time, and written in the order of the list.
// All of it is made under a temporary name and renamed when it is whole and on the disk.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import os from "node:os";
import { basename, join } from "node:path";
import { UserError } from "../base/errors.ts";
import { readPlainFile } from "../base/plain_files.ts";
import { DatasetError } from "./dataset.ts";
import { decode, decoder, type Picture } from "./decode.ts";
import {
  type PackManifest,
  packNameOf,
  packsFolder,
  readPackManifest,
  verifyPack,
} from "./pack.ts";
import { type ListedPicture, listPictures, summariseNames } from "./picture_folder.ts";

/** Milliseconds between two looks at a pack that another process makes. */
const LOCK_POLL_INTERVAL = 500;

/** What is to be packed, and how. */
export interface PackOptions {
  /** The folder of pictures. */
  readonly from: string;
  /** The data folder that the pack goes to. */
  readonly to: string;
  /** The name that the pack is to get. */
  readonly name: string;
  /** Side of the pictures that networks read. */
  readonly size: number;
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
  const { to, size, signal, note = () => {} } = options;
  const name = packNameOf(options.name, size), home = join(packsFolder(to), name);
  const list = listPictures(options.from);
  if (list.untested.length > 0) {
    note(`classes without pictures to test on: ${summariseNames(list.untested)}`);
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
    const before = await findEarlierPack(home, size, list.digest);
    if (before) return { home, manifest: before, before: true };
    return { home, manifest: await pack(list, home, options), before: false };
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
  list: ReturnType<typeof listPictures>,
  home: string,
  { from, size, signal, onProgress = () => {} }: PackOptions,
): Promise<PackManifest> {
  const temporary = temporaryOf(home), total = list.train.length + list.test.length;
  let done = 0;
  const advance = () => {
    signal?.throwIfAborted();
    onProgress(++done, total);
  };
  await Deno.mkdir(temporary);
  try {
    const train = await writeSplit(temporary, "train", decodeAll(from, list.train, size), advance);
    const test = await writeSplit(temporary, "test", decodeAll(from, list.test, size), advance);
    const skipped = [...train.skipped, ...test.skipped, ...list.passedOver].sort();
    const emptyClass = list.classes.find((_, label) => !train.labels.has(label));
    if (emptyClass !== undefined || test.labels.size === 0) {
      const where = emptyClass === undefined ? "test or val" : join("train", emptyClass);
      const [first] = emptyClass === undefined
        ? test.skipped
        : skipped.filter((line) => line.startsWith(join(where, "/")));
      throw new DatasetError(
        `${from} has no picture in ${where} that can be decoded${first ? `: ${first}` : ""}`,
      );
    }
    const manifest: PackManifest = {
      format: 1,
      size,
      classes: [...list.classes],
      ...normalisation(train.histogram),
      decoder,
      train: train.entry,
      test: test.entry,
      source: list.digest,
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

// A picture, or why the file could not be decoded.
type DecodedPicture =
  & { readonly listed: ListedPicture }
  & ({ readonly picture: Picture } | { readonly reason: string });

// Decodes in the order of the list, and just so far ahead that all processors have work.
async function* decodeAll(
  from: string,
  list: readonly ListedPicture[],
  size: number,
): AsyncGenerator<DecodedPicture> {
  const decodeOne = async (listed: ListedPicture): Promise<DecodedPicture> => {
    try {
      return { listed, picture: await decode(await readPicture(join(from, listed.path)), size) };
    } catch (error) {
      if (error instanceof DatasetError) throw error;
      return { listed, reason: (error as Error).message.trim().split("\n").at(-1)! };
    }
  };
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

interface WrittenSplit {
  readonly entry: PackManifest["train"];
  readonly labels: ReadonlySet<number>;
  /** For each channel, how often each value occurs. */
  readonly histogram: readonly Float64Array[];
  /** `train/class/name.jpg: why` */
  readonly skipped: readonly string[];
}

async function writeSplit(
  home: string,
  name: "train" | "test",
  pictures: AsyncIterable<DecodedPicture>,
  advance: () => void,
): Promise<WrittenSplit> {
  const index: number[] = [], skipped: string[] = [], labels = new Set<number>();
  const histogram = [0, 1, 2].map(() => new Float64Array(256));
  const hash = createHash("sha256");
  let bytes = 0;
  {
    using file = await Deno.open(join(home, `${name}.pack`), { write: true, createNew: true });
    for await (const { listed, ...outcome } of pictures) {
      advance();
      if ("reason" in outcome) {
        skipped.push(`${listed.path}: ${outcome.reason}`);
        continue;
      }
      const { height, width, pixels } = outcome.picture;
      for (let at = 0; at < pixels.length;) at += await file.write(pixels.subarray(at));
      hash.update(pixels);
      histogram.forEach((counts, channel) => {
        for (let i = channel; i < pixels.length; i += 3) counts[pixels[i]!]!++;
      });
      index.push(height, width, listed.label);
      labels.add(listed.label);
      bytes += pixels.length;
    }
    await file.sync();
  }
  const entries = Buffer.from(Int32Array.from(index).buffer);
  await writeFlushed(join(home, `${name}.index`), entries);
  return {
    entry: {
      count: index.length / 3,
      bytes,
      pictures: hash.digest("hex"),
      index: createHash("sha256").update(entries).digest("hex"),
    },
    labels,
    histogram,
    skipped,
  };
}

// The mean and deviation of each channel, of pixels scaled to 0..1, to the four places that published figures have.
function normalisation(
  histogram: readonly Float64Array[],
): Pick<PackManifest, "mean" | "deviation"> {
  const moments = histogram.map((counts) => {
    const sum = (of: (value: number) => number) =>
      counts.reduce((total, count, value) => total + count * of(value / 255), 0);
    const count = sum(() => 1), mean = sum((value) => value) / count;
    return { mean, deviation: Math.sqrt(sum((value) => (value - mean) ** 2) / count) };
  });
  const each = (of: (moment: { mean: number; deviation: number }) => number) =>
    moments.map((moment) => Number(of(moment).toFixed(4))) as [number, number, number];
  return {
    mean: each(({ mean }) => mean),
    deviation: each(({ deviation }) => Math.max(deviation, 1e-4)), // pictures of one colour have no deviation
  };
}

async function writeFlushed(path: string, content: string | Uint8Array): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  using file = await Deno.open(path, { write: true, createNew: true });
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  await file.sync();
}

async function flush(folder: string): Promise<void> {
  using opened = await Deno.open(folder);
  await opened.sync();
}
