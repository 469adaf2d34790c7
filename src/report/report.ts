// The report of a folder of runs: SVG plots, the sweep files that repeat them, and one page that holds it all.
import { join } from "node:path";
import { writeFileAtomically } from "../base/atomic_files.ts";
import { UserError } from "../base/errors.ts";
import type { PeerTimes } from "../diagnostics/peers.ts";
import { type RunFolder } from "../runs/run_folder.ts";
import type { AlgorithmPair } from "../sweep/compare_schema.ts";
import { type Table, tableOf } from "../tables/table.ts";
import { provenanceHtmlOf } from "./page/made.ts";
import { type PageFigure, pageOf } from "./page/page.ts";
import { repeatsOf } from "./page/repeat.ts";
import type { Plot } from "./plots/plot.ts";
import { plots } from "./plots/registry.ts";
import { svgOf } from "./plots/render.ts";

/** Texts by the name of their file. */
export type ReportFiles = Readonly<Record<string, string>>;

/** What a report is made from, besides runs. */
export interface ReportOptions {
  readonly peers?: PeerTimes | undefined;
  /** See `TableOptions`. */
  readonly compare?: readonly AlgorithmPair[] | undefined;
}

/**
 * All files of a report. The same runs, peers and pairs give the same bytes.
 * @throws {UserError} if no run is finished
 */
export async function reportOf(
  { runs, invalidFiles }: RunFolder,
  { peers, compare }: ReportOptions = {},
): Promise<ReportFiles> {
  const table = tableOf(runs, { compare });
  if (table.rows.length === 0) throw new UserError("there is no finished run to report on");
  const figures: PageFigure[] = [];
  for (const plot of plots) figures.push(await figureOf(plot, table, peers));
  const repeats = repeatsOf(table, compare).map((repeat, i, { length }) =>
    repeat && { ...repeat, file: numberedName("sweep", "json", i, length) }
  );
  const counted = [
    ...new Set(table.rows.flatMap(({ cells }) => cells.flatMap((cell) => cell?.runs ?? []))),
  ];
  const svgs = figures.flatMap(({ panels }) => typeof panels === "string" ? [] : panels)
    .map(({ file, svg }) => [file, svg]);
  return {
    ...Object.fromEntries(svgs),
    ...Object.fromEntries(
      repeats.filter((repeat) => repeat !== undefined).map(({ file, text }) => [file, text]),
    ),
    "index.html": pageOf(table, figures, provenanceHtmlOf(table, counted, invalidFiles, repeats)),
  };
}

async function figureOf(
  plot: Plot,
  table: Table,
  peers: PeerTimes | undefined,
): Promise<PageFigure> {
  const { name, question, title } = plot;
  const input = { table, peers };
  const drawn = plot.panels(input);
  if (typeof drawn === "string") return { name, question, caption: "", panels: drawn };
  const panels = [];
  for (const [i, panel] of drawn.entries()) {
    const file = numberedName(name, "svg", i, drawn.length);
    panels.push({ file, svg: await svgOf(panel, title) });
  }
  return { name, question, caption: plot.caption(input), panels };
}

// The name is `accuracy.svg` of one file alone, `accuracy-1.svg` among several.
function numberedName(name: string, ending: string, i: number, of: number): string {
  return of === 1 ? `${name}.${ending}` : `${name}-${i + 1}.${ending}`;
}

/** Writes the files to `folder`, each whole or not at all, and removes those of an earlier report that this one lacks. */
export async function writeReport(folder: string, files: ReportFiles): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await writeFileAtomically(join(folder, name), text);
  }
  for await (const { name } of Deno.readDir(folder)) {
    const isOurs = plots.some((plot) => new RegExp(`^${plot.name}(-\\d+)?\\.svg$`).test(name)) ||
      /^sweep(-\d+)?\.json$/.test(name);
    if (isOurs && !(name in files)) await Deno.remove(join(folder, name));
  }
}
