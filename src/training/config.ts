// The configuration of one run: everything that can change its outcome, with all defaults written out.

/** How the fixed random weights are drawn. */
export interface Initialisation {
  readonly name: "kaiming-normal" | "signed-kaiming-constant";
  /** Multiply the fan-in by the kept fraction, so that the variance of a layer's output is preserved. */
  readonly scaleFan: boolean;
}

/** Everything that goes into a run's identity; see `identity.ts`. */
export interface RunConfig {
  readonly dataset: {
    readonly name: string;
    readonly checksum: string;
    /** What accuracy is measured on: the test set, or training pictures held out to tune on. */
    readonly split: "test" | "validation";
  };
  readonly network: { readonly name: string; readonly width: number };
  readonly initialisation: Initialisation;
  /** Name, version of the implementation's meaning, and every hyper-parameter. */
  readonly algorithm: {
    readonly name: string;
    readonly version: number;
    readonly parameters: Readonly<Record<string, number | string | boolean>>;
  };
  /** Fraction of the maskable weights that is removed, in [0, 1). */
  readonly sparsity: number;
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** Learning rate over epochs; cosine falls from the base rate to 0, stepped once an epoch. */
  readonly schedule: "cosine" | "constant";
  /** Epochs before the schedule, in which the learning rate climbs to the base rate; absent where there are none. */
  readonly warmUp?: number;
  /** Share of a training label that is spread over all classes, in (0, 1); absent where none is. */
  readonly labelSmoothing?: number;
  /**
   * `crop-flip`: random crop after padding by 4, and horizontal flip. `random-resized-crop`, of packed folders: 8 to 100%
   * of a picture at a ratio of 3:4 to 4:3, resized, and horizontal flip.
   */
  readonly augmentation: "none" | "crop-flip" | "random-resized-crop";
  /** What convolutions and matrix products compute in; vectors are float32 in any case. */
  readonly precision: "float32" | "bfloat16" | "tf32";
}
