// How a run ends before its end: it was stopped, or its loss diverged.
import { UserError } from "../base/errors.ts";
import { NativeError } from "../native/mod.ts";
import type { RunConfig } from "./config.ts";

/** Thrown by a run that was stopped, after its checkpoint. */
export class StoppedError extends Error {
  override readonly name = "Stopped";
}

/** Thrown where the loss is NaN or infinite. */
export class DivergenceError extends UserError {
  override readonly name = "Diverged";

  /** @param epoch counted from 1 */
  constructor({ algorithm }: RunConfig, epoch: number) {
    super(
      `training diverged in epoch ${epoch}: the loss is NaN or infinite at learning rate ` +
        `${algorithm.parameters.learningRate}, try a smaller one`,
    );
  }
}

/**
 * Calls what selects entries of the latent vector, which is where the NaN of a diverged run shows first.
 * @param epoch counted from 1
 * @throws {DivergenceError} where there is a NaN among them
 */
export function detectDivergence<Result>(
  config: RunConfig,
  epoch: number,
  call: () => Result,
): Result {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof NativeError) || error.status !== "not-a-number") throw error;
    throw new DivergenceError(config, epoch);
  }
}
