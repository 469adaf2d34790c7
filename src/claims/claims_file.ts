// A file of claims: sentences on what runs show, each with the comparisons that it rests on, registered with a date.
import { z } from "zod";
import { parseWrittenJsonAs, readUserFile } from "../base/json.ts";
import { distinctList, strictObject } from "../base/schema_errors.ts";
import { plainText } from "../base/text.ts";

const text = plainText.min(1).max(1000);

const comparisonSchema = strictObject({
  runs: text.describe("the folder of the runs, from the claims' file on"),
  sparsity: z.number().min(0).lt(1),
  network: text.optional().describe("`conv4 × 0.25`, as tables name it; for folders with several"),
  initialisation: text.optional().describe("as tables name it; for folders with several"),
  minuend: text.describe("a column of the folder's table, such as `sbp (scope=global)`"),
  subtrahend: text.describe("the column that it is compared with"),
  expects: z.union([
    z.enum(["better", "worse", "undecided"]),
    strictObject({ within: z.number().positive() }),
  ], { error: 'expected "better", "worse", "undecided" or {"within": POINTS}' })
    .describe(
      "of the minuend: its mean is higher, lower, not told apart, or no more points away than this",
    ),
  unequalDensity: z.boolean().default(false)
    .describe("whether the sentence says that the two keep different fractions of the weights"),
});

const claimSchema = strictObject({
  name: text.describe("by which pages cite it"),
  registered: z.iso.date("expected a date, such as 2026-11-30"),
  says: text.describe("the sentence, as it stands on the page"),
  page: text.optional()
    .describe("where it stands, from the claims' file on; without a page it is an open question"),
  plan: text.describe("the sweep, its seeds, and how its hyper-parameters were chosen"),
  compares: z.array(comparisonSchema).min(1),
});

const citedSchema = strictObject({
  name: text,
  figures: distinctList(text, "figure").min(1).describe("as they stand on the page"),
  source: text.describe("where they were read, and how"),
});

/** The whole file. */
export const claimsFileSchema = strictObject({
  $schema: z.string().optional(),
  claims: z.array(claimSchema).min(1),
  cited: z.array(citedSchema).default([])
    .describe("figures that are in no run, such as those of others, with their sources"),
  pages: z.array(text).default([])
    .describe("pages on which every figure must be bound, from the claims' file on"),
});

export type ClaimsFile = z.output<typeof claimsFileSchema>;
export type RegisteredClaim = ClaimsFile["claims"][number];
export type ClaimedComparison = RegisteredClaim["compares"][number];

/**
 * Reads a file of claims.
 * @param shown how it is called in messages
 * @throws {UserError} with the first mistake
 */
export async function readClaimsFile(path: string, shown: string): Promise<ClaimsFile> {
  return parseWrittenJsonAs(
    claimsFileSchema,
    await readUserFile(path, shown, "does not exist"),
    shown,
  );
}
