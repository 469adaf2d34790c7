// Takes named files out of a gzipped tar archive, and nothing else: what an archive calls its files never becomes a path.
import { extract } from "tar-stream";
import { DatasetError, type ExtractedFile } from "./dataset.ts";
import { gunzip } from "./files.ts";

/** Bytes that an archive may have besides the files: headers, padding, a text to read. */
const SLACK = 1 << 20;

/**
 * @param folder in the archive that the files are in
 * @param sizes the files to take, by name, with the bytes of each; all must be there
 * @throws {DatasetError} if one is missing or of another size, or the archive is damaged
 */
export async function untar(
  bytes: Uint8Array,
  path: string,
  folder: string,
  sizes: Readonly<Record<string, number>>,
): Promise<ExtractedFile[]> {
  const names = Object.keys(sizes);
  const tar = gunzip(bytes, Object.values(sizes).reduce((a, b) => a + b, SLACK), path);
  const archive = extract();
  archive.end(tar);
  const unpacked: ExtractedFile[] = [];
  try {
    for await (const entry of archive) {
      const { header } = entry;
      const name = names.find((name) => header.name === `${folder}/${name}`);
      if (!name || header.type !== "file" || unpacked.some((file) => file.name === name)) {
        entry.resume();
        continue;
      }
      const size = sizes[name]!;
      if (header.size !== size) {
        throw new DatasetError(
          `${header.name} in ${path} has ${header.size} bytes, expected ${size}`,
        );
      }
      unpacked.push({ name, bytes: await join(entry, size) });
    }
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

async function join(parts: AsyncIterable<unknown>, size: number): Promise<Uint8Array> {
  const all = new Uint8Array(size);
  let at = 0;
  for await (const part of parts) {
    all.set(part as Uint8Array, at);
    at += (part as Uint8Array).length;
  }
  return all;
}
