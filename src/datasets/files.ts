// Looking for the files of a data set, and making sure that they are the ones they should be.
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { sha256 } from "./checksum.ts";
import { DatasetError } from "./dataset.ts";

/** The first of the paths that is a file. */
export function firstFile(paths: readonly string[]): string | undefined {
  return paths.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/** Every name in every folder, folder by folder. */
export const candidates = (folders: readonly string[], names: readonly string[]): string[] =>
  folders.flatMap((folder) => names.map((name) => join(folder, name)));

/** The bytes of a file. @throws {DatasetError} if it can't be read */
export async function bytesOf(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw new DatasetError(`${path} can't be read: ${(error as Error).message}`);
  }
}

/**
 * Unpacks gzip.
 * @param most bytes that it may come to
 * @throws {DatasetError} if it is none, is cut short or comes to more
 */
export function gunzip(bytes: Uint8Array, most: number, path: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(gunzipSync(bytes, { maxOutputLength: most }));
  } catch (error) {
    throw new DatasetError(
      `${path} is damaged, expected a whole gzip file: ${(error as Error).message}`,
    );
  }
}

/** @throws {DatasetError} if the bytes are not the ones with that checksum */
export function verify(bytes: Uint8Array, expected: string, path: string, mend: string): void {
  const found = sha256(bytes);
  if (found === expected) return;
  throw new DatasetError(
    `${path} has the wrong checksum (${bytes.length} bytes, SHA-256 ${
      found.slice(0, 12)
    }…, expected ` +
      `${expected.slice(0, 12)}…): ${mend}`,
  );
}
