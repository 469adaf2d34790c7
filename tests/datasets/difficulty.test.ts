// How hard shapes is: a linear classifier stays under 60%, a trained convolutional network passes 90%.
import assert from "node:assert/strict";
import "../library.ts";
import { shapes } from "../../src/datasets/shapes.ts";
import {
  Batch,
  descend,
  DevicePictures,
  Generator,
  MaskedNetwork,
  setThreads,
  Vector,
} from "../../src/native/mod.ts";
import type { Layer } from "../../src/networks/network.ts";
import { networkOf } from "../../src/networks/registry.ts";

const dataset = await shapes.load([]);

/** Best test accuracy over the epochs: generous to the classifier. */
function trained(layers: readonly Layer[], deviation: number, rate: number, epochs: number) {
  using free = new DisposableStack();
  setThreads(1);
  const options = { ...dataset, classes: 10, device: "cpu" } as const;
  const train = free.use(new DevicePictures(dataset.train, options));
  const test = free.use(new DevicePictures(dataset.test, options));
  const description = { name: "test", inputShape: dataset.shape, layers };
  const network = free.use(new MaskedNetwork(description, "float32", "cpu"));
  const vector = () => free.use(new Vector(network.size, "float32", "cpu"));
  const weights = vector(), velocity = vector(), gradient = vector();
  const metrics = free.use(new Vector(2, "float64", "cpu"));
  const order = free.use(new Vector(train.count, "int64", "cpu"));
  const batch = free.use(new Batch(50, dataset.shape, "float32", "cpu"));
  const generator = free.use(new Generator(1));
  generator.normal(weights, deviation, 0, network.size);
  let best = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    generator.permutation(order);
    for (let start = 0; start < train.count; start += 50) {
      batch.gather(train, order, start, 50, undefined, 0);
      network.weightGradient(weights, null, batch, gradient, metrics);
      descend(weights, velocity, gradient, { rate, momentum: 0.9, weightDecay: 1e-4 });
    }
    metrics.zero();
    network.evaluate(weights, null, test, metrics);
    best = Math.max(best, metrics.download()[1]! / test.count);
  }
  return best;
}

Deno.test("shapes gives less than 60% when the classifier is linear, at any learning rate", () => {
  const linear: Layer[] = [{ kind: "flatten" }, { kind: "linear", inputs: 3072, outputs: 10 }];
  for (const rate of [1e-4, 3e-4, 1e-3, 3e-3]) {
    const accuracy = trained(linear, 0.01, rate, 5);
    assert.ok(accuracy > 0.15 && accuracy < 0.6, `${accuracy} at rate ${rate}`);
  }
});

Deno.test("shapes gives more than 90% when a conv4 of a quarter of the width is trained", () => {
  const accuracy = trained(networkOf("conv4", 0.25).layers, 0.09, 0.02, 5);
  assert.ok(accuracy > 0.9, `${accuracy}`);
});
