// What `list` shows: every entry of the registries, with options that the schemas really have.
import assert from "node:assert/strict";
import { algorithms } from "../../src/algorithms/registry.ts";
import { catalogueOf, catalogueTextOf } from "../../src/cli/catalogue.ts";
import type { DatasetSource } from "../../src/datasets/dataset.ts";
import { networks } from "../../src/networks/registry.ts";

const digits: DatasetSource = {
  name: "digits",
  summary: "handwritten",
  source: "a page",
  licence: "MIT",
  shape: [1, 28, 28],
  classes: ["zero", "one"],
  trainCount: 60000,
  testCount: 10000,
  load: () => Promise.reject(new Error("not to be loaded for a list")),
};
const catalogue = catalogueOf({ networks, datasets: [digits], algorithms });

Deno.test("list --json names everything of the registries when it is called", () => {
  assert.deepEqual(catalogue.networks.map(({ name }) => name), networks.map(({ name }) => name));
  assert.deepEqual(catalogue.datasets.map(({ name }) => name), ["digits"]);
  assert.deepEqual(
    catalogue.algorithms.map(({ name }) => name),
    algorithms.map(({ name }) => name),
  );
});

Deno.test("list --json gives 784 · 300 + 300 · 100 + 100 · 10 weights when the network is the mlp", () => {
  const mlp = catalogue.networks.find(({ name }) => name === "mlp");
  assert.equal(mlp!.weights, 784 * 300 + 300 * 100 + 100 * 10);
});

Deno.test("list --json gives hyper-parameters with their defaults when an algorithm has them", () => {
  for (const { name, options } of catalogue.algorithms) {
    const { parameters } = algorithms.find((algorithm) => algorithm.name === name)!;
    const given = options.filter((option) => "default" in option);
    const defaults = Object.fromEntries(given.map((option) => [option.name, option.default]));
    assert.deepEqual(defaults, parameters.parse({}));
    for (const { allowed, description } of options) assert.ok(allowed && description);
  }
});

Deno.test("list --json says in words what is allowed when an option has bounds", () => {
  const { options } = catalogue.algorithms.find(({ name }) => name === "sbp")!;
  const allowed = Object.fromEntries(options.map((option) => [option.name, option.allowed]));
  assert.equal(allowed.learningRate, "number over 0");
  assert.equal(allowed.momentum, "number from 0 under 1");
  assert.equal(allowed.ramp, "number from 0 to 1");
  assert.equal(allowed.scope, "layer | global");
  assert.equal(allowed.floor, "true | false");
  assert.equal(allowed.centred, "true | false");
  const searched = Object.fromEntries(options.map((option) => [option.name, option.searched]));
  assert.equal(searched.learningRate, "0.1 to 100, log");
  assert.equal(searched.ramp, "0 to 1");
  assert.equal(searched.box, undefined);
  const [rate] = catalogue.algorithms.find(({ name }) => name === "prob-mask")!.options;
  assert.equal(rate!.searched, "0.0006 to 0.6, log");
});

Deno.test("list names everything, and as much as its JSON, when it prints text", () => {
  const text = catalogueTextOf(catalogue);
  for (const { name, summary, source } of Object.values(catalogue).flat()) {
    assert.ok(text.includes(`${name}: ${summary}`) && text.includes(source), name);
  }
  assert.ok(text.includes("60,000 to train on, 10,000 to test on"));
  assert.deepEqual(JSON.parse(JSON.stringify(catalogue)), catalogue);
});
