// The recipe of a tuning: the sweep that it began with, on the test set, with the settings that were chosen.
import { packOf } from "../datasets/pack.ts";
import { networkNameOf } from "../runs/label.ts";
import { checkSweep } from "../sweep/read.ts";
import { choiceOf, chosenOf, type TuningCell } from "./outcome.ts";
import type { TuningPlan } from "./plan.ts";
import { entriesOf } from "./sweep_entries.ts";

/**
 * The texts of sweep files, each ending in a newline: one, or one for each initialisation and each width of a network,
 * which share their values in a sweep file; nothing where all tries of a cell diverged.
 */
export function recipesOf({ sweep, searches }: TuningPlan, cells: readonly TuningCell[]): string[] {
  if (cells.some((cell) => !chosenOf(cell))) return [];
  const chosen = searches.map((search) =>
    entriesOf(cells.filter((cell) => cell.search === search).map(choiceOf))
  );
  const { $schema: _schema, tune: _tune, ...rest } = sweep;
  const files = chosen.find((entries) => entries.length > 0)!;
  return files.map(({ networks, context }, file) => {
    const recipe = {
      ...rest,
      name: `${sweep.name.slice(0, 94)}-tuned`,
      dataset: packOf(sweep.dataset) ?? sweep.dataset, // as a sweep file names a packed folder
      split: "test",
      networks: sweep.networks.filter((network) => networks.includes(networkNameOf({ network }))),
      initialisations: [context.initialisation],
      algorithms: searches.map(({ entry }, i) => chosen[i]![file]?.algorithms[0] ?? entry),
    };
    checkSweep(recipe);
    return JSON.stringify(recipe, null, 2) + "\n";
  });
}
