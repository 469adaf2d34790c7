// Paths: what users name is relative to their folder, what maskbench brings is next to its sources.
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../base/errors.ts";
import { usedModulePaths } from "../extensions/modules.ts";

/** The repository's root. */
export const root: string = fileURLToPath(new URL("../..", import.meta.url));

// `deno task` changes to the root, and keeps its user's folder in INIT_CWD.
const userFolder = (): string => Deno.env.get("INIT_CWD") ?? Deno.cwd();

/** A path that a user named. @throws {UserError} for the empty text, which a variable of a shell that isn't set gives */
export function userPathOf(path: string): string {
  if (path === "") throw new UserError("a path is empty: expected that of a file or folder");
  return resolve(userFolder(), path);
}

/** A path as a user would name it. */
export const shownPathOf = (path: string): string => relative(userFolder(), path) || ".";

/** A path of the repository. */
export const ownPathOf = (...parts: string[]): string => join(root, ...parts);

/**
 * The words that start maskbench with these arguments in a process of its own, with the permissions of `bench` and the
 * modules of this one.
 */
export const launchCommandOf = (...args: readonly string[]): [string, ...string[]] => [
  Deno.execPath(),
  ...["run", "--quiet", "--no-prompt", "--config", ownPathOf("deno.json"), "-P=compute"],
  ...[ownPathOf("src/cli/main.ts"), ...args],
  ...usedModulePaths().flatMap((path) => ["--use", path]),
];

/** Folders that data sets are looked for in, in order. */
export function dataFolders(): string[] {
  const given = Deno.env.get("MASKBENCH_DATA");
  return [...(given ? [userPathOf(given)] : []), ownPathOf("data")];
}
