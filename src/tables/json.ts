// The table as JSON, for programs: the lines of the CSV, with figures as numbers.
import { csvLinesOf } from "./csv.ts";
import type { Table } from "./table.ts";

/** A list of objects, one for each line of the CSV, without the fields that are empty there. Ends in a newline. */
export function jsonOf(table: Table): string {
  const lines = csvLinesOf(table).map((line) =>
    Object.fromEntries(Object.entries(line).filter(([, field]) => (field ?? "") !== ""))
  );
  return JSON.stringify(lines, null, 1) + "\n";
}
