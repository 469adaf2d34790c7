// VGG-16 in the form for CIFAR that pruning is tried on: the 13 convolutions of configuration D, each with batch
// normalisation without scale and shift, and one linear layer in place of three; no biases.
import type { Layer, NetworkSource } from "./network.ts";

/** Channels of the convolutions, block by block; a 2×2 max-pool follows every block while there is something to pool. */
const blocks = [[64, 64], [128, 128], [256, 256, 256], [512, 512, 512], [512, 512, 512]];

export const vgg16: NetworkSource = {
  name: "vgg16",
  summary: "13 convolutions of 3×3 with 64 to 512 channels, then one linear layer",
  source: "Simonyan & Zisserman: Very Deep Convolutional Networks, ICLR 2015",
  inputShape: [3, 32, 32],
  classes: 10,
  build({ scaled, inputShape: [colours, height, width], classes }) {
    const layers: Layer[] = [];
    let inputs = colours, sides: readonly [number, number] = [height, width];
    for (const block of blocks) {
      for (const channels of block) {
        const outputs = scaled(channels);
        layers.push(
          { kind: "conv", inputs, outputs, kernel: 3, padding: 1 },
          { kind: "batch-norm", channels: outputs },
          { kind: "relu" },
        );
        inputs = outputs;
      }
      if (Math.min(...sides) < 2) continue;
      layers.push({ kind: "max-pool", size: 2 });
      sides = [Math.floor(sides[0] / 2), Math.floor(sides[1] / 2)];
    }
    layers.push(
      { kind: "flatten" },
      { kind: "linear", inputs: inputs * sides[0] * sides[1], outputs: classes },
    );
    return layers;
  },
};
