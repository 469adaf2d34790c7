// Finding the files of a data set, and verifying that they are the right ones.
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { fileExists } from "../base/atomic_files.ts";
import { UserError } from "../base/errors.ts";
import { readPlainFile } from "../base/plain_files.ts";
import { sha256 } from "./checksum.ts";
import { DatasetError } from "./dataset.ts";

/** The first of the paths that is a file. */
export function findFirstFile(paths: readonly string[]): string | undefined {
  return paths.find(fileExists);
}

/** Every name in every folder, folder by folder. */
export const candidatePathsOf = (folders: readonly string[], names: readonly string[]): string[] =>
  folders.flatMap((folder) => names.map((name) => join(folder, name)));

/**
 * The bytes of a file.
 * @param maxBytes more than the right file has: what is much larger is not read
 * @throws {DatasetError} if it has more, or can't be read
 */
export async function readBytes(path: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readPlainFile(path, maxBytes);
  } catch (error) {
    if (error instanceof UserError) throw new DatasetError(`${path} ${error.message}: replace it`);
    throw new DatasetError(`${path} can't be read: ${(error as Error).message}`);
  }
}

/**
 * Unpacks gzip.
 * @param maxBytes bytes that it may unpack to
 * @throws {DatasetError} if it is no gzip file, is cut short or unpacks to more
 */
export function gunzip(bytes: Uint8Array, maxBytes: number, path: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(gunzipSync(bytes, { maxOutputLength: maxBytes }));
  } catch (error) {
    if ((error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") {
      throw new DatasetError(`${path} has more than ${maxBytes} bytes when unpacked: replace it`);
    }
    throw new DatasetError(
      `${path} is damaged, expected a whole gzip file: ${(error as Error).message}`,
    );
  }
}

/** @param remedy what the user can do. @throws {DatasetError} if the bytes are not the ones with that checksum */
export function verifyChecksum(
  bytes: Uint8Array,
  expected: string,
  path: string,
  remedy: string,
): void {
  const found = sha256(bytes);
  if (found === expected) return;
  throw new DatasetError(
    `${path} has the wrong checksum (${bytes.length} bytes, SHA-256 ${
      found.slice(0, 12)
    }…, expected ` +
      `${expected.slice(0, 12)}…): ${remedy}`,
  );
}
