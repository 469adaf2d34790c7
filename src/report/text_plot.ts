// The table as a picture of text: a line for each row, a mark for each algorithm, at its accuracy.
import type { Interval } from "../base/statistics.ts";
import { shortened } from "../base/text.ts";
import { rowNameOf } from "../tables/facts.ts";
import { formatFixed } from "../tables/format.ts";
import type { Table } from "../tables/table.ts";
import { type Domain, domainOf, groupsOf } from "./plots/axis.ts";
import { marksOf } from "./plots/style.ts";

/** Characters of a line, unless a terminal has fewer. */
const WIDTH = 80;

/** Stands for several marks at one position. */
const SEVERAL = "*";

/** At most 80 columns wide, or less, without colours, ending in a newline; empty for a table without rows. */
export function textPlotOf(table: Table, terminalWidth: number = WIDTH): string {
  const lineWidth = Math.min(WIDTH, terminalWidth);
  const { rows, columns } = table;
  if (rows.length === 0) return "";
  const glyphs = marksOf(columns).map(({ glyph }) => glyph);
  const [shown, below = []] = groupsOf(seriesOf(table));
  const domain = domainOf(shown!, [0, 100]);
  const names = rows.map((row) => shortened(rowNameOf(row, table), lineWidth / 2));
  const margin = Math.max(...names.map((name) => name.length));
  const width = lineWidth - margin - 3;
  const positionOf = (value: number) =>
    Math.round((width - 1) * (value - domain[0]) / (domain[1] - domain[0]));

  const lines = names.map((name, row) => {
    const chars = Array<string>(width).fill(" ");
    for (const { column, means } of shown!) {
      const mean = means[row];
      const position = mean === undefined ? -1 : positionOf(mean);
      if (position < 0) continue;
      chars[position] = chars[position] === " " ? glyphs[column]! : SEVERAL;
    }
    return `${name.padStart(margin)} │${chars.join("")}`.trimEnd();
  });
  const { rule, labels } = axisTextOf(domain, width, positionOf);
  const several = lines.some((line) => line.includes(SEVERAL)) ? [`${SEVERAL} several`] : [];
  const key = columns.map(({ label }, i) => {
    const name = `${glyphs[i]} ${label}`;
    const off = below.find(({ column }) => column === i);
    return off ? `${name}, left of the axis at ${rangeTextOf(off)}` : name;
  });
  return [
    ...lines,
    `${" ".repeat(margin)} └${rule}`,
    " ".repeat(margin + 2) + labels,
    ...wrapped([`${splitOf(table)} accuracy, %:`, ...key, ...several], lineWidth),
  ].join("\n") + "\n";
}

/** The means of one column, by row, with the lowest and the highest. */
interface Series extends Interval {
  readonly column: number;
  readonly means: readonly (number | undefined)[];
}

function seriesOf({ rows, columns }: Table): Series[] {
  return columns.flatMap((_, column) => {
    const means = rows.map(({ cells }) => cells[column]?.accuracy.mean);
    const known = means.filter((mean) => mean !== undefined);
    return known.length > 0
      ? [{ column, means, low: Math.min(...known), high: Math.max(...known) }]
      : [];
  });
}

/** The line of the axis with its ticks, and the line of their labels. */
function axisTextOf(
  domain: Domain,
  width: number,
  positionOf: (value: number) => number,
): { rule: string; labels: string } {
  const rule = Array<string>(width).fill("─");
  const labels = Array<string>(width).fill(" ");
  for (const value of ticksOf(domain)) {
    const position = positionOf(value);
    const text = String(value);
    rule[position] = "┴";
    const start = Math.min(Math.max(0, position - (text.length >> 1)), width - text.length);
    [...text].forEach((char, i) => labels[start + i] = char);
  }
  return { rule: rule.join(""), labels: labels.join("").trimEnd() };
}

function rangeTextOf({ low, high }: Interval): string {
  const ends = [formatFixed(low), formatFixed(high)];
  return [...new Set(ends)].join(" to ");
}

function splitOf({ rows }: Table): string {
  return [...new Set(rows.map(({ context }) => context.dataset.split))].join(" and ");
}

// Ticks are round values, at most seven.
function ticksOf([low, high]: Domain): number[] {
  const rough = (high - low) / 7;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough)!;
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

// The parts follow one another on as few lines as they need.
function wrapped(parts: readonly string[], width: number): string[] {
  return parts.reduce<string[]>((lines, part) => {
    const last = lines.at(-1);
    const longer = `${last}  ${part}`;
    return last === undefined || longer.length > width
      ? [...lines, shortened(part, width)]
      : [...lines.slice(0, -1), longer];
  }, []);
}
