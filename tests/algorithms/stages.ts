// A stage of 30 steps on a small set of pictures, half of the weights removed, step by step.
import { type RunSetup, setUpRun } from "../../src/training/setup.ts";
import { device } from "../library.ts";
import { config, dataset } from "../training/halves.ts";

/** @param parameters that are not the algorithm's defaults */
export function stageOf(name: string, parameters: object, free: DisposableStack): RunSetup {
  const { algorithm, ...rest } = config(name);
  const given = { ...algorithm, parameters: { ...algorithm.parameters, ...parameters } };
  return setUpRun({ ...rest, algorithm: given }, { dataset, device }, free);
}

/** The weights after steps `from` to `to` − 1. */
export function afterSteps(to: number, stage: RunSetup, from = 0): Float32Array {
  for (let t = from; t < to; t++) {
    if (t % stage.batches.steps === 0) stage.batches.draw(stage.streams);
    stage.step(t, 0.05);
  }
  return stage.weights.download();
}
