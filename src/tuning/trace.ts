// The record of a tuning: every setting that was tried, and for people those that were chosen.
import { markdownTable } from "markdown-table";
import { positionInRange, rangeTextOf } from "../algorithms/space.ts";
import { median, pairedDifference } from "../base/statistics.ts";
import type { InvalidRunFile } from "../runs/run_folder.ts";
import { csvTextOf } from "../tables/csv.ts";
import {
  commonSettingsOf,
  differingSettingsOf,
  factColumns,
  settingTextOf,
  splitFactColumns,
} from "../tables/facts.ts";
import { formatAccuracy, formatFixed, formatInterval } from "../tables/format.ts";
import { warningsOf } from "./choices_markdown.ts";
import { choiceOf, chosenOf, type TrialResult, type TuningCell } from "./outcome.ts";
import type { TuningPlan } from "./plan.ts";

/**
 * A line for each try of each cell, best first. `seed_…` are accuracies in percent by seed, empty where the loss was NaN or
 * infinite; `place_…` is the position of a value in its range, from 0 at the lower end to 1 at the upper.
 */
export function tuningTraceOf(
  { sweep, searches }: TuningPlan,
  cells: readonly TuningCell[],
): string {
  return csvTextOf(cells.flatMap((cell) => {
    const { search, context, sparsity, tried } = cell;
    return tried.map((one, i) => ({
      dataset: context.dataset.name,
      split: context.dataset.split,
      network: context.network.name,
      width: context.network.width,
      initialisation: context.initialisation.name,
      scale_fan: context.initialisation.scaleFan,
      epochs: context.epochs,
      sparsity,
      entry: searches.indexOf(search),
      algorithm: search.entry.name,
      try: one.trial.number,
      rank: i + 1,
      chosen: one === chosenOf(cell),
      mean: one.accuracy?.mean.toFixed(4),
      deviation: one.accuracy?.deviation?.toFixed(4),
      ...prefixedFields("seed_", sweep.tune.seeds, (_, j) => one.accuracies[j]?.toFixed(4)),
      ...prefixedFields(
        "place_",
        Object.keys(search.space),
        (name) => positionText(name, one, cell),
      ),
      ...prefixedFields("parameter_", Object.keys(one.parameters), (name) => one.parameters[name]),
    }));
  }));
}

function prefixedFields<Key extends string | number, Field>(
  prefix: string,
  keys: readonly Key[],
  field: (key: Key, i: number) => Field,
): Record<string, Field> {
  return Object.fromEntries(keys.map((key, i) => [`${prefix}${key}`, field(key, i)]));
}

function positionText(
  name: string,
  { parameters }: TrialResult,
  { search }: TuningCell,
): string | undefined {
  return positionInRange(search.space[name]!, parameters[name]!)?.toFixed(2);
}

/** Markdown for people, ending in a newline: the settings that were chosen, how they were searched, and warnings. */
export function tuningMarkdownOf(
  { sweep, searches, runs }: TuningPlan,
  cells: readonly TuningCell[],
  invalidFiles: readonly InvalidRunFile[],
): string {
  const { tries, seeds, given } = sweep.tune;
  const epochs = sweep.tune.epochs ?? sweep.epochs;
  const { alike } = splitFactColumns({ rows: cells });
  const choices = cells.map((cell) => ({ ...choiceOf(cell), algorithm: cell.search.label }));
  const spaces = searches.map(({ label, space }) => {
    const ranges = Object.entries(space).map(([name, range]) => `${name} ${rangeTextOf(range)}`);
    return `- **${label}**: ${ranges.join("; ") || "nothing to choose, as in the sweep"}.`;
  });
  return [
    `# Tuning of ${sweep.name}`,
    [
      `- **The same for every algorithm**, network and sparsity: ${tries} ` +
      `${tries === 1 ? "try" : "tries"} of ${epochs} ${epochs === 1 ? "epoch" : "epochs"} with ` +
      `seed${seeds.length > 1 ? "s" : ""} ${seeds.join(", ")}; ${runs.length} runs in all.` +
      (given ? " Try 0 of each is what the sweep itself gives, besides them." : ""),
      "- **Accuracy** in percent on the validation split, training pictures held out, after the last " +
      "epoch: mean ± standard deviation over seeds (number of seeds). The test set had no part in it.",
      "- **Lead**: the chosen setting's over the runner-up, in points, paired by seed; one whose interval holds zero may be " +
      "chance.",
      "- In **brackets**: where a value lies between the ends of what was searched, 0 the lower, 1 the " +
      "upper.",
    ].join("\n"),
    tableMarkdownOf(cells),
    ...warningsOf(
      choices,
      invalidFiles,
      epochs === sweep.epochs ? [] : [
        `tried for ${epochs} ${epochs === 1 ? "epoch" : "epochs"}, and the recipe runs ` +
        `${sweep.epochs}: what is best at one length need not be at another`,
      ],
    ),
    `What was searched, at the same places of every range:\n\n${spaces.join("\n")}`,
    `All runs: ${
      [...alike.map((name) => factColumns[name]!(cells[0]!)), commonSettingsOf({ rows: cells })]
        .join(", ")
    }. Every try is in trace.csv.`,
  ].join("\n\n") + "\n";
}

function tableMarkdownOf(cells: readonly TuningCell[]): string {
  const settings = differingSettingsOf({ rows: cells });
  const { differing } = splitFactColumns({ rows: cells });
  const header = [...differing, ...settings, "algorithm"];
  const figures = ["accuracy", "runner-up", "lead [95% interval]", "median", "tries", "diverged"];
  const lines = cells.map((cell) => {
    const { search, tried } = cell;
    const known = tried.filter(({ accuracy }) => accuracy !== undefined);
    const finished = known.map(({ accuracy }) => accuracy!), [best, second] = finished;
    const middle = median(finished.map(({ mean }) => mean));
    return [
      ...differing.map((name) => factColumns[name]!(cell)),
      ...settings.map((name) => settingTextOf(name, cell)),
      search.label,
      chosenText(cell),
      best ? formatAccuracy(best) : "—",
      second ? formatAccuracy(second) : "—",
      second ? leadText(known[0]!, known[1]!) : "—",
      middle === null ? "—" : formatFixed(middle),
      String(tried.length),
      String(tried.length - finished.length),
    ];
  });
  return markdownTable([[...header, "chosen", ...figures], ...lines], {
    align: [...header.map(() => "l"), "l", ...figures.map(() => "r")],
  });
}

// How much better the chosen one was than the runner-up, paired by seed: the uncertainty of the choice.
function leadText(best: TrialResult, second: TrialResult): string {
  const accuraciesOf = ({ accuracies }: TrialResult) => accuracies.map((accuracy) => accuracy!);
  const { mean, interval } = pairedDifference(accuraciesOf(best), accuraciesOf(second));
  return formatInterval(mean, interval);
}

function chosenText(cell: TuningCell): string {
  const best = chosenOf(cell);
  if (!best) return "none";
  return Object.keys(cell.search.space).map((name) => {
    const position = positionText(name, best, cell);
    return `${name} ${best.parameters[name]}${position === undefined ? "" : ` (${position})`}`;
  }).join(", ");
}
