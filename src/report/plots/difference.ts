// Every difference of the table in percentage points, with its interval and a line at zero.
import type { Column } from "../../tables/columns.ts";
import { formatDifference as differenceText, formatPercent } from "../../tables/format.ts";
import { isUndecided } from "../../tables/ranking.ts";
import { domainOf } from "./axis.ts";
import { contextsOf, contextTitleOf, type Plot } from "./plot.ts";
import { legendOf, marksOf, paper } from "./style.ts";

export const differencePlot: Plot = {
  name: "difference",
  title: "Difference in accuracy, with its interval",
  question: "Is one of the two better?",
  caption: ({ table: { comparisons } }) =>
    `${
      comparisons.map(({ label }) => label).join("; ")
    }, in percentage points of accuracy, with the 95% confidence ` +
    "interval (Student's t). Above the line at zero the first is more accurate. A hollow mark: the interval holds zero " +
    "or is unknown, so these runs can't tell the two apart. Each interval is for itself: of twenty such, one misses.",
  panels: ({ table }) => {
    const { comparisons } = table;
    if (comparisons.length === 0) {
      return "There are no two algorithms whose difference could be told.";
    }
    const marks = marksOf(table.columns);
    const markOf = (column: Column) => marks[table.columns.indexOf(column)]!;
    const inks = comparisons.map(({ minuend, subtrahend }, i) => {
      const first = comparisons.findIndex((one) => one.minuend === minuend) === i;
      return markOf(first ? minuend : subtrahend);
    });
    return contextsOf(table).flatMap(({ context, rows }, _, { length }) => {
      const step = 1.2, shift = (i: number) => step * (i - (comparisons.length - 1) / 2);
      const points = rows.flatMap((row) =>
        row.differences.flatMap((one, i) =>
          one
            ? [{
              x: 100 * row.sparsity + shift(i),
              mean: one.mean,
              low: one.interval?.low ?? one.mean,
              high: one.interval?.high ?? one.mean,
              open: isUndecided(one),
              label: comparisons[i]!.label,
              says: `${differenceText(one)} at ${formatPercent(row.sparsity)}`,
            }]
            : []
        )
      );
      if (points.length === 0) return [];
      const y = domainOf([...points, { low: 0, high: 0 }]);
      const x = domainOf(points.map(({ x }) => ({ low: x, high: x })));
      const axes = {
        x: {
          field: "x",
          type: "quantitative",
          scale: { domain: x, nice: false },
          title: "sparsity, % of the weights removed",
          axis: { values: rows.map(({ sparsity }) => 100 * sparsity) },
        },
        y: {
          field: "mean",
          type: "quantitative",
          scale: { domain: y, nice: false },
          title: "difference of accuracy, points",
          axis: { tickCount: 6, minExtent: 30 },
        },
      };
      const domain = comparisons.map(({ label }) => label);
      const color = {
        field: "label",
        type: "nominal",
        scale: { domain, range: inks.map(({ light }) => light) },
        legend: domain.length > 1 ? legendOf(domain) : null,
      };
      const shape = {
        ...color,
        scale: { domain, range: inks.map(({ shape }) => shape) },
      };
      return [{
        place: contextTitleOf(context, table),
        alt: comparisons.map(({ label }) => {
          const own = points.filter((point) => point.label === label).map(({ says }) => says);
          return `${label}, points: ${own.join("; ")}.`;
        }).join(" "),
        spec: {
          width: length > 1 ? 220 : 300,
          height: 210,
          data: { values: points },
          layer: [
            {
              data: { values: [{ zero: 0 }] },
              mark: { type: "rule", color: paper.words.light, strokeWidth: 1 },
              encoding: { y: { field: "zero", type: "quantitative" } },
            },
            {
              mark: { type: "rule", strokeWidth: 2 },
              encoding: { ...axes, y: { ...axes.y, field: "low" }, y2: { field: "high" }, color },
            },
            {
              mark: { type: "point", size: 64, opacity: 1, strokeWidth: 2 },
              encoding: {
                ...axes,
                stroke: color,
                shape,
                fill: {
                  condition: inks.map(({ light }, i) => ({
                    test: `!datum.open && datum.label === ${JSON.stringify(domain[i])}`,
                    value: light,
                  })),
                  value: paper.ground.light,
                },
              },
            },
          ],
        },
      }];
    });
  },
};
