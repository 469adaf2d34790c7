// The report of a folder of runs: tables and choices, made from its run files alone.
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { readRuns, type Runs, writeWhole } from "../sweep/store.ts";
import { choicesOf } from "./best.ts";
import { bestMarkdownOf } from "./best_markdown.ts";
import { csvOf } from "./csv.ts";
import { markdownOf } from "./markdown.ts";
import { tableOf } from "./table.ts";

/**
 * Reads `folder/runs` and writes `folder/table.md` and `folder/table.csv`, each whole or not at all. The same run
 * files give the same bytes. No runs give a table that says so.
 * @returns the text of `table.md`
 * @throws {UserError} if the folder can't be read or written
 */
export async function writeTables(folder: string): Promise<string> {
  return await write(folder, await readRuns(folder));
}

/**
 * The same for a folder that is to have runs already, and is left as it is where it has none.
 * @throws {UserError} if there are none, too
 */
export async function remakeTables(folder: string): Promise<string> {
  const found = await readRuns(folder);
  if (found.runs.length + found.setAside.length === 0) throw noRuns(folder);
  return await write(folder, found);
}

async function write(folder: string, { runs, setAside }: Runs): Promise<string> {
  const table = tableOf(runs);
  const markdown = markdownOf(table, setAside);
  await writeWhole(join(folder, "table.csv"), csvOf(table));
  await writeWhole(join(folder, "table.md"), markdown);
  return markdown;
}

function noRuns(folder: string): UserError {
  return new UserError(
    `there are no runs in ${folder}: name a folder that "bench" wrote runs/ into`,
  );
}

/**
 * Which settings did best on the validation split, with what to paste into a sweep file.
 * @returns Markdown
 * @throws {UserError} if there are no runs, or runs measured on the test split
 */
export async function bestSettings(folder: string): Promise<string> {
  const { runs, setAside } = await readRuns(folder);
  if (runs.length === 0) throw noRuns(folder);
  return bestMarkdownOf(choicesOf(runs), setAside);
}
