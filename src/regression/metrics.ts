// The metrics accuracy, speed and memory: each is compared on a scale of its own, on which equal differences mean the same
// everywhere and more is better, and shown in another unit.
import type { BaselineRun } from "./baseline.ts";
import type { MetricName } from "./rules.ts";

/** A figure that runs are compared by. */
export interface Metric {
  readonly name: MetricName;
  /** Whether it depends on the machine as well, and so is compared on the same one only. */
  readonly ofMachine: boolean;
  /** The unit of limits and differences. */
  readonly unit: "points" | "%";
  /** The words for a loss and a gain. */
  readonly lost: string;
  readonly gained: string;
  /** The values on the scale: one for each round where rounds are compared, else one; `null` where the run has none. */
  values(run: BaselineRun): readonly (number | null)[];
  /** Whether rounds are compared, each a process of its own, and not runs. */
  readonly byRounds: boolean;
  /** A loss of so many points or percent, on the scale. */
  loss(limit: number): number;
  /** A difference on the scale, in points or percent of what is shown. */
  difference(onScale: number): number;
  /** The shown figure of a run, such as megabytes, moved by a difference on the scale. */
  shown(run: BaselineRun, onScale: number): number;
  /** The smallest deviation on the scale that is believed: equal differences of all seeds are no certainty. */
  readonly finest: number;
}

/** A difference of logarithms in percent. */
const percentOf = (onScale: number) => 100 * (Math.exp(onScale) - 1);

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
    finest: 0.01, // One picture of a test set of ten thousand, in points.
  },
  {
    // The scale is the logarithm of the images trained on in the time of one matrix product and one copy.
    name: "speed",
    ofMachine: true,
    byRounds: true,
    unit: "%",
    lost: "slower",
    gained: "faster",
    values: ({ speed }) => speed?.rounds.map((images) => images && Math.log(images)) ?? [null],
    loss: (limit) => -Math.log(1 - limit / 100),
    difference: percentOf,
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
    difference: (onScale) => percentOf(-onScale),
    shown: ({ peakMemoryBytes }, onScale) => peakMemoryBytes / 1e6 * Math.exp(-onScale),
    finest: 0.001,
  },
];
