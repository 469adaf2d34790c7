// Where a command is.
import { join } from "node:path";

/** The real path of a command on the PATH, or nothing. */
export function which(command: string): string | undefined {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
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
