// The report of a folder of runs: tables and choices, made from its run files alone.
import { join } from "node:path";
import { refreshFolder, writeFileAtomically } from "../base/atomic_files.ts";
import { UserError } from "../base/errors.ts";
import { type PeerTimes, readPeerTimes } from "../diagnostics/peers.ts";
import { runsFolder } from "../runs/run_file.ts";
import { readRunFolder, type RunFolder } from "../runs/run_folder.ts";
import type { AlgorithmPair } from "../sweep/compare_schema.ts";
import { readCompareFile } from "../tables/compare_file.ts";
import { csvOf } from "../tables/csv.ts";
import { markdownOf } from "../tables/markdown.ts";
import { type TableFormat, tableFormats } from "../tables/registry.ts";
import { curvesCsvOf, runsCsvOf } from "../tables/runs_csv.ts";
import { missingNoteOf } from "../tables/notes.ts";
import { findingsOf } from "../tables/summary.ts";
import { type Table, tableOf } from "../tables/table.ts";
import { choicesOf } from "../tuning/choices.ts";
import { choicesMarkdownOf } from "../tuning/choices_markdown.ts";
import { type ReportFiles, reportOf, writeReport } from "./report.ts";
import { textPlotOf } from "./text_plot.ts";
import { type TerminalStyle, textTableOf } from "./text_table.ts";

/** What a folder's tables are made from. */
interface TableFolder extends RunFolder {
  /** The pairs that its sweep compares, where it names any. */
  readonly compare: readonly AlgorithmPair[] | undefined;
}

/**
 * Reads `folder/runs` and writes `folder/table.md` and `folder/table.csv`, each whole or not at all. The same run
 * files, and the same `folder/compare.json` where there is one, give the same bytes. Without runs the table says so.
 * @returns the text of `table.md`
 * @throws {UserError} if the folder can't be read or written
 */
export async function writeTables(folder: string): Promise<string> {
  const found = await readFolder(folder);
  return await writeBoth(folder, found, tableIn(found));
}

/**
 * Writes the tables as `writeTables` does, but only of a folder that has runs.
 * @throws {UserError} if there are none, too
 */
export async function remakeTables(folder: string): Promise<string> {
  await refreshFolder(runsFolder(folder)).catch(() => {}); // without it, what is seen is used
  const found = await readFilledFolder(folder);
  return await writeBoth(folder, found, tableIn(found));
}

/**
 * Makes `folder/report/` from `folder/runs`: the same bytes for the same run files.
 * @param peers the file with the times of other implementations; without it, `folder/peers.json` if there is one
 * @returns the path of its page
 * @throws {UserError} if there are no runs, the file of peers can't be read, or the folder can't be written
 */
export async function makeReport(folder: string, peers?: string): Promise<string> {
  await writeReport(join(folder, "report"), await reportFilesOf(folder, peers));
  return join(folder, "report", "index.html");
}

/** The files of a folder's report by their names. Nothing is written. @param peers as for `makeReport` */
export async function reportFilesOf(folder: string, peers?: string): Promise<ReportFiles> {
  const { compare, ...found } = await readFilledFolder(folder);
  return await reportOf(found, { compare, peers: await peersOf(folder, peers) });
}

async function peersOf(
  folder: string,
  given: string | undefined,
): Promise<PeerTimes | undefined> {
  try {
    return await readPeerTimes(given ?? join(folder, "peers.json"));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    if (given === undefined) return undefined;
    throw new UserError(`${given} does not exist: \`deno task peers --json FILE\` makes it`);
  }
}

/**
 * The table of a folder in one of the formats. Nothing is written.
 * @param against the column that all others are compared with
 * @throws {UserError} if there are no runs, or no such column
 */
export async function readPrintedTable(
  folder: string,
  format: TableFormat,
  against?: string,
): Promise<string> {
  const { runs, invalidFiles, compare } = await readFilledFolder(folder);
  return tableFormats[format](tableOf(runs, { compare, against }), invalidFiles);
}

/** What a folder's runs can be listed by: one line a run, or one for each of its epochs. */
export type RunListing = "per-seed" | "curves";

/**
 * The runs of a folder one by one, as CSV, and how many files of the folder were left out, as they are no valid run files.
 * Nothing is written.
 * @throws {UserError} if there are none
 */
export async function readRunListing(
  folder: string,
  listing: RunListing,
): Promise<{ readonly csv: string; readonly leftOut: number }> {
  const { runs, invalidFiles } = await readFilledFolder(folder);
  const csv = listing === "per-seed" ? runsCsvOf(runs) : curvesCsvOf(runs);
  return { csv, leftOut: invalidFiles.length };
}

/**
 * Writes the tables as `writeTables` does.
 * @param style of the terminal; without one the figures are those of `table.md`
 * @returns the figures, then a plot and what they say in a few sentences, which are empty without a finished run
 */
export async function writeTablesAndPlot(
  folder: string,
  style?: TerminalStyle,
): Promise<{ figures: string; plot: string; findings: readonly string[] }> {
  await refreshFolder(runsFolder(folder)).catch(() => {});
  const found = await readFolder(folder), table = tableIn(found);
  const markdown = await writeBoth(folder, found, table);
  const isEmpty = table.rows.length === 0;
  const missing = missingNoteOf(table, found.invalidFiles);
  const drawn = style && !isEmpty
    ? [textTableOf(table, style), ...missing === "" ? [] : [missing]].join("\n")
    : markdown;
  const { compared, found: outcomes } = isEmpty ? { compared: "", found: [] } : findingsOf(table);
  return {
    figures: drawn,
    plot: textPlotOf(table, style?.width),
    findings: isEmpty ? [] : [compared, ...outcomes],
  };
}

async function readFolder(folder: string): Promise<TableFolder> {
  const found = await readRunFolder(folder);
  return { ...found, compare: await readCompareFile(folder, found.runs) };
}

async function readFilledFolder(folder: string): Promise<TableFolder> {
  const found = await readFolder(folder);
  if (found.runs.length + found.invalidFiles.length === 0) throw noRunsError(folder);
  return found;
}

const tableIn = ({ runs, compare }: TableFolder): Table => tableOf(runs, { compare });

async function writeBoth(
  folder: string,
  { invalidFiles }: TableFolder,
  table: Table,
): Promise<string> {
  const markdown = markdownOf(table, invalidFiles);
  await writeFileAtomically(join(folder, "table.csv"), csvOf(table));
  await writeFileAtomically(join(folder, "table.md"), markdown);
  return markdown;
}

function noRunsError(folder: string): UserError {
  return new UserError(
    `there are no runs in ${folder}: name a folder that "bench" wrote runs/ into`,
  );
}

/**
 * The settings that did best on the validation split, with entries to paste into a sweep file.
 * @returns Markdown
 * @throws {UserError} if there are no runs, or runs measured on the test split
 */
export async function readBestSettings(folder: string): Promise<string> {
  const { runs, invalidFiles } = await readRunFolder(folder);
  if (runs.length === 0) throw noRunsError(folder);
  return choicesMarkdownOf(choicesOf(runs), invalidFiles);
}
