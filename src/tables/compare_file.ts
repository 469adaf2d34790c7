// `DIR/compare.json`: what the sweep that filled a folder says its tables compare. It lies next to the runs and in none of
// them, as runs belong to no sweep: the same run serves any other that names it, whatever that compares.
import { join } from "node:path";
import { algorithms } from "../algorithms/registry.ts";
import { removeFile, writeFileAtomically } from "../base/atomic_files.ts";
import { UserError } from "../base/errors.ts";
import { parseJson, readUserFile } from "../base/json.ts";
import { errorTextsOf } from "../base/schema_errors.ts";
import type { RunFile } from "../runs/run_file.ts";
import { type AlgorithmPair, compareSchemaOf } from "../sweep/compare_schema.ts";

const pathOf = (folder: string): string => join(folder, "compare.json");

/**
 * Keeps a sweep's pairs for every later table of its folder; without any, those of an earlier sweep are removed.
 * @throws {WriteError} where it can't
 */
export async function writeCompareFile(
  folder: string,
  pairs: readonly AlgorithmPair[] | undefined,
): Promise<void> {
  if (!pairs) return await removeFile(pathOf(folder));
  await writeFileAtomically(pathOf(folder), JSON.stringify(pairs) + "\n");
}

/**
 * The pairs of a folder, or nothing where its sweep named none.
 * @param runs of the folder: their algorithms may be named too, even if this version doesn't know them
 * @throws {UserError} that says what is wrong with the file
 */
export async function readCompareFile(
  folder: string,
  runs: readonly RunFile[],
): Promise<readonly AlgorithmPair[] | undefined> {
  const path = pathOf(folder);
  let text: string;
  try {
    text = await readUserFile(path, path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const names = [
    ...algorithms.map(({ name }) => name),
    ...runs.map(({ configuration }) => configuration.algorithm.name),
  ];
  const { json } = parseJson(text, path);
  const { data, error } = compareSchemaOf([...new Set(names)]).safeParse(json, {
    reportInput: true,
  });
  if (error) throw new UserError(`${path}: ${errorTextsOf(error)[0]}`);
  return data;
}
