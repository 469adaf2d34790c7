// The formats that a table can be printed in. A new one is its file and a line here.
import type { InvalidRunFile } from "../runs/run_folder.ts";
import { csvOf } from "./csv.ts";
import { jsonOf } from "./json.ts";
import { latexOf } from "./latex.ts";
import { markdownOf } from "./markdown.ts";
import type { Table } from "./table.ts";

/** By name; each ends in a newline, and is the same bytes for the same runs. */
export const tableFormats = {
  markdown: markdownOf,
  csv: csvOf,
  latex: latexOf,
  json: jsonOf,
} as const satisfies Record<
  string,
  (table: Table, invalidFiles: readonly InvalidRunFile[]) => string
>;

/** The name of a format. */
export type TableFormat = keyof typeof tableFormats;
