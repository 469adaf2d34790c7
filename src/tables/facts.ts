// What is said of a row beside its figures: where it stands, and which settings its runs share.
import { formatPercent, initialisationNameOf, networkNameOf } from "./format.ts";
import type { Context } from "./table.ts";

/** Where figures belong: all of a row but its figures. */
export interface RowFacts {
  readonly context: Context;
  readonly sparsity: number;
}

type Places = { readonly rows: readonly RowFacts[] };

/** The columns left of the figures in every table. */
export const factColumns: Readonly<Record<string, (row: RowFacts) => string>> = {
  "data set": ({ context }) => context.dataset.name,
  "network": ({ context }) => networkNameOf(context),
  "initialisation": ({ context }) => initialisationNameOf(context),
  "sparsity": ({ sparsity }) => formatPercent(sparsity),
};

/** Of those columns, the ones that say the same in every row, and the others; `sparsity` is always one of these. */
export function splitFactColumns({ rows }: Places): { alike: string[]; telling: string[] } {
  const isAlike = (name: string) =>
    name !== "sparsity" && rows.length > 0 && count(rows.map(factColumns[name]!)) === 1;
  const names = Object.keys(factColumns);
  return { alike: names.filter(isAlike), telling: names.filter((name) => !isAlike(name)) };
}

// Said once below the table where all rows agree, unless that is on 0, and a column of it where they don't.
const settings: Readonly<Record<string, (context: Context) => string>> = {
  "split": ({ dataset }) => dataset.split,
  "epochs": ({ epochs }) => String(epochs),
  "batch size": ({ batchSize }) => String(batchSize),
  "schedule": ({ schedule }) => schedule,
  "warm-up epochs": ({ warmUp = 0 }) => String(warmUp),
  "label smoothing": ({ labelSmoothing = 0 }) => String(labelSmoothing),
  "augmentation": ({ augmentation }) => augmentation,
  "precision": ({ precision }) => precision,
};

/** Names of the settings in which rows differ; `checksum` where data sets of one name are not the same. */
export function differingSettingsOf({ rows }: Places): string[] {
  const contexts = rows.map(({ context }) => context);
  const names = Object.keys(settings).filter((name) => count(contexts.map(settings[name]!)) > 1);
  const checksums = contexts.map(({ dataset }) => `${dataset.name} ${dataset.checksum}`);
  const alike = count(checksums) === count(contexts.map(({ dataset }) => dataset.name));
  return alike ? names : [...names, "checksum"];
}

/** The value of one of the settings that `differingSettingsOf` names. */
export function settingTextOf(name: string, { context }: RowFacts): string {
  return name === "checksum" ? context.dataset.checksum.slice(0, 8) : settings[name]!(context);
}

/** `epochs 10, batch size 64, …`: the settings that all rows share; empty without rows. */
export function commonSettingsOf(table: Places): string {
  const row = table.rows[0], differ = differingSettingsOf(table);
  if (!row) return "";
  return Object.keys(settings)
    .filter((name) => !differ.includes(name) && settingTextOf(name, row) !== "0")
    .map((name) => `${name} ${settingTextOf(name, row)}`).join(", ");
}

/** What tells a row from the table's others, in words: `conv4, sparsity 70%`. */
export function rowNameOf(row: RowFacts, table: Places): string {
  return [...outsideSparsity(row, table), `sparsity ${formatPercent(row.sparsity)}`].join(", ");
}

/** The same of several rows: `conv2, sparsity 50%, 70%; conv4, sparsity 50%`. */
export function rowNamesOf(rows: readonly RowFacts[], table: Places): string {
  const groups = Map.groupBy(rows, (row) => outsideSparsity(row, table).join(", "));
  return [...groups.values()].map((members) =>
    [rowNameOf(members[0]!, table), ...members.slice(1).map((row) => formatPercent(row.sparsity))]
      .join(", ")
  ).join("; ");
}

function outsideSparsity(row: RowFacts, table: Places): string[] {
  const own = Object.entries(factColumns)
    .filter(([name, text]) => name !== "sparsity" && count(table.rows.map(text)) > 1)
    .map(([, text]) => text(row));
  return [
    ...own,
    ...differingSettingsOf(table).map((name) => `${name} ${settingTextOf(name, row)}`),
  ];
}

function count(texts: readonly string[]): number {
  return new Set(texts).size;
}
