// NumPy's files, alone and in an archive.
import assert from "node:assert/strict";
import { zipSync } from "fflate";
import { integersOf, parseNpy, parseZip } from "../../src/datasets/npy.ts";
import { answer, editedBytes, fuzz } from "./fuzz.ts";

/** Bytes of a value of each type that is tried. */
const widths = { "|u1": 1, ">i2": 2, "<i4": 4, "<u8": 8, "<f4": 4, "|b1": 1 } as const;

function npyOf(descr: keyof typeof widths, sizes: readonly number[]): Uint8Array {
  const shape = `(${sizes.map((size) => `${size},`).join(" ")})`;
  const header = new TextEncoder().encode(
    `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }\n`,
  );
  const count = sizes.reduce((product, size) => product * size, widths[descr]);
  const magic = new TextEncoder().encode("NUMPY");
  const values = Array.from({ length: count }, (_, i) => i % 251);
  return Uint8Array.of(0x93, ...magic, 1, 0, header.length, 0, ...header, ...values);
}

const good = [
  npyOf("|u1", [2, 3, 3]),
  npyOf(">i2", [5]),
  npyOf("<i4", [4, 1]),
  npyOf("<u8", [0, 7]),
  npyOf("<f4", [2]),
  npyOf("|b1", []),
];

async function check(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const array = await answer(() => parseNpy(bytes, "x"));
  if (!array) return;
  const width = array.type === "bool" ? 1 : Number(array.type.replace(/\D+/, "")) / 8;
  const count = array.sizes.reduce((product, size) => product * size, 1);
  assert.equal(array.values.length, count * width);
  const integers = await answer(() => integersOf(array, "x"));
  assert.ok(integers === undefined || integers.length === count);
}

fuzz(
  "arrays",
  0.5,
  "parseNpy() throws, or gives as many values as its sizes say, when a file is changed",
  editedBytes(good),
  check,
);

const archive = (level: 0 | 9) =>
  zipSync(Object.fromEntries(good.map((bytes, i) => [`${i}.npy`, bytes])), { level });
fuzz(
  "arrays",
  0.5,
  "parseZip() throws, or gives the files that were put in, when an archive is changed",
  editedBytes([archive(0), archive(9)]),
  async (bytes) => {
    const entries = await answer(() => parseZip(bytes, "x"));
    for (const [name, unpack] of entries ?? []) {
      const file = await answer(unpack);
      const original = /^\d\.npy$/.test(name) ? good[Number(name[0])] : undefined;
      // The checksum covers the bytes; a name or an entry of the list may be changed.
      if (file) {
        assert.ok(!original || good.some((one) => `${one}` === `${file}`) || file.length === 0);
      }
    }
  },
);
