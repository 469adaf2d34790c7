// The multilayer perceptron of Frankle & Carbin (LeNet-300-100), for MNIST.
import type { NetworkSource } from "./network.ts";

export const mlp: NetworkSource = {
  name: "mlp",
  summary: "784-300-100-10, fully connected",
  source: "LeCun et al. 1998; Frankle & Carbin: The Lottery Ticket Hypothesis, ICLR 2019",
  inputShape: [1, 28, 28],
  classes: 10,
  build({ scaled, inputShape: [colours, height, width], classes }) {
    const first = scaled(300), second = scaled(100);
    return [
      { kind: "flatten" },
      { kind: "linear", inputs: colours * height * width, outputs: first },
      { kind: "relu" },
      { kind: "linear", inputs: first, outputs: second },
      { kind: "relu" },
      { kind: "linear", inputs: second, outputs: classes },
    ];
  },
};
