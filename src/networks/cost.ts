// How much arithmetic a network takes.
import { graphOf, type Network, type Shape } from "./network.ts";

/** Multiplications with a weight in one picture's pass through each layer of the graph. */
export function layerMultiplicationsOf({ inputShape, layers }: Network): number[] {
  const shapes: Shape[] = [];
  return graphOf(layers).map(({ layer, from }) => {
    const [channels, height, width] = from < 0 ? inputShape : shapes[from]!;
    if (layer.kind === "linear") {
      shapes.push([layer.outputs, 1, 1]);
      return layer.inputs * layer.outputs;
    }
    if (layer.kind !== "conv" && layer.kind !== "max-pool" && layer.kind !== "average-pool") {
      shapes.push([channels, height, width]);
      return 0;
    }
    const size = layer.kind === "conv" ? layer.kernel : layer.size;
    const stride = layer.stride ?? (layer.kind === "conv" ? 1 : size);
    const padding = layer.kind === "average-pool" ? 0 : layer.padding ?? 0;
    const after = (side: number) => Math.floor((side + 2 * padding - size) / stride) + 1;
    const outputs = layer.kind === "conv" ? layer.outputs : channels;
    shapes.push([outputs, after(height), after(width)]);
    if (layer.kind !== "conv") return 0;
    return after(height) * after(width) * layer.inputs * layer.outputs * size ** 2;
  });
}

/** Multiplications of one picture's forward pass; a training step takes about three times as many. */
export function multiplicationsOf(network: Network): number {
  return layerMultiplicationsOf(network).reduce((sum, count) => sum + count, 0);
}
