// As much of bench/cifar10-gpu.json as the time allows; another start goes on from what is there.
import { markdownTable } from "markdown-table";
import { durationTextOf } from "../../../src/base/duration.ts";
import { median } from "../../../src/base/statistics.ts";
import { writeTables } from "../../../src/report/mod.ts";
import { quietListener } from "../../../src/runner/progress.ts";
import { labelOf } from "../../../src/runs/label.ts";
import { type RunFile } from "../../../src/runs/run_file.ts";
import { readRunFolder } from "../../../src/runs/run_folder.ts";
import type { RunConfig } from "../../../src/training/config.ts";
import { estimate, sweepOf, type Taken } from "../cifar10.ts";
import { type Stage, target, Unfinished } from "../stage.ts";
import { jobsFor, workOn } from "../work.ts";

export interface Swept {
  readonly total: number;
  readonly finished: number;
  /** Runs side by side. */
  readonly jobs: number;
  readonly networks: readonly {
    readonly network: string;
    readonly total: number;
    readonly finished: number;
    /** Median of a run that learns. */
    readonly seconds: number | null;
  }[];
  /** What the whole table takes: by each network's runs so far, `jobs` side by side. */
  readonly wholeSeconds: number | null;
}

/** Seconds kept for the tables, and for ending in good order. */
const MARGIN = 3;

/** Runs take a bit longer at times. */
const CAUTION = 1.1;

export const sweep: Stage<Swept> = {
  name: "sweep",
  title: "bench/cifar10-gpu.json",
  seconds: { cuda: Infinity, cpu: 600 },
  async run(context, keep) {
    const deadline = performance.now() + 1000 * (context.seconds - MARGIN);
    const left = () => (deadline - performance.now()) / 1000;
    const { runs, folder } = await sweepOf(context);
    const jobs = jobsFor(context);
    // Only runs with as many next to them say how long the next will take.
    const taken: Taken[] = (await readRunFolder(folder)).runs
      .filter(({ environment }) => environment.jobs === jobs).map(takenBy);
    const begun = new Map<RunConfig, number>();
    const says = (config: RunConfig, text: string) =>
      console.error(`    ${labelOf(config)}: ${text}, ${durationTextOf(Math.max(0, left()))} left`);
    const so = async () => sweptOf(runs, (await readRunFolder(folder)).runs, jobs);
    const working = workOn(runs, folder, jobs, context, {
      mayBegin(config) {
        const fits = (estimate(config, taken) ?? 0) * CAUTION < left();
        if (fits) begun.set(config, performance.now());
        return fits;
      },
      listener: {
        ...quietListener,
        finished(config, { lastTestAccuracy }) {
          const seconds = (performance.now() - begun.get(config)!) / 1000;
          taken.push({ config, seconds });
          says(config, `${(100 * lastTestAccuracy).toFixed(2)}% in ${durationTextOf(seconds)}`);
          so().then(keep);
        },
      },
    });
    const clock = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => clock.resolve(undefined), 1000 * Math.max(0, left()));
    const outcome = await Promise.race([working, clock.promise]);
    clearTimeout(timer);
    await writeTables(folder);
    const swept = await so();
    keep(swept);
    if (outcome?.failed.length) {
      const { config, reason } = outcome.failed[0]!;
      throw new Error(`${outcome.failed.length} runs failed: ${labelOf(config)}: ${reason}`);
    }
    if (swept.finished < swept.total) {
      throw new Unfinished(`${swept.finished} of ${swept.total} runs are finished`);
    }
    return swept;
  },
  section({ total, finished, jobs, networks, wholeSeconds }) {
    return [
      `${finished} of ${total} runs are finished, ${jobs} side by side; [the table](cifar10-gpu/table.md) is made of them.` +
      (wholeSeconds === null
        ? ""
        : ` All of them take ${durationTextOf(wholeSeconds)} at that speed.`),
      markdownTable([
        ["network", "finished", "a run's seconds"],
        ...networks.map(({ network, finished, total, seconds }) => [
          network,
          `${finished} of ${total}`,
          seconds === null ? "—" : seconds.toFixed(1),
        ]),
      ], { align: ["l", "r", "r"] }),
    ].join("\n\n");
  },
  targets(results) {
    const found = results.sweep as Swept | undefined;
    const part = found && found.finished < found.total
      ? `, reckoned from ${found.finished} of ${found.total} runs`
      : "";
    return [target(
      "the whole table of bench/cifar10-gpu.json: one hour",
      found?.wholeSeconds,
      (seconds) => seconds <= 3600,
      (seconds) => durationTextOf(seconds) + part,
    )];
  },
};

const takenBy = ({ configuration, environment: { started, finished } }: RunFile): Taken => ({
  config: configuration,
  seconds: (Date.parse(finished) - Date.parse(started)) / 1000,
});

/** Where the sweep stands. @param files of its folder */
export function sweptOf(
  runs: readonly RunConfig[],
  files: readonly RunFile[],
  jobs: number,
): Swept {
  const names = [...new Set(runs.map(({ network }) => network.name))];
  const learns = ({ result }: RunFile) => result.imagesPerSecond > 0;
  const networks = names.map((network) => {
    const of = files.filter(({ configuration }) => configuration.network.name === network);
    const alike = of.filter((run) => learns(run) && run.environment.jobs === jobs);
    return {
      network,
      total: runs.filter((run) => run.network.name === network).length,
      finished: of.length,
      seconds: median(alike.map((run) => takenBy(run).seconds)),
    };
  });
  const reckoned = networks.map(({ network, seconds }) => {
    const all = runs.filter((run) =>
      run.network.name === network && run.algorithm.parameters.learningRate !== undefined
    );
    return seconds === null ? null : seconds * all.length / jobs;
  });
  return {
    total: runs.length,
    finished: files.length,
    jobs,
    networks,
    wholeSeconds: reckoned.every((one) => one !== null)
      ? reckoned.reduce((sum, one) => sum + one, 0)
      : null,
  };
}
