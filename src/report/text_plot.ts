// The table as a picture of text: a line for each row, a mark for each algorithm, at its accuracy.
import { rowNameOf } from "../tables/facts.ts";
import { formatFixed } from "../tables/format.ts";
import type { Table } from "../tables/table.ts";
import { domainOf, groupsOf } from "./plots/axis.ts";
import { marksOf } from "./plots/style.ts";

/** Columns of the whole picture. */
const WIDTH = 80;

/** Stands where several marks fall into one place. */
const SEVERAL = "*";

/** At most 80 columns wide, no colours, ending in a newline; empty for a table without rows. */
export function textPlotOf(table: Table): string {
  const { rows, columns } = table;
  if (rows.length === 0) return "";
  const glyphs = marksOf(columns).map(({ glyph }) => glyph);
  const lines = columns.flatMap((_, column) => {
    const means = rows.map(({ cells }) => cells[column]?.accuracy.mean);
    const own = means.filter((mean) => mean !== undefined);
    return own.length > 0 ? [{ column, means, low: Math.min(...own), high: Math.max(...own) }] : [];
  });
  const [shown, below = []] = groupsOf(lines);
  const [low, high] = domainOf(shown!, [0, 100]);
  const names = rows.map((row) => shortened(rowNameOf(row, table), WIDTH / 2));
  const margin = Math.max(...names.map((name) => name.length));
  const wide = WIDTH - margin - 3;
  const place = (value: number) => Math.round((wide - 1) * (value - low) / (high - low));

  const pictures = names.map((name, row) => {
    const line = Array<string>(wide).fill(" ");
    for (const { column, means } of shown!) {
      const mean = means[row], at = mean === undefined ? -1 : place(mean);
      if (at >= 0) line[at] = line[at] === " " ? glyphs[column]! : SEVERAL;
    }
    return `${name.padStart(margin)} │${line.join("")}`.trimEnd();
  });
  const ticks = ticksOf(low, high).map((value) => ({ at: place(value), text: String(value) }));
  const rule = Array<string>(wide).fill("─"), values = Array<string>(wide).fill(" ");
  for (const { at, text } of ticks) {
    rule[at] = "┴";
    const start = Math.min(Math.max(0, at - (text.length >> 1)), wide - text.length);
    [...text].forEach((char, i) => values[start + i] = char);
  }
  const indent = " ".repeat(margin + 2);
  const several = pictures.some((line) => line.includes(SEVERAL)) ? [`${SEVERAL} several`] : [];
  const key = columns.map(({ label }, i) => {
    const off = below.find(({ column }) => column === i), name = `${glyphs[i]} ${label}`;
    if (!off) return name;
    const [least, most] = [formatFixed(off.low), formatFixed(off.high)];
    return `${name}, left of the axis at ${least === most ? least : `${least} to ${most}`}`;
  });
  return [
    ...pictures,
    `${" ".repeat(margin)} └${rule.join("")}`,
    indent + values.join("").trimEnd(),
    ...wrapped([`${splitOf(table)} accuracy, %:`, ...key, ...several]),
  ].join("\n") + "\n";
}

function splitOf({ rows }: Table): string {
  return [...new Set(rows.map(({ context }) => context.dataset.split))].join(" and ");
}

// Round values, at most seven.
function ticksOf(low: number, high: number): number[] {
  const rough = (high - low) / 7, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough)!;
  const first = Math.ceil(low / step), count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

// Parts one after the other, on as many lines as they need.
function wrapped(parts: readonly string[]): string[] {
  return parts.reduce<string[]>((lines, part) => {
    const last = lines.at(-1), longer = `${last}  ${part}`;
    return last === undefined || longer.length > WIDTH
      ? [...lines, shortened(part, WIDTH)]
      : [...lines.slice(0, -1), longer];
  }, []);
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
