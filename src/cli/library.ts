// Makes sure of the native library, building it if need be, and opens it: for commands that compute.
import { openLibrary } from "../native/mod.ts";
import { ensureNative } from "../native/setup.ts";

/** @returns the library's path, for workers to open */
export async function openNative(): Promise<string> {
  const { path } = await ensureNative();
  openLibrary(path);
  return path;
}
