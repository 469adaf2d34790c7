// Reading files that people or other programs wrote: what is no plain file, or has more bytes than a file of its kind can
// have, is refused before it is opened. A FIFO would be waited for without end, and a device read until memory is full.
import { UserError } from "./errors.ts";

/** Bytes that a text file has at most which programs write: more than any has, and few enough to be one text. */
export const MAX_TEXT_BYTES = 1 << 28;

/** What there is under a name, with its article. */
export function fileKindOf(info: Deno.FileInfo): string {
  if (info.isSymlink) return "a symbolic link";
  if (info.isDirectory) return "a folder";
  if (info.isFifo) return "a FIFO";
  if (info.isSocket) return "a socket";
  return info.isFile ? "a file" : "a device";
}

/**
 * The bytes of a plain file, or of the one that a link leads to.
 * @param maxBytes more than the right file has
 * @throws {UserError} for anything else and for a larger file; its message is to follow the file's name
 * @throws {Deno.errors.NotFound} where there is none
 */
export async function readPlainFile(
  path: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const info = await Deno.stat(path);
  if (!info.isFile) throw new UserError(`is ${fileKindOf(info)}, expected a file`);
  if (info.size > maxBytes) {
    throw new UserError(`has ${info.size} bytes, expected at most ${maxBytes}`);
  }
  return await Deno.readFile(path);
}

/**
 * The text of such a file. A byte order mark of UTF-8 is passed over.
 * @throws {UserError} as `readPlainFile` does, and for UTF-16
 */
export async function readPlainText(path: string, maxBytes = MAX_TEXT_BYTES): Promise<string> {
  const bytes = await readPlainFile(path, maxBytes);
  const mark = `${bytes[0]} ${bytes[1]}`;
  if (mark === "254 255" || mark === "255 254") {
    throw new UserError("begins with the byte order mark of UTF-16: save it as UTF-8");
  }
  return new TextDecoder().decode(bytes);
}
