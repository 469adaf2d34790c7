// A set of pictures on the device: as bytes, or mapped from their file.
import type { Shape } from "../networks/network.ts";
import { Handle } from "./handle.ts";
import { type Device, deviceCodes, nativeFunctions } from "./library.ts";

/** Pictures on the host. */
export interface Pictures {
  /** `(count, channels, height, width)` bytes, row-major; they may be shared between threads. */
  readonly images: Uint8Array;
  /** One for each picture, from 0. */
  readonly labels: Int32Array<ArrayBuffer>;
}

/** Pictures in a file, larger than memory perhaps. */
export interface PackedPictures {
  /** The file. */
  readonly path: string;
  /** Bytes that the file must have. */
  readonly bytes: number;
  /**
   * Three numbers for each picture: its offset in bytes, height and width. There it lies as `(height, width, channels)`
   * bytes, at least as large as the shape that is fed, which is its middle. The array may be shared between threads.
   */
  readonly index: BigInt64Array;
  /** One for each picture, from 0. */
  readonly labels: Int32Array<ArrayBuffer>;
}

/** How pictures are fed to a network: `(pixel / 255 − mean) / deviation`, channel by channel. */
export interface PicturesOptions {
  /** The shape of a picture as it is fed. */
  readonly shape: Shape;
  /** Labels are 0 to classes − 1. */
  readonly classes: number;
  /** The mean by channel, with pixels scaled to 0..1. */
  readonly mean: readonly number[];
  /** The standard deviation likewise. */
  readonly deviation: readonly number[];
  /** Where they are; default the CPU. */
  readonly device?: Device;
}

/** All pictures of a split, as bytes on the device, or mapped from their file. */
export class DevicePictures extends Handle {
  /** Number of pictures. */
  readonly count: number;
  /** The shape of a picture as it is fed. */
  readonly shape: Shape;
  /** Whether the host gathers them, whatever the device: orders and crops are on the CPU then. */
  readonly packed: boolean;

  /**
   * Copies pictures and labels to the device, or maps the file, which is in memory once for all that map it.
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
    const commonArguments = [
      BigInt(labels.length),
      ...shape.map(BigInt) as [bigint, bigint, bigint],
      BigInt(options.classes),
      new Float64Array(mean),
      new Float64Array(deviation),
      deviceCodes[device],
    ] as const;
    super("dataset", (out) =>
      "path" in pictures
        ? nativeFunctions().mb_dataset_open(
          new TextEncoder().encode(`${pictures.path}\0`),
          BigInt(pictures.bytes),
          pictures.index as BufferSource,
          labels,
          ...commonArguments,
          out,
        )
        : nativeFunctions().mb_dataset_create(
          pictures.images as BufferSource,
          labels,
          ...commonArguments,
          out,
        ));
    this.count = labels.length;
    this.shape = shape;
    this.packed = "path" in pictures;
  }
}
