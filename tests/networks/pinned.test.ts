// A network's name and width stand for its layers in the identity of a run: other layers under the same name would take
// finished runs for their own. So the layers of every built-in network are pinned here. A digest that changes means another
// network: give it another name.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Shape } from "../../src/networks/network.ts";
import { canonicalJson } from "../../src/runs/identity.ts";
import { networkOf, networks } from "../../src/networks/registry.ts";

/** SHA-256, its first 16 digits, over the layers at four widths for pictures of MNIST, CIFAR-10 and tiny-imagenet. */
const pinned: Readonly<Record<string, string>> = {
  "mobilenet-v1": "195d6d73f400efb3",
  "wide-resnet50": "74cf8e6e93bc1490",
  conv2: "ede580f94a449680",
  conv4: "390649c396ee88f3",
  conv6: "02a18c2e33b93a17",
  conv8: "2bac0e4aab975e6b",
  lenet5: "70ab5a7feb250cc6",
  mlp: "6711988c32b8c0fb",
  resnet101: "8526e76bb38b44eb",
  resnet18: "ee9325f0d508c1d6",
  resnet20: "b64a237ff27b45ff",
  resnet50: "be6de29e78426e9f",
  vgg16: "7b29c770a6b50436",
};

const widths = [1, 0.5, 0.25, 0.1];
const pictures: readonly [Shape, number][] = [[[1, 28, 28], 10], [[3, 32, 32], 10], [
  [3, 64, 64],
  200,
]];

function digestOf(name: string): string {
  const hash = createHash("sha256");
  for (const width of widths) {
    for (const [inputShape, classes] of pictures) {
      const { layers } = networkOf(name, width, { inputShape, classes });
      hash.update(canonicalJson(layers));
    }
  }
  return hash.digest("hex").slice(0, 16);
}

Deno.test("networkOf() gives the layers that published runs were made with when the network is built in", () => {
  const found = Object.fromEntries(networks.map(({ name }) => [name, digestOf(name)]));
  assert.deepEqual(found, pinned);
});
