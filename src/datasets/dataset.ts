// What a data set is to the rest of the program: images as bytes, labels, and a checksum that goes into a run's identity.
import { UserError } from "../base/errors.ts";
import type { Shape } from "../networks/network.ts";

/** Images `(count, channels, height, width)` as bytes 0 to 255, row-major, and a label for each. */
export interface Split {
  /** One picture after the other. */
  readonly images: Uint8Array;
  /** One for each picture, from 0. */
  readonly labels: Int32Array<ArrayBuffer>;
}

/** Pictures that stay in their file: see `pack.ts`. */
export interface PackedSplit {
  /** The file. */
  readonly path: string;
  /** Bytes that the file must have. */
  readonly bytes: number;
  /**
   * Three numbers for each picture, its offset in bytes, height and width: it is stored there as `(height, width, channels)`
   * bytes. The network reads the middle of it, or a crop.
   */
  readonly index: BigInt64Array;
  /** One for each picture, from 0. */
  readonly labels: Int32Array<ArrayBuffer>;
}

/** Pictures to train on and to test on. */
export interface Dataset {
  /** The name that tables print; `cifar10-jpeg` where that is what the files turned out to be. */
  readonly name: string;
  /** The shape of a picture as the network reads it. */
  readonly shape: Shape;
  /** Their names, by label. */
  readonly classes: readonly string[];
  /** What is trained on. */
  readonly train: Split | PackedSplit;
  /** What accuracy is measured on. */
  readonly test: Split | PackedSplit;
  /** Mean per channel, of pixels scaled to 0..1: the network reads an image as `(pixel / 255 − mean) / deviation`. */
  readonly mean: readonly number[];
  /** Standard deviation per channel, likewise. */
  readonly deviation: readonly number[];
  /** SHA-256, hexadecimal, of all images and labels: the same pictures give the same checksum. */
  readonly checksum: string;
}

/** Where a data set comes from; one per file of this folder, listed in `registry.ts`. */
export interface DatasetSource {
  /** As sweep files and tables name it. */
  readonly name: string;
  /** One line for people. */
  readonly summary: string;
  /** Paper, page or "drawn by code". */
  readonly source: string;
  /** What it may be used under, in its authors' words. */
  readonly licence: string;
  /** The shape of a picture. */
  readonly shape: Shape;
  /** Their names, by label. */
  readonly classes: readonly string[];
  /** Number of pictures to train on. */
  readonly trainCount: number;
  /** Number of pictures to test on. */
  readonly testCount: number;
  /** Where it can be downloaded from, if anywhere. */
  readonly download?: Download;
  /**
   * Loads from `folders` (searched in order, each as `MASKBENCH_DATA` would be).
   * @throws {DatasetError} naming the file, what was found and what was expected.
   */
  load(folders: readonly string[]): Promise<Dataset>;
}

/** A file that came out of a download. */
export interface ExtractedFile {
  /** Its name, without a folder. */
  readonly name: string;
  /** All of it. */
  readonly bytes: Uint8Array;
}

/** The files of a data set, and where they go. */
export interface Download {
  /** Its folder within the folder of all data sets. */
  readonly folder: string;
  /** What is downloaded, one by one. */
  readonly files: readonly {
    readonly url: string;
    /** That of the file as downloaded, where it is known; otherwise `check` verifies the contents. */
    readonly sha256?: string;
    /** Bytes that the file has at most. */
    readonly maxBytes: number;
    /** Verifies the file, and unpacks it. @throws {DatasetError} if it is not what it should be */
    check(bytes: Uint8Array, path: string): Promise<ExtractedFile[]>;
  }[];
}

/** A data set that is missing, short or not the one it claims to be. The message is one sentence. */
export class DatasetError extends UserError {
  /** What it is, for messages. */
  override readonly name = "DatasetError";
}
