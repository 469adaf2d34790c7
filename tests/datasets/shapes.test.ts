// shapes is drawn by code: the same bytes on every machine, every class as often as the others, no picture twice.
// How hard it is, shapes_difficulty.py measures.
import assert from "node:assert/strict";
import { shapes } from "../../src/datasets/shapes.ts";
import { imagesOf } from "./images.ts";

const dataset = await shapes.load([]);

Deno.test("shapes.load() gives the bytes that it always had when it draws", () => {
  assert.equal(
    dataset.checksum,
    "243f8e52d97c613ad3e57b0678982001c3473fef220660a0fe47169e33e5a42e",
  );
});

Deno.test("shapes.load() gives every class equally often when it draws", () => {
  for (const [split, count] of [[dataset.train, 8_000], [dataset.test, 2_000]] as const) {
    assert.equal(split.labels.length, count);
    assert.equal(imagesOf(split).length, count * 3 * 32 * 32);
    const counts = new Array(10).fill(0);
    for (const label of split.labels) counts[label]++;
    assert.deepEqual(counts, Array(10).fill(count / 10));
  }
});

Deno.test("shapes.load() gives no picture twice when train and test are taken together", () => {
  const size = 3 * 32 * 32, seen = new Set<string>();
  for (const images of [dataset.train, dataset.test].map(imagesOf)) {
    for (let at = 0; at < images.length; at += size) {
      seen.add(String(images.subarray(at, at + size)));
    }
  }
  assert.equal(seen.size, 10_000);
});
