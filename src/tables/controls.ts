// Masks with their sanity controls: whether each control is worth no more than guessing.
import { markdownTable } from "markdown-table";
import { meanInterval, summarise, type Summary } from "../base/statistics.ts";
import type { Controls } from "../training/result.ts";
import { contextFields, csvTextOf } from "./csv.ts";
import {
  commonSettingsOf,
  differingSettingsOf,
  factColumns,
  rowNameOf,
  rowNamesOf,
  settingTextOf,
  splitFactColumns,
} from "./facts.ts";
import { formatAccuracy, formatFixed, formatPercent, formatShare } from "./format.ts";
import { type Cell, type Row, tableOf, type TableRun } from "./table.ts";

/** The controls, as tables name them. */
const names = ["shuffled", "inverted", "redrawn"] as const satisfies (keyof Controls)[];
type Name = (typeof names)[number];

/** A run that has its controls. */
export type ControlledRun = TableRun & { readonly result: { readonly controls: Controls } };

export const isControlled = (run: TableRun): run is ControlledRun =>
  run.result.controls !== undefined;

/** `at`: the 95% interval of the mean over seeds holds chance. `unknown`: one seed has no interval. */
export type ControlVerdict = "at" | "above" | "below" | "unknown";

/** A control that keeps less than this fraction of what the mask has above chance is near chance. */
const NEAR = 0.05;

/** One control in one cell of the table of masks. Accuracies in percent. */
interface Control {
  readonly row: Row;
  readonly cell: Cell;
  readonly name: Name;
  readonly accuracy: Summary;
  readonly chance: number;
  readonly low: number | undefined;
  readonly high: number | undefined;
  readonly verdict: ControlVerdict;
}

/** Where the mean over seeds lies relative to chance. Equal values are their own interval. */
export function controlVerdictOf(
  summary: Summary,
  chance: number,
): { low?: number; high?: number; verdict: ControlVerdict } {
  const { mean, deviation } = summary;
  if (deviation === null) return { verdict: "unknown" };
  const { low, high } = meanInterval(summary) ?? { low: mean, high: mean };
  if (low > chance) return { low, high, verdict: "above" };
  return { low, high, verdict: high < chance ? "below" : "at" };
}

function controlsOf(runs: readonly ControlledRun[]): Control[] {
  return tableOf(runs).rows.flatMap((row) =>
    row.cells.flatMap((cell) =>
      cell === null ? [] : names.map((name): Control => {
        const found = (cell.runs as readonly ControlledRun[]).map(({ result }) => result.controls);
        const accuracy = summarise(found.map((controls) => 100 * controls[name]));
        const chance = 100 * found[0]!.chance;
        const { low, high, verdict } = controlVerdictOf(accuracy, chance);
        return { row, cell, name, accuracy, chance, low, high, verdict };
      })
    )
  );
}

/** The file for programs: a line for each control. */
export function controlsCsvOf(runs: readonly ControlledRun[]): string {
  return csvTextOf(
    controlsOf(runs).map(({ row, cell, name, accuracy, chance, low, high, verdict }) => ({
      ...contextFields(row),
      sparsity: row.sparsity,
      column: cell.column.label,
      control: name,
      n: accuracy.n,
      mean: accuracy.mean.toFixed(4),
      deviation: accuracy.deviation?.toFixed(4),
      low: low?.toFixed(4),
      high: high?.toFixed(4),
      chance,
      standing: verdict,
      mask_mean: cell.accuracy.mean.toFixed(4),
    })),
  );
}

/** The file for people, ending in a newline. @param notes further sentences */
export function controlsMarkdownOf(
  runs: readonly ControlledRun[],
  notes: readonly string[] = [],
): string {
  const controls = controlsOf(runs);
  const { rows } = tableOf(runs);
  const { alike, differing } = splitFactColumns({ rows });
  const settings = differingSettingsOf({ rows });
  const chances = [...new Set(controls.map(({ chance }) => formatPercent(chance / 100)))].join(
    ", ",
  );
  const cells = [...Map.groupBy(controls, ({ cell }) => cell).values()];
  const lines = cells.map((members) => {
    const { row, cell } = members[0]!;
    return [
      ...differing.map((name) => factColumns[name]!(row)),
      ...settings.map((name) => settingTextOf(name, row)),
      cell.column.label,
      formatAccuracy(cell.accuracy),
      ...members.map((one) => formatAccuracy(one.accuracy) + (one.verdict === "above" ? " ↑" : "")),
    ];
  });
  const header = [...differing, ...settings, "algorithm", "mask", ...names];
  const labels = [...new Set(controls.map(({ cell }) => cell.column.label))];
  const common = [...alike.map((name) => factColumns[name]!(rows[0]!)), commonSettingsOf({ rows })];
  return [
    "# Masks and their controls",
    [
      "- **Accuracy** in percent after the last epoch: mean ± standard deviation over seeds (number of " +
      `seeds). Chance, one over the number of classes, is ${chances}.`,
      "- **shuffled**: the mask in a random order within each layer. **inverted**: the weights that it " +
      "removes. **redrawn**: the mask over weights drawn again.",
      "- **↑**: above chance, by the 95% interval of the mean. One interval in forty is by chance alone.",
    ].join("\n"),
    markdownTable([header, ...lines], {
      align: header.map((_, i) => i <= differing.length + settings.length ? "l" : "r"),
    }),
    labels.map((label) =>
      `- ${verdictOf(label, controls.filter(({ cell }) => cell.column.label === label), rows)}`
    ).join("\n"),
    [...notes, `All runs: ${common.join(", ")}.`].join("\n\n"),
  ].join("\n\n") + "\n";
}

function verdictOf(label: string, controls: readonly Control[], rows: readonly Row[]): string {
  const isUseful = ({ cell, chance }: Control) => cell.accuracy.mean > chance;
  const uselessRows = [...new Set(controls.filter((one) => !isUseful(one)).map(({ row }) => row))];
  const useless = `the mask itself is not above chance at ${rowNamesOf(uselessRows, { rows })}`;
  if (!controls.some(isUseful)) return `**${label}**: ${useless}.`;
  const verdict = verdictOnUsefulMasks(controls.filter(isUseful), rows);
  return `**${label}**: ${uselessRows.length > 0 ? `${useless}; elsewhere ` : ""}${verdict}.`;
}

function verdictOnUsefulMasks(controls: readonly Control[], rows: readonly Row[]): string {
  const above = controls.filter(({ verdict }) => verdict === "above");
  const max = Math.max(0, ...controls.map(remainderOf));
  const left = `at most ${formatShare(max)} of what the mask has above chance is left`;
  const exceptions = above.map(({ name, row, low, high, accuracy }) =>
    `${name} at ${rowNameOf(row, { rows })} (${formatFixed(accuracy.mean)} [${formatFixed(low!)}, ${
      formatFixed(high!)
    }])`
  );
  const where = `; of ${controls.length} intervals, ${above.length} above chance: ${
    exceptions.join("; ")
  }`;
  if (controls.some(({ verdict }) => verdict === "unknown")) {
    return `one seed doesn't tell whether each control fell to chance; ${left}`;
  }
  if (above.length === 0) {
    return `each control fell to chance: no 95% interval lies above it; ${left}`;
  }
  return above.every((control) => remainderOf(control) < NEAR)
    ? `each control fell to chance or near it: ${left}${where}`
    : `not every control fell to chance: ${left}${where}`;
}

// The fraction of what the mask has above chance that a control keeps.
function remainderOf({ accuracy, cell, chance }: Control): number {
  return (accuracy.mean - chance) / (cell.accuracy.mean - chance);
}
