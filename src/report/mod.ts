// The report of a folder of runs: tables and choices, made from its run files alone.
import { join } from "node:path";
import { refreshFolder, writeFileAtomically } from "../base/atomic_files.ts";
import { UserError } from "../base/errors.ts";
import { type PeerTimes, readPeerTimes } from "../diagnostics/peers.ts";
import { readRunFolder, type RunFolder, runsFolder } from "../runs/run_file.ts";
import { csvOf } from "../tables/csv.ts";
import { markdownOf } from "../tables/markdown.ts";
import { type TableFormat, tableFormats } from "../tables/registry.ts";
import { tableOf } from "../tables/table.ts";
import { choicesOf } from "../tuning/choices.ts";
import { choicesMarkdownOf } from "../tuning/choices_markdown.ts";
import { reportOf, writeReport } from "./report.ts";
import { textPlotOf } from "./text_plot.ts";

/**
 * Reads `folder/runs` and writes `folder/table.md` and `folder/table.csv`, each whole or not at all. The same run
 * files give the same bytes. No runs give a table that says so.
 * @returns the text of `table.md`
 * @throws {UserError} if the folder can't be read or written
 */
export async function writeTables(folder: string): Promise<string> {
  return await write(folder, await readRunFolder(folder));
}

/**
 * The same for a folder that is to have runs already, and is left as it is where it has none.
 * @throws {UserError} if there are none, too
 */
export async function remakeTables(folder: string): Promise<string> {
  await refreshFolder(runsFolder(folder)).catch(() => {}); // what is seen will do
  return await write(folder, await readSome(folder));
}

/**
 * Makes `folder/report/` from `folder/runs`: the same bytes for the same run files.
 * @param peers the file of the training step beside others'; without it, `folder/peers.json` if there is one
 * @returns the path of its page
 * @throws {UserError} if there are no runs, the file of peers can't be read, or the folder can't be written
 */
export async function makeReport(folder: string, peers?: string): Promise<string> {
  const found = await readSome(folder);
  const files = await reportOf(found, await peersOf(folder, peers));
  await writeReport(join(folder, "report"), files);
  return join(folder, "report", "index.html");
}

async function peersOf(folder: string, given: string | undefined): Promise<PeerTimes | undefined> {
  try {
    return await readPeerTimes(given ?? join(folder, "peers.json"));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    if (given === undefined) return undefined;
    throw new UserError(`${given} does not exist: \`deno task peers --json FILE\` makes it`);
  }
}

/**
 * The table of a folder in one of the formats; nothing is written.
 * @param against the column that all others are compared with
 * @throws {UserError} if there are no runs, or no such column
 */
export async function readPrintedTable(
  folder: string,
  format: TableFormat,
  against?: string,
): Promise<string> {
  const { runs, setAside } = await readSome(folder);
  return tableFormats[format](tableOf(runs, against), setAside);
}

/**
 * Writes the tables as `writeTables` does.
 * @returns the text of `table.md`, and the same as a picture of text, at most 80 columns wide; empty without a finished run
 */
export async function writeTablesAndPlot(
  folder: string,
): Promise<{ markdown: string; plot: string }> {
  await refreshFolder(runsFolder(folder)).catch(() => {});
  const found = await readRunFolder(folder);
  return { markdown: await write(folder, found), plot: textPlotOf(tableOf(found.runs)) };
}

async function readSome(folder: string): Promise<RunFolder> {
  const found = await readRunFolder(folder);
  if (found.runs.length + found.setAside.length === 0) throw noRuns(folder);
  return found;
}

async function write(folder: string, { runs, setAside }: RunFolder): Promise<string> {
  const table = tableOf(runs);
  const markdown = markdownOf(table, setAside);
  await writeFileAtomically(join(folder, "table.csv"), csvOf(table));
  await writeFileAtomically(join(folder, "table.md"), markdown);
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
export async function readBestSettings(folder: string): Promise<string> {
  const { runs, setAside } = await readRunFolder(folder);
  if (runs.length === 0) throw noRuns(folder);
  return choicesMarkdownOf(choicesOf(runs), setAside);
}
