// The regression check: a baseline, the runs that are compared with it, and what changed.
import { join } from "node:path";
import { algorithmRegistry, algorithms } from "../algorithms/registry.ts";
import { writeFileAtomically } from "../base/atomic_files.ts";
import { networkRegistry } from "../networks/registry.ts";
import type { RunConfig } from "../training/config.ts";
import type { Baseline } from "./baseline.ts";
import { checkCsvOf, checkJsonOf, checkMarkdownOf, type CheckResult } from "./report.ts";

export { annotationsOf, junitOf } from "./ci.ts";
export {
  type Baseline,
  baselineOf,
  baselineTextOf,
  ensureSameOutcomes,
  readBaseline,
  type Round,
} from "./baseline.ts";
export type { CellCheck } from "./types.ts";
export { baselinePartOf, compareInRounds, defaultRoundCount } from "./rounds.ts";
export { defaultRules, gates, metricNames, parseRule, type Rules } from "./rules.ts";
export { cellNamerOf, type CheckResult, checkSummaryOf, exitCodeOf } from "./report.ts";

/**
 * The runs that a baseline names, of this version's algorithms and of modules as they are now; and a sentence for each that it
 * can't make.
 */
export function runsOf({ cells }: Baseline): { runs: RunConfig[]; obstacles: string[] } {
  const runs: RunConfig[] = [], obstacles = new Set<string>();
  for (const { configuration, runs: seeds } of cells) {
    const { name, parameters } = configuration.algorithm;
    const found = algorithms.find((algorithm) => algorithm.name === name);
    if (!found) {
      obstacles.add(
        `the baseline has runs of ${name}, which this version does not know: does a module bring it, see --use?`,
      );
    } else if (!found.parameters.safeParse(parameters).success) {
      obstacles.add(`the baseline has hyper-parameters of ${name} that this version does not take`);
    } else {
      const { module: _, ...network } = configuration.network;
      const now = {
        ...configuration,
        network: { ...network, ...networkRegistry.originOf(network.name) },
        algorithm: {
          ...{ name, version: found.version, parameters },
          ...algorithmRegistry.originOf(name),
        },
      };
      for (const { seed } of seeds) runs.push({ ...now, seed });
    }
  }
  return { runs, obstacles: [...obstacles] };
}

/** Writes check.md, check.csv and check.json, each whole or not at all. @returns the text of check.md */
export async function writeCheck(folder: string, check: CheckResult): Promise<string> {
  const markdown = checkMarkdownOf(check);
  await writeFileAtomically(join(folder, "check.csv"), checkCsvOf(check));
  await writeFileAtomically(join(folder, "check.json"), checkJsonOf(check));
  await writeFileAtomically(join(folder, "check.md"), markdown);
  return markdown;
}
