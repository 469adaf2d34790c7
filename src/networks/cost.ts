// How much arithmetic a network is.
import type { Network } from "./network.ts";

/** Multiplications with a weight in one picture's forward pass; a training step is about three times as many. */
export function multiplications({ inputShape, layers }: Network): number {
  let [, height, width] = inputShape, total = 0;
  for (const layer of layers) {
    if (layer.kind === "linear") total += layer.inputs * layer.outputs;
    if (layer.kind === "relu" || layer.kind === "flatten" || layer.kind === "linear") continue;
    const size = layer.kind === "conv" ? layer.kernel : layer.size;
    const stride = layer.stride ?? (layer.kind === "conv" ? 1 : size);
    const padding = layer.kind === "conv" ? layer.padding ?? 0 : 0;
    height = Math.floor((height + 2 * padding - size) / stride) + 1;
    width = Math.floor((width + 2 * padding - size) / stride) + 1;
    if (layer.kind === "conv") total += height * width * layer.inputs * layer.outputs * size ** 2;
  }
  return total;
}
