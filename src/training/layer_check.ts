// Before a network is first trained with a build, its layers are compared with plain loops in double precision: a library's
// arithmetic may be wrong on this machine, and a wrong gradient gives no error, only a bad result.
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
 * How much a layer may differ from loops in double precision, relative to the root mean square of what they give: about ten
 * times what rounding alone does to layers of resnet50's size.
 */
export const layerTolerances: Readonly<Record<Precision, number>> = {
  float64: 1e-9,
  float32: 2e-4,
  tf32: 2e-2,
  bfloat16: 1e-1,
};

/** Multiplications of one pass that a check may take, which determines the number of images. */
const MAX_MULTIPLICATIONS = 5e8;

/** A layer that computes something else than plain loops do. */
export class LayerFault extends UserError {
  override readonly name = "LayerFault";
}

/** How far a network's layers are from plain loops. */
export interface LayerCheck {
  /** Number of layers that were compared; of several alike only one is. */
  readonly layers: number;
  /** The largest of all deviations, relative to the root mean square. */
  readonly largest: number;
}

/** The argument of `check_layers.ts`, as JSON. */
export interface CheckRequest {
  /** Path of the native library. */
  readonly library: string;
  readonly network: Network;
  readonly precision: Precision;
  readonly device: Device;
  readonly threads: number;
  /** The file that it writes the outcome to where no layer is at fault; nothing is recorded where there is none. */
  readonly record?: string;
}

/**
 * Compares the layers of a network with plain loops, unless that was done before with this library, on this processor or
 * GPU, with these instructions, layers, precision and number of threads. It is done in a process of its own, as a faulty
 * library may corrupt memory.
 * @param threads how many the calling thread computes with
 * @throws {LayerFault} that names the layer, the size of the error, the library and what helps
 */
export function ensureLayersCorrect(network: MaskedNetwork, threads: number): void {
  const library = openLibraryPath();
  if (library === undefined) throw new Error("the native library is not open");
  const path = recordPath(network, threads, library);
  if (fileExists(path)) return;
  const knownFault = faults.get(path);
  if (knownFault !== undefined) throw new LayerFault(knownFault);
  const outcome = checkLayersInChild(network, threads, library, path);
  if (typeof outcome !== "string") return;
  faults.set(path, outcome);
  throw new LayerFault(outcome);
}

/** The sentences of the checks that failed, by the path of the record that they would have if they had not. */
const faults = new Map<string, string>();

/** Seconds after which a check is taken to hang. */
const TIMEOUT = 300;

/** The exit code of `timeout` where it had to kill. */
const KILLED = 137;

/**
 * Compares the layers of a network with plain loops in a process of its own.
 * @param library path of the native library
 * @param record the file that the outcome is recorded in, where no layer is at fault and the file can be written
 * @returns the outcome, or the sentence of a fault
 */
export function checkLayersInChild(
  network: MaskedNetwork,
  threads: number,
  library: string,
  record?: string,
): LayerCheck | string {
  const { precision, device } = network, libraryFolder = dirname(library);
  const request: CheckRequest = {
    library,
    network: network.network,
    precision,
    device,
    threads,
    ...(record === undefined ? {} : { record }),
  };
  const { code, signal, stdout, stderr } = new Deno.Command("timeout", {
    args: [
      ...["--signal=KILL", String(TIMEOUT), Deno.execPath(), "run", "--quiet", "--no-prompt"],
      ...["--allow-read", "--allow-env", "--allow-sys", `--allow-ffi=${libraryFolder}`],
      ...(record === undefined ? [] : [`--allow-write=${libraryFolder}`]),
      fileURLToPath(new URL("check_layers.ts", import.meta.url)),
      JSON.stringify(request),
    ],
  }).outputSync();
  const lastLine = (bytes: Uint8Array) =>
    new TextDecoder().decode(bytes).trim().split("\n").at(-1)!;
  const answer = lastLine(stdout), complaint = lastLine(stderr);
  if (code === 0 && answer !== "") {
    const outcome: LayerCheck | { readonly fault: string } = JSON.parse(answer);
    return "fault" in outcome ? outcome.fault : outcome;
  }
  const end = code === KILLED
    ? `did not end within ${TIMEOUT} seconds`
    : `ended with ${signal ?? signalOf(code)}${complaint === "" ? "" : ` (${complaint})`}`;
  return `${network.network.name}: holding its layers against plain loops ${end}: ` +
    `${circumstances(network, threads)}, so it is not trained; what may help: ${helpFor(device)}`;
}

// A shell reports a signal as an exit code of 128 more.
function signalOf(code: number): string {
  const signals = Object.entries(os.constants.signals);
  return signals.find(([, number]) => code === 128 + number)?.[0] ?? `exit code ${code}`;
}

/**
 * Compares the layers of a network with plain loops.
 * @param threads how many the calling thread computes with
 * @throws {LayerFault} as `ensureLayersCorrect` does
 */
export function checkLayers(network: MaskedNetwork, threads: number): LayerCheck {
  const { precision } = network;
  const deviations = network.verifyLayers(imageCountFor(network.network));
  const wrongLayers = deviations.filter((layer) =>
    !(maxDeviationOf(layer) <= layerTolerances[precision])
  );
  if (wrongLayers.length === 0) {
    return { layers: deviations.length, largest: Math.max(...deviations.map(maxDeviationOf)) };
  }
  const worst = wrongLayers.reduce((a, b) => maxDeviationOf(b) > maxDeviationOf(a) ? b : a);
  throw new LayerFault(sentenceOf(worst, network, threads));
}

/** The largest of a layer's deviations. */
export const maxDeviationOf = ({ output, inputGradient = 0, weightGradient = 0 }: LayerDeviation) =>
  Math.max(output, inputGradient, weightGradient);

// Between 2 images, so that threads have gradients to sum up, and 16.
function imageCountFor(network: Network): number {
  return Math.max(2, Math.min(16, Math.floor(MAX_MULTIPLICATIONS / multiplicationsOf(network))));
}

function sentenceOf(
  fault: LayerDeviation,
  masked: MaskedNetwork,
  threads: number,
): string {
  const deviations = {
    "its output": fault.output,
    "the gradient of its input": fault.inputGradient ?? 0,
    "the gradient of its weights": fault.weightGradient ?? 0,
  };
  const limit = layerTolerances[masked.precision];
  const parts = Object.entries(deviations).filter(([, deviation]) => !(deviation <= limit))
    .map(([part, deviation]) => `${part} (by ${sizeOf(deviation)})`);
  const { index } = fault, { layers, name } = masked.network;
  const layer = descriptionOf(graphOf(layers)[index]!.layer);
  return `${name}, layer ${index + 1}, ${layer}, differs from plain loops in ${
    parts.join(" and ")
  }: ` +
    `${circumstances(masked, threads)}, so it is not trained; what may help: ` +
    helpFor(masked.device);
}

// The library and the machine: `libtorch 1.13.0 (ATen AVX2, …) in float32 with 2 threads on …`.
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
    case "depthwise-conv":
      return `a depthwise convolution of ${layer.channels} channels, kernel ${layer.kernel} × ` +
        `${layer.kernel}, stride ${layer.stride ?? 1}`;
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

// The record lies next to the library, as it holds for that build alone.
function recordPath(
  { network, precision, device }: MaskedNetwork,
  threads: number,
  library: string,
): string {
  const { layers, inputShape } = network;
  const validFor = { describe: describeLibrary(), layers, inputShape, precision, device, threads };
  const key = createHash("sha256").update(JSON.stringify(validFor)).digest("hex");
  return join(dirname(library), "checked-layers", `${key.slice(0, 32)}.json`);
}
