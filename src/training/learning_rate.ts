// The learning rate over the epochs.
import type { RunConfig } from "./config.ts";

/**
 * The rate of an epoch: the base rate throughout, or on a half cosine from it towards 0, stepped once an epoch. Before
 * that it climbs to the base rate in equal steps, as published for edge-popup on ImageNet.
 * @param epoch counted from 0
 * @param warmUp the number of epochs in which it climbs, the first at `base / warmUp` and the last at `base`
 */
export function learningRateAt(
  schedule: RunConfig["schedule"],
  base: number,
  epoch: number,
  epochs: number,
  warmUp = 0,
): number {
  if (epoch < warmUp) return base * (epoch + 1) / warmUp;
  if (schedule === "constant") return base;
  return base * (1 + Math.cos(Math.PI * (epoch - warmUp) / (epochs - warmUp))) / 2;
}
