// The masked network in double precision: its logits against loops written out, its gradients against finite differences.
import assert from "node:assert/strict";
import {
  Batch,
  descend,
  DevicePictures,
  Generator,
  MaskedNetwork,
  NativeError,
  projectTopK,
  Vector,
} from "../../src/native/mod.ts";
import { type Layer, type Network, segmentsOf, type Shape } from "../../src/networks/network.ts";
import { device } from "../library.ts";

const relu: Layer = { kind: "relu" };
const cases: Network[] = [
  {
    name: "linear layers",
    inputShape: [2, 3, 3],
    layers: [
      { kind: "flatten" },
      { kind: "linear", inputs: 18, outputs: 7 },
      relu,
      { kind: "linear", inputs: 7, outputs: 4 },
    ],
  },
  {
    name: "convolutions with stride and padding, max-pool",
    inputShape: [3, 9, 8],
    layers: [
      { kind: "conv", inputs: 3, outputs: 5, kernel: 3, padding: 1 },
      relu,
      { kind: "conv", inputs: 5, outputs: 6, kernel: 3, stride: 2, padding: 2 },
      relu,
      { kind: "max-pool", size: 2 },
      { kind: "flatten" },
      { kind: "linear", inputs: 6 * 3 * 2, outputs: 8 },
      relu,
      { kind: "linear", inputs: 8, outputs: 3 },
    ],
  },
  {
    name: "pools that overlap, a kernel of 1 × 1, ReLU after a pool",
    inputShape: [2, 8, 8],
    layers: [
      { kind: "conv", inputs: 2, outputs: 4, kernel: 1 },
      { kind: "average-pool", size: 3, stride: 2 },
      relu,
      { kind: "max-pool", size: 2, stride: 1 },
      relu,
      { kind: "flatten" },
      { kind: "linear", inputs: 4 * 2 * 2, outputs: 3 },
    ],
  },
  {
    name: "kernels of one pixel with a stride, padded and not, of odd and even sizes",
    inputShape: [2, 7, 8],
    layers: [
      { kind: "conv", inputs: 2, outputs: 3, kernel: 1, stride: 2, padding: 1 },
      { kind: "conv", inputs: 3, outputs: 5, kernel: 1, stride: 2 },
      relu,
      { kind: "conv", inputs: 5, outputs: 4, kernel: 1, stride: 3, padding: 1 },
      { kind: "flatten" },
      { kind: "linear", inputs: 4 * 2 * 2, outputs: 3 },
    ],
  },
  {
    name:
      "depthwise convolutions, padded and with strides, of pictures and of what a convolution gives",
    inputShape: [3, 7, 8],
    layers: [
      { kind: "depthwise-conv", channels: 3, kernel: 3, padding: 2 },
      relu,
      { kind: "conv", inputs: 3, outputs: 5, kernel: 1 },
      { kind: "batch-norm", channels: 5 },
      relu,
      { kind: "depthwise-conv", channels: 5, kernel: 3, stride: 2, padding: 1 },
      relu,
      { kind: "depthwise-conv", channels: 5, kernel: 2, stride: 3 },
      { kind: "flatten" },
      { kind: "linear", inputs: 5 * 2 * 2, outputs: 3 },
    ],
  },
  {
    name: "a depthwise convolution of more channels than sums are held of at a time",
    inputShape: [1, 5, 5],
    layers: [
      { kind: "conv", inputs: 1, outputs: 70, kernel: 1 },
      { kind: "depthwise-conv", channels: 70, kernel: 3, padding: 1 },
      relu,
      { kind: "average-pool", size: 5 },
      { kind: "flatten" },
      { kind: "linear", inputs: 70, outputs: 3 },
    ],
  },
  {
    name: "many channels, a pool of 3 that leaves rows and columns over",
    inputShape: [2, 7, 8],
    layers: [
      { kind: "conv", inputs: 2, outputs: 66, kernel: 1 },
      relu,
      { kind: "max-pool", size: 3 },
      { kind: "flatten" },
      { kind: "linear", inputs: 66 * 2 * 2, outputs: 3 },
    ],
  },
  {
    name: "normalisation with and without a ReLU",
    inputShape: [3, 6, 5],
    layers: [
      { kind: "conv", inputs: 3, outputs: 5, kernel: 3, padding: 1 },
      { kind: "batch-norm", channels: 5 },
      relu,
      { kind: "conv", inputs: 5, outputs: 4, kernel: 3, stride: 2 },
      { kind: "batch-norm", channels: 4 },
      { kind: "flatten" },
      { kind: "linear", inputs: 4 * 2 * 2, outputs: 3 },
    ],
  },
  {
    name: "residual blocks, one within another, after a normalised stem and a padded pool",
    inputShape: [2, 7, 7],
    layers: [
      { kind: "conv", inputs: 2, outputs: 4, kernel: 3, padding: 1 },
      { kind: "batch-norm", channels: 4 },
      relu,
      { kind: "max-pool", size: 3, stride: 2, padding: 1 },
      {
        kind: "residual",
        body: [
          { kind: "conv", inputs: 4, outputs: 4, kernel: 3, padding: 1 },
          { kind: "batch-norm", channels: 4 },
          relu,
          { kind: "conv", inputs: 4, outputs: 4, kernel: 1 },
        ],
        shortcut: [],
      },
      relu,
      {
        kind: "residual",
        body: [
          { kind: "conv", inputs: 4, outputs: 6, kernel: 3, stride: 2, padding: 1 },
          { kind: "residual", body: [], shortcut: [{ kind: "batch-norm", channels: 6 }] },
        ],
        shortcut: [{ kind: "conv", inputs: 4, outputs: 6, kernel: 1, stride: 2 }],
      },
      { kind: "average-pool", size: 2 },
      { kind: "flatten" },
      { kind: "linear", inputs: 6, outputs: 3 },
    ],
  },
  {
    name: "more pixels than one thread takes at a time",
    inputShape: [1, 40, 40],
    layers: [
      { kind: "conv", inputs: 1, outputs: 7, kernel: 1 },
      { kind: "batch-norm", channels: 7 },
      relu,
      { kind: "average-pool", size: 40 },
      { kind: "flatten" },
      { kind: "linear", inputs: 7, outputs: 3 },
    ],
  },
  {
    name: "the pictures added to themselves and to what is made of them",
    inputShape: [2, 3, 3],
    layers: [
      { kind: "residual", body: [], shortcut: [] },
      {
        kind: "residual",
        body: [{ kind: "conv", inputs: 2, outputs: 2, kernel: 3, padding: 1 }, relu],
        shortcut: [],
      },
      { kind: "flatten" },
      { kind: "linear", inputs: 18, outputs: 3 },
    ],
  },
  {
    name: "a ReLU on the pictures themselves",
    inputShape: [1, 2, 2],
    layers: [{ kind: "flatten" }, relu, { kind: "linear", inputs: 4, outputs: 3 }],
  },
];

const count = 5;

/** Activations of a batch: `[picture][channel][row][column]`, flat once flattened. */
interface Activations {
  readonly shape: Shape;
  readonly pictures: number[][];
}

/**
 * The batch through the network, every sum a loop.
 * @param running what normalisations take as means and variances, layer by layer; else they are of the batch
 * @param seen is given means and variances of the batch, layer by layer
 */
function logitsByLoops(
  network: Network,
  weights: Float64Array,
  pictures: number[][],
  running?: number[][],
  seen: number[][] = [],
): number[][] {
  const segments = segmentsOf(network.layers);
  let used = 0;
  const through = (layers: readonly Layer[], from: Activations) =>
    layers.reduce((x, layer) => after(layer, x), from);
  const after = (layer: Layer, { shape, pictures }: Activations): Activations => {
    const [channels, height, width] = shape;
    switch (layer.kind) {
      case "relu":
        return { shape, pictures: pictures.map((x) => x.map((value) => Math.max(0, value))) };
      case "flatten":
        return { shape, pictures };
      case "residual": {
        const body = through(layer.body, { shape, pictures });
        const other = through(layer.shortcut, { shape, pictures }).pictures;
        return {
          shape: body.shape,
          pictures: body.pictures.map((x, n) => x.map((value, i) => value + other[n]![i]!)),
        };
      }
      case "batch-norm": {
        const pixels = height * width, channel = (i: number) => Math.floor(i / pixels);
        const of = (c: number) => pictures.flatMap((x) => x.filter((_, i) => channel(i) === c));
        const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
        const means = Array.from({ length: channels }, (_, c) => mean(of(c)));
        const variances = means.map((m, c) => mean(of(c).map((value) => (value - m) ** 2)));
        const whole = count * pixels / (count * pixels - 1);
        seen.push([...means, ...variances.map((variance) => variance * whole)]);
        const by = running?.[seen.length - 1] ?? [...means, ...variances];
        return {
          shape,
          pictures: pictures.map((x) =>
            x.map((value, i) =>
              (value - by[channel(i)]!) / Math.sqrt(by[channels + channel(i)]! + 1e-5)
            )
          ),
        };
      }
      case "linear": {
        const { offset } = segments[used++]!;
        const row = (x: number[], o: number) =>
          x.reduce((sum, v, i) => sum + v * weights[offset + o * layer.inputs + i]!, 0);
        return {
          shape: [layer.outputs, 1, 1],
          pictures: pictures.map((x) => Array.from({ length: layer.outputs }, (_, o) => row(x, o))),
        };
      }
      default: {
        const convolves = layer.kind === "conv" || layer.kind === "depthwise-conv";
        const k = convolves ? layer.kernel : layer.size;
        const stride = layer.stride ?? (convolves ? 1 : k);
        const isDepthwise = layer.kind === "depthwise-conv";
        const padding = layer.kind === "average-pool" ? 0 : layer.padding ?? 0;
        const rows = Math.floor((height + 2 * padding - k) / stride) + 1;
        const columns = Math.floor((width + 2 * padding - k) / stride) + 1;
        const outputs = layer.kind === "conv" ? layer.outputs : channels;
        const offset = convolves ? segments[used++]!.offset : 0;
        const slide = (x: number[]) => {
          const out: number[] = [];
          for (let o = 0; o < outputs; o++) {
            for (let r = 0; r < rows; r++) {
              for (let s = 0; s < columns; s++) {
                let sum = 0, most = -Infinity;
                for (let i = 0; i < k; i++) {
                  for (let j = 0; j < k; j++) {
                    const y = r * stride + i - padding, z = s * stride + j - padding;
                    if (y < 0 || z < 0 || y >= height || z >= width) continue;
                    const at = (c: number) => x[(c * height + y) * width + z]!;
                    if (!convolves) {
                      sum += at(o) / (k * k);
                      most = Math.max(most, at(o));
                      continue;
                    }
                    if (isDepthwise) sum += at(o) * weights[offset + (o * k + i) * k + j]!;
                    for (let c = 0; c < channels && !isDepthwise; c++) {
                      sum += at(c) * weights[offset + ((o * channels + c) * k + i) * k + j]!;
                    }
                  }
                }
                out.push(layer.kind === "max-pool" ? most : sum);
              }
            }
          }
          return out;
        };
        return { shape: [outputs, rows, columns], pictures: pictures.map(slide) };
      }
    }
  };
  return through(network.layers, { shape: network.inputShape, pictures }).pictures;
}

/** Those of a batch, one array each. */
function picturesOf(images: Float64Array): number[][] {
  const pixels = images.length / count;
  return Array.from(
    { length: count },
    (_, i) => [...images.subarray(i * pixels, (i + 1) * pixels)],
  );
}

/** Mean of (1 − ε) · −log p[label] + ε · mean of −log p over the classes, every sum a loop. */
function lossByLoops(logits: number[][], labels: Int32Array, smoothing = 0): number {
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  const losses = logits.map((row, i) => {
    const total = Math.log(sum(row.map(Math.exp))), costs = row.map((x) => total - x);
    return (1 - smoothing) * costs[labels[i]!]! + smoothing * sum(costs) / costs.length;
  });
  return sum(losses) / logits.length;
}

/** A network with random weights and mask, and a batch for it, in double precision. */
function setUp(network: Network, free: DisposableStack, labelSmoothing = 0) {
  const masked = free.use(new MaskedNetwork(network, "float64", device, labelSmoothing));
  const generator = free.use(new Generator(11));
  const vector = () => free.use(new Vector(masked.size, "float64", device));
  const weights = vector(), mask = vector(), gradient = vector();
  generator.normal(weights, 0.5);
  generator.uniform(mask, -0.2, 1);
  const pixels = network.inputShape.reduce((a, b) => a * b);
  const images = free.use(new Vector(count * pixels, "float64", device));
  generator.normal(images);
  const batch = free.use(new Batch(count, network.inputShape, "float64", device));
  const labels = Int32Array.from({ length: count }, (_, i) => i % 3);
  batch.upload(images.download(), labels);
  const metrics = free.use(new Vector(2, "float64", device));
  const loss = () => {
    metrics.zero();
    masked.maskGradient(weights, mask, batch, gradient, metrics);
    return metrics.download()[0]! / count;
  };
  return {
    masked,
    weights,
    mask,
    gradient,
    images: images.download(),
    labels,
    batch,
    metrics,
    loss,
  };
}

/** Checks what the gradient of the loss became, by moving each entry of what it is of. */
function assertDerivative(gradient: Float64Array, moved: Vector<"float64">, loss: () => number) {
  const values = moved.download(), step = 1e-6;
  for (let i = 0; i < values.length; i++) {
    const around = [step, -step].map((shift) => {
      moved.upload(Float64Array.of(values[i]! + shift), i);
      return loss();
    });
    moved.upload(Float64Array.of(values[i]!), i);
    const difference = (around[0]! - around[1]!) / (2 * step);
    assert.ok(
      Math.abs(difference - gradient[i]!) < 1e-7 * (1 + Math.abs(difference)),
      `entry ${i}: gradient ${gradient[i]}, difference ${difference}`,
    );
  }
}

for (const network of cases) {
  Deno.test(`MaskedNetwork.forward() and maskGradient() agree with plain loops when the network has ${network.name}`, () => {
    using free = new DisposableStack();
    const { masked, weights, mask, images, labels, batch, metrics, loss } = setUp(network, free);
    const m = mask.download(), effective = weights.download().map((w, i) => w * m[i]!);
    const pictures = picturesOf(images), seen: number[][] = [];
    const expected = logitsByLoops(network, effective, pictures, undefined, seen);
    const classes = expected[0]!.length;
    const logits = free.use(new Vector(count * classes, "float64", device));
    // Without training, normalisations go by their running statistics: any that could be.
    const running = seen.map((both) =>
      both.map((_, i) => i < both.length / 2 ? Math.sin(i) : 1 + i)
    );
    masked.statistics?.upload(Float64Array.from(running.flat()));
    masked.forward(weights, mask, batch, logits);
    const outside = logitsByLoops(network, effective, pictures, running).flat();
    logits.download().forEach((x, i) => assert.ok(Math.abs(x - outside[i]!) < 1e-10));
    assert.deepEqual([...masked.statistics?.download() ?? []], running.flat());

    assert.ok(Math.abs(loss() - lossByLoops(expected, labels)) < 1e-10);
    const right = expected.filter((row, i) => row.indexOf(Math.max(...row)) === labels[i]).length;
    assert.equal(metrics.download()[1], right);
    // That one gradient moved the running statistics by a tenth towards the batch's.
    const moved = running.flat().map((value, i) => 0.9 * value + 0.1 * seen.flat()[i]!);
    masked.statistics?.download().forEach((x, i) => assert.ok(Math.abs(x - moved[i]!) < 1e-10));
  });

  for (const what of ["mask", "weights"] as const) {
    Deno.test(`MaskedNetwork.${what}Gradient() agrees with finite differences when the network has ${network.name}`, () => {
      using free = new DisposableStack();
      const { masked, weights, mask, gradient, batch, metrics, loss } = setUp(network, free);
      if (what === "mask") masked.maskGradient(weights, mask, batch, gradient, metrics);
      else masked.weightGradient(weights, mask, batch, gradient, metrics);
      assertDerivative(gradient.download(), what === "mask" ? mask : weights, loss);
    });
  }
}

const manyClasses: Network = {
  name: "600 classes",
  inputShape: [1, 1, 2],
  layers: [{ kind: "flatten" }, { kind: "linear", inputs: 2, outputs: 600 }],
};
for (const labelSmoothing of [0.1, 0.3]) {
  for (const network of [cases[0]!, manyClasses]) {
    Deno.test(`MaskedNetwork.maskGradient() agrees with loops and differences when labels are smoothed by ${labelSmoothing}: ${network.name}`, () => {
      using free = new DisposableStack();
      const { weights, mask, gradient, images, labels, metrics, loss } = setUp(
        network,
        free,
        labelSmoothing,
      );
      const m = mask.download(), effective = weights.download().map((w, i) => w * m[i]!);
      const logits = logitsByLoops(network, effective, picturesOf(images));
      assert.ok(Math.abs(loss() - lossByLoops(logits, labels, labelSmoothing)) < 1e-10);
      const right = logits.filter((row, i) => row.indexOf(Math.max(...row)) === labels[i]).length;
      assert.equal(metrics.download()[1], right);
      assertDerivative(gradient.download(), mask, loss);
    });
  }
}

Deno.test("MaskedNetwork.evaluate() sums the plain loss when training smooths labels", () => {
  const [network] = cases as [Network], { inputShape: shape } = network;
  const evaluated = (labelSmoothing: number) => {
    using free = new DisposableStack();
    const { masked, weights, mask, metrics } = setUp(network, free, labelSmoothing);
    const split = {
      images: Uint8Array.from({ length: count * 18 }, (_, i) => i * i),
      labels: Int32Array.from({ length: count }, (_, i) => i % 3),
    };
    const by = { shape, classes: 3, mean: [0.5, 0.5], deviation: [0.5, 0.5], device };
    masked.evaluate(weights, mask, free.use(new DevicePictures(split, by)), metrics);
    return [...metrics.download()];
  };
  assert.ok(evaluated(0)[0]! > 0);
  assert.deepEqual(evaluated(0.3), evaluated(0));
});

Deno.test("MaskedNetwork.maskGradient() leaves weights, mask and batch as they were when it makes a pass", () => {
  for (const network of cases) {
    using free = new DisposableStack();
    const { weights, mask, loss } = setUp(network, free);
    const before = [weights.download(), mask.download()];
    const first = loss();
    assert.equal(loss(), first);
    assert.deepEqual([weights.download(), mask.download()], before);
  }
});

Deno.test("new MaskedNetwork() names the layer and what is expected when a layer doesn't fit", () => {
  const make = (layers: Layer[], inputShape: Shape = [3, 8, 8]) => () =>
    new MaskedNetwork({ name: "wrong", inputShape, layers }, "float32", device);
  const conv: Layer = { kind: "conv", inputs: 3, outputs: 4, kernel: 3 };
  const wrong: [() => MaskedNetwork, RegExp][] = [
    [make([]), /expected 1 to 4096/],
    [make([{ ...conv, inputs: 2 }]), /inputs 2 of layer 0, expected 3/],
    [make([{ ...conv, kernel: 9 }]), /kernel 9 of layer 0 is larger than its padded input, 8 × 8/],
    [make([conv]), /expected flatten before the end/],
    [make([{ kind: "linear", inputs: 192, outputs: 3 }]), /needs a flat input/],
    [make([{ kind: "flatten" }, { kind: "linear", inputs: 5, outputs: 3 }]), /expected 192/],
    [make([{ kind: "flatten" }]), /none has weights/],
    [make([{ kind: "flatten" }, conv]), /after flatten/],
    [make([{ kind: "max-pool", size: 0 }, conv]), /kernel 0 of layer 0/],
    [make([{ kind: "max-pool", size: 2, padding: 2 }, conv]), /padding 2 of layer 0.*at most half/],
    [make([conv, { kind: "batch-norm", channels: 3 }]), /inputs 3 of layer 1, expected 4/],
    [
      make([{ kind: "residual", body: [conv], shortcut: [] }]),
      /layer 1 adds 4 × 6 × 6 and 3 × 8 × 8, expected one shape/,
    ],
  ];
  for (const [call, text] of wrong) {
    assert.throws(call, (error) => error instanceof NativeError && text.test(error.message));
  }
});

Deno.test("projectTopK() selects by the new values when a gradient has overwritten the old ones", () => {
  using free = new DisposableStack();
  const inputShape = [1, 2, 2] as const;
  const masked = free.use(
    new MaskedNetwork(
      {
        name: "one layer",
        inputShape,
        layers: [{ kind: "flatten" }, { kind: "linear", inputs: 4, outputs: 3 }],
      },
      "float32",
      device,
    ),
  );
  const n = masked.size, vector = () => free.use(new Vector(n, "float32", device));
  const [weights, values, velocity, change, mask] = Array.from({ length: 5 }, vector);
  const metrics = free.use(new Vector(2, "float64", device));
  const batch = free.use(new Batch(2, inputShape, "float32", device));
  batch.upload(Float32Array.of(1, -2, 3, 0.5, -1, 0.25, 2, -3), Int32Array.of(0, 2));
  weights!.fill(0.1);
  values!.upload(Float32Array.from({ length: n }, (_, i) => i));
  const select = (from: Vector) => {
    projectTopK(from, [{ offset: 0, length: n, kept: 5 }], { by: "value" }, mask!);
    return [...mask!.download()];
  };
  select(values!);
  descend(values!, velocity!, change!, { rate: 0.1, momentum: 0.9, weightDecay: 0 }); // counts for the next selection on the way
  masked.weightGradient(weights!, null, batch, values!, metrics);
  const selected = select(values!);
  assert.deepEqual(selected, select(free.use(Vector.from(values!.download(), "float32", device))));
});

Deno.test("MaskedNetwork.maskGradient() moves the running mean alone when a batch has one value for each channel", () => {
  using free = new DisposableStack();
  const inputShape = [2, 1, 1] as const;
  const masked = free.use(
    new MaskedNetwork(
      {
        name: "a picture of one pixel",
        inputShape,
        layers: [
          { kind: "conv", inputs: 2, outputs: 2, kernel: 1 },
          { kind: "batch-norm", channels: 2 },
          { kind: "relu" },
          { kind: "flatten" },
          { kind: "linear", inputs: 2, outputs: 2 },
        ],
      },
      "float32",
      device,
    ),
  );
  const weights = free.use(Vector.from(Float32Array.of(1, 2, 3, 4, 1, 1, 1, 1), "float32", device));
  const gradient = free.use(new Vector(8, "float32", device));
  const metrics = free.use(new Vector(2, "float64", device));
  const batch = free.use(new Batch(1, inputShape, "float32", device));
  batch.upload(Float32Array.of(10, 1), Int32Array.of(1));
  masked.weightGradient(weights, null, batch, gradient, metrics);
  const near = (x: number, expected: number) => Math.abs(x - expected) < 1e-5;
  const [a, b, ...spread] = masked.statistics!.download(); // of means 12 and 34, a tenth of the way from 0 and 1
  assert.ok(near(a!, 1.2) && near(b!, 3.4), `${a}, ${b}`);
  assert.ok(spread.every((variance) => near(variance, 0.9)), `${spread}`);
  assert.ok(near(metrics.download()[0]!, Math.log(2))); // what is normalised is 0
});
