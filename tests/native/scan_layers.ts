// Holds convolutions of many shapes against plain loops in double precision, in the process that it is: with the
// instructions, threads and checks of the heap that its environment asks for. A line of JSON says how many shapes were
// tried and which were off.
//
//   ONEDNN_MAX_CPU_ISA=AVX2 deno run -A tests/native/scan_layers.ts --threads 2 [--precision bfloat16] [--every 1]
//
// Input and output channels 1 to 17, 24 and 32; kernels 1, 3, 5 and 7; strides 1 and 2; pictures of odd and even sides;
// batches of 1 and 32. `--every n` takes one in n of these 11,552 shapes, spread evenly.
import { parseArgs } from "node:util";
import { describeLibrary, MaskedNetwork, NativeError, setThreads } from "../../src/native/mod.ts";
import { openNative } from "../../src/native/toolchain/setup.ts";
import type { Layer } from "../../src/networks/network.ts";
import { networkOf } from "../../src/networks/registry.ts";
import { layerTolerances, maxDeviationOf } from "../../src/training/layer_check.ts";

/** What was scanned, as the script prints it. */
export interface Scan {
  readonly libtorch: string;
  readonly instructions: string;
  readonly threads: number;
  readonly precision: string;
  readonly shapes: number;
  /** The largest deviation of all, over the root mean square. */
  readonly largest: number;
  readonly off: readonly string[];
}

const channels = [...Array.from({ length: 17 }, (_, i) => i + 1), 24, 32];

function* shapes() {
  for (const inputs of channels) {
    for (const outputs of channels) {
      for (const kernel of [1, 3, 5, 7]) {
        for (const stride of [1, 2]) {
          for (const side of [7, 8]) {
            for (const pictures of [1, 32]) {
              yield { inputs, outputs, kernel, stride, side, pictures };
            }
          }
        }
      }
    }
  }
}

/** The largest deviation of a network's layers, each tried with a batch of so many pictures. */
function deviationOf(
  layers: readonly Layer[],
  inputShape: readonly [number, number, number],
  precision: "float32" | "bfloat16",
  pictures: number,
): number {
  const network = new MaskedNetwork({ name: "scanned", layers, inputShape }, precision);
  try {
    return Math.max(...network.verifyLayers(pictures).map(maxDeviationOf));
  } finally {
    network.free();
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      threads: { type: "string", default: "1" },
      precision: { type: "string", default: "float32" },
      every: { type: "string", default: "1" },
    },
  });
  const threads = Number(values.threads), every = Number(values.every);
  const precision = values.precision === "bfloat16" ? "bfloat16" : "float32";
  await openNative();
  setThreads(threads);
  const off: string[] = [];
  let count = 0, largest = 0, index = 0;
  const tell = (deviation: number, name: string) => {
    count++;
    largest = Math.max(largest, deviation);
    if (!(deviation <= layerTolerances[precision])) {
      off.push(`${name}: ${deviation.toExponential(1)}`);
    }
  };
  for (const { inputs, outputs, kernel, stride, side, pictures } of shapes()) {
    if (index++ % every !== 0) continue;
    const padding = (kernel - 1) / 2, after = Math.ceil(side / stride);
    // The first layer makes the second's gradient of its input wanted.
    const layers: Layer[] = [
      { kind: "conv", inputs, outputs: inputs, kernel: 1 },
      { kind: "conv", inputs, outputs, kernel, stride, padding },
      { kind: "flatten" },
      { kind: "linear", inputs: outputs * after ** 2, outputs: 2 },
    ];
    const name = `${inputs} to ${outputs} channels, kernel ${kernel}, stride ${stride}, ` +
      `${side} × ${side}, batch ${pictures}`;
    try {
      tell(deviationOf(layers, [inputs, side, side], precision, pictures), name);
    } catch (error) {
      if (!(error instanceof NativeError) || error.status !== "unsupported") throw error;
      break; // no bfloat16 here
    }
  }
  for (const width of [0.125, 0.25, 0.5]) {
    if (count === 0) break;
    for (const network of ["resnet20", "mobilenet-v1"]) {
      const { layers } = networkOf(network, width, { inputShape: [3, 32, 32], classes: 10 });
      tell(deviationOf(layers, [3, 32, 32], precision, 8), `${network} × ${width}`);
    }
  }
  const { libtorch, instructions } = describeLibrary();
  const scan: Scan = { libtorch, instructions, threads, precision, shapes: count, largest, off };
  console.log(JSON.stringify(scan));
}
