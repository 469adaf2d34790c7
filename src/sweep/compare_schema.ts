// Which algorithms a table sets against each other: the key `compare` of a sweep file, and `compare.json` of its folder.
import { z } from "zod";
import { distinctList } from "../base/schema_errors.ts";

/** Two algorithms by name: of the first's accuracy the second's is subtracted. */
export type AlgorithmPair = readonly [minuend: string, subtrahend: string];

/** A list of pairs. @param names of the algorithms that there are */
export function compareSchemaOf(names: readonly string[]) {
  const name = z.enum(names);
  const pair = z.tuple([name, name], { error: "expected a list of two algorithms" }).refine(
    ([minuend, subtrahend]) => minuend !== subtrahend,
    {
      error: "compares an algorithm with itself: expected two",
      when: ({ issues }) => issues.length === 0,
    },
  );
  return distinctList(pair, "pair").describe(
    "pairs of algorithms whose difference tables show, the first less the second; default the last method with the " +
      "reference, see `list`",
  );
}
