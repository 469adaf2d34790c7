// The networks have the sizes that the literature gives.
import assert from "node:assert/strict";
import "../library.ts";
import { MaskedNetwork } from "../../src/native/mod.ts";
import { segmentsOf, weightCount } from "../../src/networks/network.ts";
import { networkOf, networks } from "../../src/networks/registry.ts";

Deno.test("the numbers of weights are those of Frankle & Carbin's networks without biases", () => {
  const counts = Object.fromEntries(
    networks.map(({ name }) => [name, weightCount(networkOf(name).layers)]),
  );
  assert.deepEqual(counts, {
    mlp: 266_200,
    conv2: 4_300_992,
    conv4: 2_425_024,
    conv6: 2_261_184,
    conv8: 5_275_840,
  });
});

Deno.test("segments tile the vector in the order of the layers, with PyTorch's shapes", () => {
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

Deno.test("a width multiplier scales what is hidden, and every width builds", () => {
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
    for (const width of [0.001, 0.1, 1, 1.5]) {
      using network = new MaskedNetwork(networkOf(name, width));
      assert.equal(network.size, weightCount(networkOf(name, width).layers));
    }
  }
});

Deno.test("an unknown network is refused with the known ones", () => {
  assert.throws(() => networkOf("conv3"), /"conv3".*mlp, conv2, conv4, conv6, conv8/);
});
