// What people see of a sweep under way: a bar on a terminal, plain lines elsewhere. All of it on standard error.
import process from "node:process";
import cliProgress from "cli-progress";
import { algorithms } from "../algorithms/registry.ts";
import { durationTextOf } from "../base/duration.ts";
import { shortened } from "../base/text.ts";
import { multiplicationsOf } from "../networks/cost.ts";
import { knownPicturesOf } from "../datasets/registry.ts";
import { chosenNetworkOf } from "../networks/registry.ts";
import { briefLabelOf, labelOf } from "../runs/label.ts";
import type { RunConfig } from "../training/config.ts";
import type { RunProgress, RunResult } from "../training/result.ts";
import type { RunnerListener } from "./listener.ts";

/** Milliseconds between two plain lines on runs under way. */
const PLAIN_LINE_INTERVAL = 10_000;

/** Says nothing but failures and notes. */
export const quietListener: RunnerListener = {
  begin: () => {},
  progress: () => {},
  finished: () => {},
  failed: (config, reason) => console.error(`  ${labelOf(config)}: FAILED: ${reason}`),
  finishedElsewhere: () => {},
  note: (text) => console.error(`  ${text}`),
  end: () => {},
};

/** Shows the progress of a sweep on standard error. */
export const progressListener = (terminal: boolean): RunnerListener =>
  new ProgressDisplay(terminal);

class ProgressDisplay implements RunnerListener {
  readonly #started = performance.now();
  /** How much of each run under way is done, in [0, 1]. */
  readonly #underWay = new Map<RunConfig, number>();
  /** Cost of what earlier starts had done already of the runs that went on from their checkpoints. */
  #inheritedCost = 0;
  #totalCost = 0;
  #doneCost = 0;
  #runs = 0;
  #done = 0;
  /** When the last plain line was printed. */
  #printedAt = this.#started;
  #screen: ProgressScreen | undefined;

  constructor(readonly terminal: boolean) {}

  begin(missing: readonly RunConfig[], finished: number): void {
    if (finished > 0) {
      this.note(
        `${finished} of ${finished + missing.length} runs are finished already, and skipped`,
      );
    }
    this.#runs = missing.length;
    this.#totalCost = missing.reduce((sum, config) => sum + costOf(config), 0);
    if (this.terminal && this.#runs > 0) this.#screen = new ProgressScreen(this.#runs);
  }

  progress(config: RunConfig, progress: RunProgress): void {
    const steps = progress.epochs * progress.steps;
    const part = ((progress.epoch - 1) * progress.steps + progress.step) / steps;
    if (!this.#underWay.has(config)) this.#inheritedCost += costOf(config) * part;
    this.#underWay.set(config, part);
    const text = progressTextOf(progress);
    if (this.#screen) {
      this.#screen.show(config, `${briefLabelOf(config)}: ${text}`); // a line of a terminal is short
      this.#screen.count(this.#done, this.#timeLeft());
    } else if (performance.now() - this.#printedAt > PLAIN_LINE_INTERVAL) {
      this.#printedAt = performance.now();
      this.note(`     ${labelOf(config)}: ${text}, ${this.#timeLeft()}`);
    }
  }

  finished(config: RunConfig, result: RunResult): void {
    this.#endRun(config, resultTextOf(result), `${percent(result.lastTestAccuracy).padStart(7)}  `);
  }

  failed(config: RunConfig, reason: string): void {
    this.#endRun(config, `FAILED: ${reason}`);
  }

  finishedElsewhere(config: RunConfig): void {
    this.#endRun(config, "finished by another process");
  }

  note(text: string): void {
    if (this.#screen) this.#screen.print(text);
    else console.error(text);
  }

  end(): void {
    this.#screen?.end();
  }

  // @param first what a line of a terminal begins with, which is cut to its width; else all is shown
  #endRun(config: RunConfig, text: string, first?: string): void {
    this.#underWay.delete(config);
    this.#done++;
    this.#doneCost += costOf(config);
    this.#printedAt = performance.now();
    this.#screen?.hide(config);
    this.#screen?.count(this.#done, this.#timeLeft());
    const place = `${String(this.#done).padStart(String(this.#runs).length)}/${this.#runs}`;
    const isLast = this.#done === this.#runs;
    const left = this.#screen || isLast ? "" : `, ${this.#timeLeft()}`;
    if (this.#screen && first !== undefined) {
      return this.note(cutToTerminal(`${place}  ${first}${labelOf(config)}`));
    }
    this.note(`${place}  ${labelOf(config)}: ${text}${left}`);
  }

  #timeLeft(): string {
    const underWay = [...this.#underWay].map(([config, part]) => costOf(config) * part);
    const past = underWay.reduce((sum, cost) => sum + cost, this.#doneCost);
    const seconds = (performance.now() - this.#started) / 1000;
    const pastHere = past - this.#inheritedCost;
    const left = pastHere > 0 ? seconds * (this.#totalCost - past) / pastHere : NaN;
    return `${durationTextOf(left)} left`;
  }
}

/** The lower end of a terminal: a bar for the sweep, and below it a line for each run under way. */
class ProgressScreen {
  readonly #bars = new cliProgress.MultiBar({
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
    fps: 4,
    gracefulExit: false,
    emptyOnZero: true,
  }, cliProgress.Presets.shades_classic);
  readonly #sweepBar: cliProgress.SingleBar;
  /** A line whose run has ended is used again for the next one. */
  readonly #lines: { readonly bar: cliProgress.SingleBar; run: RunConfig | undefined }[] = [];

  constructor(runs: number) {
    this.#sweepBar = this.#bars.create(runs, 0, { left: "? left" }, {
      format: "{bar} {value}/{total} runs, {left}",
      barsize: 24,
    });
  }

  count(done: number, left: string): void {
    this.#sweepBar.update(done, { left });
  }

  show(run: RunConfig, text: string): void {
    let line = this.#lines.find((line) => line.run === run) ?? this.#lines.find(({ run }) => !run);
    if (!line) {
      line = { bar: this.#bars.create(1, 0, { text: "" }, { format: "  {text}" }), run };
      this.#lines.push(line);
    }
    line.run = run;
    const width = Math.max(20, (process.stderr.columns ?? 80) - 4);
    line.bar.update(0, { text: text.slice(0, width) });
  }

  hide(run: RunConfig): void {
    const line = this.#lines.find((line) => line.run === run);
    if (!line) return;
    line.run = undefined;
    line.bar.update(0, { text: "" });
  }

  print(text: string): void {
    this.#bars.log(`${text}\n`);
    this.#bars.update();
  }

  end(): void {
    this.#bars.update();
    this.#bars.stop();
  }
}

const cutToTerminal = (text: string): string =>
  shortened(text, Math.max(20, process.stderr.columns ?? 80));

/** Arithmetic of a run, in multiplications for one picture: what the time left is reckoned by. */
function costOf({ dataset, network, algorithm, epochs }: RunConfig): number {
  const { learns } = algorithms.find(({ name }) => name === algorithm.name)!;
  const { shape = [3, 32, 32], classes = 10 } = knownPicturesOf(dataset.name) ?? {};
  const { layers } = chosenNetworkOf(network, { inputShape: shape, classes });
  return multiplicationsOf({ name: network.name, inputShape: shape, layers }) *
    (learns ? 3 * epochs : 1);
}

/** How far a run is: `epoch 3/10, loss 0.3121, accuracy 94.20%, 28,113 images/s`. */
function progressTextOf(progress: RunProgress): string {
  return [
    `epoch ${progress.epoch}/${progress.epochs}`,
    ...(Number.isNaN(progress.trainLoss) ? [] : [`loss ${progress.trainLoss.toFixed(4)}`]),
    ...(Number.isNaN(progress.testAccuracy) ? [] : [`accuracy ${percent(progress.testAccuracy)}`]),
    ...(progress.imagesPerSecond > 0 ? [perSecond(progress.imagesPerSecond)] : []),
  ].join(", ");
}

function resultTextOf({ lastTestAccuracy, epochs, imagesPerSecond }: RunResult): string {
  return [
    `accuracy ${percent(lastTestAccuracy)}`,
    `loss ${epochs.at(-1)!.trainLoss.toFixed(4)}`,
    ...(imagesPerSecond > 0 ? [perSecond(imagesPerSecond)] : []),
  ].join(", ");
}

const percent = (fraction: number) => `${(100 * fraction).toFixed(2)}%`;
const perSecond = (images: number) => `${Math.round(images).toLocaleString("en")} images/s`;
