// How plots look: inks that stay distinct to the colour-blind and on a grey printer, with a dash and a shape each, and type.
import type { Ink, Mark } from "../../algorithms/mark.ts";
import { algorithms } from "../../algorithms/registry.ts";
import type { Column } from "../../tables/columns.ts";

/** Inks of the background, of words, of less important words, and of lines that only guide the eye. */
export const paper = {
  ground: { light: "#ffffff", dark: "#14171b" },
  words: { light: "#1b1f24", dark: "#e6e9ec" },
  quiet: { light: "#57606a", dark: "#a3acb5" },
  guide: { light: "#dfe3e7", dark: "#31373d" },
} as const satisfies Record<string, Ink>;

const markOf = (name: string) => algorithms.find((algorithm) => algorithm.name === name)?.mark;

/**
 * The marks of the algorithms, in their order, and two for columns that have none of their own: columns take them in this
 * order. Contrast to the ground is at least 3:1 on either page.
 */
export const marks: readonly Mark[] = [
  ...algorithms.flatMap(({ mark }) => mark ?? []),
  { light: "#ab46f8", dark: "#c06bff", dash: [8, 2, 2, 2], shape: "square", glyph: "■" },
  { light: "#009068", dark: "#6ef6a2", dash: [3, 2], shape: "triangle-down", glyph: "▼" },
];

/** A mark for each column: an algorithm's first column has the algorithm's own, others take those left, then share. */
export function marksOf(columns: readonly Column[]): Mark[] {
  const own = columns.map(({ algorithm }, i) => {
    const first = columns.findIndex((column) => column.algorithm === algorithm) === i;
    return first ? markOf(algorithm) : undefined;
  });
  const free = marks.filter((mark) => !own.includes(mark));
  const others = [...free, ...marks];
  let next = 0;
  return own.map((mark) => mark ?? others[next++ % others.length]!);
}

/** The number of columns of a legend that fit into a panel. */
export function legendOf(labels: readonly string[]) {
  const longest = Math.max(...labels.map((label) => label.length));
  return { columns: Math.max(1, Math.floor(340 / (28 + 7 * longest))) };
}

/**
 * A label at the end of a line, behind the line's mark.
 * @param at its position, by the names of the encoding's fields
 */
export function endLabel(
  { light, shape }: Mark,
  text: string,
  at: Readonly<Record<string, number>>,
  encoding: object,
) {
  const data = { values: [at] };
  return [
    {
      data,
      mark: { type: "point", xOffset: 13, shape, size: 34, opacity: 1, stroke: light, fill: light },
      encoding,
    },
    { data, mark: { type: "text", align: "left", baseline: "middle", dx: 21, text }, encoding },
  ];
}

/** Fonts of the reader's own system, so that nothing is fetched. */
export const fonts = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif';

const { words, quiet, guide } = paper;

/** The Vega-Lite configuration of every plot. */
export const config = {
  font: fonts,
  background: paper.ground.light,
  padding: 6,
  aria: false,
  view: { stroke: null },
  title: {
    anchor: "start",
    frame: "bounds",
    fontSize: 13,
    fontWeight: 600,
    color: words.light,
    subtitleColor: quiet.light,
    subtitleFontSize: 12,
    subtitlePadding: 4,
    offset: 12,
  },
  axis: {
    labelColor: quiet.light,
    labelFontSize: 11,
    titleColor: quiet.light,
    titleFontSize: 11,
    titleFontWeight: 400,
    titlePadding: 6,
    gridColor: guide.light,
    domain: false,
    ticks: false,
    labelPadding: 6,
    labelFlush: false,
  },
  axisX: { grid: false, ticks: true, tickColor: guide.light, tickSize: 4, labelPadding: 3 },
  axisY: { titleAlign: "left", titleAnchor: "end", titleAngle: 0, titleX: -34, titleY: -8 },
  legend: {
    orient: "bottom",
    direction: "horizontal",
    title: null,
    labelColor: words.light,
    labelFontSize: 11,
    labelLimit: 400,
    symbolSize: 60,
  },
  text: { font: fonts, fontSize: 11, color: words.light },
} as const;
