// The masked network: loss and gradient of w ⊙ m, and evaluation.
import { graphOf, type Network, type Node, normalisedChannels } from "../networks/network.ts";
import type { Batch } from "./batch.ts";
import { Handle } from "./handle.ts";
import { checkStatus, type Device, deviceCodes, nativeFunctions } from "./library.ts";
import type { DevicePictures } from "./pictures.ts";
import { type Precision, type RealType, typeCodes, Vector } from "./vector.ts";

const kinds: Readonly<Record<Node["layer"]["kind"], number>> = {
  "conv": 0,
  "linear": 1,
  "max-pool": 2,
  "average-pool": 3,
  "relu": 4,
  "flatten": 5,
  "batch-norm": 6,
  "add": 7,
  "depthwise-conv": 8,
};

// The fields of mb_layer: kind, inputs, outputs, kernel, stride, padding, from, other.
function layerFieldsOf({ layer, from, other = 0 }: Node): number[] {
  return [...shapeFieldsOf(layer), from, other];
}

function shapeFieldsOf(layer: Node["layer"]): number[] {
  switch (layer.kind) {
    case "conv":
      return [
        kinds.conv,
        layer.inputs,
        layer.outputs,
        layer.kernel,
        layer.stride ?? 1,
        layer.padding ?? 0,
      ];
    case "depthwise-conv": {
      const { channels, kernel, stride = 1, padding = 0 } = layer;
      return [kinds["depthwise-conv"], channels, channels, kernel, stride, padding];
    }
    case "linear":
      return [kinds.linear, layer.inputs, layer.outputs, 0, 0, 0];
    case "max-pool": {
      const { size, stride = size, padding = 0 } = layer;
      return [kinds["max-pool"], 0, 0, size, stride, padding];
    }
    case "average-pool":
      return [kinds["average-pool"], 0, 0, layer.size, layer.stride ?? layer.size, 0];
    case "batch-norm":
      return [kinds["batch-norm"], layer.channels, 0, 0, 0, 0];
    default:
      return [kinds[layer.kind], 0, 0, 0, 0, 0];
  }
}

/**
 * How far a layer is from plain loops in double precision: the largest difference, divided by the root mean square of what
 * the loops give; infinite where there is a NaN, nothing where the layer has none.
 */
export interface LayerDeviation {
  /** Its index in `graphOf(layers)`. */
  readonly index: number;
  /** That of what it gives. */
  readonly output: number;
  /** That of the gradient of what it reads. */
  readonly inputGradient: number | undefined;
  /** That of the gradient of its weights. */
  readonly weightGradient: number | undefined;
}

/** A network, and the buffers of a pass through it. Weights and mask are its caller's vectors. */
export class MaskedNetwork extends Handle {
  /** Number of weights, n. */
  readonly size: number;
  /**
   * What batch normalisations use outside of training: for each, the running means of its channels, then the running
   * variances. They start as 0 and 1, and every gradient moves them by a tenth towards its batch's. None without one.
   */
  readonly statistics: Vector<RealType> | undefined;

  /** A network with its buffers on the device. @param labelSmoothing the ε of the loss that gradients are of, in [0, 1) */
  constructor(
    readonly network: Network,
    readonly precision: Precision = "float32",
    readonly device: Device = "cpu",
    readonly labelSmoothing: number = 0,
  ) {
    const { layers, inputShape: [channels, height, width] } = network, nodes = graphOf(layers);
    super("network", (out) =>
      nativeFunctions().mb_network_create(
        new Int32Array(nodes.flatMap(layerFieldsOf)),
        BigInt(nodes.length),
        BigInt(channels),
        BigInt(height),
        BigInt(width),
        typeCodes[precision],
        deviceCodes[device],
        out,
      ));
    const sizes = new BigInt64Array(2);
    checkStatus(
      nativeFunctions().mb_network_size(this.pointer, sizes.subarray(0, 1), sizes.subarray(1)),
    );
    this.size = Number(sizes[0]);
    if (sizes[1] === 0n) return;
    const type = precision === "float64" ? "float64" : "float32";
    this.statistics = new Vector(Number(sizes[1]), type, device);
    let offset = 0;
    for (const channels of normalisedChannels(layers)) {
      this.statistics.fill(1, offset + channels, channels);
      offset += 2 * channels;
    }
  }

  /** Frees it and its statistics; a second call does nothing. */
  override free(): void {
    this.statistics?.free();
    super.free();
  }

  /**
   * Compares every layer with plain loops in double precision, on random numbers: its output, its input's gradient and its
   * weights' gradient, as this thread computes them on this device.
   * @param pictures how many the batch has
   * @returns the deviations of each layer; of several alike only the first's
   */
  verifyLayers(pictures: number): LayerDeviation[] {
    const capacity = graphOf(this.network.layers).length;
    const rows = new Float64Array(4 * capacity), count = new BigInt64Array(1);
    checkStatus(
      nativeFunctions().mb_network_verify(
        this.pointer,
        BigInt(pictures),
        rows,
        BigInt(capacity),
        count,
      ),
    );
    const definedOf = (deviation: number) => deviation < 0 ? undefined : deviation;
    return Array.from({ length: Number(count[0]) }, (_, row): LayerDeviation => {
      const [index, output, input, weight] = rows.subarray(4 * row, 4 * row + 4);
      return {
        index: index!,
        output: output!,
        inputGradient: definedOf(input!),
        weightGradient: definedOf(weight!),
      };
    });
  }

  /**
   * Mean loss L with weights w ⊙ m on the batch, of each picture (1 − ε) · −log p[label] + ε · mean of −log p over the
   * classes: `gradient = ∂L/∂m = ∂L/∂(w ⊙ m) ⊙ w`, and `metrics += (L · images, correct predictions)`.
   */
  maskGradient(
    weights: Vector<RealType>,
    mask: Vector<RealType>,
    batch: Batch,
    gradient: Vector<RealType>,
    metrics: Vector<"float64">,
  ): void {
    this.#gradient(weights, mask, batch, 0, gradient, metrics);
  }

  /** The same with `gradient = ∂L/∂w`; `mask` null: the whole network. */
  weightGradient(
    weights: Vector<RealType>,
    mask: Vector<RealType> | null,
    batch: Batch,
    gradient: Vector<RealType>,
    metrics: Vector<"float64">,
  ): void {
    this.#gradient(weights, mask, batch, 1, gradient, metrics);
  }

  #gradient(
    weights: Vector<RealType>,
    mask: Vector<RealType> | null,
    batch: Batch,
    withRespectTo: 0 | 1,
    gradient: Vector<RealType>,
    metrics: Vector<"float64">,
  ): void {
    checkStatus(
      nativeFunctions().mb_network_gradient(
        this.pointer,
        weights.pointer,
        mask?.pointer ?? 0n,
        this.statistics?.pointer ?? 0n,
        batch.pointer,
        this.labelSmoothing,
        withRespectTo,
        gradient.pointer,
        metrics.pointer,
      ),
    );
  }

  /** Computes the logits without training. @param logits receives `(images, classes)`, row-major */
  forward(
    weights: Vector<RealType>,
    mask: Vector<RealType> | null,
    batch: Batch,
    logits: Vector<RealType>,
  ): void {
    checkStatus(
      nativeFunctions().mb_network_forward(
        this.pointer,
        weights.pointer,
        mask?.pointer ?? 0n,
        this.statistics?.pointer ?? 0n,
        batch.pointer,
        logits.pointer,
      ),
    );
  }

  /**
   * `metrics += (sum of cross-entropies, correct predictions)` over all pictures, `batchSize` at a time: by default 500,
   * of large pictures as many as have the pixels of 500 of 64 × 64, which is what memory for activations goes by.
   */
  evaluate(
    weights: Vector<RealType>,
    mask: Vector<RealType> | null,
    pictures: DevicePictures,
    metrics: Vector<"float64">,
    batchSize: number = Math.max(
      1,
      Math.min(500, Math.floor(500 * 64 ** 2 / (pictures.shape[1] * pictures.shape[2]))),
    ),
  ): void {
    checkStatus(
      nativeFunctions().mb_network_evaluate(
        this.pointer,
        weights.pointer,
        mask?.pointer ?? 0n,
        this.statistics?.pointer ?? 0n,
        pictures.pointer,
        BigInt(batchSize),
        metrics.pointer,
      ),
    );
  }
}
