// The pictures of a split that is in memory.
import assert from "node:assert/strict";
import type { Dataset } from "../../src/datasets/dataset.ts";

export function imagesOf(split: Dataset["train"]): Uint8Array {
  assert.ok("images" in split);
  return split.images;
}
