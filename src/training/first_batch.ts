// The fingerprint of what a run trains on: its first batch as the network reads it. It shows an order that does not follow
// the seed, a crop or flip that was lost, and another normalisation, on any processor and GPU: none of this is summed up.
import { createHash } from "node:crypto";
import type { Batch } from "../native/mod.ts";
import type { RunConfig } from "./config.ts";

/**
 * SHA-256 of a batch: of its pixels after augmentation and normalisation, as float32, little-endian,
 * `(count, channels, height, width)`, and of its labels as int32. In precision `bfloat16` the pixels are rounded to it, which
 * a GPU's batch is and a processor's is not. It waits for the device.
 * @param count pictures in the batch
 */
export function batchDigestOf(
  batch: Batch,
  count: number,
  precision: RunConfig["precision"],
): string {
  const { images, labels } = batch.download(count);
  const pixels = Float32Array.from(images, (pixel) => pixel + 0); // −0, which padding may give, becomes 0
  if (precision === "bfloat16") roundToBfloat16(pixels);
  const bytesOf = ({ buffer }: { readonly buffer: ArrayBuffer }) => new Uint8Array(buffer);
  return createHash("sha256").update(bytesOf(pixels)).update(bytesOf(labels)).digest("hex");
}

// To the nearest number of 16 bits, of two as near to the even one.
function roundToBfloat16(values: Float32Array<ArrayBuffer>): void {
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < bits.length; i++) {
    bits[i] = (bits[i]! + 0x7fff + (bits[i]! >>> 16 & 1)) & 0xffff0000;
  }
}
