// How much arithmetic a network takes.
import { graphOf, type Network, type Shape, shapeAfter, weightShapeOf } from "./network.ts";

/** Multiplications with a weight in one picture's pass through each layer of the graph. */
export function layerMultiplicationsOf({ inputShape, layers }: Network): number[] {
  const shapes: Shape[] = [];
  return graphOf(layers).map(({ layer, from }) => {
    const shape = shapeAfter(layer, from < 0 ? inputShape : shapes[from]!);
    shapes.push(shape);
    const weights = weightShapeOf(layer)?.reduce((product, size) => product * size, 1) ?? 0;
    return weights * shape[1] * shape[2];
  });
}

/** Multiplications of one picture's forward pass; a training step takes about three times as many. */
export function multiplicationsOf(network: Network): number {
  return layerMultiplicationsOf(network).reduce((sum, count) => sum + count, 0);
}
