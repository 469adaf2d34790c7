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

/** All pictures of a split, as bytes on the device. */
export class DevicePictures extends Handle {
  readonly count: number;
  readonly shape: Shape;

  /** Copies pictures and labels to the device. @throws {NativeError} where sizes or labels don't fit */
  constructor({ images, labels }: Pictures, options: PicturesOptions) {
    const { shape: [channels, height, width], mean, deviation, device = "cpu" } = options;
    const expected = labels.length * channels * height * width;
    if (images.length !== expected || mean.length !== channels || deviation.length !== channels) {
      throw new RangeError(
        `${images.length} bytes of pictures, expected ${expected}; ` +
          `${mean.length} means and ${deviation.length} deviations, expected ${channels}`,
      );
    }
    super("dataset", (out) =>
      native().mb_dataset_create(
        images as BufferSource,
        labels,
        BigInt(labels.length),
        BigInt(channels),
        BigInt(height),
        BigInt(width),
        BigInt(options.classes),
        new Float64Array(mean),
        new Float64Array(deviation),
        deviceCodes[device],
        out,
      ));
    this.count = labels.length;
    this.shape = options.shape;
  }
}

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
}
