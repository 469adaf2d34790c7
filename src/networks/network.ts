// A network is data: the shape of its input and its layers. Nothing here computes anything.
import { z } from "zod";

const size = z.int().min(1).max(1 << 20);
const stride = size.optional();
const padding = z.int().min(0).max(1024).optional();

const plainLayer = [
  z.strictObject({
    kind: z.literal("conv"),
    inputs: size,
    outputs: size,
    kernel: size,
    /** Default 1. */
    stride,
    /** Zeros added on each side; default 0. */
    padding,
  }),
  /** Each channel convolved by itself (Howard et al.: MobileNets, 2017). */
  z.strictObject({
    kind: z.literal("depthwise-conv"),
    channels: size,
    kernel: size,
    stride,
    padding,
  }),
  z.strictObject({ kind: z.literal("linear"), inputs: size, outputs: size }),
  z.strictObject({
    kind: z.literal("max-pool"),
    size,
    /** Default: the size. */
    stride,
    /** Added on each side, at most half of the size; default 0. */
    padding,
  }),
  z.strictObject({ kind: z.literal("average-pool"), size, stride }),
  /** By channel to mean 0 and variance 1, without scale and shift of its own (Ioffe & Szegedy, ICML 2015). */
  z.strictObject({ kind: z.literal("batch-norm"), channels: size }),
  z.strictObject({ kind: z.literal("relu") }),
  z.strictObject({ kind: z.literal("flatten") }),
] as const;
const plainLayers = z.array(z.discriminatedUnion("kind", plainLayer)).max(4096);

/** body(x) + shortcut(x) (He et al., CVPR 2016); a shortcut without layers is x itself. */
const residualLayer = z.strictObject({
  kind: z.literal("residual"),
  body: plainLayers,
  shortcut: plainLayers,
});

/** What files may say of one layer. */
export const layerSchema = z.discriminatedUnion("kind", [
  ...plainLayer,
  residualLayer,
]) satisfies z.ZodType<Layer>;

/** What files may say of a network's layers. */
export const layersSchema = z.array(layerSchema).min(1).max(4096);

/**
 * A layer that computes. `stride` is 1 where it is left out, or the size of a pool; `padding`, zeros added on each side, is
 * 0, and of a pool at most half of its size.
 */
export type PlainLayer =
  | {
    readonly kind: "conv";
    readonly inputs: number;
    readonly outputs: number;
    readonly kernel: number;
    readonly stride?: number | undefined;
    readonly padding?: number | undefined;
  }
  | {
    readonly kind: "depthwise-conv";
    readonly channels: number;
    readonly kernel: number;
    readonly stride?: number | undefined;
    readonly padding?: number | undefined;
  }
  | { readonly kind: "linear"; readonly inputs: number; readonly outputs: number }
  | {
    readonly kind: "max-pool";
    readonly size: number;
    readonly stride?: number | undefined;
    readonly padding?: number | undefined;
  }
  | { readonly kind: "average-pool"; readonly size: number; readonly stride?: number | undefined }
  | { readonly kind: "batch-norm"; readonly channels: number }
  | { readonly kind: "relu" }
  | { readonly kind: "flatten" };

/**
 * One layer, reading the one before it. Activations are `(batch, channels, height, width)`, or `(batch, features)` once
 * flat. Residual layers may lie in one another, though not in files, so that no file is read to an unknown depth.
 */
export type Layer = PlainLayer | {
  readonly kind: "residual";
  readonly body: readonly Layer[];
  readonly shortcut: readonly Layer[];
};

/** Channels, height, width. */
export type Shape = readonly [channels: number, height: number, width: number];

/** A node of the graph that residual layers make: a layer that computes, and the indices of the nodes that it reads. */
export interface Node {
  readonly layer: PlainLayer | { readonly kind: "add" };
  /** The node that it reads; −1 for the pictures. */
  readonly from: number;
  /** The second node that a sum reads. */
  readonly other?: number;
}

/** The layers as a graph in the order of computation; the body of a residual layer comes before its shortcut. */
export function graphOf(layers: readonly Layer[]): Node[] {
  const nodes: Node[] = [];
  const append = (list: readonly Layer[], input: number): number => {
    let from = input;
    for (const layer of list) {
      if (layer.kind === "residual") {
        const body = append(layer.body, from), other = append(layer.shortcut, from);
        nodes.push({ layer: { kind: "add" }, from: body, other });
      } else {
        nodes.push({ layer, from });
      }
      from = nodes.length - 1;
    }
    return from;
  };
  append(layers, -1);
  return nodes;
}

/**
 * The shape of what a layer gives, from that of what it reads. What is flat has a height and a width of 1 after a linear
 * layer, and those of the pictures between them.
 */
export function shapeAfter(layer: Node["layer"], [channels, height, width]: Shape): Shape {
  switch (layer.kind) {
    case "linear":
      return [layer.outputs, 1, 1];
    case "conv":
    case "depthwise-conv": {
      const { kernel, stride = 1, padding = 0 } = layer;
      const after = (side: number) => windowsOf(side, kernel, stride, padding);
      return [layer.kind === "conv" ? layer.outputs : channels, after(height), after(width)];
    }
    case "max-pool":
    case "average-pool": {
      const { size, stride = size } = layer, padding = "padding" in layer ? layer.padding ?? 0 : 0;
      const after = (side: number) => windowsOf(side, size, stride, padding);
      return [channels, after(height), after(width)];
    }
    default:
      return [channels, height, width];
  }
}

/** How many windows of `size` that move by `stride` fit along a side with so many zeros at each end. */
const windowsOf = (side: number, size: number, stride: number, padding: number): number =>
  Math.floor((side + 2 * padding - size) / stride) + 1;

/** A network: the shape of its input, and its layers in their order. */
export interface Network {
  /** As tables and tickets name it. */
  readonly name: string;
  /** The shape of a picture that it reads. */
  readonly inputShape: Shape;
  /** In their order; the last one gives the logits. */
  readonly layers: readonly Layer[];
}

/** What a network is built for. */
export interface Purpose {
  /** Gives the number of hidden channels or features under the width multiplier. */
  scaled(channels: number): number;
  /** The shape of the pictures. */
  readonly inputShape: Shape;
  /** Number of logits. */
  readonly classes: number;
}

/** One file of this folder makes one or more of these, listed in `registry.ts`. */
export interface NetworkSource {
  /** As sweep files and tables name it. */
  readonly name: string;
  /** One line for people. */
  readonly summary: string;
  /** Papers. */
  readonly source: string;
  /** The shape of the pictures that it was published for. */
  readonly inputShape: Shape;
  /** The number of classes that it was published for. */
  readonly classes: number;
  /** The smallest height and width that it reads, in pixels; default 1. */
  readonly smallest?: number;
  /** Its layers for other pictures, classes and widths; a function of the purpose alone. */
  build(purpose: Purpose): Layer[];
}

/**
 * The part of the flat weight vector that belongs to one layer, in the layout of PyTorch:
 * `(out, in, kh, kw)` for a convolution, `(channels, 1, kh, kw)` for a depthwise one, `(out, in)` for a linear layer, row-major.
 */
export interface Segment {
  /** `conv1`, `conv2`, …, `depthwise-conv1`, …, `linear1`, …: kind and position among its kind. */
  readonly name: string;
  /** The index of its first weight in the flat vector. */
  readonly offset: number;
  /** Number of its weights. */
  readonly length: number;
  /** The shape of its weights, outputs first. */
  readonly shape: readonly number[];
  /** Weights that feed one output: `in × kh × kw`. */
  readonly fanIn: number;
}

/**
 * The segments of a network's weights, in the order of its layers; they tile `[0, n)`.
 *
 * @example Where the weights of a small network are
 * ```ts
 * import assert from "node:assert/strict";
 * import { segmentsOf } from "@maskbench/maskbench";
 *
 * const segments = segmentsOf([
 *   { kind: "conv", inputs: 3, outputs: 8, kernel: 3 },
 *   { kind: "relu" },
 *   { kind: "average-pool", size: 30 },
 *   { kind: "flatten" },
 *   { kind: "linear", inputs: 8, outputs: 10 },
 * ]);
 * assert.deepEqual(segments.map(({ name, offset, length }) => [name, offset, length]), [
 *   ["conv1", 0, 8 * 3 * 3 * 3],
 *   ["linear1", 216, 10 * 8],
 * ]);
 * ```
 */
export function segmentsOf(layers: readonly Layer[]): Segment[] {
  const segments: Segment[] = [];
  const counts = new Map<string, number>();
  let offset = 0;
  for (const { layer } of graphOf(layers)) {
    const shape = weightShapeOf(layer);
    if (shape === undefined) continue;
    const length = shape.reduce((product, size) => product * size, 1);
    const count = (counts.get(layer.kind) ?? 0) + 1;
    counts.set(layer.kind, count);
    segments.push({
      name: `${layer.kind}${count}`,
      offset,
      length,
      shape,
      fanIn: length / shape[0]!,
    });
    offset += length;
  }
  return segments;
}

/** The shape of a layer's weights, outputs first; nothing where it has none. */
export function weightShapeOf(layer: Layer | Node["layer"]): readonly number[] | undefined {
  if (layer.kind === "linear") return [layer.outputs, layer.inputs];
  if (layer.kind === "conv") return [layer.outputs, layer.inputs, layer.kernel, layer.kernel];
  if (layer.kind === "depthwise-conv") return [layer.channels, 1, layer.kernel, layer.kernel];
  return undefined;
}

/** Number of maskable weights, n. */
export function weightCount(layers: readonly Layer[]): number {
  return segmentsOf(layers).reduce((sum, segment) => sum + segment.length, 0);
}

/** Channels of every batch normalisation, in the order of the graph. */
export function normalisedChannels(layers: readonly Layer[]): number[] {
  return graphOf(layers).flatMap(({ layer }) => layer.kind === "batch-norm" ? layer.channels : []);
}
