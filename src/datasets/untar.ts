// Takes named files out of a gzipped tar archive, and nothing else: what an archive calls its files never becomes a path.
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { DatasetError } from "./dataset.ts";
import type { Unpacked } from "./download.ts";

/**
 * @param folder in the archive that the files are in
 * @param names of the files to take; all must be there
 * @param size of each, in bytes
 * @throws {DatasetError} if one is missing or of another size, or the archive is damaged
 */
export async function untar(
  bytes: Uint8Array,
  path: string,
  folder: string,
  names: readonly string[],
  size: number,
): Promise<Unpacked[]> {
  const unpacked: Unpacked[] = [];
  const archive = extract();
  archive.on("entry", (header, stream, next) => {
    const name = names.find((name) => header.name === `${folder}/${name}`);
    const skip = !name || header.type !== "file" || unpacked.some((file) => file.name === name);
    if (!skip && header.size !== size) {
      next(
        new DatasetError(`${header.name} in ${path} has ${header.size} bytes, expected ${size}`),
      );
      return;
    }
    const parts: Uint8Array[] = [];
    stream.on("data", (part) => skip || parts.push(part as Uint8Array));
    stream.on("end", () => {
      if (!skip) unpacked.push({ name, bytes: joined(parts, size) });
      next();
    });
    stream.resume();
  });
  try {
    await pipeline(Readable.from([bytes]), createGunzip(), archive);
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw new DatasetError(
      `${path} is damaged, expected a tar.gz archive: ${(error as Error).message}`,
    );
  }
  const missing = names.filter((name) => !unpacked.some((file) => file.name === name));
  if (missing.length > 0) throw new DatasetError(`${path} lacks ${folder}/${missing.join(", ")}`);
  return unpacked;
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size);
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}
