// What a plot is: one file of this folder, listed in `registry.ts`, that turns a table into panels.
import type { PeerTimes } from "../../diagnostics/peers.ts";
import { differingSettingsOf, factColumns, settingTextOf } from "../../tables/facts.ts";
import { formatPercent } from "../../tables/format.ts";
import type { Context, Row, Table } from "../../tables/table.ts";

/** A picture in Vega-Lite's terms, which its compiler checks. */
export type VegaLiteSpec = Readonly<Record<string, unknown>>;

/** One picture: a plot's part for one network, or one row of the table. */
export interface Panel {
  /** Where it belongs, in words: `mlp on mnist`. */
  readonly place: string;
  /** What is to be seen, for those who don't see it: a sentence or two. */
  readonly alt: string;
  /** With no title; bounds and means in it are the table's. */
  readonly spec: VegaLiteSpec;
}

/** What plots are made from. */
export interface PlotInput {
  readonly table: Table;
  /** The training step beside other implementations, where it was measured. */
  readonly peers?: PeerTimes | undefined;
}

/** One file of this folder. */
export interface Plot {
  /** Of its files: `accuracy.svg`, or `accuracy-1.svg` where there are several panels. */
  readonly name: string;
  /** What it shows, and against what: the title of its pictures. */
  readonly title: string;
  /** What it answers: the heading above them. */
  readonly question: string;
  /** How to read it: plain text below the panels. */
  caption(material: PlotInput): string;
  /** Its panels; or why there are none, a sentence. */
  panels(material: PlotInput): readonly Panel[] | string;
}

/** The table's rows by context, in their order. */
export function contextsOf({ rows }: Table): { context: Context; rows: readonly Row[] }[] {
  return [...Map.groupBy(rows, ({ context }) => context)]
    .map(([context, rows]) => ({ context, rows }));
}

/** `mlp on mnist`, and what else tells a context from the table's others. */
export function contextTitleOf(context: Context, table: Table): string {
  const place = { context, sparsity: 0 };
  const several = new Set(table.rows.map(factColumns.initialisation!)).size > 1;
  return [
    `${factColumns.network!(place)} on ${factColumns["data set"]!(place)}`,
    ...several ? [factColumns.initialisation!(place)] : [],
    ...differingSettingsOf(table).map((name) => `${name} ${settingTextOf(name, place)}`),
  ].join(", ");
}

/** `mlp on mnist, sparsity 70%` */
export function rowTitleOf(row: Row, table: Table): string {
  return `${contextTitleOf(row.context, table)}, sparsity ${formatPercent(row.sparsity)}`;
}
