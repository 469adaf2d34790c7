// The configuration of one run: everything that can change its outcome, with all defaults written out. Its schema gives no
// more than its types say, and sweep files take their choices from it.
import { z } from "zod";
import { digestSchema } from "../base/digest.ts";
import { plainText } from "../base/text.ts";
import type { Value } from "../algorithms/space.ts";
import { type DescribedLayer, describedLayersSchema } from "../networks/described.ts";

/** How the fixed random weights are drawn. */
const initialisation = z.strictObject({
  name: z.enum(["kaiming-normal", "signed-kaiming-constant"]),
  /** Whether the fan-in is multiplied by the kept fraction, so that the variance of a layer's output is preserved. */
  scaleFan: z.boolean(),
});

/** What a configuration's JSON may say. */
export const configurationSchema = z.strictObject({
  dataset: z.strictObject({
    name: plainText,
    checksum: digestSchema,
    /** What accuracy is measured on: the test set, or training images held out to tune on. */
    split: z.enum(["test", "validation"]),
  }),
  network: z.strictObject({
    name: plainText,
    width: z.number().positive(),
    /** Where the sweep describes it; absent where it is built in or a module's. */
    layers: describedLayersSchema.exactOptional(),
    /** The digest of the module that brought it; absent where it is built in. */
    module: digestSchema.exactOptional(),
  }),
  initialisation,
  /** Name, version of the implementation's meaning, and the hyper-parameters as `recordParameters` gives them. */
  algorithm: z.strictObject({
    name: plainText,
    version: z.int(),
    parameters: z.record(plainText, z.union([z.number(), plainText, z.boolean()])),
    /** The digest of the module that brought it; absent where it is built in. */
    module: digestSchema.exactOptional(),
  }),
  /** Fraction of the maskable weights that is removed, in [0, 1). */
  sparsity: z.number().min(0).lt(1),
  seed: z.int().min(0),
  epochs: z.int().min(1),
  batchSize: z.int().min(1),
  /** The learning rate over epochs: cosine falls from the base rate to 0, stepped once an epoch. */
  schedule: z.enum(["cosine", "constant"]),
  /** Epochs before the schedule, in which the learning rate climbs to the base rate; absent where there are none. */
  warmUp: z.int().min(1).exactOptional(),
  /** Share of a training label that is spread over all classes, in (0, 1); absent where none is. */
  labelSmoothing: z.number().gt(0).lt(1).exactOptional(),
  /**
   * `crop-flip`: random crop after padding by 4, and horizontal flip. `random-resized-crop`, for packed folders: 8 to 100%
   * of an image at a ratio of 3:4 to 4:3, resized, and horizontal flip.
   */
  augmentation: z.enum(["none", "crop-flip", "random-resized-crop"]),
  /** What convolutions and matrix products compute in; vectors are float32 in any case. */
  precision: z.enum(["float32", "bfloat16", "tf32"]),
}) satisfies z.ZodType<RunConfig>;

/** How the fixed random weights are drawn. */
export interface Initialisation {
  /** Normal, or of one magnitude with random signs; both with the variance 2 / fan-in. */
  readonly name: "kaiming-normal" | "signed-kaiming-constant";
  /** Whether the fan-in is multiplied by the kept fraction, so that the variance of a layer's output is preserved. */
  readonly scaleFan: boolean;
}

/** Everything that goes into a run's identity; see `identityOf`. */
export interface RunConfig {
  /** The pictures, by name and checksum, and what accuracy is measured on. */
  readonly dataset: {
    readonly name: string;
    readonly checksum: string;
    readonly split: "test" | "validation";
  };
  /** The network by name; its layers where the sweep describes it, the digest of its module where one brought it. */
  readonly network: {
    readonly name: string;
    readonly width: number;
    readonly layers?: readonly DescribedLayer[];
    readonly module?: string;
  };
  /** How the fixed random weights are drawn. */
  readonly initialisation: Initialisation;
  /** Name, version, hyper-parameters as `recordParameters` gives them, and the digest of a module that brought it. */
  readonly algorithm: {
    readonly name: string;
    readonly version: number;
    readonly parameters: Readonly<Record<string, Value>>;
    readonly module?: string;
  };
  /** Fraction of the maskable weights that is removed, in [0, 1). */
  readonly sparsity: number;
  /** What all random numbers of the run follow from. */
  readonly seed: number;
  /** Passes over the training pictures. */
  readonly epochs: number;
  /** Pictures of a step; the last step of an epoch may have fewer. */
  readonly batchSize: number;
  /** The learning rate over epochs. */
  readonly schedule: "cosine" | "constant";
  /** Epochs before the schedule, in which the learning rate climbs to the base rate; absent where there are none. */
  readonly warmUp?: number;
  /** Share of a training label that is spread over all classes, in (0, 1); absent where none is. */
  readonly labelSmoothing?: number;
  /** What is done to training pictures. */
  readonly augmentation: "none" | "crop-flip" | "random-resized-crop";
  /** What convolutions and matrix products compute in. */
  readonly precision: "float32" | "bfloat16" | "tf32";
}
