// Columns made into rows again, independently of src/base/columns.ts.
import type { Json } from "./fuzz.ts";

export type Written = { [key: string]: Json };

/** The same object with a list of objects for each of the keys that hold columns. */
export function rowsOf(object: Written, keys: readonly string[]): Written {
  const copy = { ...object };
  for (const key of keys) {
    const columns = Object.entries(copy[key] as { [key: string]: Json[] });
    const rows: Written[] = [];
    for (const [name, values] of columns) {
      for (const [i, value] of values.entries()) (rows[i] ??= {})[name] = value;
    }
    copy[key] = rows;
  }
  return copy;
}
