// A network that a sweep file describes: a list of layers, whose inputs are worked out from the pictures. What it says is
// part of a run's identity, as the name of a built-in network is.
import { z } from "zod";
import { describeUnknown } from "../base/schema_errors.ts";
import { UserError } from "../base/errors.ts";
import {
  type Layer,
  type PlainLayer,
  type Purpose,
  type Shape,
  shapeAfter,
  weightCount,
} from "./network.ts";

const size = z.int().min(1).max(1 << 20);
const stride = size.default(1).describe("pixels that the window moves by");
const padding = z.int().min(0).max(1024).default(0).describe("zeros added on each side");

/** Keys that people know from elsewhere, and why they are not here. */
const explained: Readonly<Record<string, string>> = {
  bias:
    "there are no biases: a mask is learnt of random weights, and the papers' networks have none",
  affine:
    "batch normalisation has no scale and shift of its own here: nothing but the mask is learnt",
  inputs: "it is worked out from the layer before: leave it out",
  channels: "it is worked out from the layer before: leave it out",
  groups: "convolutions have one group; one for each channel is the kind depthwise-conv",
  dilation: "convolutions have no dilation here",
};

function layer<Kind extends string, Shape extends z.ZodRawShape>(kind: Kind, shape: Shape) {
  const whole = { kind: z.literal(kind), ...shape };
  return z.strictObject(whole, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) =>
          Object.hasOwn(explained, key)
            ? `"${key}" is not known: ${explained[key]}`
            : describeUnknown(key, Object.keys(whole))
        ).join("; ")
        : undefined,
  });
}

const plainLayer = [
  layer("conv", { outputs: size, kernel: size, stride, padding }),
  layer("depthwise-conv", { kernel: size, stride, padding }),
  layer("linear", {
    outputs: size.exactOptional().describe("left out in the last layer: the classes"),
  }),
  layer("max-pool", {
    size,
    stride: size.exactOptional().describe("default the size"),
    padding: padding.describe("added on each side, at most half of the size"),
  }),
  layer("average-pool", {
    size: size.exactOptional().describe("default the whole picture, which must be square"),
    stride: size.exactOptional().describe("default the size"),
  }),
  layer("batch-norm", {}),
  layer("relu", {}),
  layer("flatten", {}),
] as const;
const plainLayers = z.array(z.discriminatedUnion("kind", plainLayer)).max(4096);
const residualLayer = layer("residual", {
  body: plainLayers,
  shortcut: plainLayers.default([]).describe("without layers it is the input itself"),
});

/** What a sweep file and a configuration may say of a network's layers. */
export const describedLayersSchema = z.array(
  z.discriminatedUnion("kind", [...plainLayer, residualLayer]),
).min(1).max(4096) satisfies z.ZodType<readonly DescribedLayer[]>;

/** One layer that computes, without what is worked out from the layer before it. */
export type PlainDescribedLayer =
  | {
    readonly kind: "conv";
    readonly outputs: number;
    readonly kernel: number;
    readonly stride: number;
    readonly padding: number;
  }
  | {
    readonly kind: "depthwise-conv";
    readonly kernel: number;
    readonly stride: number;
    readonly padding: number;
  }
  | { readonly kind: "linear"; readonly outputs?: number }
  | {
    readonly kind: "max-pool";
    readonly size: number;
    readonly stride?: number;
    readonly padding: number;
  }
  | { readonly kind: "average-pool"; readonly size?: number; readonly stride?: number }
  | { readonly kind: "batch-norm" }
  | { readonly kind: "relu" }
  | { readonly kind: "flatten" };

/** One layer of a sweep file, with its defaults, and without what is worked out from the layer before it. */
export type DescribedLayer = PlainDescribedLayer | {
  readonly kind: "residual";
  readonly body: readonly PlainDescribedLayer[];
  readonly shortcut: readonly PlainDescribedLayer[];
};

/** More weights than an index of 32 bits counts. */
const MAX_WEIGHTS = 2 ** 31;

/** What a layer reads. */
interface Input {
  readonly shape: Shape;
  /** Whether it is `(batch, features)`. */
  readonly isFlat: boolean;
}

/**
 * The layers with their inputs. Widths are scaled but for the last layer's, whose outputs are the classes.
 * @throws {UserError} that begins with the place of the layer at fault, such as `layers[3]`
 */
export function layersFromDescription(
  described: readonly DescribedLayer[],
  { scaled, inputShape, classes }: Purpose,
): Layer[] {
  const last = described.at(-1)!, place = `layers[${described.length - 1}]`;
  if (last.kind !== "linear") {
    throw new UserError(`${place}: is ${last.kind}, expected a linear layer as the last one`);
  }
  if (last.outputs !== undefined && last.outputs !== classes) {
    throw new UserError(
      `${place}.outputs: ${last.outputs}, expected ${classes}, the number of classes, or nothing`,
    );
  }
  const { layers, output } = withInputs(described.slice(0, -1), "layers", scaled, {
    shape: inputShape,
    isFlat: false,
  });
  if (!output.isFlat) throw new UserError(`${place}: ${needsFlat}`);
  const [channels, height, width] = output.shape;
  const whole = [
    ...layers,
    { kind: "linear", inputs: channels * height * width, outputs: classes } as const,
  ];
  const weights = weightCount(whole);
  if (weights > MAX_WEIGHTS) {
    throw new UserError(`layers: have ${weights} weights, expected at most ${MAX_WEIGHTS}`);
  }
  return whole;
}

const needsFlat = 'a linear layer reads what is flat: put {"kind": "flatten"} before it';

function withInputs(
  described: readonly DescribedLayer[],
  place: string,
  scaled: Purpose["scaled"],
  input: Input,
): { readonly layers: Layer[]; readonly output: Input } {
  let output = input;
  const layers = described.map((one, index) => {
    const here = `${place}[${index}]`;
    const next = one.kind === "residual"
      ? residualWithInputs(one, here, scaled, output)
      : plainWithInputs(one, here, scaled, output);
    output = next.output;
    return next.layer;
  });
  return { layers, output };
}

type Next = { readonly layer: Layer; readonly output: Input };

function residualWithInputs(
  { body, shortcut }: Extract<DescribedLayer, { kind: "residual" }>,
  place: string,
  scaled: Purpose["scaled"],
  input: Input,
): Next {
  const long = withInputs(body, `${place}.body`, scaled, input);
  const short = withInputs(shortcut, `${place}.shortcut`, scaled, input);
  const [found, expected] = [long, short].map(({ output }) => textOf(output));
  if (found !== expected) {
    throw new UserError(
      `${place}: its body gives ${found} and its shortcut ${expected}, expected one shape`,
    );
  }
  const layer = { kind: "residual", body: long.layers, shortcut: short.layers } as const;
  return { layer, output: long.output };
}

function plainWithInputs(
  described: PlainDescribedLayer,
  place: string,
  scaled: Purpose["scaled"],
  { shape, isFlat }: Input,
): Next {
  const [channels, height, width] = shape;
  const readsFlat = described.kind === "linear" || described.kind === "relu";
  if (isFlat && !readsFlat) {
    throw new UserError(`${place}: a ${described.kind} layer comes after flatten, expected before`);
  }
  if (described.kind === "linear") {
    if (!isFlat) throw new UserError(`${place}: ${needsFlat}`);
    if (described.outputs === undefined) {
      throw new UserError(`${place}.outputs: is missing: only the last layer's is worked out`);
    }
  }
  if (described.kind === "average-pool" && described.size === undefined && height !== width) {
    throw new UserError(
      `${place}.size: is missing, and what is read, ${height} × ${width}, is not square`,
    );
  }
  if (described.kind === "max-pool" && 2 * described.padding > described.size) {
    throw new UserError(
      `${place}.padding: ${described.padding}, expected at most half of the size, ${described.size}`,
    );
  }
  const layer = plainLayerOf(described, scaled, shape);
  const output = shapeAfter(layer, shape);
  if (output[1] < 1 || output[2] < 1) {
    throw new UserError(
      `${place}: its window is larger than what it reads with its padding, ${height} × ${width}`,
    );
  }
  if (layer.kind !== "flatten") return { layer, output: { shape: output, isFlat } };
  return { layer, output: { shape: [channels * height * width, 1, 1], isFlat: true } };
}

function plainLayerOf(
  described: PlainDescribedLayer,
  scaled: Purpose["scaled"],
  [channels, height, width]: Shape,
): PlainLayer {
  switch (described.kind) {
    case "conv":
      return { ...described, inputs: channels, outputs: scaled(described.outputs) };
    case "linear":
      return {
        kind: "linear",
        inputs: channels * height * width,
        outputs: scaled(described.outputs!),
      };
    case "depthwise-conv":
    case "batch-norm":
      return { ...described, channels };
    case "average-pool":
      return { ...described, size: described.size ?? height };
    default:
      return described;
  }
}

const textOf = ({ shape: [channels, height, width], isFlat }: Input) =>
  isFlat ? `${channels} features` : `${channels} × ${height} × ${width}`;
