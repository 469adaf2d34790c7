// digits: handwritten digits of 8 × 8 pixels, embedded, so that there is something real to learn before anything is
// downloaded, and in seconds. `digits.gz` holds a record of 65 bytes for each: its label, then its pixels from 0 to 16.
import { datasetChecksumOf } from "./checksum.ts";
import type { DatasetSource, Split } from "./dataset.ts";
import { gunzip, verifyChecksum } from "./files.ts";

const SIDE = 8, RECORD = 1 + SIDE * SIDE, DARKEST = 16;

/** SHA-256 of the records. */
const CHECKSUM = "d8121ca7764eccfaef1df6bc4589c6527c58fcbab0cb1b079e79f97f8cb8219a";

const file = new URL("digits.gz", import.meta.url);

export const digits: DatasetSource = {
  name: "digits",
  summary: "handwritten digits of 8 × 8 pixels, embedded",
  source: "Alpaydin & Kaynak: Optical Recognition of Handwritten Digits, UCI Machine Learning " +
    "Repository, 1998 (its test set, by 13 writers)",
  licence: "CC BY 4.0",
  shape: [1, SIDE, SIDE],
  classes: Array.from({ length: 10 }, (_, digit) => String(digit)),
  trainCount: 1_347,
  testCount: 450,

  async load() {
    const count = this.trainCount + this.testCount;
    const records = gunzip(await Deno.readFile(file), RECORD * count, "digits.gz");
    verifyChecksum(
      records,
      CHECKSUM,
      "digits.gz",
      "it is damaged, take it from the repository again",
    );
    const train = splitOf(records.subarray(0, RECORD * this.trainCount));
    const test = splitOf(records.subarray(RECORD * this.trainCount));
    return {
      name: this.name,
      shape: this.shape,
      classes: this.classes,
      train,
      test,
      mean: [0.3058],
      deviation: [0.3754],
      checksum: datasetChecksumOf(train, test),
    };
  },
};

function splitOf(records: Uint8Array): Split {
  const count = records.length / RECORD;
  const labels = Int32Array.from({ length: count }, (_, i) => records[i * RECORD]!);
  const images = new Uint8Array(count * SIDE * SIDE);
  for (let i = 0; i < count; i++) {
    const pixels = records.subarray(i * RECORD + 1, (i + 1) * RECORD);
    images.set(pixels.map((value) => Math.round(value * 255 / DARKEST)), i * SIDE * SIDE);
  }
  return { images, labels };
}
