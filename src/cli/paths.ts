// Where things are: what users name is relative to where they stand, what maskbench brings is beside its sources.
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const root: string = fileURLToPath(new URL("../..", import.meta.url));

// `deno task` changes to the root, and keeps where its user was in INIT_CWD.
const standing = (): string => Deno.env.get("INIT_CWD") ?? Deno.cwd();

/** A path that a user named. */
export const userPathOf = (path: string): string => resolve(standing(), path);

/** A path as a user would name it. */
export const shownPathOf = (path: string): string => relative(standing(), path) || ".";

/** A path of the repository. */
export const ownPathOf = (...parts: string[]): string => join(root, ...parts);

/** Words that start maskbench anew with these arguments, and with what `bench` may do. */
export const launchCommandOf = (...args: readonly string[]): [string, ...string[]] => [
  Deno.execPath(),
  ...["run", "--quiet", "--no-prompt", "--config", ownPathOf("deno.json"), "-P=compute"],
  ...[ownPathOf("src/cli/main.ts"), ...args],
];

/** Folders that data sets are looked for in, in order. */
export function dataFolders(): string[] {
  const given = Deno.env.get("MASKBENCH_DATA");
  return [...(given ? [userPathOf(given)] : []), ownPathOf("data")];
}
