// Before a network is first trained with a build, its layers are held against plain loops in double precision: arithmetic
// that libraries bring may be wrong on this machine, and a wrong gradient gives no error, only a bad result.
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { UserError } from "../errors.ts";
import {
  describe,
  type LayerDeviation,
  type MaskedNetwork,
  openedLibrary,
  type Precision,
} from "../native/mod.ts";
import { graphOf, type Network, type Node } from "../networks/network.ts";

/**
 * What a layer may differ by from loops in double precision, over the root mean square of what they give. About ten times
 * what rounding alone was seen to do to layers of resnet50's size.
 */
const tolerances: Readonly<Record<Precision, number>> = {
  float64: 1e-9,
  float32: 2e-4,
  tf32: 2e-2,
  bfloat16: 1e-1,
};

/** Multiplications of one pass that a check is worth, which sets how many pictures are tried. */
const WORTH = 5e8;

/** A layer that computes something else than plain loops do. */
export class LayerFault extends UserError {
  override readonly name = "LayerFault";
}

/** How far a network's layers are from plain loops. */
export interface LayerCheck {
  /** Layers that were tried; of several alike one. */
  readonly layers: number;
  /** The largest of all deviations, over the root mean square. */
  readonly largest: number;
}

/**
 * Holds the layers of a network against plain loops, unless that was done before with this library, on this processor or
 * GPU, with these instructions, layers, precision and number of threads.
 * @param threads that the calling thread computes with
 * @throws {LayerFault} that names the layer, the size of the error, the library and what helps
 */
export function ensureLayersRight(network: MaskedNetwork, threads: number): void {
  const path = recordPath(network, threads);
  if (path !== undefined && isThere(path)) return;
  const found = checkLayers(network, threads);
  if (path !== undefined) record(path, found);
}

/**
 * Holds the layers of a network against plain loops.
 * @param threads that the calling thread computes with
 * @throws {LayerFault} likewise
 */
export function checkLayers(network: MaskedNetwork, threads: number): LayerCheck {
  const { precision } = network, { layers } = network.network;
  const deviations = network.verifyLayers(picturesFor(network.network));
  const faults = deviations.filter((one) => !(largestOf(one) <= tolerances[precision]));
  if (faults.length === 0) {
    return { layers: deviations.length, largest: Math.max(...deviations.map(largestOf)) };
  }
  const worst = faults.reduce((a, b) => largestOf(b) > largestOf(a) ? b : a);
  throw new LayerFault(sentenceOf(worst, graphOf(layers), network, threads));
}

const largestOf = ({ output, inputGradient = 0, weightGradient = 0 }: LayerDeviation) =>
  Math.max(output, inputGradient, weightGradient);

// From 2 pictures, for gradients that threads sum up, to 16.
function picturesFor(network: Network): number {
  return Math.max(2, Math.min(16, Math.floor(WORTH / multiplications(network))));
}

// Of a forward pass of one picture.
function multiplications({ layers, inputShape }: Network): number {
  const nodes = graphOf(layers), sides: [number, number][] = [];
  let sum = 0;
  for (const { layer, from } of nodes) {
    let [height, width] = sides[from] ?? [inputShape[1], inputShape[2]];
    if (layer.kind === "linear") sum += layer.inputs * layer.outputs;
    if (layer.kind === "conv" || layer.kind === "max-pool" || layer.kind === "average-pool") {
      const kernel = layer.kind === "conv" ? layer.kernel : layer.size;
      const { stride = layer.kind === "conv" ? 1 : kernel } = layer;
      const padding = layer.kind === "average-pool" ? 0 : layer.padding ?? 0;
      const slid = (size: number) => Math.floor((size + 2 * padding - kernel) / stride) + 1;
      [height, width] = [slid(height), slid(width)];
      if (layer.kind === "conv") {
        sum += layer.inputs * layer.outputs * kernel ** 2 * height * width;
      }
    }
    sides.push([height, width]);
  }
  return sum;
}

function sentenceOf(
  fault: LayerDeviation,
  nodes: readonly Node[],
  { network, precision, device }: MaskedNetwork,
  threads: number,
): string {
  const wrong = {
    "output": fault.output,
    "gradient of the input": fault.inputGradient ?? 0,
    "gradient of the weights": fault.weightGradient ?? 0,
  };
  const limit = tolerances[precision];
  const parts = Object.entries(wrong).filter(([, deviation]) => !(deviation <= limit));
  const told = parts.map(([what, deviation]) => `its ${what} by ${sizeOf(deviation)}`);
  const { libtorch, instructions, gpu, processor } = describe();
  const on = device === "cuda" ? gpu : processor;
  const helps = device === "cuda"
    ? "another version of PyTorch, or --device cpu"
    : "ONEDNN_MAX_CPU_ISA=SSE41 before the command, or another libtorch (LIBTORCH=…)";
  return `${network.name}, layer ${fault.index + 1}, ${
    descriptionOf(nodes[fault.index]!.layer)
  }, ` +
    `differs from plain loops: ${
      told.join(", ")
    }. libtorch ${libtorch} (${instructions}) computes ` +
    `it wrongly in ${precision} with ${threads} ${threads === 1 ? "thread" : "threads"} on this ` +
    `machine (${on}), so it is not trained; what may help: ${helps}`;
}

const sizeOf = (deviation: number) =>
  Number.isFinite(deviation)
    ? `${Number((100 * deviation).toPrecision(2))}% of its size`
    : "a NaN or an infinity";

function descriptionOf(layer: Node["layer"]): string {
  switch (layer.kind) {
    case "conv": {
      const { inputs, outputs, kernel, stride = 1 } = layer;
      return `a convolution from ${inputs} to ${outputs} channels, kernel ${kernel} × ${kernel}, ` +
        `stride ${stride}`;
    }
    case "linear":
      return `a linear layer from ${layer.inputs} to ${layer.outputs} features`;
    case "batch-norm":
      return `a batch normalisation of ${layer.channels} channels`;
    case "max-pool":
    case "average-pool":
      return `${
        layer.kind === "max-pool" ? "a" : "an"
      } ${layer.kind} of ${layer.size} × ${layer.size}`;
    case "add":
      return "a sum";
    default:
      return `a ${layer.kind}`;
  }
}

// Beside the library, as it holds for that build alone; nothing where the library's path is not known.
function recordPath({ network, precision, device }: MaskedNetwork, threads: number) {
  const library = openedLibrary();
  if (library === undefined) return undefined;
  const { layers, inputShape } = network;
  const belongsTo = { describe: describe(), layers, inputShape, precision, device, threads };
  const key = createHash("sha256").update(JSON.stringify(belongsTo)).digest("hex");
  return join(dirname(library), "checked-layers", `${key.slice(0, 32)}.json`);
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

// Where it can't be written, the layers are checked again next time.
function record(path: string, found: LayerCheck): void {
  const name = `${path}.${crypto.randomUUID()}`;
  try {
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeTextFileSync(name, JSON.stringify(found) + "\n");
    Deno.renameSync(name, path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
  }
}
