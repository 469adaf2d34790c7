// The batches of one pass over the training images: their order and their augmentation.
import { type Batch, CROP_PARTS, type Device, type DevicePictures, Vector } from "../native/mod.ts";
import type { RunConfig } from "./config.ts";
import type { Streams } from "./streams.ts";

/** Zeros around an image before it is cropped to its size again, in pixels. */
const PADDING = 4;

/** For every epoch a new order of the images, and a new crop and flip for each. */
export class EpochBatches {
  /** Batches in an epoch, which are its steps; the last one may be smaller. */
  readonly steps: number;
  readonly #order: Vector<"int64">;
  readonly #augmentation: Vector<"uint8"> | undefined;
  readonly #crops: Vector<"int32"> | undefined;

  /** @param resources frees the vectors */
  constructor(
    readonly pictures: DevicePictures,
    readonly batchSize: number,
    augmentation: RunConfig["augmentation"],
    device: Device,
    resources: DisposableStack,
  ) {
    const { count } = pictures, gatherer = pictures.packed ? "cpu" : device;
    this.steps = Math.ceil(count / batchSize);
    this.#order = resources.use(new Vector(count, "int64", gatherer));
    if (augmentation === "crop-flip") {
      this.#augmentation = resources.use(new Vector(3 * count, "uint8", gatherer));
    } else if (augmentation === "random-resized-crop") {
      this.#crops = resources.use(new Vector(CROP_PARTS * count, "int32", gatherer));
    }
  }

  /** Draws a new order, and new crops and flips. */
  draw(streams: Streams): void {
    const { count } = this.pictures;
    streams.order.permutation(this.#order);
    if (this.#crops) streams.augmentation.crops(this.pictures, this.#order, this.#crops);
    if (!this.#augmentation) return;
    streams.augmentation.integers(this.#augmentation, 2 * PADDING + 1, 0, 2 * count);
    streams.augmentation.integers(this.#augmentation, 2, 2 * count, count);
  }

  /** Number of images in the batch of a step, counted from 0. */
  imagesIn(step: number): number {
    return Math.min(this.batchSize, this.pictures.count - step * this.batchSize);
  }

  /** Number of images in the batches of all steps before it. */
  imagesBefore(step: number): number {
    return Math.min(step * this.batchSize, this.pictures.count);
  }

  /** Fills the batch with the images of a step. */
  gather(batch: Batch, step: number): void {
    const start = step * this.batchSize, count = this.imagesIn(step);
    if (this.#crops) batch.gatherCrops(this.pictures, this.#order, start, count, this.#crops);
    else batch.gather(this.pictures, this.#order, start, count, this.#augmentation, PADDING);
  }
}
