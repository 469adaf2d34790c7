// digits: the pictures of UCI's file, which NumPy sums up here in numbers that others publish of them, too.
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { join } from "node:path";
import { loadDataset } from "../../src/datasets/registry.ts";
import { root } from "../cli/maskbench.ts";
import { imagesOf } from "./images.ts";

Deno.test("loadDataset() gives the 1,797 digits of UCI's test set when digits is asked for", async () => {
  const { train, test, shape } = await loadDataset("digits", []);
  assert.deepEqual(shape, [1, 8, 8]);
  // The counts of classes that scikit-learn and UCI give.
  const counts = Array<number>(10).fill(0);
  for (const label of [...train.labels, ...test.labels]) counts[label]!++;
  assert.deepEqual(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
  const images = [imagesOf(train), imagesOf(test)];
  assert.equal(images[0]!.length + images[1]!.length, 1797 * 64);
  // The first line of the file is a 0: "0,0,5,13,9,1,0,0, 0,0,13,15,10,15,5,0, …".
  assert.equal(train.labels[0], 0);
  const row = [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0];
  assert.deepEqual(
    [...images[0]!.subarray(0, 16)],
    row.map((value) => Math.round(value * 255 / 16)),
  );
});

Deno.test("the mean and deviation of digits are those of its training pictures", async () => {
  const { train, mean: [mean], deviation: [deviation] } = await loadDataset("digits", []);
  const values = Array.from(imagesOf(train), (value) => value / 255);
  const found = values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = Math.sqrt(
    values.reduce((sum, value) => sum + (value - found) ** 2, 0) / values.length,
  );
  assert.equal(found.toFixed(4), mean!.toFixed(4));
  assert.equal(spread.toFixed(4), deviation!.toFixed(4));
});

Deno.test("digits.gz holds labels and pixels from 0 to 16, a record of 65 bytes each", async () => {
  const bytes = gunzipSync(await Deno.readFile(join(root, "src/datasets/digits.gz")));
  assert.equal(bytes.length, 1797 * 65);
  assert.ok(bytes.every((value, i) => value <= (i % 65 === 0 ? 9 : 16)));
});
