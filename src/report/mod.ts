// The report of a folder of runs: tables and choices, made from its run files alone.
import { join } from "node:path";
import { readRuns, writeWhole } from "../sweep/store.ts";
import { choicesOf } from "./best.ts";
import { bestMarkdownOf } from "./best_markdown.ts";
import { csvOf } from "./csv.ts";
import { markdownOf } from "./markdown.ts";
import { tableOf } from "./table.ts";

/**
 * Reads `folder/runs` and writes `folder/table.md` and `folder/table.csv`, each whole or not at all. The same run
 * files give the same bytes.
 * @returns the text of `table.md`
 * @throws {UserError} if the folder can't be read or written
 */
export async function writeTables(folder: string): Promise<string> {
  const { runs, setAside } = await readRuns(folder);
  const table = tableOf(runs);
  const markdown = markdownOf(table, setAside);
  await writeWhole(join(folder, "table.csv"), csvOf(table));
  await writeWhole(join(folder, "table.md"), markdown);
  return markdown;
}

/**
 * Which settings did best on the validation split, with what to paste into a sweep file.
 * @returns Markdown
 * @throws {UserError} if there are no runs, or runs measured on the test split
 */
export async function bestSettings(folder: string): Promise<string> {
  const { runs } = await readRuns(folder);
  return bestMarkdownOf(choicesOf(runs));
}
