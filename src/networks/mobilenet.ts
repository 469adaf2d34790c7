// MobileNetV1: a convolution of 3×3, then 13 pairs of a depthwise one of 3×3 and one of 1×1, each with batch normalisation
// without scale and shift and a ReLU; no biases.
import type { Layer, NetworkSource } from "./network.ts";

/** Channels after each pair, and the stride of its depthwise convolution. */
const pairs: readonly (readonly [channels: number, stride: number])[] = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  ...Array.from({ length: 5 }, () => [512, 1] as const),
  [1024, 2],
  [1024, 1],
];

const normalised = (layer: Layer, channels: number): Layer[] => [
  layer,
  { kind: "batch-norm", channels },
  { kind: "relu" },
];

export const mobilenetV1: NetworkSource = {
  name: "mobilenet-v1",
  summary: "a convolution, then 13 depthwise ones of 3×3, each with one of 1×1",
  source: "Howard et al.: MobileNets: Efficient Convolutional Neural Networks, 2017",
  inputShape: [3, 224, 224],
  classes: 1000,
  build({ scaled, inputShape: [colours, height, width], classes }) {
    const halve = (side: number) => Math.ceil(side / 2);
    let channels = scaled(32), sides = [halve(height), halve(width)];
    const stem = {
      kind: "conv",
      inputs: colours,
      outputs: channels,
      kernel: 3,
      padding: 1,
    } as const;
    const layers = normalised({ ...stem, stride: 2 }, channels);
    for (const [after, stride] of pairs) {
      const outputs = scaled(after);
      layers.push(
        ...normalised(
          { kind: "depthwise-conv", channels, kernel: 3, stride, padding: 1 },
          channels,
        ),
        ...normalised({ kind: "conv", inputs: channels, outputs, kernel: 1 }, outputs),
      );
      channels = outputs;
      if (stride > 1) sides = sides.map(halve);
    }
    const [rows, columns] = sides as [number, number], size = Math.min(rows, columns);
    const places = Math.floor(rows / size) * Math.floor(columns / size);
    layers.push(
      { kind: "average-pool", size },
      { kind: "flatten" },
      { kind: "linear", inputs: channels * places, outputs: classes },
    );
    return layers;
  },
};
