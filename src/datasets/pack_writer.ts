// Writing the files of a pack: the pictures of a split as they come, and one channel of them where all are grey.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { type ByteHistogram, byteHistogramsOf } from "./normalisation.ts";
import type { PackManifest, Picture } from "./pack.ts";

/** A picture with its label, or why its file could not be decoded. */
export type DecodedPicture =
  | { readonly label: number; readonly picture: Picture }
  | { readonly path: string; readonly reason: string };

/** A split that is on the disk. */
export interface WrittenSplit {
  readonly entry: PackManifest["train"];
  readonly labels: ReadonlySet<number>;
  /** For each channel, how often each value occurs. */
  readonly histograms: readonly ByteHistogram[];
  /** Whether red, green and blue are equal in every pixel of every picture. */
  readonly isGrey: boolean;
  /** `train/class/name.jpg: why` */
  readonly skipped: readonly string[];
}

/**
 * Writes `NAME.pack` and `NAME.index`, with three channels.
 * @param advance is called for each picture
 */
export async function writeSplit(
  home: string,
  name: "train" | "test",
  pictures: AsyncIterable<DecodedPicture>,
  advance: () => void,
): Promise<WrittenSplit> {
  const index: number[] = [], skipped: string[] = [], labels = new Set<number>();
  const histograms = byteHistogramsOf(3);
  const hash = createHash("sha256");
  let bytes = 0, isGrey = true;
  {
    using file = await Deno.open(join(home, `${name}.pack`), { write: true, createNew: true });
    for await (const decoded of pictures) {
      advance();
      if ("reason" in decoded) {
        skipped.push(`${decoded.path}: ${decoded.reason}`);
        continue;
      }
      const { label, picture: { height, width, pixels } } = decoded;
      for (let at = 0; at < pixels.length;) at += await file.write(pixels.subarray(at));
      hash.update(pixels);
      isGrey &&= hasEqualChannels(pixels);
      histograms.forEach((counts, channel) => {
        for (let i = channel; i < pixels.length; i += 3) counts[pixels[i]!]!++;
      });
      index.push(height, width, label);
      labels.add(label);
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
    histograms,
    isGrey,
    skipped,
  };
}

function hasEqualChannels(pixels: Uint8Array): boolean {
  for (let i = 0; i < pixels.length; i += 3) {
    if (pixels[i] !== pixels[i + 1] || pixels[i] !== pixels[i + 2]) return false;
  }
  return true;
}

/** Rewrites `NAME.pack`, where all channels are equal, with one of them. */
export async function keepOneChannel(
  home: string,
  name: "train" | "test",
  split: WrittenSplit,
): Promise<WrittenSplit> {
  const path = join(home, `${name}.pack`), reduced = `${path}.grey`;
  const hash = createHash("sha256");
  {
    using from = await Deno.open(path);
    using to = await Deno.open(reduced, { write: true, createNew: true });
    const part = new Uint8Array(3 << 20), grey = new Uint8Array(1 << 20);
    let at = 0;
    for (let read; (read = await from.read(part)) !== null; at += read) {
      let length = 0;
      for (let i = (3 - at % 3) % 3; i < read; i += 3) grey[length++] = part[i]!;
      hash.update(grey.subarray(0, length));
      for (let sent = 0; sent < length;) sent += await to.write(grey.subarray(sent, length));
    }
    await to.sync();
  }
  await Deno.rename(reduced, path);
  const { entry, histograms } = split;
  return {
    ...split,
    entry: { ...entry, bytes: entry.bytes / 3, pictures: hash.digest("hex") },
    histograms: histograms.slice(0, 1),
  };
}

/** Writes a new file, and waits until it is on the disk. */
export async function writeFlushed(path: string, content: string | Uint8Array): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  using file = await Deno.open(path, { write: true, createNew: true });
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  await file.sync();
}

/** Waits until what a folder holds is on the disk. */
export async function flush(folder: string): Promise<void> {
  using opened = await Deno.open(folder);
  await opened.sync();
}
