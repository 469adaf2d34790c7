// Publishing: a folder of runs in the form that is kept in git, few files and small ones whose changes a person can read.
import { join, resolve } from "node:path";
import { removeFile, removeFolder, writeFileAtomically } from "../base/atomic_files.ts";
import { UserError } from "../base/errors.ts";
import { MAX_TEXT_BYTES, readPlainFile } from "../base/plain_files.ts";
import { runPathOf, runsFolder } from "../runs/run_file.ts";
import { readRunFolder, readRunLines, writeRunLines } from "../runs/run_folder.ts";
import { reportFilesOf, writeTables } from "./mod.ts";

/** What other commands leave in a folder of runs, and is published as it is. */
const copied = [/^against-.+\.md$/, /^(compare|peers|sweep)\.json$/, /^tuning(-[a-z]+)?$/];

/** What a folder of a tuning publishes. */
const copiedOfTuning = [/^tuning\.md$/, /^trace\.csv$/, /^recipe(-\d+)?\.json$/, /^sweep\.json$/];

/**
 * Writes the finished runs of a folder as `runs.jsonl`, with their tables, their tuning and the plot of their accuracy. In
 * the same folder, `runs/` and `report/` are removed once all is written and was read again.
 * @returns the number of runs
 * @throws {UserError} if the folder has no runs, or one that can't be read
 * @throws {WriteError} where a file can't be written or removed
 */
export async function publish(folder: string, to: string): Promise<number> {
  const found = await readRunFolder(folder), [invalid] = found.invalidFiles;
  if (invalid) throw new UserError(`${invalid.path} can't be published: it ${invalid.reason}`);
  if (found.runs.length === 0) throw new UserError(`there are no finished runs in ${folder}`);
  await writeRunLines(to, found.runs);
  const written = await readRunLines(to);
  if (written.invalidFiles.length > 0 || written.runs.length !== found.runs.length) {
    throw new UserError(`${to} does not hold what was written there: nothing was removed`);
  }
  for (const name of await matchingNamesIn(folder, copied)) {
    if (name.startsWith("tuning")) {
      for (const file of await matchingNamesIn(join(folder, name), copiedOfTuning)) {
        await copy(join(folder, name, file), join(to, name, file));
      }
    } else await copy(join(folder, name), join(to, name));
  }
  const isSame = resolve(folder) === resolve(to);
  if (isSame) {
    for (const { identity } of found.runs) await removeFile(runPathOf(folder, identity));
    await Deno.remove(runsFolder(folder)).catch(() => {}); // claims, checkpoints and failures stay
    if ((await matchingNamesIn(folder, [/^report$/])).length > 0) {
      await removeFolder(join(folder, "report"));
    }
  }
  await writeTables(to);
  const files = await reportFilesOf(to);
  for (const [name, text] of Object.entries(files)) {
    if (/^accuracy(-\d+)?\.svg$/.test(name)) await writeFileAtomically(join(to, name), text);
  }
  return found.runs.length;
}

async function matchingNamesIn(folder: string, patterns: readonly RegExp[]): Promise<string[]> {
  try {
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    return names.filter((name) => patterns.some((pattern) => pattern.test(name))).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function copy(from: string, to: string): Promise<void> {
  if (resolve(from) !== resolve(to)) {
    await writeFileAtomically(to, await readPlainFile(from, MAX_TEXT_BYTES));
  }
}
