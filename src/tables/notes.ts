// The words around the table: what its figures mean, how the runs were set, and what is missing.
import { markdownText } from "../base/text.ts";
import { basename } from "node:path";
import type { Environment } from "../runs/run_file.ts";
import type { InvalidRunFile } from "../runs/run_folder.ts";
import type { AlgorithmPair } from "../sweep/compare_schema.ts";
import type { Comparison } from "./comparisons.ts";
import { commonSettingsOf, rowNameOf, rowNamesOf } from "./facts.ts";
import { formatPercent, formatShare } from "./format.ts";
import { type Cell, isUnmasked, type Row, type Table } from "./table.ts";

/** A list shows so many items before it ends in "and … more". */
const MAX_ITEMS = 12;

/** What the figures and their marks mean, to be read before them. */
export function legendOfTable(table: Table): string {
  return [meaningNoteOf(table), list(markNotes)].join("\n");
}

/** What the marks at the figures mean. */
export const markNotes: readonly string[] = [
  "**Bold**: the highest mean among the masks of a row that keep the fraction it says.",
  "**≈**: lower, but not ruled out as the best: none of the others is better by a t test at 5% divided by their " +
  "number (multiple comparisons with the best). **?**: lower, and with too few seeds to say.",
];

/** What the figures mean, without their marks. */
export function meaningNoteOf(table: Table): string {
  const { rows, columns } = table;
  const isSingle = cellsOf(table).some(({ accuracy }) => accuracy.n === 1);
  const removed = rows.find(({ sparsity }) => sparsity > 0)?.sparsity ?? 0.7;
  const unmasked = columns.filter(({ algorithm }) => isUnmasked(algorithm));
  return list([
    `**Accuracy** in percent ${
      splitTextOf(table)
    } after the last epoch: mean ± standard deviation over ` +
    "seeds (number of seeds)." + (isSingle ? " One seed alone has no deviation." : ""),
    `**Sparsity** is the fraction of the weights that is removed: sparsity ${
      formatPercent(removed)
    } = ` +
    `${formatPercent(1 - removed)} of the weights kept.`,
    ...unmasked.map(({ label }) =>
      `**${label}** has no mask, so no sparsity: its one result stands in each row it is to be ` +
      "compared with."
    ),
    ...differenceNotesOf(table),
  ]);
}

function splitTextOf({ rows }: Table): string {
  const splits = new Set(rows.map(({ context }) => context.dataset.split));
  if (splits.size > 1) return "on the split that the row names";
  return splits.has("test")
    ? "on the test set"
    : "on the validation split, training pictures held out to tune on,";
}

function differenceNotesOf(table: Table): string[] {
  const unmatched = table.pairs.filter((pair) => !table.comparisons.some((one) => isOf(pair, one)))
    .map(([minuend, subtrahend]) =>
      `No difference of ${minuend} and ${subtrahend} is given, as both have several settings that don't ` +
      "belong together pairwise: `maskbench best` chooses from a validation split."
    );
  return [...table.comparisons.length > 0 ? [meaningOfDifferences(table)] : [], ...unmatched];
}

const isOf = ([first, second]: AlgorithmPair, { minuend, subtrahend }: Comparison) =>
  minuend.algorithm === first && subtrahend.algorithm === second;

function meaningOfDifferences(table: Table): string {
  const all = table.rows.flatMap((row) => row.differences).filter((one) => one !== null);
  const tested = all.filter(({ p }) => p !== null).length;
  const notes = [
    `**${
      differencesName(table)
    }**: the difference of the means in percentage points, with its 95% confidence interval ` +
    "(Student's t), paired by seed: the two had the same random weights and saw the pictures in the same order.",
    ...all.some(({ method }) => method === "welch")
      ? ["† Not the same seeds, so not paired: Welch's method."]
      : [],
    ...all.every(({ isAtEqualDensity }) => isAtEqualDensity) ? [] : [
      "‡ Not at equal density: the fractions that the two keep differ by more than half a point.",
    ],
    ...all.some(({ scopes }) => scopes)
      ? ["§ Unlike with unlike: one has a k for each layer, the other one k for the whole network."]
      : [],
    ...all.length > tested
      ? ["n/a: no interval, for want of seeds (at least 2) or of any spread between them."]
      : [],
    ...tested > 1
      ? [
        `Each interval is on its own. The **verdict** is of the first: better or worse at p < 0.05 after Holm's correction ` +
        `over the table's ${tested} differences; else no difference is shown, which is not that there is none.`,
      ]
      : [
        "The **verdict** is of the first: better or worse at p < 0.05; else no difference is shown, which is not that there is none.",
      ],
  ];
  return notes.join(" ");
}

// The one label, or the algorithms alone where several settings of them are compared.
function differencesName({ against, comparisons, pairs }: Table): string {
  if (against) return `− ${against.label}`;
  if (comparisons.length === 1) return comparisons[0]!.label;
  return pairs.filter((pair) => comparisons.some((one) => isOf(pair, one)))
    .map((pair) => pair.join(" − ")).join("**, **");
}

/** How the runs were set, to be read after the figures. */
export function settingsNoteOf(table: Table): string {
  const columns = table.columns.map(({ label }, i) => {
    const cells = cellsAt(table, i);
    const names = Object.keys(cells[0]![0].runs[0]!.configuration.algorithm.parameters);
    const values = names.map((name) => valuesTextOf(name, cells, table));
    return `**${label}**: ${values.join("; ") || "no hyper-parameters"}.`;
  });
  const underfull = table.columns.flatMap(({ label }, i) => {
    const fewer = cellsAt(table, i).filter(([cell, row]) =>
      !isUnmasked(cell.column.algorithm) && cell.kept < 1 - row.sparsity - 0.0005
    ).map(([{ kept }, row]) => `${formatShare(kept)} at ${rowNameOf(row, table)}`);
    if (fewer.length === 0) return [];
    return [`**${label}** kept fewer weights than it may: ${shortened(fewer, "; ")}.`];
  });
  return list([
    `All runs: ${commonSettingsOf(table)}.`,
    ...columns,
    ...underfull,
    `Made with ${markdownText(environmentTextOf(table))}.`,
  ]);
}

function environmentTextOf(table: Table): string {
  const environments = cellsOf(table).flatMap(({ runs }) => runs.map((run) => run.environment));
  const distinct = (text: (environment: Environment) => string) =>
    [...new Set(environments.map(text))].sort().join(" and ");
  return [
    distinct(({ maskbench, commit }) => `maskbench ${maskbench}${commit && ` (${commit})`}`),
    distinct(({ libtorch, blas }) => `libtorch ${libtorch} (${blas})`),
    distinct(({ device, processor }) => `${device} (${processor})`),
    `threads ${distinct(({ threads }) => String(threads))}`,
  ].join(", ");
}

// The text is `momentum 0.9`, or has the rows of each value: `learningRate 1 (sparsity 50%), 2 (sparsity 70%)`.
function valuesTextOf(name: string, cells: readonly [Cell, Row][], table: Table): string {
  const valueOf = ([cell]: readonly [Cell, Row]) =>
    String(cell.runs[0]!.configuration.algorithm.parameters[name] ?? "unset");
  const byValue = [...Map.groupBy(cells, valueOf)];
  if (byValue.length === 1) return `${name} ${byValue[0]![0]}`;
  const texts = byValue.map(([value, members]) =>
    `${value} (${rowNamesOf(members.map(([, row]) => row), table)})`
  );
  return cells.length > MAX_ITEMS
    ? `${name} ${byValue.map(([value]) => value).join(", ")}, by row as in table.csv`
    : `${name} ${texts.join(", ")}`;
}

/** What the table would hold if it were complete; empty where nothing is missing. */
export function missingNoteOf(table: Table, invalidFiles: readonly InvalidRunFile[]): string {
  const absent = table.columns.flatMap(({ label, algorithm }, i) =>
    rowsFor(algorithm, table).flatMap((row) => {
      const present = row.cells[i]?.runs.map((run) => run.configuration.seed) ?? [];
      const missing = row.seeds.filter((seed) => !present.includes(seed));
      if (missing.length === 0) return [];
      const seeds = `seed${missing.length > 1 ? "s" : ""} ${missing.join(", ")}`;
      return [`${label}, ${rowNameOf(row, table)}: ${seeds}`];
    })
  );
  const items = [
    ...absent,
    ...table.leftOut.map((run) =>
      `left out: run ${run.identity.slice(0, 12)}, its accuracy is no number from 0 to 1`
    ),
    ...invalidFiles.map(invalidFileNoteOf),
  ];
  if (items.length === 0) return "";
  return `Missing, and counted in no figure above:\n\n${
    list([...items.slice(0, MAX_ITEMS), ...remainderNoteOf(items)])
  }`;
}

/** Which file was set aside, and why: one line, even where the reason quotes several lines of the file. */
export function invalidFileNoteOf({ path, reason }: InvalidRunFile): string {
  return `set aside: runs/${basename(path)} ${reason}`.replace(/\s+/g, " ");
}

function remainderNoteOf(items: readonly unknown[]): string[] {
  return items.length > MAX_ITEMS ? [`and ${items.length - MAX_ITEMS} more`] : [];
}

function shortened(items: readonly string[], between: string): string {
  return [...items.slice(0, MAX_ITEMS), ...remainderNoteOf(items)].join(between);
}

function cellsOf(table: Table): Cell[] {
  return table.rows.flatMap(({ cells }) => cells).filter((cell) => cell !== null);
}

function cellsAt(table: Table, column: number): [Cell, Row][] {
  return rowsFor(table.columns[column]!.algorithm, table).flatMap((row): [Cell, Row][] => {
    const cell = row.cells[column];
    return cell ? [[cell, row]] : [];
  });
}

// An algorithm without a mask is in all rows of a context, yet was run once: at sparsity 0.
function rowsFor(algorithm: string, { rows }: Table): Row[] {
  if (!isUnmasked(algorithm)) return [...rows];
  const first = rows.filter((row, i) => rows[i - 1]?.context !== row.context);
  return first.map((row) => ({ ...row, sparsity: 0 }));
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join("\n");
}
