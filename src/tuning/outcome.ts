// What came out of a tuning: the tries of each algorithm at each network and sparsity, best first.
import { positionInRange, rangeTextOf } from "../algorithms/space.ts";
import { summarise, type Summary } from "../base/statistics.ts";
import { canonicalJson, identityOf } from "../runs/identity.ts";
import { compareContexts, contextOf } from "../tables/table.ts";
import type { RunConfig } from "../training/config.ts";
import { type Choice, isAllowed } from "./choices.ts";
import type { EntrySearch, Trial, TuningPlan } from "./plan.ts";

/** What came out of one setting in one context and at one sparsity. */
export interface TrialResult {
  readonly trial: Trial;
  /** Every hyper-parameter. */
  readonly parameters: RunConfig["algorithm"]["parameters"];
  /** After the last epoch, in percent, by the plan's seeds; nothing where the loss was NaN or infinite. */
  readonly accuracies: readonly (number | undefined)[];
  /** Nothing where a seed diverged: the setting then ranks last. */
  readonly accuracy: Summary | undefined;
}

/** All tries of one entry of the sweep in one context and at one sparsity. */
export interface TuningCell {
  readonly search: EntrySearch;
  readonly context: Choice["context"];
  readonly sparsity: number;
  /** Best first, of equals the earlier try first; those that diverged are last. */
  readonly tried: readonly TrialResult[];
}

/** A best value in this fraction of its range, at either end, is reported as lying at its edge. */
const EDGE = 0.1;

/**
 * Ranks what was tried.
 * @param accuracies of the plan's runs by identity, fractions of the last epoch; those that diverged have none
 * @returns in the order of the sweep's algorithms, and for each in that of a table's rows
 */
export function tuningOutcomeOf(
  { searches, sweep }: TuningPlan,
  accuracies: ReadonlyMap<string, number>,
): TuningCell[] {
  return searches.flatMap((search) => {
    const all = search.trials.flatMap((trial) => trial.runs.map((run) => ({ trial, run })));
    const cells = Map.groupBy(all, ({ run }) => JSON.stringify([contextOf(run), run.sparsity]));
    return [...cells.values()].map((members): TuningCell => {
      const { run: { sparsity }, run } = members[0]!;
      const tried = search.trials.map((trial): TrialResult => {
        const own = members.filter((member) => member.trial === trial).map(({ run }) => run);
        const percents = sweep.tune.seeds.map((seed) => {
          const found = accuracies.get(identityOf(own.find((run) => run.seed === seed)!));
          return found === undefined ? undefined : 100 * found;
        });
        const known = percents.filter((percent) => percent !== undefined);
        return {
          trial,
          parameters: own[0]!.algorithm.parameters,
          accuracies: percents,
          accuracy: known.length < percents.length ? undefined : summarise(known),
        };
      });
      return { search, context: contextOf(run), sparsity, tried: tried.sort(byAccuracy) };
    }).sort((a, b) => compareContexts(a.context, b.context) || a.sparsity - b.sparsity);
  });
}

const byAccuracy = (a: TrialResult, b: TrialResult) =>
  (b.accuracy?.mean ?? -1) - (a.accuracy?.mean ?? -1) || a.trial.number - b.trial.number;

/** The best try; nothing where all diverged. */
export function chosenOf({ tried: [best] }: TuningCell): TrialResult | undefined {
  return best?.accuracy && best;
}

/** The outcome of a cell as a choice, with its warnings. */
export function choiceOf(cell: TuningCell): Choice {
  const { search: { entry, space }, context, sparsity, tried } = cell;
  return {
    context,
    sparsity,
    algorithm: entry.name,
    candidates: tried.flatMap(({ parameters, accuracy, trial }) =>
      accuracy
        ? [{ parameters, accuracy, seeds: [...new Set(trial.runs.map(({ seed }) => seed))] }]
        : []
    ),
    tuned: Object.keys(space),
    warnings: warningsOf(cell),
  };
}

function warningsOf(cell: TuningCell): string[] {
  const { tried } = cell, best = chosenOf(cell);
  const settings = new Set(tried.map(({ parameters }) => canonicalJson(parameters))).size;
  return [
    ...settings < tried.length ? [`its ${tried.length} tries were ${settings} settings`] : [],
    ...best
      ? edgeWarnings(cell, best)
      : [`all ${tried.length} tries diverged: expected smaller rates in tune.spaces`],
  ];
}

// A best value at an end of the range that was searched may be exceeded beyond it, if the algorithm takes such values.
function edgeWarnings({ search: { entry, space } }: TuningCell, best: TrialResult): string[] {
  return Object.entries(space).flatMap(([name, range]) => {
    const value = best.parameters[name]!;
    const position = positionInRange(range, value);
    const isBeyond = range.among ? !range.among.includes(value) : position! < 0 || position! > 1;
    if (isBeyond && best.trial.number === 0) {
      return [`${name} ${value} is beyond what was searched, ${rangeTextOf(range)}`];
    }
    if (typeof value !== "number" || position === undefined) return [];
    const margin = range.among ? 0 : EDGE;
    const side = sideOf(position, margin);
    const end = range.among ? value : (range.log ?? range.linear)![side === "lower" ? 0 : 1];
    const beyond = end + (side === "lower" ? -0.01 : 0.01) * (end || 1);
    if (!side || !isAllowed(entry.name, name, beyond)) return [];
    return [`${name} ${value} is at the ${side} edge of what was searched, ${rangeTextOf(range)}`];
  });
}

function sideOf(position: number, margin: number): "lower" | "upper" | undefined {
  if (position <= margin) return "lower";
  return position >= 1 - margin ? "upper" : undefined;
}
