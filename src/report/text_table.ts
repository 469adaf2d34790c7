// The table as a terminal shows it: a line for each algorithm, a column for each sparsity, as many side by side as fit.
import { styleText } from "node:util";
import { shortened } from "../base/text.ts";
import { differingSettingsOf, factColumns, type RowFacts, settingTextOf } from "../tables/facts.ts";
import {
  differenceMarksOf,
  formatAccuracy,
  formatInterval,
  formatKept,
  formatPercent,
} from "../tables/format.ts";
import { cellRanksOf, rankMarks } from "../tables/ranking.ts";
import type { CellDifference, Row, Table } from "../tables/table.ts";

/** How a terminal is written to. */
export interface TerminalStyle {
  /** Columns of the terminal. */
  readonly width: number;
  /** Whether the best of a column is bold; without, a star stands before it. */
  readonly hasColour: boolean;
}

/** The fewest columns that names get, and the most, as a share of the width. */
const MIN_NAME = 18, MAX_NAME_SHARE = 0.45;

/** Between two columns. */
const GAP = "  ";

/** A line of a block: its name, and a text for each of the block's rows of the table. */
interface Line {
  readonly name: string;
  readonly texts: readonly string[];
  /** The row whose text is the best of its column, if the line has one. */
  readonly best?: readonly boolean[];
}

/** One block for each network and data set, ending in a newline; no line is longer than the width. Empty without rows. */
export function textTableOf(table: Table, style: TerminalStyle): string {
  if (table.rows.length === 0) return "";
  const settings = differingSettingsOf(table);
  const titleOf = (row: RowFacts) =>
    [
      `${factColumns.network!(row)} on ${factColumns["data set"]!(row)}`,
      factColumns.initialisation!(row),
      ...settings.map((name) => `${name} ${settingTextOf(name, row)}`),
    ].join(", ");
  const blocks = [...Map.groupBy(table.rows, titleOf)].flatMap(([title, rows]) =>
    blockLines(title, rows, table, style)
  );
  return [...blocks, ...keyLines(table, style)].join("\n") + "\n";
}

function blockLines(
  title: string,
  rows: readonly Row[],
  table: Table,
  style: TerminalStyle,
): string[] {
  const lines = linesOf(rows, table, style);
  const longest = Math.max(...lines.map(({ name }) => name.length));
  const nameWidth = Math.max(
    MIN_NAME,
    Math.min(longest, Math.floor(style.width * MAX_NAME_SHARE)),
  );
  const widths = rows.map((_, i) => Math.max(...lines.map(({ texts }) => texts[i]!.length)));
  return [
    ...wrapWords(title, style.width),
    ...stretchesOf(widths, style.width - nameWidth).flatMap((indices) => [
      ...lines.flatMap((line) => {
        const names = wrapWords(line.name, nameWidth, GAP);
        const texts = indices.map((i) => {
          const text = line.texts[i]!.padStart(widths[i]!);
          return GAP +
            (line.best?.[i] && style.hasColour
              ? styleText("bold", text, { validateStream: false })
              : text);
        });
        return names.map((name, i) => i === 0 ? name.padEnd(nameWidth) + texts.join("") : name).map(
          (text) => text.trimEnd(),
        );
      }),
      "",
    ]),
  ];
}

// The columns that stand side by side: as many as fit, and at least one.
function stretchesOf(widths: readonly number[], room: number): number[][] {
  return widths.reduce<number[][]>((stretches, width, i) => {
    const last = stretches.at(-1);
    const used = last?.reduce((sum, at) => sum + widths[at]! + GAP.length, 0) ?? Infinity;
    if (last === undefined || used + width + GAP.length > room) return [...stretches, [i]];
    last.push(i);
    return stretches;
  }, []);
}

function linesOf(rows: readonly Row[], table: Table, { hasColour }: TerminalStyle): Line[] {
  const ranks = rows.map(cellRanksOf);
  const accuracies = table.columns.flatMap(({ label }, i): Line[] => {
    const cells = rows.map((row) => row.cells[i]);
    if (cells.every((cell) => !cell)) return [];
    const best = ranks.map((rank) => rank[i] === "best");
    const texts = cells.map((cell, row) => {
      if (!cell) return "—";
      const rank = ranks[row]![i], star = hasColour ? "" : "* ";
      const mark = rank === "best" ? star : rank === undefined ? "" : `${rankMarks[rank]} `;
      return mark + formatAccuracy(cell.accuracy);
    });
    const kept = cells.map((cell, row) => cell ? formatKept(cell, rows[row]!) : "");
    return [
      { name: label, texts, best },
      ...kept.some((text) => text !== "") ? [{ name: "", texts: kept }] : [],
    ];
  });
  const differences = table.comparisons.flatMap(({ label }, i): Line[] => {
    const found = rows.map((row) => row.differences[i]);
    if (found.every((one) => !one)) return [];
    const each = (text: (difference: CellDifference) => string) =>
      found.map((one) => one ? text(one) : "—");
    const parts = (difference: CellDifference) => {
      const [mean = "", bounds = ""] = formatInterval(difference.mean, difference.interval)
        .split(/ (?=\[)/);
      return { mean: [mean, ...differenceMarksOf(difference)].join(" "), bounds };
    };
    return [
      { name: "", texts: rows.map(() => "") },
      { name: label, texts: each((one) => parts(one).mean) },
      { name: "  95% interval", texts: each((one) => parts(one).bounds) },
      { name: "  verdict", texts: each(({ verdict }) => verdict) },
    ];
  });
  const header = { name: "weights removed", texts: rows.map((row) => formatPercent(row.sparsity)) };
  return [header, ...accuracies, ...differences];
}

function keyLines(table: Table, { width, hasColour }: TerminalStyle): string[] {
  const marks = new Set(
    table.rows.flatMap(({ differences }) =>
      differences.flatMap((one) => one ? differenceMarksOf(one) : [])
    ),
  );
  const text = [
    "Accuracy in %, mean ± standard deviation (seeds); differences in points.",
    `${hasColour ? "Bold" : "*"}: the highest of the masks.`,
    "≈: lower, not ruled out as the best.",
    ...table.rows.some((row) => cellRanksOf(row).includes("unknown"))
      ? ["?: too few seeds to say."]
      : [],
    ...marks.has("†") ? ["†: seeds not paired."] : [],
    ...marks.has("‡") ? ["‡: the two keep different fractions."] : [],
    ...marks.has("§") ? ["§: a k for each layer against one for the network."] : [],
  ].join(" ");
  return wrapWords(text, width);
}

/** Breaks a text between words, so that no line is longer; a word that is too long for a line ends in "…". */
export function wrapWords(text: string, width: number, indent = ""): string[] {
  const [, begin = ""] = /^( *)/.exec(text)!;
  return text.trimStart().split(" ").reduce<string[]>((lines, word) => {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= width) {
      return [...lines.slice(0, -1), `${last} ${word}`];
    }
    const next = (last === undefined ? begin : indent) + word;
    return [...lines, shortened(next, width)];
  }, []);
}
