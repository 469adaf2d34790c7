// Lists of objects with equal keys, written as a list of values for each key: a third of the text, and what a data frame is
// made from.
import { z } from "zod";

/** Reads columns as the list of entries that they were made of. */
export const columnsSchema = <Entry extends z.ZodObject>(entry: Entry) =>
  z.record(z.string(), z.array(z.unknown())).transform((lists, context) => {
    const values = Object.entries(lists), length = values[0]?.[1].length ?? 0;
    if (values.some(([, list]) => list.length !== length)) {
      context.addIssue({ code: "custom", message: "columns of different lengths" });
      return z.NEVER;
    }
    return Array.from(
      { length },
      (_, i) => Object.fromEntries(values.map(([key, list]) => [key, list[i]])),
    );
  }).pipe(z.array(entry));

/** The columns of entries that have the keys of the first. */
export const listsByKeyOf = (entries: readonly object[]) =>
  Object.fromEntries(
    Object.keys(entries[0] ?? {}).map((
      key,
    ) => [key, entries.map((entry) => entry[key as keyof typeof entry])]),
  );
