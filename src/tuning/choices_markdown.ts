// The choices for people: the best and the second best, warnings, and entries to paste into a sweep file.
import { markdownTable } from "markdown-table";
import type { InvalidRunFile } from "../runs/run_folder.ts";
import { differingSettingsOf, factColumns, rowNamesOf, settingTextOf } from "../tables/facts.ts";
import { formatAccuracy, initialisationNameOf } from "../tables/format.ts";
import { invalidFileNoteOf } from "../tables/notes.ts";
import type { Candidate, Choice } from "./choices.ts";
import { entriesOf } from "./sweep_entries.ts";

/** The choices as Markdown, ending in a newline. */
export function choicesMarkdownOf(
  choices: readonly Choice[],
  invalidFiles: readonly InvalidRunFile[] = [],
): string {
  const settings = differingSettingsOf({ rows: choices });
  const header = [...Object.keys(factColumns), ...settings];
  const lines = choices.map((choice) => {
    const [best, second] = choice.candidates;
    return [
      ...Object.values(factColumns).map((text) => text(choice)),
      ...settings.map((name) => settingTextOf(name, choice)),
      choice.algorithm,
      settingText(best!, choice),
      formatAccuracy(best!.accuracy),
      second ? settingText(second, choice) : "—",
      second ? formatAccuracy(second.accuracy) : "—",
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
    ...warningsOf(choices, invalidFiles),
    ...sweepEntriesMarkdownOf(choices),
  ].join("\n\n") + "\n";
}

/** A list of the warnings, or nothing without any. @param general warnings on all choices */
export function warningsOf(
  choices: readonly Choice[],
  invalidFiles: readonly InvalidRunFile[],
  general: readonly string[] = [],
): string[] {
  const all = choices.flatMap((choice) => choice.warnings.map((warning) => ({ choice, warning })));
  const alike = Map.groupBy(all, ({ choice, warning }) => `${choice.algorithm} ${warning}`);
  const warnings = [...alike.values()].map((members) => {
    const { choice: { algorithm }, warning } = members[0]!;
    const rows = rowNamesOf(members.map(({ choice }) => choice), { rows: choices });
    return `${algorithm}, ${rows}: ${warning}`;
  });
  const notes = [...general, ...warnings, ...invalidFiles.map(invalidFileNoteOf)].map((note) =>
    `- ${note}`
  );
  return notes.length > 0 ? [`Look out:\n\n${notes.join("\n")}`] : [];
}

function settingText({ parameters }: Candidate, { tuned }: Choice): string {
  return tuned.map((name) => `${name} ${parameters[name]}`).join(", ") || "the only one";
}

function sweepEntriesMarkdownOf(choices: readonly Choice[]): string[] {
  const files = entriesOf(choices);
  const differing = differingSettingsOf({ rows: choices });
  return files.map(({ context, networks, algorithms }) => {
    const facts = { context, sparsity: 0 };
    const settings = differing.map((name) => `${name} ${settingTextOf(name, facts)}`);
    const parts = [
      context.dataset.name,
      initialisationNameOf(context),
      networks.join(" and "),
      ...settings,
    ];
    const where = files.length > 1 ? ` (${parts.join("; ")})` : "";
    const lines = algorithms.map((entry) => `  ${JSON.stringify(entry)}`).join(",\n");
    return `For a sweep file${where}:\n\n\`\`\`json\n"algorithms": [\n${lines}\n]\n\`\`\``;
  });
}
