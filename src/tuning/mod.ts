// A tuning from its folder of runs: the recipe, and the trace of all tries.
import { join } from "node:path";
import { removeFile, writeFileAtomically } from "../base/atomic_files.ts";
import { readRunFolder } from "../runs/run_folder.ts";
import { tuningOutcomeOf } from "./outcome.ts";
import type { TuningPlan } from "./plan.ts";
import { recipesOf } from "./recipe.ts";
import { tuningMarkdownOf, tuningTraceOf } from "./trace.ts";

export { type EntrySearch, type Trial, type TuningPlan, tuningPlanOf } from "./plan.ts";

/**
 * Writes `tuning.md`, `trace.csv` and `recipe.json` (several are numbered) to a folder in which every run of the plan
 * is finished or has diverged. The same run files give the same bytes.
 * @returns the text of `tuning.md`, and the names of the recipes: none where all tries of some cell diverged
 */
export async function writeTuning(
  folder: string,
  plan: TuningPlan,
): Promise<{ markdown: string; recipes: string[] }> {
  const { runs, invalidFiles } = await readRunFolder(folder);
  const accuracies = runs.map(({ identity, result }) =>
    [identity, result.lastTestAccuracy] as const
  );
  const cells = tuningOutcomeOf(plan, new Map(accuracies));
  const markdown = tuningMarkdownOf(plan, cells, invalidFiles);
  const texts = recipesOf(plan, cells);
  const recipes = texts.map((_, i) => texts.length === 1 ? "recipe.json" : `recipe-${i + 1}.json`);
  for await (const { name } of Deno.readDir(folder)) { // Those of an earlier tuning.
    if (/^recipe(-\d+)?\.json$/.test(name)) await removeFile(join(folder, name));
  }
  await writeFileAtomically(join(folder, "trace.csv"), tuningTraceOf(plan, cells));
  for (const [i, text] of texts.entries()) {
    await writeFileAtomically(join(folder, recipes[i]!), text);
  }
  await writeFileAtomically(join(folder, "tuning.md"), markdown);
  return { markdown, recipes };
}
