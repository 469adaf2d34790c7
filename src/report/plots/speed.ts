// Training images per second by network: those of the runs, and those of plain PyTorch where it was measured.
import type { Mark } from "../../algorithms/mark.ts";
import { peersAlgorithmOf, type PeerTimes } from "../../diagnostics/peers.ts";
import { networkNameOf } from "../../tables/format.ts";
import type { Table } from "../../tables/table.ts";
import { type Domain, domainOf, logTicks } from "./axis.ts";
import type { Panel, Plot, PlotInput } from "./plot.ts";
import { legendOf, marks, marksOf } from "./style.ts";

interface Point {
  readonly network: string;
  readonly label: string;
  readonly rate: number;
}

export const speedPlot: Plot = {
  name: "speed",
  title: "Training images per second, by network",
  question: "How fast was it?",
  caption: ({ table, peers }) =>
    "Runs: the median over seeds, a mark for each row of the table, over training steps alone, as the runs shared " +
    "the machine. " + peersCaptionOf(table, peers),
  panels: ({ table, peers }: PlotInput) => {
    const own = runsPanelOf(table);
    const panels = [
      ...own ? [own] : [],
      ...peers && isOfSameMachine(table, peers) ? [peersPanelOf(peers)] : [],
    ];
    return panels.length > 0 ? panels : "Nothing was learnt, so no speed was measured.";
  },
};

function peersCaptionOf(table: Table, peers: PeerTimes | undefined): string {
  if (!peers) return "Other implementations were not measured.";
  if (!isOfSameMachine(table, peers)) {
    return `Other implementations were measured on another machine (${peers.processor}), so they are not shown.`;
  }
  return `Steps: one implementation after the other, ${peers.rounds} rounds in turn, on the same kind of machine with ` +
    `${peers.threads} threads each, so not to be set against the runs' figures; PyTorch ${peers.pytorch}.`;
}

function isOfSameMachine({ rows }: Table, { processor }: PeerTimes): boolean {
  const runs = rows.flatMap(({ cells }) => cells.flatMap((cell) => cell?.runs ?? []));
  return runs.every(({ environment }) =>
    environment.device === "cpu" && environment.processor === processor
  );
}

function runsPanelOf(table: Table): Panel | undefined {
  const points = table.rows.flatMap((row) =>
    row.cells.flatMap((cell): Point[] =>
      cell?.imagesPerSecond
        ? [{
          network: networkNameOf(row.context),
          label: cell.column.label,
          rate: cell.imagesPerSecond,
        }]
        : []
    )
  );
  if (points.length === 0) return undefined;
  const { threads, jobs, processor } = machineTextsOf(table);
  return panelOf(
    `runs: ${threads}, ${jobs}, ${processor}`,
    points,
    table.columns.map(({ label }) => label),
    marksOf(table.columns),
  );
}

function machineTextsOf({ rows }: Table) {
  const runs = rows.flatMap(({ cells }) => cells.flatMap((cell) => cell?.runs ?? []));
  const all = (textOf: (run: typeof runs[number]) => string) =>
    [...new Set(runs.map(textOf))].sort().join(" or ");
  const many = (count: number, one: string) => `${count} ${one}${count === 1 ? "" : "s"}`;
  return {
    threads: all(({ environment }) => many(environment.threads, "thread") + " each"),
    jobs: all(({ environment }) => `${environment.jobs} side by side`),
    processor: all(({ environment }) => environment.processor),
  };
}

function peersPanelOf(peers: PeerTimes): Panel {
  const points = peers.networks.flatMap(({ network, msPerStep }) =>
    Object.entries(msPerStep).map(([label, ms]): Point => ({
      network,
      label,
      rate: 1000 * peers.batchSize / ms,
    }))
  );
  const labels = [...new Set(points.map(({ label }) => label))];
  // The strongest contrast is between the first two, this implementation and the fastest other one.
  const own = [3, 2, 0, 1].map((i) => marks[i % marks.length]!);
  const subtitle =
    `steps of ${peersAlgorithmOf(peers)}: ${peers.threads} threads, batch ${peers.batchSize}, ` +
    peers.processor;
  return panelOf(subtitle, points, labels, labels.map((_, i) => own[i % own.length]!));
}

function panelOf(
  subtitle: string,
  points: readonly Point[],
  labels: readonly string[],
  marks: readonly Mark[],
): Panel {
  const used = labels.filter((label) => points.some((point) => point.label === label));
  const own = used.map((label) => marks[labels.indexOf(label)]!);
  const rates = points.map(({ rate }) => rate);
  const low = Math.min(...rates);
  const high = Math.max(...rates);
  const wide = high > 8 * low;
  const domain: Domain = wide
    ? [low / 1.3, high * 1.3]
    : domainOf([{ low: 0, high }], [0, Infinity]);
  const color = {
    field: "label",
    type: "nominal",
    scale: { domain: used, range: own.map(({ light }) => light) },
    legend: legendOf(used),
  };
  const networks = [...new Set(points.map(({ network }) => network))];
  return {
    subtitle,
    alt: "Images per second: " + networks.map((network) =>
      `${network}: ${
        used.flatMap((label) => {
          const own = points.filter((point) => point.network === network && point.label === label);
          const texts = own.map(({ rate }) => Math.round(rate).toLocaleString("en"));
          return texts.length ? [`${label} ${[...new Set(texts)].join(", ")}`] : [];
        }).join("; ")
      }`
    ).join(". ") + ".",
    spec: {
      width: 270,
      height: { step: 13 },
      data: { values: [...points] },
      mark: { type: "point", opacity: 1, size: 46, strokeWidth: 1.5 },
      encoding: {
        x: {
          field: "rate",
          type: "quantitative",
          scale: { domain, nice: false, type: wide ? "log" : "linear" },
          title: `images per second${wide ? ", logarithmic" : ""}`,
          axis: {
            ...wide ? { values: logTicks(domain) } : { tickCount: 4 },
            grid: true,
            format: ",d",
          },
        },
        y: { field: "network", type: "nominal", sort: networks, title: null },
        yOffset: { field: "label", sort: [...used] },
        fill: color,
        stroke: color,
        shape: { ...color, scale: { domain: [...used], range: own.map(({ shape }) => shape) } },
      },
    },
  };
}
