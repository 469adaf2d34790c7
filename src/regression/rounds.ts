// Speed is measured in rounds, each in a process of its own: what chance does to one process it does to all its runs.
import type { RunFile } from "../runs/run_file.ts";
import type { Baseline } from "./baseline.ts";
import { compareWithBaseline, groupOf } from "./compare.ts";
import { type Rules, valueFor } from "./rules.ts";
import { type CellCheck } from "./types.ts";

/** Rounds at most where nothing else is asked for. */
export const defaultRoundCount = 3;

/** Cells whose speed looks worse than the limit, whether chance can be ruled out or not. */
export function suspectsOf(cells: readonly CellCheck[], { limits }: Rules): CellCheck[] {
  return cells.filter(({ metric, difference, configuration }) =>
    metric === "speed" && difference !== null &&
    difference <= -valueFor(limits, metric, configuration)
  );
}

/** The part of a baseline that suspects are of. */
export function baselinePartOf(baseline: Baseline, suspects: readonly CellCheck[]): Baseline {
  const groups = new Set(suspects.map(({ configuration }) => groupOf(configuration)));
  return {
    ...baseline,
    cells: baseline.cells.filter(({ configuration }) => groups.has(groupOf(configuration))),
  };
}

/**
 * Compares with a baseline, and measures again what looks slower until it no longer does, or `most` rounds are made: so
 * a tree that is as fast as before costs one round, and a slower one is called that by the evidence of all of them.
 * @param round makes the runs of a part of the baseline in a process of its own; none where no more can be made
 */
export async function compareInRounds(
  baseline: Baseline,
  runs: readonly RunFile[],
  rules: Rules,
  most: number,
  round: (number: number, suspects: readonly CellCheck[]) => Promise<readonly RunFile[]>,
): Promise<CellCheck[]> {
  const again: (readonly RunFile[])[] = [];
  for (;;) {
    const cells = compareWithBaseline(baseline, runs, rules, again),
      slow = suspectsOf(cells, rules);
    if (slow.length === 0 || again.length + 1 >= most) return cells;
    const made = await round(again.length + 2, slow);
    if (made.length === 0) return cells;
    again.push(made);
  }
}
