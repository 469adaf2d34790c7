// CIFAR's binary files: records of one label, CIFAR-100's of two, and the pixels of a picture.
import { DatasetError, type Split } from "./dataset.ts";

/** Values of a picture: 32 × 32 each of red, green and blue. */
const PICTURE = 3 * 32 * 32;

/** What the records of a data set are. */
export interface CifarRecords {
  /** What messages call the file. */
  readonly shown: string;
  /** Bytes before the pixels; the last of them is the label: CIFAR-100's first is that of a group of classes. */
  readonly labelBytes: 1 | 2;
  /** How many labels there are. */
  readonly classes: number;
}

/** CIFAR-10's. */
export const cifar10Records: CifarRecords = {
  shown: "a file of CIFAR-10",
  labelBytes: 1,
  classes: 10,
};

/** CIFAR-100's, with the finer of its two labels. */
export const cifar100Records: CifarRecords = {
  shown: "a file of CIFAR-100",
  labelBytes: 2,
  classes: 100,
};

/** Bytes of a record. */
export const recordBytesOf = ({ labelBytes }: CifarRecords): number => labelBytes + PICTURE;

/**
 * Takes the records of files apart.
 * @returns pictures `(count, 3, 32, 32)` and labels, of one file after another
 * @throws {DatasetError} for a label that there is not, or a part of a record
 */
export function parseCifarRecords(files: readonly Uint8Array[], records: CifarRecords): Split {
  const { shown, labelBytes, classes } = records, size = recordBytesOf(records);
  const count = files.reduce((sum, { length }) => sum + length, 0) / size;
  if (files.some(({ length }) => length % size !== 0)) {
    throw new DatasetError(`${shown} is no whole number of records of ${size} bytes`);
  }
  const images = new Uint8Array(count * PICTURE), labels = new Int32Array(count);
  let picture = 0;
  for (const file of files) {
    for (let at = 0; at < file.length; at += size, picture++) {
      const label = file[at + labelBytes - 1]!;
      if (label >= classes) {
        throw new DatasetError(
          `${shown}: label ${label} at ${picture}, expected 0 to ${classes - 1}`,
        );
      }
      labels[picture] = label;
      images.set(file.subarray(at + labelBytes, at + size), picture * PICTURE);
    }
  }
  return { images, labels };
}
