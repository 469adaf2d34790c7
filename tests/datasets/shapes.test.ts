// shapes is drawn by code: the same bytes on every machine, every class as often as the others, no picture twice.
// How hard it is, shapes_difficulty.py measures.
import assert from "node:assert/strict";
import { shapes } from "../../src/datasets/shapes.ts";

const dataset = await shapes.load([]);

Deno.test("shapes has the bytes that it always had", () => {
  assert.equal(
    dataset.checksum,
    "5a803b73e644a920a947c408325f5fe93999bc4738fdf24a1cca0bbb7d83feef",
  );
});

Deno.test("shapes has as many pictures as it says, every class equally often", () => {
  for (const [split, count] of [[dataset.train, 10_000], [dataset.test, 2_000]] as const) {
    assert.equal(split.labels.length, count);
    assert.equal(split.images.length, count * 3 * 32 * 32);
    const counts = new Array(10).fill(0);
    for (const label of split.labels) counts[label]++;
    assert.deepEqual(counts, Array(10).fill(count / 10));
  }
});

Deno.test("no picture of shapes is there twice, so none of the test set was trained on", () => {
  const size = 3 * 32 * 32, seen = new Set<string>();
  for (const { images } of [dataset.train, dataset.test]) {
    for (let at = 0; at < images.length; at += size) {
      seen.add(String(images.subarray(at, at + size)));
    }
  }
  assert.equal(seen.size, 12_000);
});
