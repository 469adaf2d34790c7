// What a table says of a row besides its figures: data set, network, initialisation, sparsity, and settings of its runs.
import { layersDigestOf } from "../runs/identity.ts";
import { formatPercent, initialisationNameOf, networkNameOf } from "./format.ts";
import type { Context } from "./table.ts";

/** A row without its figures: what these were measured on. */
export interface RowFacts {
  readonly context: Context;
  readonly sparsity: number;
}

type FactTable = { readonly rows: readonly RowFacts[] };

/** The columns left of the figures in every table. */
export const factColumns: Readonly<Record<string, (row: RowFacts) => string>> = {
  "data set": ({ context }) => context.dataset.name,
  "network": ({ context }) => networkNameOf(context),
  "initialisation": ({ context }) => initialisationNameOf(context),
  "sparsity": ({ sparsity }) => formatPercent(sparsity),
};

/** Splits those columns into the ones that are alike in every row and the differing ones; `sparsity` is always differing. */
export function splitFactColumns({ rows }: FactTable): { alike: string[]; differing: string[] } {
  const isAlike = (name: string) =>
    name !== "sparsity" && rows.length > 0 && countDistinct(rows.map(factColumns[name]!)) === 1;
  const names = Object.keys(factColumns);
  return { alike: names.filter(isAlike), differing: names.filter((name) => !isAlike(name)) };
}

// A setting is a column where rows differ in it; else it is said once below the table, unless it is 0.
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

// What stands behind a name, shown where it is not the same for one name: a data set's bytes, a network's layers.
const digests: Readonly<Record<string, (context: Context) => { name: string; digest: string }>> = {
  "checksum": ({ dataset: { name, checksum } }) => ({ name, digest: checksum }),
  "layers": ({ network }) => ({
    name: network.name,
    digest: layersDigestOf(network) ?? network.module ?? "",
  }),
};

/** Names of the settings in which rows differ; `checksum` and `layers` where data sets or networks of one name are not the same. */
export function differingSettingsOf({ rows }: FactTable): string[] {
  const contexts = rows.map(({ context }) => context);
  const names = Object.keys(settings)
    .filter((name) => countDistinct(contexts.map(settings[name]!)) > 1);
  const ambiguous = Object.keys(digests).filter((fact) => {
    const found = contexts.map(digests[fact]!);
    const digestsOfName = new Set(found.map(({ name, digest }) => `${name} ${digest}`));
    return digestsOfName.size > countDistinct(found.map(({ name }) => name));
  });
  return [...names, ...ambiguous];
}

/** The value of one of the settings that `differingSettingsOf` names. */
export function settingTextOf(name: string, { context }: RowFacts): string {
  return digests[name]?.(context).digest.slice(0, 8) ?? settings[name]!(context);
}

/** `epochs 10, batch size 64, …`: the settings that all rows share; empty without rows. */
export function commonSettingsOf(table: FactTable): string {
  const row = table.rows[0], differ = differingSettingsOf(table);
  if (!row) return "";
  return Object.keys(settings)
    .filter((name) => !differ.includes(name) && settingTextOf(name, row) !== "0")
    .map((name) => `${name} ${settingTextOf(name, row)}`).join(", ");
}

/** In what a row differs from the table's others, in words: `conv4, sparsity 70%`. */
export function rowNameOf(row: RowFacts, table: FactTable): string {
  return [...differencesBesidesSparsity(row, table), `sparsity ${formatPercent(row.sparsity)}`]
    .join(", ");
}

/** The names of several rows: `conv2, sparsity 50%, 70%; conv4, sparsity 50%`. */
export function rowNamesOf(rows: readonly RowFacts[], table: FactTable): string {
  const groups = Map.groupBy(rows, (row) => differencesBesidesSparsity(row, table).join(", "));
  return [...groups.values()].map((members) =>
    [rowNameOf(members[0]!, table), ...members.slice(1).map((row) => formatPercent(row.sparsity))]
      .join(", ")
  ).join("; ");
}

function differencesBesidesSparsity(row: RowFacts, table: FactTable): string[] {
  const own = Object.entries(factColumns)
    .filter(([name, text]) => name !== "sparsity" && countDistinct(table.rows.map(text)) > 1)
    .map(([, text]) => text(row));
  return [
    ...own,
    ...differingSettingsOf(table).map((name) => `${name} ${settingTextOf(name, row)}`),
  ];
}

function countDistinct(texts: readonly string[]): number {
  return new Set(texts).size;
}
