// The learning rate over the epochs.
import type { RunConfig } from "./config.ts";

/**
 * The rate of an epoch: the base rate throughout, or on a half cosine from it towards 0, stepped once an epoch.
 * @param epoch counted from 0
 */
export function learningRate(
  schedule: RunConfig["schedule"],
  base: number,
  epoch: number,
  epochs: number,
): number {
  return schedule === "constant" ? base : base * (1 + Math.cos(Math.PI * epoch / epochs)) / 2;
}
