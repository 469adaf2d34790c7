// The runs of a folder: those in `DIR/runs/`, a file each, and those that are published in `DIR/runs.jsonl`, a line each.
import { join } from "node:path";
import { fileExists, writeFileAtomically } from "../base/atomic_files.ts";
import { UserError } from "../base/errors.ts";
import { readUserFile } from "../base/json.ts";
import type { RunConfig } from "../training/config.ts";
import { identityOf } from "./identity.ts";
import {
  parseRun,
  readRunFile,
  type RunFile,
  runLineOf,
  runPathOf,
  runsFolder,
} from "./run_file.ts";

/** A file among the run files that is no run file, or not the one that it claims to be. */
export interface InvalidRunFile {
  /** The file, or the line of one. */
  readonly path: string;
  /** What is wrong with it. */
  readonly reason: string;
}

/** The contents of a sweep's folder. */
export interface RunFolder {
  /** In ascending order of their identities. */
  readonly runs: readonly RunFile[];
  /** Files that are no runs. */
  readonly invalidFiles: readonly InvalidRunFile[];
}

/** Where a published folder has its runs: one file with a line for each, sorted by identity. */
export const runLinesPathOf = (folder: string): string => join(folder, "runs.jsonl");

/**
 * All runs of a sweep's folder, those in `runs/` and those in `runs.jsonl`; what is no run is named, and never fatal. No
 * folder: no runs.
 */
export async function readRunFolder(folder: string): Promise<RunFolder> {
  const own = await readRunFiles(folder), published = await readRunLines(folder);
  const known = new Set(own.runs.map(({ identity }) => identity));
  const runs = [...own.runs, ...published.runs.filter(({ identity }) => !known.has(identity))];
  return {
    runs: runs.sort(compareIdentities),
    invalidFiles: [...own.invalidFiles, ...published.invalidFiles],
  };
}

async function readRunFiles(folder: string): Promise<RunFolder> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(runsFolder(folder))) {
      if (name.endsWith(".json") && !name.startsWith(".")) names.push(name);
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotADirectory) {
      const file = fileExists(folder) ? folder : runsFolder(folder);
      throw new UserError(`${file} is a file: expected a folder that bench wrote to`);
    }
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new UserError(`${runsFolder(folder)} can't be read: ${(error as Error).message}`);
    }
  }
  const runs: RunFile[] = [], invalidFiles: InvalidRunFile[] = [];
  for (const name of names.sort()) {
    const path = join(runsFolder(folder), name);
    try {
      runs.push(await readRunFile(path));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue; // it was removed meanwhile
      if (!(error instanceof UserError)) throw error;
      invalidFiles.push({ path, reason: error.message });
    }
  }
  return { runs, invalidFiles };
}

/** Bytes that `runs.jsonl` has at most: about as many as fit into one text. */
const MAX_LINES_BYTES = 500 << 20;

/** The runs of a folder's `runs.jsonl`; a line that is no run is named by its number. */
export async function readRunLines(folder: string): Promise<RunFolder> {
  const path = runLinesPathOf(folder);
  let text: string;
  try {
    text = await readUserFile(path, path, undefined, MAX_LINES_BYTES);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { runs: [], invalidFiles: [] };
    throw error;
  }
  const runs = new Map<string, RunFile>(), invalidFiles: InvalidRunFile[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    if (line === "") continue;
    try {
      const run = parseRun(line);
      if (runs.has(run.identity)) throw new UserError("stands there a second time");
      runs.set(run.identity, run);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      invalidFiles.push({ path: `${path}:${i + 1}`, reason: error.message });
    }
  }
  return { runs: [...runs.values()], invalidFiles };
}

/** Writes runs as one file with a line for each. @throws {WriteError} where it can't */
export async function writeRunLines(folder: string, runs: readonly RunFile[]): Promise<void> {
  const lines = runs.toSorted(compareIdentities).map((run) => `${runLineOf(run)}\n`);
  await writeFileAtomically(runLinesPathOf(folder), lines.join(""));
}

/**
 * Which of these runs are finished in the folder, by identity; its other files are not read.
 * @throws {UserError} where `runs.jsonl` is there and can't be read
 */
export async function readFinishedRuns(
  runs: readonly RunConfig[],
  folder: string,
): Promise<ReadonlyMap<string, RunFile>> {
  const published = (await readRunLines(folder)).runs.map((run) => [run.identity, run] as const);
  const finished = new Map<string, RunFile>(), lines = new Map(published);
  for (const identity of runs.map(identityOf)) {
    const run = await readValidRun(folder, identity) ?? lines.get(identity);
    if (run) finished.set(identity, run);
  }
  return finished;
}

/** The run in its own file; nothing where there is none, or none that is valid. */
export async function readValidRun(folder: string, identity: string): Promise<RunFile | undefined> {
  try {
    return await readRunFile(runPathOf(folder, identity));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof UserError) return undefined;
    throw error;
  }
}

/**
 * The runs that are not among the finished ones.
 * @param commit where it is given, runs that another commit of maskbench finished are missing, too
 */
export function missingRunsOf(
  runs: readonly RunConfig[],
  finished: ReadonlyMap<string, RunFile>,
  commit?: string,
): RunConfig[] {
  return runs.filter((config) => {
    const run = finished.get(identityOf(config));
    return !run || commit !== undefined && run.environment.commit !== commit;
  });
}

const compareIdentities = (a: RunFile, b: RunFile) => a.identity < b.identity ? -1 : 1;
