// Before a network is first trained with a build, its layers are held against plain loops in double precision: arithmetic
// that libraries bring may be wrong on this machine, and a wrong gradient gives no error, only a bad result.
import { createHash } from "node:crypto";
import os from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fileExists } from "../base/atomic_files.ts";
import { UserError } from "../base/errors.ts";
import {
  describeLibrary,
  type Device,
  type LayerDeviation,
  type MaskedNetwork,
  openLibraryPath,
  type Precision,
} from "../native/mod.ts";
import { multiplicationsOf } from "../networks/cost.ts";
import { graphOf, type Network, type Node } from "../networks/network.ts";

/**
 * What a layer may differ by from loops in double precision, over the root mean square of what they give. About ten times
 * what rounding alone was seen to do to layers of resnet50's size.
 */
export const layerTolerances: Readonly<Record<Precision, number>> = {
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

/** What `check_layers.ts` is asked for. */
export interface CheckRequest {
  /** Path of the native library. */
  readonly library: string;
  readonly network: Network;
  readonly precision: Precision;
  readonly device: Device;
  readonly threads: number;
  /** File that it writes what it found to where no layer is at fault; none: nothing is recorded. */
  readonly record?: string;
}

/**
 * Holds the layers of a network against plain loops, unless that was done before with this library, on this processor or
 * GPU, with these instructions, layers, precision and number of threads. It is done in a process of its own, as a faulty
 * library may corrupt memory.
 * @param threads that the calling thread computes with
 * @throws {LayerFault} that names the layer, the size of the error, the library and what helps
 */
export function ensureLayersCorrect(network: MaskedNetwork, threads: number): void {
  const library = openLibraryPath();
  if (library === undefined) throw new Error("the native library is not open");
  const path = recordPath(network, threads, library);
  if (fileExists(path)) return;
  const known = faults.get(path);
  if (known !== undefined) throw new LayerFault(known);
  const found = checkLayersInChild(network, threads, library, path);
  if (typeof found !== "string") return;
  faults.set(path, found);
  throw new LayerFault(found);
}

/** Sentences of the checks that failed, by the path of what is recorded of those that did not. */
const faults = new Map<string, string>();

/** Seconds after which a check has hung. */
const PATIENCE = 300;

/** What `timeout` ends with where it had to kill. */
const KILLED = 137;

/**
 * Holds the layers of a network against plain loops in a process of its own.
 * @param library path of the native library
 * @param record file that it is recorded in, where no layer is at fault and the file can be written
 * @returns what was found, or the sentence of a fault
 */
export function checkLayersInChild(
  network: MaskedNetwork,
  threads: number,
  library: string,
  record?: string,
): LayerCheck | string {
  const { precision, device } = network, beside = dirname(library);
  const asked: CheckRequest = {
    library,
    network: network.network,
    precision,
    device,
    threads,
    ...(record === undefined ? {} : { record }),
  };
  const { code, signal, stdout, stderr } = new Deno.Command("timeout", {
    args: [
      ...["--signal=KILL", String(PATIENCE), Deno.execPath(), "run", "--quiet", "--no-prompt"],
      ...["--allow-read", "--allow-env", "--allow-sys", `--allow-ffi=${beside}`],
      ...(record === undefined ? [] : [`--allow-write=${beside}`]),
      fileURLToPath(new URL("check_layers.ts", import.meta.url)),
      JSON.stringify(asked),
    ],
  }).outputSync();
  const lastLine = (bytes: Uint8Array) =>
    new TextDecoder().decode(bytes).trim().split("\n").at(-1)!;
  const answer = lastLine(stdout), said = lastLine(stderr);
  if (code === 0 && answer !== "") {
    const found: LayerCheck | { readonly fault: string } = JSON.parse(answer);
    return "fault" in found ? found.fault : found;
  }
  const end = code === KILLED
    ? `did not end within ${PATIENCE} seconds`
    : `ended with ${signal ?? signalOf(code)}${said === "" ? "" : ` (${said})`}`;
  return `${network.network.name}: holding its layers against plain loops ${end}: ` +
    `${circumstances(network, threads)}, so it is not trained; what may help: ${helpFor(device)}`;
}

// A shell tells of a signal by an exit code of 128 more.
function signalOf(code: number): string {
  const signals = Object.entries(os.constants.signals);
  return signals.find(([, number]) => code === 128 + number)?.[0] ?? `exit code ${code}`;
}

/**
 * Holds the layers of a network against plain loops.
 * @param threads that the calling thread computes with
 * @throws {LayerFault} likewise
 */
export function checkLayers(network: MaskedNetwork, threads: number): LayerCheck {
  const { precision } = network;
  const deviations = network.verifyLayers(picturesFor(network.network));
  const faults = deviations.filter((one) => !(maxDeviationOf(one) <= layerTolerances[precision]));
  if (faults.length === 0) {
    return { layers: deviations.length, largest: Math.max(...deviations.map(maxDeviationOf)) };
  }
  const worst = faults.reduce((a, b) => maxDeviationOf(b) > maxDeviationOf(a) ? b : a);
  throw new LayerFault(sentenceOf(worst, network, threads));
}

/** The largest of a layer's deviations. */
export const maxDeviationOf = ({ output, inputGradient = 0, weightGradient = 0 }: LayerDeviation) =>
  Math.max(output, inputGradient, weightGradient);

// From 2 pictures, for gradients that threads sum up, to 16.
function picturesFor(network: Network): number {
  return Math.max(2, Math.min(16, Math.floor(WORTH / multiplicationsOf(network))));
}

function sentenceOf(
  fault: LayerDeviation,
  masked: MaskedNetwork,
  threads: number,
): string {
  const wrong = {
    "its output": fault.output,
    "the gradient of its input": fault.inputGradient ?? 0,
    "the gradient of its weights": fault.weightGradient ?? 0,
  };
  const limit = layerTolerances[masked.precision];
  const parts = Object.entries(wrong).filter(([, deviation]) => !(deviation <= limit));
  const told = parts.map(([what, deviation]) => `${what} (by ${sizeOf(deviation)})`);
  const { index } = fault, { layers, name } = masked.network;
  const layer = descriptionOf(graphOf(layers)[index]!.layer);
  return `${name}, layer ${index + 1}, ${layer}, differs from plain loops in ${
    told.join(" and ")
  }: ` +
    `${circumstances(masked, threads)}, so it is not trained; what may help: ` +
    helpFor(masked.device);
}

// What computes: `libtorch 1.13.0 (ATen AVX2, …) in float32 with 2 threads on …`.
function circumstances({ precision, device }: MaskedNetwork, threads: number): string {
  const { libtorch, instructions, gpu, processor } = describeLibrary();
  return `libtorch ${libtorch} (${instructions}) in ${precision} with ` +
    `${threads} ${threads === 1 ? "thread" : "threads"} on ${device === "cuda" ? gpu : processor}`;
}

const helpFor = (device: Device) =>
  device === "cuda"
    ? "another version of PyTorch, or --device cpu"
    : "ONEDNN_MAX_CPU_ISA=SSE41 before the command, or another libtorch (LIBTORCH=…)";

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

// Beside the library, as it holds for that build alone.
function recordPath(
  { network, precision, device }: MaskedNetwork,
  threads: number,
  library: string,
): string {
  const { layers, inputShape } = network;
  const belongsTo = { describe: describeLibrary(), layers, inputShape, precision, device, threads };
  const key = createHash("sha256").update(JSON.stringify(belongsTo)).digest("hex");
  return join(dirname(library), "checked-layers", `${key.slice(0, 32)}.json`);
}
