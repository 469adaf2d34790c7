// Batches of pictures, on the device, as the network reads them.
import type { Shape } from "../networks/network.ts";
import { Handle } from "./handle.ts";
import { checkStatus, type Device, deviceCodes, nativeFunctions } from "./library.ts";
import type { DevicePictures } from "./pictures.ts";
import { type RealType, typeCodes, type Vector } from "./vector.ts";

/** Numbers of a random resized crop: top, left, height and width within the picture as it is stored, and 1 for a flip. */
export const CROP_PARTS = 5;

/** A buffer of up to `capacity` normalised pictures and their labels. */
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
      nativeFunctions().mb_batch_create(
        BigInt(capacity),
        channels,
        height,
        width,
        typeCodes[dtype],
        deviceCodes[device],
        out,
      ));
  }

  /** Copies pictures and their labels to it. @param images `(count, channels, height, width)`, taken as they are */
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
    checkStatus(
      nativeFunctions().mb_batch_upload(this.pointer, images, labels, BigInt(labels.length)),
    );
  }

  /**
   * The first `count` pictures that are in it, `(count, channels, height, width)`, and their labels; waits for the device.
   * @throws {NativeError} where fewer are in it
   */
  download(
    count: number,
  ): {
    images: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
    labels: Int32Array<ArrayBuffer>;
  } {
    const length = count * this.shape[0] * this.shape[1] * this.shape[2];
    const images = this.dtype === "float64" ? new Float64Array(length) : new Float32Array(length);
    const labels = new Int32Array(count);
    checkStatus(
      nativeFunctions().mb_batch_download(this.pointer, images, labels, BigInt(count)),
    );
    return { images, labels };
  }

  /**
   * Takes `count` pictures, those from index `start` of `order` on.
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
    checkStatus(
      nativeFunctions().mb_batch_gather(
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
    checkStatus(
      nativeFunctions().mb_batch_gather_crops(
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
