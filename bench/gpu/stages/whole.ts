// One whole run of conv4 alone, as published: 100 epochs with crop and flip, evaluated after each.
import { identityOf } from "../../../src/runs/identity.ts";
import { labelOf } from "../../../src/runs/label.ts";
import { readRunFile, runPathOf } from "../../../src/runs/run_file.ts";
import { sweepOf } from "../cifar10.ts";
import { type Stage, target } from "../stage.ts";
import { mustNotFail, workOn } from "../work.ts";

export interface Whole {
  readonly run: string;
  readonly dataset: string;
  readonly precision: string;
  readonly epochs: number;
  /** The run's time, its setting up included and the data set's loading not. */
  readonly seconds: number;
  readonly evaluationSeconds: number;
  readonly accuracy: number;
  /** Number of runs that were under way at the same time. */
  readonly beside: number;
}

export const whole: Stage<Whole> = {
  name: "whole",
  title: "A whole run",
  seconds: { cuda: 180, cpu: 600 },
  async run(context) {
    const { runs, folder } = await sweepOf(context);
    const config = runs[0]!; // and it counts as one of the sweep's
    mustNotFail(await workOn([config], folder, 1, context));
    const { result, environment } = await readRunFile(runPathOf(folder, identityOf(config)));
    return {
      run: labelOf(config),
      dataset: config.dataset.name,
      precision: config.precision,
      epochs: config.epochs,
      seconds: result.seconds.total,
      evaluationSeconds: result.seconds.evaluation,
      accuracy: result.lastTestAccuracy,
      beside: environment.jobs - 1,
    };
  },
  section: ({ run, dataset, precision, epochs, seconds, evaluationSeconds, accuracy, beside }) =>
    `${run} on ${dataset} in ${precision}: ${epochs} epochs in ${
      seconds.toFixed(1)
    } s, evaluations ` +
    `(${evaluationSeconds.toFixed(1)} s) included, ${
      beside === 0 ? "alone" : `with ${beside} others`
    }; ` +
    `accuracy ${(100 * accuracy).toFixed(2)}%.`,
  targets(results) {
    const found = results.whole as Whole | undefined;
    return [target(
      "conv4, 100 epochs with augmentation and evaluation in bfloat16, alone: under 30 s",
      found?.beside === 0 ? found.seconds : null,
      (seconds) => seconds < 30,
      (seconds) => `${seconds.toFixed(1)} s`,
    )];
  },
};
