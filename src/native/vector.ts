// Flat vectors on a device, and the generators that fill them.
import { Handle } from "./handle.ts";
import { checkStatus, type Device, deviceCodes, nativeFunctions } from "./library.ts";
import type { DevicePictures } from "./pictures.ts";

/** The JavaScript arrays that hold elements, by their type. */
export interface ElementArrays {
  /** Real numbers, 4 bytes each. */
  readonly float32: Float32Array<ArrayBuffer>;
  /** Real numbers, 8 bytes each. */
  readonly float64: Float64Array<ArrayBuffer>;
  /** Whole numbers from 0 to 255. */
  readonly uint8: Uint8Array<ArrayBuffer>;
  /** Whole numbers, 4 bytes each. */
  readonly int32: Int32Array<ArrayBuffer>;
  /** Whole numbers, 8 bytes each. */
  readonly int64: BigInt64Array<ArrayBuffer>;
}

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  uint8: Uint8Array,
  int32: Int32Array,
  int64: BigInt64Array,
} as const;

/** The type of a vector's elements. */
export type DType = keyof ElementArrays;
/** Real numbers: float64 is for checks, training is in float32. */
export type RealType = "float32" | "float64";
/** The arithmetic of a network; with bfloat16 and tf32 (on CUDA only), its vectors are float32. */
export type Precision = RealType | "bfloat16" | "tf32";
export const typeCodes: Readonly<Record<DType | Precision, number>> = {
  float32: 0,
  float64: 1,
  uint8: 2,
  int32: 3,
  int64: 4,
  bfloat16: 5,
  tf32: 6,
};

/** The JavaScript array that holds elements of a type. */
export type ArrayOf<T extends DType> = ElementArrays[T];

/**
 * A flat vector of `length` elements, zeros at first.
 *
 * @example Numbers to the device and back
 * ```ts
 * import assert from "node:assert/strict";
 * import { openNative, Vector } from "@maskbench/maskbench";
 *
 * await openNative();
 * using vector = Vector.from(Float32Array.of(1, 2, 3), "float32");
 * assert.deepEqual([...vector.download()], [1, 2, 3]);
 * ```
 */
export class Vector<T extends DType = "float32"> extends Handle {
  /** A vector of zeros. @param length number of elements @param dtype their type @param device where they are */
  constructor(readonly length: number, readonly dtype: T, readonly device: Device = "cpu") {
    super(
      "vector",
      (out) =>
        nativeFunctions().mb_vector_create(
          BigInt(length),
          typeCodes[dtype],
          deviceCodes[device],
          out,
        ),
    );
  }

  /** A vector with the elements of `data`. */
  static from<T extends DType>(data: ArrayOf<T>, dtype: T, device: Device = "cpu"): Vector<T> {
    const vector = new Vector(data.length, dtype, device);
    vector.upload(data);
    return vector;
  }

  /** Overwrites the elements from `offset` on with those of `data`. */
  upload(data: ArrayOf<T>, offset = 0): void {
    this.#requireType(data);
    checkStatus(
      nativeFunctions().mb_vector_upload(
        this.pointer,
        data as BufferSource,
        BigInt(offset),
        BigInt(data.length),
      ),
    );
  }

  /** A copy of `length` elements from `offset` on; all of them without arguments. */
  download(offset = 0, length: number = this.length - offset): ArrayOf<T> {
    const data = new arrays[this.dtype](Math.max(0, length)) as ArrayOf<T>;
    checkStatus(
      nativeFunctions().mb_vector_download(
        this.pointer,
        data as BufferSource,
        BigInt(offset),
        BigInt(length),
      ),
    );
    return data;
  }

  /** Copies all elements into `data`, of the same length, which may be shared between threads. */
  downloadInto(data: Float32Array | Float64Array | Uint8Array): void {
    this.#requireType(data);
    if (data.length !== this.length) {
      throw new RangeError(`${data.length} elements, expected ${this.length}`);
    }
    checkStatus(
      nativeFunctions().mb_vector_download(
        this.pointer,
        data as BufferSource,
        0n,
        BigInt(data.length),
      ),
    );
  }

  // The core takes an array for one of the vector's type; types can't distinguish them where T is several.
  #requireType(data: ArrayLike<unknown>): void {
    if (data instanceof arrays[this.dtype]) return;
    throw new RangeError(`${data.constructor.name}, expected ${arrays[this.dtype].name}`);
  }

  /** Overwrites all elements with those of `other`, of the same length. */
  copyFrom(other: Vector<DType>): void {
    checkStatus(nativeFunctions().mb_vector_copy(this.pointer, other.pointer));
  }

  /** `x ⊙ factor`, a vector of the same length and type. */
  multiply(factor: Vector<T>): void {
    checkStatus(nativeFunctions().mb_vector_multiply(this.pointer, factor.pointer));
  }

  /** `x + term`, a vector of the same length and type. */
  add(term: Vector<T>): void {
    checkStatus(nativeFunctions().mb_vector_add(this.pointer, term.pointer));
  }

  /** `scale · x + shift`, for `length` elements from `offset` on. */
  affine(scale: number, shift: number, offset = 0, length: number = this.length - offset): void {
    checkStatus(
      nativeFunctions().mb_vector_affine(
        this.pointer,
        BigInt(offset),
        BigInt(length),
        scale,
        shift,
      ),
    );
  }

  /** `value` everywhere, whatever was there, for `length` elements from `offset` on. */
  fill(value: number, offset = 0, length: number = this.length - offset): void {
    this.affine(0, value, offset, length);
  }

  /** 0 everywhere, whatever was there. */
  zero(): void {
    this.fill(0);
  }

  /** `1 − x`: of a mask, the entries that it removes. */
  complement(): void {
    this.affine(-1, 1);
  }

  /** `−x`. */
  negate(): void {
    this.affine(-1, 0);
  }

  /** −1, 0 or 1 by sign, for `length` elements from `offset` on. */
  sign(offset = 0, length: number = this.length - offset): void {
    checkStatus(nativeFunctions().mb_vector_sign(this.pointer, BigInt(offset), BigInt(length)));
  }

  /** `σ(x) = 1 / (1 + exp(−x))`, for `length` elements from `offset` on. */
  sigmoid(offset = 0, length: number = this.length - offset): void {
    checkStatus(nativeFunctions().mb_vector_sigmoid(this.pointer, BigInt(offset), BigInt(length)));
  }

  /** `α sign(x)`, α the mean magnitude of those that are not 0, for `length` elements from `offset` on; float32. */
  binarise(offset = 0, length: number = this.length - offset): void {
    checkStatus(nativeFunctions().mb_vector_binarise(this.pointer, BigInt(offset), BigInt(length)));
  }

  /** `x − mean(x)`, for `length` elements from `offset` on; float32. */
  centre(offset = 0, length: number = this.length - offset): void {
    checkStatus(nativeFunctions().mb_vector_centre(this.pointer, BigInt(offset), BigInt(length)));
  }

  /** Shortens it to a Euclidean norm of `max` where it is longer, as PyTorch's clip_grad_norm_ does; float32. @param max over 0 */
  clipNorm(max: number): void {
    checkStatus(nativeFunctions().mb_vector_clip_norm(this.pointer, max));
  }
}

/** Bytes of a generator's state. */
const GENERATOR_STATE = 5056;

/** libtorch's CPU generator: `torch.Generator().manual_seed(seed)`, draw for draw. */
export class Generator extends Handle {
  /** A generator as after `manual_seed(seed)`. @param seed 0 to 2^53; libtorch's generator uses its low 32 bits */
  constructor(readonly seed: number) {
    super("generator", (out) => nativeFunctions().mb_generator_create(BigInt(seed), out));
  }

  /** N(0, deviation²) into `length` elements from `offset` on; deviation 1 is `torch.randn(length)`. */
  normal(
    into: Vector<RealType>,
    deviation = 1,
    offset = 0,
    length: number = into.length - offset,
  ): void {
    checkStatus(
      nativeFunctions().mb_generator_normal(
        this.pointer,
        into.pointer,
        BigInt(offset),
        BigInt(length),
        deviation,
      ),
    );
  }

  /** U(low, high) into `length` elements from `offset` on; 0 and 1 is `torch.rand(length)`. */
  uniform(
    into: Vector<RealType>,
    low = 0,
    high = 1,
    offset = 0,
    length: number = into.length - offset,
  ): void {
    checkStatus(
      nativeFunctions().mb_generator_uniform(
        this.pointer,
        into.pointer,
        BigInt(offset),
        BigInt(length),
        low,
        high,
      ),
    );
  }

  /** Integers in [0, high): `torch.randint(high, (length,))`. */
  integers(
    into: Vector<"uint8" | "int32" | "int64">,
    high: number,
    offset = 0,
    length: number = into.length - offset,
  ): void {
    checkStatus(
      nativeFunctions().mb_generator_integers(
        this.pointer,
        into.pointer,
        BigInt(offset),
        BigInt(length),
        BigInt(high),
      ),
    );
  }

  /** A random order of 0 … length − 1: `torch.randperm(length)`. */
  permutation(into: Vector<"int64">): void {
    checkStatus(nativeFunctions().mb_generator_permutation(this.pointer, into.pointer));
  }

  /**
   * Random resized crops for the pictures of an order, `CROP_PARTS` parts of its length: the draws of torchvision's
   * RandomResizedCrop and RandomHorizontalFlip, with their defaults.
   */
  crops(pictures: DevicePictures, order: Vector<"int64">, into: Vector<"int32">): void {
    checkStatus(
      nativeFunctions().mb_generator_crops(
        this.pointer,
        pictures.pointer,
        order.pointer,
        into.pointer,
      ),
    );
  }

  /** Its state, as `restore` and `torch.Generator().set_state` take it. */
  save(): Uint8Array<ArrayBuffer> {
    const state = new Uint8Array(GENERATOR_STATE);
    checkStatus(nativeFunctions().mb_generator_save(this.pointer, state, BigInt(state.length)));
    return state;
  }

  /** Goes on from where `save` was called. @throws {NativeError} where the bytes are no generator's */
  restore(state: Uint8Array<ArrayBuffer>): void {
    checkStatus(nativeFunctions().mb_generator_restore(this.pointer, state, BigInt(state.length)));
  }
}
