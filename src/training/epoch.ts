// The epochs of a run, one after the other, from its start or from a checkpoint on.
import { type Checkpoint, type StreamStates, streamStatesOf } from "./checkpoint.ts";
import { learningRateAt } from "./learning_rate.ts";
import { detectDivergence } from "./run_errors.ts";
import type { RunSetup } from "./setup.ts";

/** An epoch under way. */
export class Epoch {
  /** When it began, in milliseconds as `performance.now()` counts them. */
  readonly began: number = performance.now();
  readonly learningRate: number;
  /** The streams before its order and augmentation were drawn. */
  readonly streams: StreamStates;

  /**
   * Begins it: draws the order of its images.
   * @param index counted from 0
   * @param firstStep the first step that is not done yet
   */
  constructor(readonly setup: RunSetup, readonly index: number, readonly firstStep: number) {
    const { schedule, epochs, warmUp, algorithm } = setup.config;
    const base = algorithm.parameters.learningRate as number;
    this.learningRate = learningRateAt(schedule, base, index, epochs, warmUp);
    this.streams = streamStatesOf(setup);
    setup.batches.draw(setup.streams);
  }

  /** As people count it: from 1. */
  get number(): number {
    return this.index + 1;
  }

  /** The steps that are not done yet, counted from 0 in this epoch. */
  *remainingSteps(): Generator<number> {
    for (let step = this.firstStep; step < this.setup.batches.steps; step++) yield step;
  }

  /**
   * Does one step.
   * @returns how many images it trained on
   * @throws {DivergenceError} where a NaN shows
   */
  train(step: number): number {
    const { config, batches } = this.setup, t = this.index * batches.steps + step;
    return detectDivergence(config, this.number, () => this.setup.step(t, this.learningRate));
  }
}

/** Begins the epochs of a run one by one, those that `from` has behind it left out; none where nothing is learnt. */
export function* remainingEpochs(
  setup: RunSetup,
  from: Pick<Checkpoint, "epoch" | "step"> | undefined,
): Generator<Epoch> {
  if (setup.learns === null) return;
  for (let index = from?.epoch ?? 0; index < setup.config.epochs; index++) {
    yield new Epoch(setup, index, index === from?.epoch ? from.step : 0);
  }
}
