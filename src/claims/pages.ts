// The pages of a file of claims: each sentence stands where it is claimed to, holds, and no figure is bound to nothing.
import { join } from "node:path";
import { formatAccuracy, formatDifference, formatShare } from "../tables/format.ts";
import type { ClaimsFile } from "./claims_file.ts";
import type { JudgedClaim } from "./judge.ts";
import { pageFaultsOf } from "./page_figures.ts";

/**
 * What is wrong with the pages, a sentence for each fault.
 * @param folder that pages and files are named from
 */
export function pageFaultsIn(
  { claims, cited, pages }: ClaimsFile,
  judged: readonly JudgedClaim[],
  folder: string,
): string[] {
  const texts = new Map<string, string | undefined>();
  const read = (name: string) => {
    if (!texts.has(name)) texts.set(name, readTextIn(folder, name));
    return texts.get(name);
  };
  const faults: string[] = [];
  for (const [i, { claim, standing }] of judged.entries()) {
    if (claims.findIndex(({ name }) => name === claim.name) !== i) {
      faults.push(`${claim.name} is the name of two claims`);
    }
    if (claim.page === undefined) continue;
    if (standing !== "holds") faults.push(`${claim.page}: ${claim.name} ${standingText[standing]}`);
    const page = read(claim.page);
    if (page === undefined) faults.push(`${claim.page} can't be read`);
    else if (!plainTextOf(page).includes(plainTextOf(claim.says))) {
      faults.push(`${claim.page} does not say what ${claim.name} claims: ${claim.says}`);
    }
  }
  const named = new Map([
    ...judged.map((one) => [one.claim.name, figuresTextOf(one)] as const),
    ...cited.map(({ name, figures }) => [name, figures.join(" ")] as const),
  ]);
  for (const page of pages) {
    const text = read(page);
    if (text === undefined) {
      faults.push(`${page} can't be read`);
      continue;
    }
    for (const fault of pageFaultsOf(text, { named, readFile: read })) {
      faults.push(`${page}:${fault.line}: ${fault.text}`);
    }
  }
  return faults;
}

// Nothing where there is no such file, or it can't be read.
function readTextIn(folder: string, name: string): string | undefined {
  try {
    return Deno.readTextFileSync(join(folder, name));
  } catch {
    return undefined;
  }
}

const standingText = { fails: "fails", open: "is open", holds: "holds" } as const;

// Line breaks and emphasis are layout.
const plainTextOf = (markdown: string) =>
  markdown.replace(/[*_]{1,2}(?=\S)|(?<=\S)[*_]{1,2}/g, "").replace(/\s+/g, " ");

/** All figures of a claim's comparisons. */
function figuresTextOf({ comparisons }: JudgedClaim): string {
  return comparisons.flatMap(({ found }) => found ?? []).map((
    { difference, minuend, subtrahend },
  ) =>
    [
      formatDifference(difference),
      ...[minuend, subtrahend].flatMap(({ accuracy, kept }) => [
        formatAccuracy(accuracy),
        formatShare(kept),
      ]),
    ].join(" ")
  ).join(" ");
}
