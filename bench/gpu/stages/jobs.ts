// How many runs side by side use the device best: images a second of all of them together.
import { join } from "node:path";
import { markdownTable } from "markdown-table";
import { quietListener } from "../../../src/runner/progress.ts";
import { configurationsOf } from "../../../src/sweep/expand.ts";
import { checkSweep } from "../../../src/sweep/read.ts";
import type { RunConfig } from "../../../src/training/config.ts";
import { type Stage, target } from "../stage.ts";
import { datasetOr, mustNotFail, workOn } from "../work.ts";

export interface Jobs {
  readonly dataset: string;
  readonly network: string;
  readonly throughputs: readonly Throughput[];
  /** The number with the highest throughput so far. */
  readonly best: number;
}

export interface Throughput {
  readonly jobs: number;
  /** Training images of all runs together, evaluation at the end of each epoch included. */
  readonly imagesPerSecond: number;
  /** Seconds in which all of them were under way. */
  readonly seconds: number;
}

export const jobs: Stage<Jobs> = {
  name: "jobs",
  title: "Runs side by side",
  seconds: { cuda: 120, cpu: 600 },
  async run(context, keep) {
    const { rehearsal, scratch, folders } = context;
    const cifar = rehearsal ? "" : await datasetOr("cifar10", folders);
    const dataset = typeof cifar === "string" ? await datasetOr("shapes", folders) : cifar;
    if (typeof dataset === "string") throw new Error(dataset);
    const network = rehearsal ? { name: "conv2", width: 0.02 } : { name: "conv4", width: 1 };
    // The first time tells how long the second is to be.
    const counts = rehearsal ? [1, 2] : [1, 1, 2, 4, 10];
    const wanted = rehearsal ? 1 : 5; // seconds of each measurement
    let rate = 0; // of one run, images a second
    let throughputs: Throughput[] = [];
    const found = (): Jobs => {
      const best = throughputs.toSorted((a, b) => b.imagesPerSecond - a.imagesPerSecond)[0]?.jobs;
      return { dataset: dataset.name, network: network.name, throughputs, best: best ?? 1 };
    };
    for (const [place, count] of counts.entries()) {
      // As long as it takes at the speed of the last number, shared by more.
      const pictures = dataset.train.labels.length;
      const epochs = Math.max(rehearsal ? 1 : 2, Math.round(wanted * rate / pictures));
      const sweep = checkSweep({
        name: "jobs",
        dataset: dataset.name,
        networks: [network],
        algorithms: [{ name: "edge-popup", learningRate: 0.1 }],
        sparsities: [0.5],
        seeds: Array.from({ length: count }, (_, i) => i + 1),
        epochs,
        schedule: "constant",
        augmentation: "crop-flip",
        precision: rehearsal ? "float32" : "bfloat16",
      });
      const courses = new Map<RunConfig, Point[]>();
      const listener = {
        ...quietListener,
        progress(config: RunConfig, { epoch, step, steps }: Progress) {
          const part = ((epoch - 1) * steps + step) / steps;
          const points = courses.get(config) ?? [];
          courses.set(config, [...points, {
            at: performance.now() / 1000,
            images: part * pictures,
          }]);
        },
      };
      const runs = configurationsOf(sweep, dataset);
      mustNotFail(await workOn(runs, join(scratch, String(place)), count, context, { listener }));
      const together = throughputOf([...courses.values()]);
      if (!together) continue; // too short for all to have been under way at once
      const others = throughputs.filter(({ jobs }) => jobs !== count);
      throughputs = [...others, { jobs: count, ...together }];
      rate = together.imagesPerSecond / (counts[place + 1] ?? count);
      keep(found());
    }
    return found();
  },
  section({ dataset, network, throughputs, best }) {
    const one = throughputs.find(({ jobs }) => jobs === 1)?.imagesPerSecond;
    return [
      `Training images a second of all runs of ${network} on ${dataset} together, evaluations included, while all of ` +
      `them were under way. Best: ${best}.`,
      markdownTable([
        ["runs side by side", "images/s of all", "of one run's", "measured for, s"],
        ...throughputs.map(({ jobs, imagesPerSecond, seconds }) => [
          String(jobs),
          Math.round(imagesPerSecond).toLocaleString("en"),
          one === undefined ? "—" : `${(imagesPerSecond / one).toFixed(2)}×`,
          seconds.toFixed(1),
        ]),
      ], { align: ["r", "r", "r", "r"] }),
    ].join("\n\n");
  },
  targets(results) {
    const { throughputs = [] } = (results.jobs ?? {}) as Partial<Jobs>;
    const of = (count: number) => throughputs.find(({ jobs }) => jobs === count)?.imagesPerSecond;
    const ten = of(10), one = of(1);
    return [target(
      "ten runs side by side: at least 3× the throughput of one after another",
      ten !== undefined && one !== undefined ? ten / one : null,
      (value) => value >= 3,
      (value) => `${value.toFixed(2)}×`,
    )];
  },
};

interface Progress {
  readonly epoch: number;
  readonly step: number;
  readonly steps: number;
}

/** Images that a run had seen at a time in seconds. */
export interface Point {
  readonly at: number;
  readonly images: number;
}

/**
 * Images a second of all runs together, from when the last one was under way to when the first one ended; nothing where
 * they never were under way all at once. Between two points a run goes on evenly.
 */
export function throughputOf(
  courses: readonly (readonly Point[])[],
): Omit<Throughput, "jobs"> | undefined {
  const from = Math.max(...courses.map((points) => points[0]?.at ?? Infinity));
  const to = Math.min(...courses.map((points) => points.at(-1)?.at ?? -Infinity));
  if (!(to > from)) return undefined;
  const images = courses.reduce((sum, points) => sum + seen(points, to) - seen(points, from), 0);
  return { imagesPerSecond: images / (to - from), seconds: to - from };
}

function seen(points: readonly Point[], at: number): number {
  const after = points.findIndex((point) => point.at >= at);
  const b = points[after]!, a = points[after - 1];
  if (!a) return b.images;
  return a.images + (b.images - a.images) * (at - a.at) / (b.at - a.at);
}
