// Accuracy, speed and memory: how each is compared, on a scale where a difference means the same everywhere and more is
// better; and how it is shown.
import type { BaselineRun } from "./baseline.ts";
import type { MetricName } from "./rules.ts";

/** What a run's figures are compared by. */
export interface Metric {
  readonly name: MetricName;
  /** Whether it is of the machine as well, and so compared on the same one only. */
  readonly ofMachine: boolean;
  /** Of limits and differences. */
  readonly unit: "points" | "%";
  /** What a loss and a gain are called. */
  readonly lost: string;
  readonly gained: string;
  /** On the scale, round by round where it is told by rounds, else one; `null` where the run has none. */
  values(run: BaselineRun): readonly (number | null)[];
  /** Whether chance is between rounds, each a process of its own, and not between runs. */
  readonly byRounds: boolean;
  /** A loss of so many points or percent, on the scale. */
  loss(limit: number): number;
  /** A difference on the scale, in points or percent of what is shown. */
  difference(onScale: number): number;
  /** What people read of a run, such as megabytes; and of one that differs from it by so much on the scale. */
  shown(run: BaselineRun, onScale: number): number;
  /** No comparison is finer than this on the scale: equal differences of all seeds are no certainty. */
  readonly finest: number;
}

const growth = (onScale: number) => 100 * (Math.exp(onScale) - 1);

/** All of them, in the order in which findings show them. */
export const metrics: readonly Metric[] = [
  {
    name: "accuracy",
    ofMachine: false,
    byRounds: false,
    unit: "points",
    lost: "are lost",
    gained: "are gained",
    values: ({ accuracy }) => [100 * accuracy],
    loss: (limit) => limit,
    difference: (onScale) => onScale,
    shown: ({ accuracy }, onScale) => 100 * accuracy + onScale,
    finest: 0.01, // points: a picture or so
  },
  {
    name: "speed", // images trained on in the time of one matrix product and one copy, as a logarithm
    ofMachine: true,
    byRounds: true,
    unit: "%",
    lost: "slower",
    gained: "faster",
    values: ({ speed }) => speed?.rounds.map((images) => images && Math.log(images)) ?? [null],
    loss: (limit) => -Math.log(1 - limit / 100),
    difference: growth,
    shown: ({ speed }, onScale) => speed!.imagesPerSecond * Math.exp(onScale),
    finest: 0.001,
  },
  {
    name: "memory",
    ofMachine: true,
    byRounds: false,
    unit: "%",
    lost: "more",
    gained: "less",
    values: ({ peakMemoryBytes }) => [-Math.log(peakMemoryBytes)],
    loss: (limit) => Math.log(1 + limit / 100),
    difference: (onScale) => growth(-onScale),
    shown: ({ peakMemoryBytes }, onScale) => peakMemoryBytes / 1e6 * Math.exp(-onScale),
    finest: 0.001,
  },
];
