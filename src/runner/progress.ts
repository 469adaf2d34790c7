// What people see of a sweep under way: a bar on a terminal, plain lines elsewhere. All of it on standard error.
import process from "node:process";
import cliProgress from "cli-progress";
import { algorithms } from "../algorithms/registry.ts";
import { durationTextOf } from "../base/duration.ts";
import { multiplicationsOf } from "../networks/cost.ts";
import { networkOf } from "../networks/registry.ts";
import { briefLabelOf, labelOf } from "../runs/label.ts";
import type { RunConfig } from "../training/config.ts";
import type { RunProgress, RunResult } from "../training/result.ts";
import type { RunnerListener } from "./runner.ts";

/** Milliseconds between two plain lines on runs under way. */
const PLAIN_EVERY = 10_000;

/** Arithmetic of a run, in multiplications for one picture: what the time left is reckoned by. */
function costOf({ network, algorithm, epochs }: RunConfig): number {
  const { learns } = algorithms.find(({ name }) => name === algorithm.name)!;
  return multiplicationsOf(networkOf(network.name, network.width)) * (learns ? 3 * epochs : 1);
}

const percent = (fraction: number) => `${(100 * fraction).toFixed(2)}%`;
const perSecond = (images: number) => `${Math.round(images).toLocaleString("en")} images/s`;

/** Where a run stands: `epoch 3/10, loss 0.3121, accuracy 94.20%, 28,113 images/s`. */
function standOf(progress: RunProgress): string {
  return [
    `epoch ${progress.epoch}/${progress.epochs}`,
    ...(Number.isNaN(progress.trainLoss) ? [] : [`loss ${progress.trainLoss.toFixed(4)}`]),
    ...(Number.isNaN(progress.testAccuracy) ? [] : [`accuracy ${percent(progress.testAccuracy)}`]),
    ...(progress.imagesPerSecond > 0 ? [perSecond(progress.imagesPerSecond)] : []),
  ].join(", ");
}

function resultOf({ lastTestAccuracy, epochs, imagesPerSecond }: RunResult): string {
  return [
    `accuracy ${percent(lastTestAccuracy)}`,
    `loss ${epochs.at(-1)!.trainLoss.toFixed(4)}`,
    ...(imagesPerSecond > 0 ? [perSecond(imagesPerSecond)] : []),
  ].join(", ");
}

/** Tells the progress of a sweep on standard error. */
export function progressListener(terminal: boolean): RunnerListener {
  const started = performance.now();
  const under = new Map<RunConfig, number>(); // the part of a run under way that is done
  let inherited = 0; // the cost of what was done already when runs went on from their checkpoints
  let total = 0, runs = 0, done = 0, doneCost = 0, spoken = started;
  let screen: Screen | undefined;

  const left = (): string => {
    const past = [...under].reduce((sum, [run, part]) => sum + costOf(run) * part, doneCost);
    const seconds = (performance.now() - started) / 1000, here = past - inherited;
    return `${durationTextOf(here > 0 ? seconds * (total - past) / here : NaN)} left`;
  };
  const say = (text: string) => screen ? screen.say(text) : console.error(text);
  const over = (config: RunConfig, text: string) => {
    under.delete(config);
    done++;
    doneCost += costOf(config);
    spoken = performance.now();
    screen?.hide(config);
    screen?.count(done, left());
    say(
      `${String(done).padStart(String(runs).length)}/${runs}  ${labelOf(config)}: ${text}` +
        (screen || done === runs ? "" : `, ${left()}`),
    );
  };

  return {
    begin(missing, finished) {
      if (finished > 0) {
        say(`${finished} of ${finished + missing.length} runs are finished already, and skipped`);
      }
      runs = missing.length;
      total = missing.reduce((sum, config) => sum + costOf(config), 0);
      if (terminal && runs > 0) screen = screenFor(runs);
    },
    progress(config, progress) {
      const steps = progress.epochs * progress.steps;
      const part = ((progress.epoch - 1) * progress.steps + progress.step) / steps;
      if (!under.has(config)) inherited += costOf(config) * part;
      under.set(config, part);
      const stand = standOf(progress);
      if (screen) {
        screen.show(config, `${briefLabelOf(config)}: ${stand}`); // a line is short
        screen.count(done, left());
      } else if (performance.now() - spoken > PLAIN_EVERY) {
        spoken = performance.now();
        say(`     ${labelOf(config)}: ${stand}, ${left()}`);
      }
    },
    finished: (config, result) => over(config, resultOf(result)),
    failed: (config, reason) => over(config, `FAILED: ${reason}`),
    elsewhere: (config) => over(config, "finished by another process"),
    note: say,
    end: () => screen?.end(),
  };
}

/** Says nothing but what fails, and notes. */
export const quietListener: RunnerListener = {
  begin: () => {},
  progress: () => {},
  finished: () => {},
  failed: (config, reason) => console.error(`  ${labelOf(config)}: FAILED: ${reason}`),
  elsewhere: () => {},
  note: (text) => console.error(`  ${text}`),
  end: () => {},
};

type Screen = ReturnType<typeof screenFor>;

// The lower end of a terminal: a bar for the sweep, and below it a line for each run under way.
function screenFor(runs: number) {
  const multi = new cliProgress.MultiBar({
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
    fps: 4,
    gracefulExit: false,
    emptyOnZero: true,
  }, cliProgress.Presets.shades_classic);
  const bar = multi.create(runs, 0, { left: "? left" }, {
    format: "{bar} {value}/{total} runs, {left}",
    barsize: 24,
  });
  const lines: { readonly line: cliProgress.SingleBar; run: RunConfig | undefined }[] = [];
  const fitting = (text: string) => text.slice(0, Math.max(20, (process.stderr.columns ?? 80) - 4));
  return {
    count: (done: number, left: string) => bar.update(done, { left }),
    show(run: RunConfig, stand: string): void {
      let own = lines.find((line) => line.run === run) ?? lines.find((line) => !line.run);
      if (!own) {
        own = { line: multi.create(1, 0, { stand: "" }, { format: "  {stand}" }), run };
        lines.push(own);
      }
      own.run = run;
      own.line.update(0, { stand: fitting(stand) });
    },
    hide(run: RunConfig): void {
      const own = lines.find((line) => line.run === run);
      if (!own) return;
      own.run = undefined;
      own.line.update(0, { stand: "" });
    },
    say(text: string): void {
      multi.log(`${text}\n`);
      multi.update();
    },
    end(): void {
      multi.update();
      multi.stop();
    },
  };
}
