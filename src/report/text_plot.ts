// The table as a picture of text: a line for each row, a mark for each algorithm, at its accuracy.
import { placeOf } from "./facts.ts";
import { fixed } from "./format.ts";
import { domainOf, groupsOf } from "./plots/axis.ts";
import { marksOf } from "./plots/style.ts";
import type { Table } from "./table.ts";

/** Columns of the whole picture. */
const WIDTH = 80;

/** Stands where several marks fall into one place. */
const SEVERAL = "*";

/** At most 80 columns wide, no colours, ending in a newline; empty for a table without rows. */
export function textPlotOf(table: Table): string {
  const { rows, columns } = table;
  if (rows.length === 0) return "";
  const glyphs = marksOf(columns).map(({ glyph }) => glyph);
  const points = rows.flatMap(({ cells }, row) =>
    cells.flatMap((cell, column) => {
      const mean = cell?.accuracy.mean;
      return mean === undefined ? [] : [{ row, column, low: mean, high: mean }];
    })
  );
  const [shown, below = []] = groupsOf(points);
  const [low, high] = domainOf(shown!, [0, 100]);
  const names = rows.map((row) => shortened(placeOf(row, table), WIDTH / 2));
  const margin = Math.max(...names.map((name) => name.length));
  const wide = WIDTH - margin - 3;
  const place = (value: number) => Math.round((wide - 1) * (value - low) / (high - low));

  const lines = names.map((name, row) => {
    const line = Array<string>(wide).fill(" ");
    for (const point of shown!.filter((point) => point.row === row)) {
      const at = place(point.low);
      line[at] = line[at] === " " ? glyphs[point.column]! : SEVERAL;
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
  const several = lines.some((line) => line.includes(SEVERAL)) ? [`${SEVERAL} several`] : [];
  const key = columns.flatMap(({ label }, i) => {
    const means = below.filter(({ column }) => column === i).map((point) => point.low);
    if (means.length === 0) return [`${glyphs[i]} ${label}`];
    const [least, most] = [fixed(Math.min(...means)), fixed(Math.max(...means))];
    const all = shown!.every(({ column }) => column !== i);
    return [
      `${glyphs[i]} ${label}${all ? "," : ", in part"} left of the axis at ` +
      (least === most ? least : `${least} to ${most}`),
    ];
  });
  return [
    ...lines,
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
