// What a plot is: one file of this folder, listed in `registry.ts`, that turns a table into panels.
import type { PeerTimes } from "../../diagnostics/peers.ts";
import { differingSettingsOf, factColumns, settingTextOf } from "../../tables/facts.ts";
import { formatPercent } from "../../tables/format.ts";
import type { Context, Row, Table } from "../../tables/table.ts";

/** A picture as Vega-Lite describes it; its compiler checks it. */
export type VegaLiteSpec = Readonly<Record<string, unknown>>;

/** One picture: the part of a plot for one network, or for one row of the table. */
export interface Panel {
  /** What it shows the plot of: `mlp on mnist`. */
  readonly subtitle: string;
  /** A sentence or two that say what it shows, for those who can't see it. */
  readonly alt: string;
  /** The picture without a title; bounds and means in it are the table's. */
  readonly spec: VegaLiteSpec;
}

/** What plots are made from. */
export interface PlotInput {
  readonly table: Table;
  /** The training step of this and other implementations, where they were measured. */
  readonly peers?: PeerTimes | undefined;
}

/** One file of this folder. */
export interface Plot {
  /** The name of its files: `accuracy.svg`, or `accuracy-1.svg` where there are several panels. */
  readonly name: string;
  /** What it shows, and against what: the title of its pictures. */
  readonly title: string;
  /** The question that it answers: the heading above them. */
  readonly question: string;
  /** How to read it: plain text below the panels. */
  caption(input: PlotInput): string;
  /** Its panels; or a sentence that says why there are none. */
  panels(input: PlotInput): readonly Panel[] | string;
}

/** The table's rows by context, in their order. */
export function contextsOf({ rows }: Table): { context: Context; rows: readonly Row[] }[] {
  return [...Map.groupBy(rows, ({ context }) => context)]
    .map(([context, rows]) => ({ context, rows }));
}

/** `mlp on mnist`, and in what else a context differs from the table's others. */
export function contextTitleOf(context: Context, table: Table): string {
  const facts = { context, sparsity: 0 };
  const isAmongSeveral = new Set(table.rows.map(factColumns.initialisation!)).size > 1;
  return [
    `${factColumns.network!(facts)} on ${factColumns["data set"]!(facts)}`,
    ...isAmongSeveral ? [factColumns.initialisation!(facts)] : [],
    ...differingSettingsOf(table).map((name) => `${name} ${settingTextOf(name, facts)}`),
  ].join(", ");
}

/** `mlp on mnist, sparsity 70%` */
export function rowTitleOf(row: Row, table: Table): string {
  return `${contextTitleOf(row.context, table)}, sparsity ${formatPercent(row.sparsity)}`;
}
