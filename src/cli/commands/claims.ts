// maskbench claims [FILE]: whether each sentence on what runs show still holds.
import { dirname } from "node:path";
import { Command } from "@commander-js/extra-typings";
import { readClaimsFile } from "../../claims/claims_file.ts";
import { judgeClaims, type JudgedClaim, linesOf } from "../../claims/judge.ts";
import { pageFaultsIn } from "../../claims/pages.ts";
import { ownPathOf, shownPathOf, userPathOf } from "../paths.ts";

export const claimsCommand = () =>
  new Command("claims")
    .description("judge a file of claims by the runs that it names, corrected over all of them")
    .argument("[file]", "the claims; default results/claims.json of maskbench itself")
    .option("--json", "print the judgements for programs")
    .addHelpText(
      "after",
      `
A claim holds, fails, or is open; of an open one it says how many more seeds would settle it. Exit code 1: a claim that
stands on a page does not hold, its sentence is not there, or a page has a figure that is bound to nothing.

Examples:
  deno task maskbench claims
  deno task maskbench claims mine/claims.json`,
    )
    .action(async (given, { json = false }) => {
      const path = given === undefined ? ownPathOf("results", "claims.json") : userPathOf(given);
      const file = await readClaimsFile(path, shownPathOf(path));
      const judged = await judgeClaims(file, path);
      const faults = pageFaultsIn(file, judged, dirname(path));
      console.log(json ? JSON.stringify(jsonOf(judged, faults), null, 2) : textOf(judged, faults));
      if (faults.length > 0) Deno.exitCode = 1;
    });

function textOf(judged: readonly JudgedClaim[], faults: readonly string[]): string {
  const count = (wanted: string) => judged.filter(({ standing }) => standing === wanted).length;
  return [
    ...judged.flatMap(linesOf),
    "",
    `${judged.length} claims: ${count("holds")} hold, ${count("fails")} fail, ${
      count("open")
    } are open`,
    ...faults,
  ].join("\n");
}

function jsonOf(judged: readonly JudgedClaim[], faults: readonly string[]) {
  return {
    claims: judged.map(({ claim, standing, comparisons }) => ({
      name: claim.name,
      registered: claim.registered,
      says: claim.says,
      standing,
      comparisons: comparisons.map(({ comparison, found, standing, correctedP, seedsMore }) => ({
        ...comparison,
        standing,
        ...found
          ? {
            mean: found.difference.mean,
            interval: found.difference.interval,
            n: found.difference.n,
            p: found.difference.p,
            correctedP,
          }
          : {},
        ...seedsMore === undefined ? {} : { seedsMore },
      })),
    })),
    faults,
  };
}
