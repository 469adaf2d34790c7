// Files that are whole or not there: under a temporary name in the same folder, flushed to disk, renamed, and the folder
// flushed.
import { basename, dirname, join } from "node:path";
import { UserError } from "../errors.ts";

/** A file that could not be written. No wrong call: the disk is full, or the folder is not ours to write to. */
export class WriteError extends UserError {
  override readonly name = "WriteError";
}

/** Milliseconds after which a temporary file is a dead process's: nothing takes so long to write. */
const LEFT_BEHIND = 3600_000;

const temporary = /^\..+\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Writes a file whole or not at all, and makes its folder. @throws {WriteError} where it can't */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  const name = join(folder, `.${basename(path)}.${crypto.randomUUID()}`);
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  try {
    await Deno.mkdir(folder, { recursive: true });
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
  } catch (error) {
    throw new WriteError(`${path} can't be written: ${(error as Error).message}`);
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

/** Removes what processes that were killed while they wrote have left in a folder. */
export async function sweepOut(folder: string): Promise<void> {
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (!temporary.test(name)) continue;
      const path = join(folder, name), { mtime } = await Deno.stat(path);
      if (Date.now() - (mtime?.getTime() ?? Infinity) > LEFT_BEHIND) await Deno.remove(path);
    }
  } catch {
    // They take room and do no harm.
  }
}
