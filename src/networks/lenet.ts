// LeNet-5, for MNIST, in the form that is trained today: ReLU in place of tanh, maxima in place of scaled averages, every
// channel of the second convolution reading all of the first's, no biases.
import type { NetworkSource } from "./network.ts";

export const lenet5: NetworkSource = {
  name: "lenet5",
  summary: "2 convolutions of 5×5 with 6 and 16 channels, then 120-84-10",
  source: "LeCun et al.: Gradient-Based Learning Applied to Document Recognition, 1998",
  inputShape: [1, 28, 28],
  classes: 10,
  smallest: 12,
  build({ scaled, inputShape: [colours, height, width], classes }) {
    const first = scaled(6), second = scaled(16), third = scaled(120), fourth = scaled(84);
    const after = (side: number) => Math.floor((Math.floor(side / 2) - 4) / 2);
    return [
      { kind: "conv", inputs: colours, outputs: first, kernel: 5, padding: 2 },
      { kind: "relu" },
      { kind: "max-pool", size: 2 },
      { kind: "conv", inputs: first, outputs: second, kernel: 5 },
      { kind: "relu" },
      { kind: "max-pool", size: 2 },
      { kind: "flatten" },
      { kind: "linear", inputs: second * after(height) * after(width), outputs: third },
      { kind: "relu" },
      { kind: "linear", inputs: third, outputs: fourth },
      { kind: "relu" },
      { kind: "linear", inputs: fourth, outputs: classes },
    ];
  },
};
