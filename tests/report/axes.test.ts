// Plots show all there is: what run files say, computed here again, lies within the axes of the panel it belongs to.
import assert from "node:assert/strict";
import fc from "fast-check";
import { accuracyPlot } from "../../src/report/plots/accuracy.ts";
import { curvesPlot } from "../../src/report/plots/curves.ts";
import { differencePlot } from "../../src/report/plots/difference.ts";
import { layersPlot } from "../../src/report/plots/layers.ts";
import { maskChangesPlot } from "../../src/report/plots/mask_changes.ts";
import type { Panel, Plot } from "../../src/report/plots/plot.ts";
import { speedPlot } from "../../src/report/plots/speed.ts";
import { marksOf } from "../../src/report/plots/style.ts";
import { tableOf, type TableRun } from "../../src/tables/table.ts";
import { runOf, seedsOf } from "../runs/made.ts";

type Domain = readonly [number, number];

// deno-lint-ignore no-explicit-any
type Any = any;

/** What the axes of a panel's parts reach over, from above to below. */
function axes({ spec }: Panel, channel: "x" | "y"): Domain[] {
  const parts: Any[] = (spec as Any).vconcat ?? [spec];
  return parts.map((part) => {
    const all = [part, ...part.layer ?? []].map((one) => one.encoding?.[channel]?.scale?.domain);
    const distinct = new Set(
      all.filter((domain) => domain).map((domain) => JSON.stringify(domain)),
    );
    assert.equal(distinct.size, 1, "layers of one part share an axis");
    return JSON.parse([...distinct][0]!);
  });
}

/** Rounding aside, which the two ways to a mean do differently. */
const holds = ([low, high]: Domain, ...values: number[]) =>
  values.every((value) => low - 1e-9 <= value && value <= high + 1e-9);

function panelsOf(plot: Plot, runs: readonly TableRun[]): readonly Panel[] {
  const panels = plot.panels({ table: tableOf(runs) });
  return typeof panels === "string" ? [] : panels;
}

const fraction = fc.double({ min: 0, max: 1, noNaN: true });

/** Runs of two networks, three algorithms, two sparsities, one to three seeds and epochs, with any figures. */
const runs = fc.uniqueArray(
  fc.record({
    network: fc.constantFrom("conv2", "conv4"),
    algorithm: fc.constantFrom("random", "edge-popup", "sbp"),
    sparsity: fc.constantFrom(0.5, 0.9),
    seed: fc.constantFrom(1, 2, 3),
    rate: fc.integer({ min: 1, max: 100_000 }),
    kept: fc.integer({ min: 0, max: 10_000 }),
    epochs: fc.array(
      fc.record({
        trainLoss: fc.double({ min: 0, max: 20, noNaN: true }),
        testAccuracy: fraction,
        maskChange: fraction,
      }),
      { minLength: 1, maxLength: 3 },
    ),
  }).map(({ network, epochs, ...given }) => {
    const accuracy = epochs.at(-1)!.testAccuracy;
    const run = runOf({ ...given, accuracy, config: { network: { name: network, width: 1 } } });
    const told = epochs.map((epoch, i) => ({ ...run.result.epochs[0]!, ...epoch, epoch: i + 1 }));
    return { ...run, result: { ...run.result, epochs: told } };
  }),
  { selector: (run) => run.identity, minLength: 1, maxLength: 24 },
);

const networkOf = ({ configuration: { network } }: TableRun) => network.name;
const rowOf = (run: TableRun) => `${networkOf(run)} ${run.configuration.sparsity}`;
const cellOf = (run: TableRun) => `${rowOf(run)} ${run.configuration.algorithm.name}`;

/** Groups in the order of the panels: networks by name, then sparsities. */
const grouped = (runs: readonly TableRun[], of: (run: TableRun) => string): TableRun[][] =>
  [...Map.groupBy(runs, of)].sort(([a], [b]) => a < b ? -1 : 1).map(([, members]) => members);

/** Mean and sample deviation, by the textbook. */
function moments(values: readonly number[]): [mean: number, deviation: number] {
  const mean = values.reduce((a, b) => a + b) / values.length;
  const squares = values.map((value) => (value - mean) ** 2).reduce((a, b) => a + b);
  return [mean, values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0];
}

Deno.test("accuracyPlot has axes that hold every mean, deviation and sparsity when it is drawn", () => {
  fc.assert(fc.property(runs, (all) => {
    const networks = grouped(all, networkOf), panels = panelsOf(accuracyPlot, all);
    assert.equal(panels.length, networks.length);
    networks.forEach((members, i) => {
      const strips = axes(panels[i]!, "y");
      for (const runs of grouped(members, cellOf)) {
        const [mean, deviation] = moments(runs.map(({ result }) => 100 * result.lastTestAccuracy));
        assert.ok(strips.some((y) => holds(y, mean - deviation, mean, mean + deviation)));
        for (const x of axes(panels[i]!, "x")) {
          assert.ok(holds(x, 100 * runs[0]!.configuration.sparsity));
        }
      }
    });
  }));
});

Deno.test("curvesPlot and maskChangesPlot have axes that hold every epoch when they are drawn", () => {
  fc.assert(fc.property(runs, (all) => {
    const rows = grouped(all, rowOf);
    for (
      const [plot, figures] of [
        [curvesPlot, ["trainLoss", "testAccuracy"]],
        [maskChangesPlot, ["maskChange"]],
      ] as const
    ) {
      const panels = panelsOf(plot, all);
      assert.equal(panels.length, rows.length);
      rows.forEach((members, i) => {
        const across = axes(panels[i]!, "x"), up = axes(panels[i]!, "y");
        for (const epoch of members.flatMap(({ result }) => result.epochs)) {
          figures.forEach((figure, part) => {
            const value = epoch[figure]! * (figure === "trainLoss" ? 1 : 100);
            assert.ok(holds(up[part]!, value) && holds(across[part]!, epoch.epoch));
          });
        }
      });
    }
  }));
});

Deno.test("layersPlot has axes that hold what is kept and may be kept when it is drawn", () => {
  fc.assert(fc.property(runs, (all) => {
    const rows = grouped(all, rowOf), panels = panelsOf(layersPlot, all);
    assert.equal(panels.length, rows.length);
    rows.forEach((members, i) => {
      const [x] = axes(panels[i]!, "x");
      for (const { result, configuration } of members) {
        for (const { kept, weights } of result.layers) assert.ok(holds(x!, 100 * kept / weights));
        assert.ok(holds(x!, 100 * (1 - configuration.sparsity)));
      }
    });
  }));
});

Deno.test("differencePlot has axes that hold zero and every difference when it is drawn", () => {
  fc.assert(fc.property(runs, (all) => {
    const panels = panelsOf(differencePlot, all);
    const networks = grouped(all, networkOf).map((members) =>
      grouped(members, rowOf).flatMap((row) => {
        const means = ["sbp", "edge-popup"].map((name) =>
          row.filter(({ configuration }) => configuration.algorithm.name === name)
            .map(({ result }) => 100 * result.lastTestAccuracy)
        );
        return means.every(({ length }) => length)
          ? [moments(means[0]!)[0] - moments(means[1]!)[0]]
          : [];
      })
    ).filter(({ length }) => length);
    assert.equal(panels.length, networks.length);
    networks.forEach((differences, i) => {
      const [y] = axes(panels[i]!, "y");
      assert.ok(holds(y!, 0, ...differences), `${y} ${differences}`);
    });
  }));
});

Deno.test("differencePlot has axes that hold the whole interval when it is drawn", () => {
  // Differences 1, 2, 3: 2 ± 4.302653/√3.
  const [panel] = panelsOf(differencePlot, [
    ...seedsOf({ algorithm: "sbp" }, [0.91, 0.93, 0.95]),
    ...seedsOf({ algorithm: "edge-popup" }, [0.90, 0.91, 0.92]),
  ]);
  const reach = 4.302653 / Math.sqrt(3);
  assert.ok(holds(axes(panel!, "y")[0]!, 2 - reach, 2 + reach));
});

Deno.test("speedPlot has axes that hold every cell's median when it is drawn", () => {
  fc.assert(fc.property(runs, (all) => {
    const panels = panelsOf(speedPlot, all);
    assert.equal(panels.length, 1);
    const [x] = axes(panels[0]!, "x");
    for (const members of grouped(all, cellOf)) {
      const rates = members.map(({ result }) => result.imagesPerSecond).sort((a, b) => a - b);
      const middle = [rates[(rates.length - 1) >> 1]!, rates[rates.length >> 1]!];
      assert.ok(holds(x!, (middle[0]! + middle[1]!) / 2));
    }
  }));
});

Deno.test("differencePlot has the first algorithm's mark when a difference is drawn", () => {
  const runs = ["layer", "global"].flatMap((scope) =>
    ["sbp", "edge-popup", "random"].map((algorithm) => runOf({ algorithm, parameters: { scope } }))
  );
  const { columns } = tableOf(runs), marks = marksOf(columns);
  const [{ spec }] = panelsOf(differencePlot, runs) as [Any];
  const { domain, range } = spec.layer[1].encoding.color.scale;
  assert.equal(domain.length, 2);
  domain.forEach((label: string, i: number) => {
    const at = columns.findIndex((column) => column.label === label.split(" − ")[0]);
    assert.equal(range[i], marks[at]!.light, label);
  });
});
