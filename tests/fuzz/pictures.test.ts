// The files of MNIST and CIFAR-10, byte by byte.
import assert from "node:assert/strict";
import fc from "fast-check";
import { cifar10Records, parseCifarRecords } from "../../src/datasets/cifar_records.ts";
import { parseIdx } from "../../src/datasets/idx.ts";
import { answer, editedBytes, fuzz } from "./fuzz.ts";

/** An IDX file of those sizes and values. */
function idxOf(sizes: readonly number[], values: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new DataView(new ArrayBuffer(4 + 4 * sizes.length));
  head.setUint32(0, 0x0800 + sizes.length);
  sizes.forEach((size, i) => head.setUint32(4 + 4 * i, size));
  return Uint8Array.of(...new Uint8Array(head.buffer), ...values);
}

const sizes = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 5 });
const idx = sizes.chain((sizes) => {
  const length = sizes.reduce((product, size) => product * size, 1);
  return fc.record({
    sizes: fc.constant(sizes),
    values: fc.uint8Array({ minLength: length, maxLength: length }),
  });
});

fuzz(
  "IDX files",
  0.25,
  "parseIdx() gives exactly the sizes and values when an IDX file is right",
  idx,
  ({ sizes, values }) => {
    const read = parseIdx(idxOf(sizes, values), "x");
    assert.deepEqual([read.sizes, [...read.values]], [sizes, [...values]]);
  },
);

const badIdx = fc.oneof(
  idx.chain(({ sizes, values }) => editedBytes([idxOf(sizes, values)])),
  fc.uint8Array({ maxLength: 40 }).map((rest) => Uint8Array.of(0, 0, 8, ...rest)),
  // Sizes that no number holds, and among them a 0: nothing is what such a file holds.
  fc.tuple(
    fc.oneof(
      fc.array(fc.constantFrom(0, 1, 2 ** 16, 2 ** 32 - 1), { minLength: 1, maxLength: 255 }),
      fc.integer({ min: 1, max: 250 }).map((many) => [...Array(many).fill(2 ** 32 - 1), 0]),
    ),
    fc.uint8Array({ maxLength: 2 }),
  ).map(([sizes, values]) => idxOf(sizes, values)),
);
fuzz(
  "IDX files",
  0.75,
  "parseIdx() throws, or gives what the header says, when bytes are any",
  badIdx,
  async (bytes) => {
    const expected = bytes.length < 4 ? undefined : numbersIn(bytes);
    const right = expected !== undefined && bytes[0] === 0 && bytes[1] === 0 && bytes[2] === 8 &&
      bytes[3]! > 0 && BigInt(bytes.length - 4 - 4 * bytes[3]!) === expected;
    const read = await answer(() => parseIdx(Uint8Array.from(bytes), "x"));
    assert.equal(read !== undefined, right);
    if (read) assert.deepEqual([...read.values], [...bytes.subarray(4 + 4 * bytes[3]!)]);
  },
);

// The product of its sizes, exactly.
function numbersIn(bytes: Uint8Array): bigint | undefined {
  let product = 1n;
  for (let i = 0; i < bytes[3]!; i++) {
    const size = bytes.subarray(4 + 4 * i, 8 + 4 * i);
    if (size.length < 4) return undefined;
    product *= BigInt(size.reduce((value, byte) => 256 * value + byte, 0));
  }
  return product;
}

const record = fc.tuple(fc.integer({ min: 0, max: 11 }), fc.integer({ min: 0, max: 255 }));
const batches = fc.array(fc.array(record, { maxLength: 3 }), { maxLength: 3 });
const torn = fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: -3072, max: 3072 }));

fuzz(
  "CIFAR-10 files",
  1,
  "parseCifarRecords() throws, or gives exactly the pictures, when CIFAR-10's bytes are any",
  fc.tuple(batches, torn),
  async ([batches, torn]) => {
    const files = batches.map((records) =>
      Uint8Array.from(records.flatMap(([label, first]) => [
        label,
        ...Array.from({ length: 3072 }, (_, i) => (first + i) % 256),
      ]))
    );
    const last = files.at(-1);
    if (last && torn !== 0) {
      files[files.length - 1] = torn < 0
        ? last.slice(0, Math.max(0, last.length + torn))
        : Uint8Array.of(...last, ...new Uint8Array(torn));
    }
    const all = batches.flat();
    const whole = files.every(({ length }) => length % 3073 === 0);
    const sameSize = files.reduce((sum, { length }) => sum + length, 0) === 3073 * all.length;
    const split = await answer(() => parseCifarRecords(files, cifar10Records));
    assert.equal(
      split !== undefined,
      whole && all.every(([label]) => label < 10) || whole && !sameSize && split !== undefined,
    );
    if (!split || !sameSize) return;
    assert.deepEqual([...split.labels], all.map(([label]) => label));
    assert.equal(split.images.length, 3072 * all.length);
    all.forEach(([, first], place) => {
      for (const i of [0, 1, 1024, 3071]) {
        assert.equal(split.images[3072 * place + i], (first + i) % 256);
      }
    });
  },
);
