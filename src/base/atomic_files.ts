// Files that are whole or not there: under a temporary name in the same folder, flushed to disk, renamed, and the folder
// flushed.
import { basename, dirname, join } from "node:path";
import { UserError } from "./errors.ts";

/** A file that could not be written. The call was right, but the disk is full, or the folder may not be written to. */
export class WriteError extends UserError {
  override readonly name = "WriteError";
}

/** Writes a file whole or not at all, and makes its folder. @throws {WriteError} where it can't */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  try {
    await createInFolder(dirname(path), () => write(path, bytes));
  } catch (error) {
    if (error instanceof WriteError) throw error;
    throw new WriteError(`${path} can't be written: ${(error as Error).message}`);
  }
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path);
  const name = join(folder, `.${basename(path)}.${crypto.randomUUID()}`);
  try {
    using file = await Deno.open(name, { write: true, createNew: true });
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    await file.sync();
    await Deno.rename(name, path);
  } catch (error) {
    await Deno.remove(name).catch(() => {});
    throw error;
  }
  using opened = await Deno.open(folder);
  await opened.sync();
}

/**
 * Makes a folder and a file in it, once more where the folder has vanished in between.
 * @throws {WriteError} where the folder can't be made
 */
export async function createInFolder<T>(folder: string, make: () => Promise<T>): Promise<T> {
  await makeFolder(folder);
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    await makeFolder(folder);
    return await make();
  }
}

/** Makes a folder, and those it lies in, that may be there already. @throws {WriteError} where it can't */
export async function makeFolder(path: string): Promise<void> {
  for (let attemptsLeft = 3;; attemptsLeft--) {
    try {
      return await Deno.mkdir(path, { recursive: true });
    } catch (error) {
      // Deno says so of a file with that name, but also of a folder that was there and vanished before it was looked at.
      if (error instanceof Deno.errors.AlreadyExists && attemptsLeft > 0) continue;
      throw new WriteError(`${path} can't be made: ${(error as Error).message}`);
    }
  }
}

/** Removes a file that may be gone already. @throws {WriteError} where it can't */
export async function removeFile(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw new WriteError(`${path} can't be removed: ${(error as Error).message}`);
  }
}

/** Removes a folder and all in it. @throws {WriteError} where it can't */
export async function removeFolder(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    throw new WriteError(`${path} can't be removed: ${(error as Error).message}`);
  }
}

/**
 * Makes a file in a folder and removes it again. A network file system may show what other machines did there up to a
 * minute late; from then on it shows all that was done before.
 * @returns the time by the clock of the folder's file system, which may not be this machine's
 * @throws {WriteError} where it can't be written there
 */
export async function refreshFolder(folder: string): Promise<number> {
  const path = join(folder, `.refresh.${crypto.randomUUID()}`);
  try {
    await Deno.writeTextFile(path, "", { createNew: true });
    return (await Deno.stat(path)).mtime?.getTime() ?? Date.now();
  } catch (error) {
    throw new WriteError(`${path} can't be written: ${(error as Error).message}`);
  } finally {
    await Deno.remove(path).catch(() => {});
  }
}

/** The names in a folder, in any order; none where it is not there or can't be listed. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  } catch {
    return [];
  }
}

/** Whether there is such a file. */
export function fileExists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
