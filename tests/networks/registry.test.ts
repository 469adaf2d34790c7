// The networks have the sizes that the literature gives.
import assert from "node:assert/strict";
import "../library.ts";
import { MaskedNetwork } from "../../src/native/mod.ts";
import { multiplicationsOf } from "../../src/networks/cost.ts";
import { normalisedChannels, segmentsOf, weightCount } from "../../src/networks/network.ts";
import { networkOf, networks } from "../../src/networks/registry.ts";

Deno.test("weightCount() gives Frankle & Carbin's numbers without biases when the networks are mlp and conv2 to conv8", () => {
  const counts = ["mlp", "conv2", "conv4", "conv6", "conv8"].map((name) =>
    [name, weightCount(networkOf(name).layers)] as const
  );
  assert.deepEqual(Object.fromEntries(counts), {
    mlp: 266_200,
    conv2: 4_300_992,
    conv4: 2_425_024,
    conv6: 2_261_184,
    conv8: 5_275_840,
  });
});

Deno.test("weightCount() gives the literature's parameters when scales, shifts and biases are added to residual networks", () => {
  const parameters = (name: string) => {
    const { layers } = networkOf(name), { classes } = networks.find((one) => one.name === name)!;
    const channels = normalisedChannels(layers).reduce((sum, count) => sum + count, 0);
    return weightCount(layers) + 2 * channels + classes;
  };
  assert.equal(parameters("resnet20"), 272_474);
  assert.equal(parameters("resnet18"), 11_173_962);
  assert.equal(parameters("resnet50"), 25_557_032);
  assert.equal(parameters("resnet101"), 44_549_160);
  assert.equal(parameters("wide-resnet50"), 68_883_240);
});

Deno.test("weightCount() gives the literature's parameters when scales, shifts and biases are added to what came since", () => {
  const parameters = (name: string, biased: readonly string[]) => {
    const { layers } = networkOf(name), segments = segmentsOf(layers);
    const channels = normalisedChannels(layers).reduce((sum, count) => sum + count, 0);
    const biases = segments.filter((segment) =>
      biased.some((kind) => segment.name.startsWith(kind))
    ).reduce((sum, { shape }) => sum + shape[0]!, 0);
    return weightCount(layers) + 2 * channels + biases;
  };
  // LeNet-5 as it is trained today: 61,706; torchvision's vgg16_bn.features has 14,723,136, and a linear layer 5,130;
  // Keras' MobileNet has 4,231,976 trainable parameters, its last layer's biases among them.
  assert.equal(parameters("lenet5", ["conv", "linear"]), 61_706);
  assert.equal(parameters("vgg16", ["conv", "linear"]), 14_723_136 + 5_130);
  assert.equal(parameters("mobilenet-v1", ["linear"]), 4_231_976);
});

Deno.test("multiplicationsOf() gives the literature's 569 million when the network is MobileNetV1", () => {
  // Howard et al. 2017, table 4, with 4.2 million parameters.
  assert.equal(Math.round(multiplicationsOf(networkOf("mobilenet-v1")) / 1e6), 569);
});

Deno.test("multiplicationsOf() gives the literature's figures when networks are residual", () => {
  // He et al. 2016, table 1: 3.8 and 7.6 · 10⁹ with the stride in a block's first convolution; it is in the second here.
  const billions = (name: string) => multiplicationsOf(networkOf(name)) / 1e9;
  assert.ok(Math.abs(billions("resnet50") - 4.09) < 0.01, `${billions("resnet50")}`);
  assert.ok(Math.abs(billions("resnet101") - 7.80) < 0.01, `${billions("resnet101")}`);
  assert.ok(Math.abs(billions("wide-resnet50") - 11.40) < 0.02, `${billions("wide-resnet50")}`);
});

Deno.test("networkOf() builds every network when a data set has pictures and classes of its own", () => {
  for (const { name, smallest = 1 } of networks) {
    for (const side of [smallest, 28, 33, 64]) {
      const inputShape = [2, side, side] as const;
      const { layers } = networkOf(name, 0.05, { inputShape, classes: 7 });
      using network = new MaskedNetwork({ name, inputShape, layers });
      assert.equal(network.size, weightCount(layers));
      assert.equal(segmentsOf(layers).at(-1)!.shape[0], 7);
    }
  }
  const small = { inputShape: [3, 8, 8], classes: 10 } as const;
  assert.throws(() => networkOf("conv8", 1, small), /conv8 .* at least 16 × 16, not of 8 × 8/);
});

Deno.test("segmentsOf() tiles the vector in the layers' order with PyTorch's shapes when given any network", () => {
  for (const { name } of networks) {
    let end = 0;
    for (const { offset, length, shape, fanIn } of segmentsOf(networkOf(name).layers)) {
      assert.equal(offset, end);
      assert.equal(length, shape.reduce((a, b) => a * b));
      assert.equal(fanIn, shape.slice(1).reduce((a, b) => a * b));
      end += length;
    }
  }
});

Deno.test("networkOf() scales what is hidden when a width is given", () => {
  const half = segmentsOf(networkOf("conv4", 0.5).layers).map(({ shape }) => shape);
  assert.deepEqual(half, [
    [32, 3, 3, 3],
    [32, 32, 3, 3],
    [64, 32, 3, 3],
    [64, 64, 3, 3],
    [128, 64 * 8 * 8],
    [128, 128],
    [10, 128],
  ]);
  for (const { name } of networks) {
    for (const width of [0.001, 0.1, 1]) {
      using network = new MaskedNetwork(networkOf(name, width));
      assert.equal(network.size, weightCount(networkOf(name, width).layers));
    }
  }
});

Deno.test("networkOf() names the known networks when the name is unknown", () => {
  assert.throws(() => networkOf("conv3"), /"conv3".*mlp, lenet5, conv2, conv4, conv6, conv8/);
});
