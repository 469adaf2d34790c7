// Where a command is.
import { join } from "node:path";

/** The real path of a command on the PATH, or in other folders, or nothing. */
export function findProgram(
  command: string,
  folders = Deno.env.get("PATH") ?? "",
): string | undefined {
  for (const folder of folders.split(":")) {
    if (!folder) continue;
    try {
      const path = Deno.realPathSync(join(folder, command));
      if (Deno.statSync(path).isFile) return path;
    } catch {
      // not in this one
    }
  }
  return undefined;
}
