// Networks that a sweep file describes: their layers are those that are written out for built-in ones, and what does not fit
// is reported with its place.
import assert from "node:assert/strict";
import "../library.ts";
import { MaskedNetwork } from "../../src/native/mod.ts";
import type { DescribedLayer } from "../../src/networks/described.ts";
import { chosenNetworkOf, networkOf } from "../../src/networks/registry.ts";
import { weightCount } from "../../src/networks/network.ts";
import { checkSweep } from "../../src/sweep/read.ts";
import { expandSweep } from "../../src/sweep/expand.ts";
import { identityOf } from "../../src/runs/identity.ts";

const cifar = { inputShape: [3, 32, 32], classes: 10 } as const;

/** What a sweep file says, without defaults. */
type Written = Readonly<Record<string, unknown>>;

const sweepWith = (layers: readonly Written[] | unknown, more: Written = {}) => ({
  name: "own",
  dataset: "cifar10",
  networks: [{ name: "own-net", layers, ...more }],
  algorithms: ["edge-popup", "sbp"],
  sparsities: [0.5],
  epochs: 1,
});

const layersIn = (layers: readonly Written[], more: Written = {}) =>
  chosenNetworkOf(checkSweep(sweepWith(layers, more)).networks[0]!, cifar).layers;

const relu = { kind: "relu" };
const conv = (outputs: number, kernel = 3, padding = 1): Written => ({
  kind: "conv",
  outputs,
  kernel,
  padding,
});
const end = [{ kind: "flatten" }, { kind: "linear" }];

/** A layer with its defaults written out, so that two ways to write it are one. */
const full = (layer: object): unknown => {
  const { kind, ...rest } = layer as { kind: string; size?: number };
  if (kind === "conv" || kind === "depthwise-conv") return { kind, stride: 1, padding: 0, ...rest };
  if (kind === "max-pool") return { kind, stride: rest.size, padding: 0, ...rest };
  return layer;
};

Deno.test("chosenNetworkOf() gives conv4's layers when a sweep describes conv4", () => {
  const described = [
    ...[64, 128].flatMap((
      channels,
    ) => [conv(channels), relu, conv(channels), relu, { kind: "max-pool", size: 2 }]),
    { kind: "flatten" },
    { kind: "linear", outputs: 256 },
    relu,
    { kind: "linear", outputs: 256 },
    relu,
    { kind: "linear" },
  ];
  for (const width of [1, 0.25]) {
    assert.deepEqual(
      layersIn(described, { width }).map(full),
      networkOf("conv4", width, cifar).layers.map(full),
    );
  }
});

Deno.test("chosenNetworkOf() gives MobileNetV1's layers when a sweep describes it", () => {
  const normalised = (layer: Written) => [layer, { kind: "batch-norm" }, relu];
  const pairs = [[64, 1], [128, 2], [128, 1], [256, 2], [256, 1], [512, 2]];
  pairs.push([512, 1], [512, 1], [512, 1], [512, 1], [512, 1], [1024, 2], [1024, 1]);
  const described = [
    ...normalised({ ...conv(32), stride: 2 }),
    ...pairs.flatMap(([outputs, stride]) => [
      ...normalised({ kind: "depthwise-conv", kernel: 3, stride, padding: 1 }),
      ...normalised(conv(outputs!, 1, 0)),
    ]),
    { kind: "average-pool" },
    ...end,
  ];
  assert.deepEqual(
    layersIn(described, { width: 0.5 }).map(full),
    networkOf("mobilenet-v1", 0.5, cifar).layers.map(full),
  );
});

Deno.test("MaskedNetwork takes a described network when it has residual layers", () => {
  const layers = layersIn([
    conv(8),
    { kind: "residual", body: [conv(8), { kind: "batch-norm" }] },
    relu,
    {
      kind: "residual",
      body: [{ ...conv(12), stride: 2 }],
      shortcut: [{ ...conv(12, 1, 0), stride: 2 }],
    },
    { kind: "average-pool", size: 4 },
    ...end,
  ]);
  using network = new MaskedNetwork({ name: "own-net", inputShape: cifar.inputShape, layers });
  assert.equal(network.size, weightCount(layers));
  assert.equal(network.size, 8 * 27 + 8 * 72 + 12 * 72 + 12 * 8 + 10 * 12 * 16);
});

Deno.test("checkSweep() names the place and what is allowed when a described network is wrong", () => {
  const cases: [unknown, Written, RegExp][] = [
    [[conv(8), { kind: "linear" }], {}, /networks\[0\]\.layers\[1\]: .*"flatten"/],
    [[conv(8)], {}, /networks\[0\]\.layers\[0\]: is conv, expected a linear layer as the last/],
    [[{ kind: "flatten" }, { kind: "linear", outputs: 12 }], {}, /layers\[1\]\.outputs: 12, .* 10/],
    [
      [{ kind: "flatten" }, { kind: "linear" }, { kind: "linear" }],
      {},
      /layers\[1\]\.outputs: is missing/,
    ],
    [[conv(8, 40, 0), ...end], {}, /layers\[0\]: its window is larger .* 32 × 32/],
    [[{ kind: "flatten" }, conv(8), ...end], {}, /layers\[1\]: a conv layer comes after flatten/],
    [
      [{ kind: "max-pool", size: 2, padding: 2 }, ...end],
      {},
      /layers\[0\]\.padding: 2, expected at most half/,
    ],
    [
      [{ kind: "residual", body: [conv(8)] }, ...end],
      {},
      /layers\[0\]: its body gives 8 × 32 × 32 and its shortcut 3 × 32 × 32/,
    ],
    [
      [{ kind: "residual", body: [relu, { kind: "linear", outputs: 4 }] }, ...end],
      {},
      /layers\[0\]\.body\[1\]: .*"flatten"/,
    ],
    [
      [{ ...conv(8), bias: true }, ...end],
      {},
      /layers\[0\]: "bias" is not known: there are no biases/,
    ],
    [[{ ...conv(8), inputs: 3 }, ...end], {}, /"inputs" is not known: it is worked out/],
    [[{ ...conv(8), kernl: 3 }, ...end], {}, /"kernl" is not known: did you mean "kernel"/],
    [[{ kind: "convolution", outputs: 8, kernel: 3 }, ...end], {}, /layers\[0\]\.kind: .*"conv"/],
    [[], {}, /networks\[0\]\.layers: .*/],
    [end, { name: "conv4" }, /networks\[0\]\.name: "conv4" is there already/],
    [end, { name: "Own" }, /networks\[0\]\.name: "Own" names no network/],
    [
      [{ kind: "flatten" }, { kind: "linear", outputs: 1 << 20 }, ...[relu, { kind: "linear" }]],
      {},
      /layers: have 3231711232 weights, expected at most 2147483648/,
    ],
  ];
  for (const [layers, more, expected] of cases) {
    assert.throws(
      () => checkSweep(sweepWith(layers, more)),
      (error: Error) => {
        assert.match(error.message, expected);
        assert.ok(!error.message.includes("\n"), error.message);
        return true;
      },
    );
  }
});

Deno.test("checkSweep() refuses two networks of one name when their layers differ", () => {
  const sweep = sweepWith(end), [network] = sweep.networks;
  const other = { ...network!, layers: [conv(2), ...end] };
  assert.throws(
    () => checkSweep({ ...sweep, networks: [network, other] }),
    /networks\[1\]\.name: networks\[0\] has the same with other layers/,
  );
});

Deno.test("identityOf() differs when a described layer does, and not when a default is written out", () => {
  const identities = (layers: readonly Written[]) =>
    expandSweep(checkSweep(sweepWith(layers)), "00".repeat(32)).runs.map(identityOf);
  const first = identities([conv(8), ...end]);
  assert.deepEqual(identities([{ ...conv(8), stride: 1 }, ...end]), first);
  for (const other of identities([conv(9), ...end])) assert.ok(!first.includes(other));
});

Deno.test("checkSweep() takes a value by network when the network is described in the sweep", () => {
  const sweep = {
    ...sweepWith(end),
    algorithms: [{ name: "sbp", learningRate: { byNetwork: { "own-net": 0.25 } } }],
  };
  const { runs } = expandSweep(checkSweep(sweep), "00".repeat(32));
  assert.deepEqual(runs.map(({ algorithm }) => algorithm.parameters.learningRate), [0.25]);
  const layers: readonly DescribedLayer[] | undefined = runs[0]!.network.layers;
  assert.deepEqual(layers, end);
});
