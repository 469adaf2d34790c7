// The manifest and the index of a packed folder.
import assert from "node:assert/strict";
import fc from "fast-check";
import { type PackManifest, parseIndex, parsePackManifest } from "../../src/datasets/pack.ts";
import { answer, changedJson, editedBytes, editedText, fuzz, type Json } from "./fuzz.ts";

const digest = "0123456789abcdef".repeat(4);
const split = { count: 2, bytes: 1, pictures: digest, index: digest };
const manifest: PackManifest = {
  format: 1,
  size: 32,
  classes: ["a", "b"],
  mean: [0.5, 0.4, 0.3],
  deviation: [0.2, 0.2, 0.2],
  decoder: { sharp: "1" },
  train: split,
  test: split,
  source: digest,
  skipped: 0,
};

const manifests = [manifest, { ...manifest, mean: [0.5], deviation: [0.2] }];

const texts = fc.oneof(
  editedText(manifests.map((manifest) => JSON.stringify(manifest, null, 2))),
  changedJson(manifests as unknown as Json[]).map((json) => JSON.stringify(json)),
);
fuzz(
  "packs",
  0.5,
  "parsePackManifest() throws, or all that it gives makes sense, when a manifest is changed",
  texts,
  async (text) => {
    const read = await answer(() => parsePackManifest(text, "x"));
    if (!read) return;
    assert.ok(read.size >= 8 && read.size <= 1024 && read.classes.length > 0);
    assert.ok([1, 3].includes(read.mean.length) && read.mean.length === read.deviation.length);
    assert.ok(read.deviation.every((value) => value > 0) && read.mean.every(Number.isFinite));
    for (const { count, bytes } of [read.train, read.test]) assert.ok(count > 0 && bytes > 0);
  },
);

const entry = fc.tuple(
  fc.integer({ min: 7, max: 12 }),
  fc.integer({ min: 7, max: 12 }),
  fc.integer({ min: 0, max: 2 }),
);
const entries = fc.array(entry, { minLength: 1, maxLength: 6 });
const bytesOf = (list: readonly (readonly number[])[]) =>
  new Uint8Array(Int32Array.from(list.flat()).buffer);
const indexes = entries.chain((list) =>
  fc.tuple(
    fc.oneof(
      fc.constant(bytesOf(list)),
      editedBytes([bytesOf(list)]).map((bytes) => bytes.slice(0, bytes.length - bytes.length % 12)),
    ),
    fc.constant(list.reduce((sum, [height, width]) => sum + 3 * height * width, 0)),
  )
);
fuzz(
  "packs",
  0.5,
  "parseIndex() throws, or its pictures fill the file one after another, when an index is changed",
  indexes,
  async ([bytes, size]) => {
    const classes = ["a", "b", "c"];
    const numbers = Array.from(new Int32Array(bytes.buffer.slice(0, bytes.length)));
    const list = Array.from(
      { length: numbers.length / 3 },
      (_, i) => numbers.slice(3 * i, 3 * i + 3),
    );
    const right =
      list.every(([h, w, l]) =>
        h! >= 8 && w! >= 8 && h! <= 65536 && w! <= 65536 && l! >= 0 && l! < 3
      ) &&
      list.reduce((sum, [h, w]) => sum + 3 * h! * w!, 0) === size;
    const read = await answer(() =>
      parseIndex(bytes, "x", { size: 8, channels: 3, classes, bytes: size })
    );
    assert.equal(read !== undefined, right);
    if (!read) return;
    let offset = 0;
    list.forEach(([height, width, label], i) => {
      assert.deepEqual(
        [...read.index.subarray(3 * i, 3 * i + 3)],
        [offset, height, width].map((n) => BigInt(n!)),
      );
      assert.equal(read.labels[i], label);
      offset += 3 * height! * width!;
    });
  },
);
