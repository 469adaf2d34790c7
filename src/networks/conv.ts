// conv2 to conv8: VGG-like networks of Frankle & Carbin, as in hidden-networks: blocks of two 3×3 convolutions and a
// 2×2 max-pool with 64, 128, 256, 512 channels, then 256-256-10; a ReLU after every layer but the last, no biases.
import type { Layer, NetworkSource } from "./network.ts";

function convNetwork(depth: 2 | 4 | 6 | 8): NetworkSource {
  const blocks = depth / 2;
  return {
    name: `conv${depth}`,
    summary: `${depth} convolutions of 3×3, then 256-256-10`,
    source: "Frankle & Carbin, ICLR 2019; Ramanujan et al., CVPR 2020 (hidden-networks)",
    inputShape: [3, 32, 32],
    classes: 10,
    smallest: 2 ** blocks,
    build({ scaled, inputShape: [colours, height, width], classes }) {
      const layers: Layer[] = [];
      let channels = colours;
      for (let block = 0; block < blocks; block++) {
        const outputs = scaled(64 * 2 ** block);
        for (const inputs of [channels, outputs]) {
          layers.push({ kind: "conv", inputs, outputs, kernel: 3, padding: 1 }, { kind: "relu" });
        }
        layers.push({ kind: "max-pool", size: 2 });
        channels = outputs;
      }
      const pooled = (side: number) => Math.floor(side / 2 ** blocks), hidden = scaled(256);
      layers.push(
        { kind: "flatten" },
        { kind: "linear", inputs: channels * pooled(height) * pooled(width), outputs: hidden },
        { kind: "relu" },
        { kind: "linear", inputs: hidden, outputs: hidden },
        { kind: "relu" },
        { kind: "linear", inputs: hidden, outputs: classes },
      );
      return layers;
    },
  };
}

export const conv2 = convNetwork(2);
export const conv4 = convNetwork(4);
export const conv6 = convNetwork(6);
export const conv8 = convNetwork(8);
