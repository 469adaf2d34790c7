// The choices for people: the best and the second best, warnings, and what to paste into a sweep file.
import { markdownTable } from "markdown-table";
import type { SetAside } from "../runs/run_file.ts";
import { differing, placesOf, settingText, shared } from "../tables/facts.ts";
import { accuracy, initialisationName } from "../tables/format.ts";
import { setAsideNote } from "../tables/notes.ts";
import type { Candidate, Choice } from "./choices.ts";
import { entriesOf } from "./sweep_entries.ts";

/** Markdown, ending in a newline. */
export function bestMarkdownOf(
  choices: readonly Choice[],
  setAside: readonly SetAside[] = [],
): string {
  const differ = differing({ rows: choices });
  const header = [...Object.keys(shared), ...differ];
  const lines = choices.map((choice) => {
    const [best, second] = choice.candidates;
    return [
      ...Object.values(shared).map((text) => text(choice)),
      ...differ.map((name) => settingText(name, choice)),
      choice.algorithm,
      settingOf(best!, choice),
      accuracy(best!.accuracy),
      second ? settingOf(second, choice) : "—",
      second ? accuracy(second.accuracy) : "—",
      String(choice.candidates.length),
    ];
  });
  const columns = ["algorithm", "best", "accuracy", "runner-up", "accuracy", "settings tried"];
  const table = markdownTable([[...header, ...columns], ...lines], {
    align: [...header.map(() => "l"), "l", "l", "r", "l", "r", "r"],
  });
  return [
    "Accuracy in percent on the validation split after the last epoch: mean ± standard deviation " +
    "over seeds (number of seeds).",
    table,
    ...lookOut(choices, setAside),
    ...pasteable(choices),
  ].join("\n\n") + "\n";
}

/** What is to be looked out for, if anything is. @param general what is true of all choices */
export function lookOut(
  choices: readonly Choice[],
  setAside: readonly SetAside[],
  general: readonly string[] = [],
): string[] {
  const told = choices.flatMap((choice) => choice.warnings.map((warning) => ({ choice, warning })));
  const alike = Map.groupBy(told, ({ choice, warning }) => `${choice.algorithm} ${warning}`);
  const warnings = [...alike.values()].map((members) => {
    const { choice: { algorithm }, warning } = members[0]!;
    const places = placesOf(members.map(({ choice }) => choice), { rows: choices });
    return `${algorithm}, ${places}: ${warning}`;
  });
  const notes = [...general, ...warnings, ...setAside.map(setAsideNote)].map((note) => `- ${note}`);
  return notes.length > 0 ? [`Look out:\n\n${notes.join("\n")}`] : [];
}

function settingOf({ parameters }: Candidate, { tuned }: Choice): string {
  return tuned.map((name) => `${name} ${parameters[name]}`).join(", ") || "the only one";
}

function pasteable(choices: readonly Choice[]): string[] {
  const all = entriesOf(choices);
  const differ = differing({ rows: choices });
  return all.map(({ context, networks, algorithms }) => {
    const place = { context, sparsity: 0 };
    const settings = differ.map((name) => `${name} ${settingText(name, place)}`);
    const parts = [
      context.dataset.name,
      initialisationName(context),
      networks.join(" and "),
      ...settings,
    ];
    const where = all.length > 1 ? ` (${parts.join("; ")})` : "";
    const lines = algorithms.map((entry) => `  ${JSON.stringify(entry)}`).join(",\n");
    return `For a sweep file${where}:\n\n\`\`\`json\n"algorithms": [\n${lines}\n]\n\`\`\``;
  });
}
