// Data on the device: a set of pictures as bytes, and batches of them as the network reads them.
import type { Shape } from "../networks/network.ts";
import { Handle } from "./handle.ts";
import { check, type Device, deviceCodes, native } from "./library.ts";
import { type RealType, typeCodes, type Vector } from "./vector.ts";

/** Pictures on the host. */
export interface Pictures {
  /** `(count, channels, height, width)` bytes, row-major. */
  /** May be shared between threads. */
  readonly images: Uint8Array;
  /** One per picture, from 0. */
  readonly labels: Int32Array<ArrayBuffer>;
}

/** Pictures in a file, larger than memory perhaps. */
export interface PackedPictures {
  readonly path: string;
  /** Bytes that the file must have. */
  readonly bytes: number;
  /**
   * Three numbers for each picture, its offset in bytes, height and width: there it lies as `(height, width, channels)`
   * bytes, at least as large as the shape that is fed, which is its middle. May be shared between threads.
   */
  readonly index: BigInt64Array;
  /** One per picture, from 0. */
  readonly labels: Int32Array<ArrayBuffer>;
}

/** How pictures are fed to a network: `(pixel / 255 − mean) / deviation`, channel by channel. */
export interface PicturesOptions {
  readonly shape: Shape;
  /** Labels are 0 to classes − 1. */
  readonly classes: number;
  /** By channel, of pixels scaled to 0..1. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  readonly device?: Device;
}

/** All pictures of a split, as bytes on the device, or mapped from their file. */
export class DevicePictures extends Handle {
  readonly count: number;
  readonly shape: Shape;
  /** Whether the host gathers them, whatever the device: orders and crops are on the CPU then. */
  readonly packed: boolean;

  /**
   * Copies pictures and labels to the device, or maps the file, which all that do so share.
   * @throws {NativeError} where sizes or labels don't fit, or the file is not what the index says
   */
  constructor(pictures: Pictures | PackedPictures, options: PicturesOptions) {
    const { shape, mean, deviation, device = "cpu" } = options, { labels } = pictures;
    const expected = "path" in pictures
      ? 3 * labels.length
      : labels.length * shape[0] * shape[1] * shape[2];
    const { length } = "path" in pictures ? pictures.index : pictures.images;
    if (length !== expected || mean.length !== shape[0] || deviation.length !== shape[0]) {
      throw new RangeError(
        `${length} ${"path" in pictures ? "numbers of an index" : "bytes of pictures"}, ` +
          `expected ${expected}; ` +
          `${mean.length} means and ${deviation.length} deviations, expected ${shape[0]}`,
      );
    }
    const how = [
      BigInt(labels.length),
      ...shape.map(BigInt) as [bigint, bigint, bigint],
      BigInt(options.classes),
      new Float64Array(mean),
      new Float64Array(deviation),
      deviceCodes[device],
    ] as const;
    super("dataset", (out) =>
      "path" in pictures
        ? native().mb_dataset_open(
          new TextEncoder().encode(`${pictures.path}\0`),
          BigInt(pictures.bytes),
          pictures.index as BufferSource,
          labels,
          ...how,
          out,
        )
        : native().mb_dataset_create(pictures.images as BufferSource, labels, ...how, out));
    this.count = labels.length;
    this.shape = shape;
    this.packed = "path" in pictures;
  }
}

/** Of a random resized crop: top, left, height and width within the picture as it is stored, and 1 for a flip. */
export const CROP_PARTS = 5;

/** Room for up to `capacity` normalised pictures and their labels. */
export class Batch extends Handle {
  /** An empty batch. @param capacity pictures that it can hold @param dtype bfloat16 on CUDA only */
  constructor(
    readonly capacity: number,
    readonly shape: Shape,
    readonly dtype: RealType | "bfloat16" = "float32",
    readonly device: Device = "cpu",
  ) {
    const [channels, height, width] = shape.map(BigInt) as [bigint, bigint, bigint];
    super("batch", (out) =>
      native().mb_batch_create(
        BigInt(capacity),
        channels,
        height,
        width,
        typeCodes[dtype],
        deviceCodes[device],
        out,
      ));
  }

  /** @param images `(count, channels, height, width)`, taken as they are */
  upload(
    images: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>,
    labels: Int32Array<ArrayBuffer>,
  ): void {
    const expected = labels.length * this.shape[0] * this.shape[1] * this.shape[2];
    if (
      images.length !== expected || images.BYTES_PER_ELEMENT !== (this.dtype === "float64" ? 8 : 4)
    ) {
      throw new RangeError(
        `${images.length} pixels of ${images.BYTES_PER_ELEMENT} bytes, expected ${expected} of ${this.dtype}`,
      );
    }
    check(native().mb_batch_upload(this.pointer, images, labels, BigInt(labels.length)));
  }

  /**
   * Takes `count` pictures, those at places `start` and on of `order`.
   * @param augmentation three parts of the length of `order`: rows down and columns right of the crop's corner in
   * the padded picture, and 1 for a horizontal flip
   * @param padding zeros added on each side before the crop, in pixels
   */
  gather(
    pictures: DevicePictures,
    order: Vector<"int64">,
    start: number,
    count: number,
    augmentation?: Vector<"uint8">,
    padding = 0,
  ): void {
    check(
      native().mb_batch_gather(
        this.pointer,
        pictures.pointer,
        order.pointer,
        BigInt(start),
        BigInt(count),
        augmentation?.pointer ?? 0n,
        BigInt(padding),
      ),
    );
  }

  /**
   * The same with the crops that `Generator.crops` drew, each resized to the batch's shape, bilinearly, and flipped.
   * @throws {NativeError} where the pictures are on CUDA
   */
  gatherCrops(
    pictures: DevicePictures,
    order: Vector<"int64">,
    start: number,
    count: number,
    crops: Vector<"int32">,
  ): void {
    check(
      native().mb_batch_gather_crops(
        this.pointer,
        pictures.pointer,
        order.pointer,
        BigInt(start),
        BigInt(count),
        crops.pointer,
      ),
    );
  }
}
