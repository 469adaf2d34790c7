// Speed is measured in rounds, each in a process of its own: chance has the same effect on all runs of one process.
import type { RunFile } from "../runs/run_file.ts";
import type { Baseline } from "./baseline.ts";
import { compareWithBaseline, groupOf } from "./compare.ts";
import { type Rules, valueFor } from "./rules.ts";
import { type CellCheck } from "./types.ts";

/** The largest number of rounds, unless another is asked for. */
export const defaultRoundCount = 3;

/** Cells whose speed looks worse than the limit, even if that may be chance. */
export function suspectsOf(cells: readonly CellCheck[], { limits }: Rules): CellCheck[] {
  return cells.filter(({ metric, difference, configuration }) =>
    metric === "speed" && difference !== null &&
    difference <= -valueFor(limits, metric, configuration)
  );
}

/** The part of a baseline that belongs to suspects. */
export function baselinePartOf(baseline: Baseline, suspects: readonly CellCheck[]): Baseline {
  const groups = new Set(suspects.map(({ configuration }) => groupOf(configuration)));
  return {
    ...baseline,
    cells: baseline.cells.filter(({ configuration }) => groups.has(groupOf(configuration))),
  };
}

/**
 * Compares with a baseline, and measures again what looks slower, until it no longer does or `maxRounds` are made. So a
 * program that is as fast as before costs one round, and a slower one is judged by the evidence of all of them.
 * @param round makes the runs of the suspects in a process of its own; returns none where no more can be made
 */
export async function compareInRounds(
  baseline: Baseline,
  runs: readonly RunFile[],
  rules: Rules,
  maxRounds: number,
  round: (number: number, suspects: readonly CellCheck[]) => Promise<readonly RunFile[]>,
): Promise<CellCheck[]> {
  const again: (readonly RunFile[])[] = [];
  for (;;) {
    const cells = compareWithBaseline(baseline, runs, rules, again);
    const slow = suspectsOf(cells, rules);
    if (slow.length === 0 || again.length + 1 >= maxRounds) return cells;
    const made = await round(again.length + 2, slow);
    if (made.length === 0) return cells;
    again.push(made);
  }
}
