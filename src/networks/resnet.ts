// Residual networks (He et al., CVPR 2016) as in hidden-networks: batch normalisation without scale and shift, a 1×1
// convolution in every shortcut that changes shape, no biases. Those for CIFAR begin with a convolution of 3×3, those for
// ImageNet with one of 7×7 and a max-pool.
import type { Layer, NetworkSource, Purpose } from "./network.ts";

const conv = (inputs: number, outputs: number, kernel: number, stride = 1): Layer[] => [
  { kind: "conv", inputs, outputs, kernel, stride, padding: (kernel - 1) / 2 },
  { kind: "batch-norm", channels: outputs },
];
const relu: Layer = { kind: "relu" };

/** Layers of a block from `inputs` to `outputs` channels, and how many channels a block of so many has inside. */
type Body = (inputs: number, inside: number, outputs: number, stride: number) => Layer[];

const basic: Body = (inputs, inside, outputs, stride) => [
  ...conv(inputs, inside, 3, stride),
  relu,
  ...conv(inside, outputs, 3),
];

const bottleneck: Body = (inputs, inside, outputs, stride) => [
  ...conv(inputs, inside, 1),
  relu,
  ...conv(inside, inside, 3, stride),
  relu,
  ...conv(inside, outputs, 1),
];

interface Design {
  readonly stem: "cifar" | "imagenet";
  /** Blocks of each stage; from the second on, a stage halves height and width and doubles the channels. */
  readonly stages: readonly number[];
  /** Channels of the stem and the first stage. */
  readonly channels: number;
  readonly body: Body;
  /** Channels inside a block and after it, as multiples of its stage's. */
  readonly inside?: number;
  readonly expansion?: number;
}

function layersOf(design: Design, { scaled, inputShape: [colours, side], classes }: Purpose) {
  const { stem, stages, body, inside = 1, expansion = 1 } = design;
  let channels = scaled(design.channels);
  const layers = stem === "cifar"
    ? [...conv(colours, channels, 3), relu]
    : [...conv(colours, channels, 7, 2), relu, maxPool];
  let pixels = stem === "cifar" ? side : Math.ceil(Math.ceil(side / 2) / 2);
  stages.forEach((blocks, stage) => {
    const planes = scaled(design.channels * 2 ** stage), outputs = planes * expansion;
    for (let block = 0; block < blocks; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      layers.push({
        kind: "residual",
        body: body(channels, planes * inside, outputs, stride),
        shortcut: stride > 1 || channels !== outputs ? conv(channels, outputs, 1, stride) : [],
      }, relu);
      channels = outputs;
      pixels = Math.ceil(pixels / stride);
    }
  });
  layers.push(
    { kind: "average-pool", size: pixels },
    { kind: "flatten" },
    { kind: "linear", inputs: channels, outputs: classes },
  );
  return layers;
}
const maxPool: Layer = { kind: "max-pool", size: 3, stride: 2, padding: 1 };

function resnet(name: string, summary: string, source: string, design: Design): NetworkSource {
  const cifar = design.stem === "cifar";
  return {
    name,
    summary,
    source: `${source}; Ramanujan et al., CVPR 2020 (hidden-networks)`,
    inputShape: cifar ? [3, 32, 32] : [3, 224, 224],
    classes: cifar ? 10 : 1000,
    build: (purpose) => layersOf(design, purpose),
  };
}

const he = "He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016";

export const resnet20 = resnet("resnet20", "19 convolutions of 3×3 with 16 to 64 channels", he, {
  stem: "cifar",
  stages: [3, 3, 3],
  channels: 16,
  body: basic,
});
export const resnet18 = resnet("resnet18", "17 convolutions of 3×3 with 64 to 512 channels", he, {
  stem: "cifar",
  stages: [2, 2, 2, 2],
  channels: 64,
  body: basic,
});
export const resnet50 = resnet("resnet50", "bottlenecks of 64 to 512 channels, 49 deep", he, {
  stem: "imagenet",
  stages: [3, 4, 6, 3],
  channels: 64,
  body: bottleneck,
  expansion: 4,
});
export const resnet101 = resnet("resnet101", "bottlenecks of 64 to 512 channels, 100 deep", he, {
  stem: "imagenet",
  stages: [3, 4, 23, 3],
  channels: 64,
  body: bottleneck,
  expansion: 4,
});
export const wideResnet50 = resnet(
  "wide-resnet50",
  "resnet50 with twice the channels inside its bottlenecks",
  "Zagoruyko & Komodakis: Wide Residual Networks, BMVC 2016",
  {
    stem: "imagenet",
    stages: [3, 4, 6, 3],
    channels: 64,
    body: bottleneck,
    inside: 2,
    expansion: 4,
  },
);
