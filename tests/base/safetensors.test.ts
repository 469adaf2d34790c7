// Safetensors files: bytes written down by hand from the format's description, and any tensors there and back.
import assert from "node:assert/strict";
import fc from "fast-check";
import { UserError } from "../../src/base/errors.ts";
import { decodeTensors, encodeTensors, type Tensors } from "../../src/base/safetensors.ts";

/** A file as the format's description says: the header's length, the header, the data. */
function byHand(header: string, data: number[]): Uint8Array {
  const text = new TextEncoder().encode(header), length = new Uint8Array(8);
  new DataView(length.buffer).setUint32(0, text.length, true);
  return Uint8Array.from([...length, ...text, ...data]);
}

const tensor = (from: number, to: number, shape: number[], dtype = "U8") =>
  `{"dtype":"${dtype}","shape":[${shape}],"data_offsets":[${from},${to}]}`;

Deno.test("decodeTensors() gives names, types, shapes, bytes and metadata when a file was written by hand", () => {
  const header = `{"__metadata__":{"who":"me"},"a":${tensor(4, 10, [2, 3])},"b":${
    tensor(0, 4, [1], "F32")
  }}  `;
  const { tensors, metadata } = decodeTensors(byHand(header, [0, 0, 128, 63, 1, 2, 3, 4, 5, 6]));
  assert.deepEqual(metadata, { who: "me" });
  assert.deepEqual({ ...tensors.a, bytes: [...tensors.a!.bytes] }, {
    type: "U8",
    shape: [2, 3],
    bytes: [1, 2, 3, 4, 5, 6],
  });
  assert.equal(new Float32Array(tensors.b!.bytes.slice().buffer)[0], 1);
});

Deno.test("encodeTensors() lays a file out as the format's description says when it writes tensors", () => {
  const file = encodeTensors({
    tensors: {
      a: { type: "U8", shape: [1], bytes: Uint8Array.of(7) },
      b: { type: "F64", shape: [1], bytes: new Uint8Array(Float64Array.of(1).buffer) },
    },
    metadata: { k: "v" },
  });
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  assert.equal(length % 8, 0);
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  assert.deepEqual(header, {
    __metadata__: { k: "v" },
    b: { dtype: "F64", shape: [1], data_offsets: [0, 8] },
    a: { dtype: "U8", shape: [1], data_offsets: [8, 9] },
  });
  assert.deepEqual([...file.subarray(8 + length)], [0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 7]);
});

const names = fc.stringMatching(/^[a-z.]{1,8}$/);
const tensors = fc.record({ type: fc.constantFrom("U8", "F32", "F64"), size: fc.nat(5) }).chain((
  { type, size },
) => {
  const bytes = size * ({ U8: 1, F32: 4, F64: 8 } as const)[type as "U8"];
  return fc.uint8Array({ minLength: bytes, maxLength: bytes })
    .map((bytes) => ({ type, shape: [size], bytes }));
});

Deno.test("decodeTensors() gives what encodeTensors() wrote when tensors are any", () => {
  fc.assert(
    fc.property(
      fc.dictionary(names, tensors),
      fc.dictionary(names, fc.string()),
      (given, metadata) => {
        const file = encodeTensors({ tensors: given, metadata } as Tensors);
        const read = decodeTensors(file);
        assert.deepEqual({ ...read.metadata }, { ...metadata });
        assert.deepEqual(Object.keys(read.tensors).sort(), Object.keys(given).sort());
        for (const [name, { type, shape, bytes }] of Object.entries(given)) {
          assert.deepEqual(read.tensors[name]!.type, type);
          assert.deepEqual(read.tensors[name]!.shape, shape);
          assert.deepEqual([...read.tensors[name]!.bytes], [...bytes]);
        }
      },
    ),
    { seed: 1 },
  );
});

Deno.test("decodeTensors() throws a sentence when lengths, types, overlaps, gaps or ends are wrong", () => {
  const wrong: [Uint8Array, RegExp][] = [
    [Uint8Array.of(1, 2, 3), /no safetensors file: 3 bytes/],
    [Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 0), /a header of/],
    [byHand("{", []), /no JSON/],
    [byHand("[]", []), /no object/],
    [byHand(`{"__metadata__":{"a":1}}`, []), /metadata are no texts/],
    [byHand(`{"a":${tensor(0, 2, [1], "BF16")}}`, [0, 0]), /a is of type BF16, expected one of U8/],
    [byHand(`{"a":${tensor(0, 2, [1], "toString")}}`, [0, 0]), /a is of type toString/],
    [byHand(`{"a":${tensor(0, 2, [3])}}`, [0, 0]), /a lies at 0 to 2, expected 0 to 3/],
    [byHand(`{"a":${tensor(1, 2, [1])}}`, [0, 0]), /a lies at 1 to 2, expected 0 to 1/],
    [byHand(`{"a":${tensor(0, 2, [2])},"b":${tensor(1, 3, [2])}}`, [0, 0, 0]), /b lies at 1 to 3/],
    [byHand(`{"a":${tensor(0, 2, [2])}}`, [0]), /a lies at 0 to 2/],
    [byHand(`{"a":${tensor(0, 2, [2])}}`, [0, 0, 0]), /1 bytes after its tensors/],
    [byHand(`{"a":${tensor(0, 2, [-2])}}`, [0, 0]), /a has no shape/],
    [byHand(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0]}}`, []), /a has no place/],
    [byHand(`{"a":null}`, []), /a is of type undefined/],
  ];
  for (const [file, message] of wrong) {
    assert.throws(() => decodeTensors(file), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, message);
      return true;
    });
  }
});
