// Checksums, by which pictures are known to be the same: SHA-256.
import { createHash } from "node:crypto";
import type { Split } from "./dataset.ts";

/** SHA-256 in hexadecimal digits, of all parts one after the other. */
export function sha256(...parts: (Uint8Array | string)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** The checksum of a data set: that of its pictures and labels (one byte each), in their order. */
export function datasetChecksumOf(train: Split, test: Split): string {
  return sha256(
    train.images,
    Uint8Array.from(train.labels),
    test.images,
    Uint8Array.from(test.labels),
  );
}
