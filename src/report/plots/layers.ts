// How much of each layer the final masks keep.
import { formatPercent } from "../../tables/format.ts";
import { isUnmasked, type Row, type Table } from "../../tables/table.ts";
import { domainOf } from "./axis.ts";
import { type Plot, rowTitleOf } from "./plot.ts";
import { legendOf, marksOf, paper } from "./style.ts";

export const layersPlot: Plot = {
  name: "layers",
  title: "Kept fraction by layer",
  question: "What do they keep?",
  caption: ({ table }) =>
    "The part of each layer's weights that the final mask keeps, mean over seeds; bars reach from the lowest seed to " +
    "the highest. The upright line is the part that may be kept in all. " + scopesTextOf(table),
  panels: ({ table }) => {
    const panels = table.rows.flatMap((row) => {
      const points = pointsOf(row, table);
      return points.length > 0 ? [panelOf(row, points, table)] : [];
    });
    return panels.length > 0 ? panels : "None of the runs has a mask.";
  },
};

interface Point {
  readonly layer: string;
  readonly label: string;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

function pointsOf({ cells }: Row, { columns }: Table): Point[] {
  return cells.flatMap((cell, i) => {
    if (!cell || isUnmasked(columns[i]!.algorithm)) return [];
    const names = cell.runs[0]!.result.layers.map(({ name }) => name);
    return names.map((layer) => {
      const parts = cell.runs.flatMap(({ result }) =>
        result.layers.filter(({ name }) => name === layer).map(({ kept, weights }) =>
          100 * kept / weights
        )
      );
      const mean = parts.reduce((sum, part) => sum + part, 0) / parts.length;
      return {
        layer,
        label: columns[i]!.label,
        mean,
        low: Math.min(...parts),
        high: Math.max(...parts),
      };
    });
  });
}

function panelOf(row: Row, points: readonly Point[], table: Table) {
  const columns = table.columns.filter(({ label }) =>
    points.some((point) => point.label === label)
  );
  const all = marksOf(table.columns);
  const marks = columns.map((column) => all[table.columns.indexOf(column)]!);
  const domain = columns.map(({ label }) => label);
  const names = [...new Set(points.map(({ layer }) => layer))];
  const allowed = 100 * (1 - row.sparsity);
  const axes = {
    x: {
      field: "mean",
      type: "quantitative",
      scale: { domain: domainOf([...points, { low: 0, high: allowed }], [0, 100]), nice: false },
      title: "weights kept, % of the layer",
      axis: { tickCount: 5, grid: true },
    },
    y: { field: "layer", type: "nominal", sort: names, title: null, axis: { minExtent: 46 } },
    yOffset: { field: "label", sort: domain },
  };
  const color = {
    field: "label",
    type: "nominal",
    scale: { domain, range: marks.map(({ light }) => light) },
    legend: legendOf(domain),
  };
  return {
    subtitle: rowTitleOf(row, table),
    alt: `Weights kept of each layer: ${
      domain.map((label) =>
        `${label} ${
          points.filter((point) => point.label === label)
            .map(({ layer, mean }) =>
              `${mean.toFixed(1)}% of ${layer}`
            ).join(", ")
        }`
      ).join("; ")
    }. ${formatPercent(1 - row.sparsity)} may be kept in all.`,
    spec: {
      width: 230,
      height: { step: 13 },
      data: { values: [...points] },
      layer: [
        {
          data: { values: [{ allowed }] },
          mark: { type: "rule", color: paper.words.light, strokeWidth: 1 },
          encoding: { x: { field: "allowed", type: "quantitative" } },
        },
        {
          mark: { type: "rule", strokeWidth: 1.5 },
          encoding: { ...axes, x: { ...axes.x, field: "low" }, x2: { field: "high" }, color },
        },
        {
          mark: { type: "point", opacity: 1, size: 40, strokeWidth: 1.5 },
          encoding: {
            ...axes,
            fill: color,
            stroke: color,
            shape: { ...color, scale: { domain, range: marks.map(({ shape }) => shape) } },
          },
        },
      ],
    },
  };
}

// The caption explains the scopes of the columns whose labels don't name them.
function scopesTextOf({ rows, columns }: Table): string {
  const scopes = columns.flatMap(({ label, setting }, i) => {
    if ("scope" in setting) return []; // The label names it.
    const found = new Set(
      rows.flatMap(({ cells }) =>
        (cells[i]?.runs ?? []).map((run) => run.configuration.algorithm.parameters.scope)
      ),
    );
    return [...found].filter((scope) => scope !== undefined).map((scope) => `${label}: ${scope}`);
  });
  return scopes.length === 0
    ? ""
    : `With scope layer every layer keeps its share, with scope global all weights compete (${
      scopes.join("; ")
    }).`;
}
