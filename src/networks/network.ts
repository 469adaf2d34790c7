// A network is data: the shape of its input and a list of layers. Nothing here computes anything.

/** One layer. Activations are `(batch, channels, height, width)`, or `(batch, features)` once flat. */
export type Layer =
  | {
    readonly kind: "conv";
    readonly inputs: number;
    readonly outputs: number;
    readonly kernel: number;
    /** Default 1. */
    readonly stride?: number;
    /** Zeros added on each side; default 0. */
    readonly padding?: number;
  }
  | { readonly kind: "linear"; readonly inputs: number; readonly outputs: number }
  | { readonly kind: "max-pool"; readonly size: number; readonly stride?: number }
  | { readonly kind: "average-pool"; readonly size: number; readonly stride?: number }
  | { readonly kind: "relu" }
  | { readonly kind: "flatten" };

/** Channels, height, width. */
export type Shape = readonly [channels: number, height: number, width: number];

/** A network: the shape of its input, and its layers in their order. */
export interface Network {
  readonly name: string;
  readonly inputShape: Shape;
  readonly layers: readonly Layer[];
}

/** One file of this folder makes one or more of these, listed in `registry.ts`. */
export interface NetworkSource {
  readonly name: string;
  /** One line for people. */
  readonly summary: string;
  /** Papers. */
  readonly source: string;
  readonly inputShape: Shape;
  /** @param scaled gives the number of hidden channels or features under the width multiplier */
  build(scaled: (channels: number) => number): Layer[];
}

/**
 * The part of the flat weight vector that belongs to one layer, in the layout of PyTorch:
 * `(out, in, kh, kw)` for a convolution, `(out, in)` for a linear layer, row-major.
 */
export interface Segment {
  /** `conv1`, `conv2`, …, `linear1`, …: kind and position among its kind. */
  readonly name: string;
  /** Of its first weight in the flat vector. */
  readonly offset: number;
  /** Number of its weights. */
  readonly length: number;
  readonly shape: readonly number[];
  /** Weights that feed one output: `in × kh × kw`. */
  readonly fanIn: number;
}

/** The segments of a network's weights, in the order of its layers; they tile `[0, n)`. */
export function segmentsOf(layers: readonly Layer[]): Segment[] {
  const segments: Segment[] = [];
  const seen = { conv: 0, linear: 0 };
  let offset = 0;
  for (const layer of layers) {
    if (layer.kind !== "conv" && layer.kind !== "linear") continue;
    const shape = layer.kind === "conv"
      ? [layer.outputs, layer.inputs, layer.kernel, layer.kernel]
      : [layer.outputs, layer.inputs];
    const length = shape.reduce((product, size) => product * size, 1);
    const name = `${layer.kind}${++seen[layer.kind]}`;
    segments.push({ name, offset, length, shape, fanIn: length / layer.outputs });
    offset += length;
  }
  return segments;
}

/** Number of maskable weights, n. */
export function weightCount(layers: readonly Layer[]): number {
  return segmentsOf(layers).reduce((sum, segment) => sum + segment.length, 0);
}
