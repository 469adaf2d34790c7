// The masked network: loss and gradient of w ⊙ m, and evaluation.
import type { Layer, Network } from "../networks/network.ts";
import type { Batch, DevicePictures } from "./batch.ts";
import { Handle } from "./handle.ts";
import { check, type Device, deviceCodes, native } from "./library.ts";
import { type Precision, type RealType, typeCodes, type Vector } from "./vector.ts";

const kinds: Readonly<Record<Layer["kind"], number>> = {
  "conv": 0,
  "linear": 1,
  "max-pool": 2,
  "average-pool": 3,
  "relu": 4,
  "flatten": 5,
};

// kind, inputs, outputs, kernel, stride, padding: the fields of mb_layer
function fields(layer: Layer): number[] {
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
    case "linear":
      return [kinds.linear, layer.inputs, layer.outputs, 0, 0, 0];
    case "max-pool":
    case "average-pool":
      return [kinds[layer.kind], 0, 0, layer.size, layer.stride ?? layer.size, 0];
    default:
      return [kinds[layer.kind], 0, 0, 0, 0, 0];
  }
}

/** A network and the room for a pass through it. Its weights and mask are vectors of its caller's. */
export class MaskedNetwork extends Handle {
  /** Number of weights, n. */
  readonly size: number;

  constructor(
    readonly network: Network,
    readonly precision: Precision = "float32",
    readonly device: Device = "cpu",
  ) {
    const { layers, inputShape: [channels, height, width] } = network;
    super("network", (out) =>
      native().mb_network_create(
        new Int32Array(layers.flatMap(fields)),
        BigInt(layers.length),
        BigInt(channels),
        BigInt(height),
        BigInt(width),
        typeCodes[precision],
        deviceCodes[device],
        out,
      ));
    const size = new BigInt64Array(1);
    check(native().mb_network_size(this.pointer, size));
    this.size = Number(size[0]);
  }

  /**
   * Mean cross-entropy L with weights w ⊙ m on the batch: `gradient = ∂L/∂m = ∂L/∂(w ⊙ m) ⊙ w`, and
   * `metrics += (L · images, correct predictions)`.
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
    of: number,
    gradient: Vector<RealType>,
    metrics: Vector<"float64">,
  ): void {
    check(
      native().mb_network_gradient(
        this.pointer,
        weights.pointer,
        mask?.pointer ?? 0n,
        batch.pointer,
        of,
        gradient.pointer,
        metrics.pointer,
      ),
    );
  }

  /** @param logits receives `(images, classes)`, row-major */
  forward(
    weights: Vector<RealType>,
    mask: Vector<RealType> | null,
    batch: Batch,
    logits: Vector<RealType>,
  ): void {
    check(
      native().mb_network_forward(
        this.pointer,
        weights.pointer,
        mask?.pointer ?? 0n,
        batch.pointer,
        logits.pointer,
      ),
    );
  }

  /** `metrics += (sum of losses, correct predictions)` over all pictures, `batchSize` at a time. */
  evaluate(
    weights: Vector<RealType>,
    mask: Vector<RealType> | null,
    pictures: DevicePictures,
    metrics: Vector<"float64">,
    batchSize = 500,
  ): void {
    check(
      native().mb_network_evaluate(
        this.pointer,
        weights.pointer,
        mask?.pointer ?? 0n,
        pictures.pointer,
        BigInt(batchSize),
        metrics.pointer,
      ),
    );
  }
}
