// One pass over the training pictures: their order, their augmentation, their batches.
import { type Batch, CROP_PARTS, type Device, type DevicePictures, Vector } from "../native/mod.ts";
import type { RunConfig } from "./config.ts";
import type { Streams } from "./streams.ts";

/** Zeros around a picture before it is cropped to its size again. */
const PADDING = 4;

/** Draws an order of the pictures, and crop and flip for each, anew for every epoch. */
export class Epoch {
  /** Steps: batches in an epoch, the last one perhaps smaller. */
  readonly steps: number;
  readonly #order: Vector<"int64">;
  readonly #augmentation: Vector<"uint8"> | undefined;
  readonly #crops: Vector<"int32"> | undefined;

  constructor(
    readonly pictures: DevicePictures,
    readonly batchSize: number,
    augmentation: RunConfig["augmentation"],
    device: Device,
    free: DisposableStack,
  ) {
    const { count } = pictures, where = pictures.packed ? "cpu" : device;
    this.steps = Math.ceil(count / batchSize);
    this.#order = free.use(new Vector(count, "int64", where));
    if (augmentation === "crop-flip") {
      this.#augmentation = free.use(new Vector(3 * count, "uint8", where));
    } else if (augmentation === "random-resized-crop") {
      this.#crops = free.use(new Vector(CROP_PARTS * count, "int32", where));
    }
  }

  /** A new order, and new crops and flips. */
  draw(streams: Streams): void {
    const { count } = this.pictures;
    streams.order.permutation(this.#order);
    if (this.#crops) streams.augmentation.crops(this.pictures, this.#order, this.#crops);
    if (!this.#augmentation) return;
    streams.augmentation.integers(this.#augmentation, 2 * PADDING + 1, 0, 2 * count);
    streams.augmentation.integers(this.#augmentation, 2, 2 * count, count);
  }

  /** Pictures of a step, counted from 0. */
  count(step: number): number {
    return Math.min(this.batchSize, this.pictures.count - step * this.batchSize);
  }

  /** Pictures of all steps before it. */
  before(step: number): number {
    return Math.min(step * this.batchSize, this.pictures.count);
  }

  /** Fills the batch with those of a step. */
  gather(batch: Batch, step: number): void {
    const start = step * this.batchSize, count = this.count(step);
    if (this.#crops) batch.gatherCrops(this.pictures, this.#order, start, count, this.#crops);
    else batch.gather(this.pictures, this.#order, start, count, this.#augmentation, PADDING);
  }
}
