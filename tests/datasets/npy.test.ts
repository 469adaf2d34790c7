// NumPy's files, written by NumPy: every type of integers, both orders of bytes, all versions; and what is refused.
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatasetError } from "../../src/datasets/dataset.ts";
import { integersOf, parseNpy, parseZip } from "../../src/datasets/npy.ts";
import { withFolder } from "../cli/maskbench.ts";
import { numpy, withoutNumpy } from "./python.ts";

const refuses = (call: () => unknown, message: RegExp) =>
  assert.throws(call, (error) => {
    assert.ok(error instanceof DatasetError, String(error));
    assert.match(error.message, message);
    return true;
  });

/** An .npy file of version 1 by hand. */
const npyOf = (header: string, values: readonly number[] = []) =>
  Uint8Array.of(
    0x93,
    ...new TextEncoder().encode("NUMPY"),
    ...[1, 0, header.length % 256, header.length >> 8],
    ...new TextEncoder().encode(header),
    ...values,
  );
const headerOf = (descr: string, shape: string, isFortran = false) =>
  `{'descr': ${descr}, 'fortran_order': ${isFortran ? "True" : "False"}, 'shape': ${shape}, }\n`;

Deno.test({
  name:
    `integersOf() gives NumPy's values when an array is of any integers, order and version${withoutNumpy}`,
  ignore: withoutNumpy !== "",
  fn: () =>
    withFolder(async (folder) => {
      const written = await numpy(
        folder,
        `
from numpy.lib import format
written = {}
for kind in ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8"]:
  for order in "<>":
    for version in [(1, 0), (2, 0), (3, 0)]:
      limits = np.iinfo(kind)
      low, high = max(limits.min, -2**53), min(limits.max, 2**53)
      array = np.array([[0, 1, 100], [low, high, high - 1]], dtype=order + kind)
      name = f"{ord(order)}{kind}{version[0]}.npy"
      with open(name, "wb") as file: format.write_array(file, array, version)
      written[name] = [int(value) for value in array.flat]
print(json.dumps(written))`,
      ) as Record<string, number[]>;
      assert.equal(Object.keys(written).length, 48);
      for (const [name, values] of Object.entries(written)) {
        const array = parseNpy(Deno.readFileSync(join(folder, name)), name);
        assert.deepEqual(array.sizes, [2, 3], name);
        assert.deepEqual(integersOf(array, name), values, name);
      }
    }),
});

Deno.test({
  name: `parseZip() gives NumPy's arrays when they are stored or compressed${withoutNumpy}`,
  ignore: withoutNumpy !== "",
  fn: () =>
    withFolder(async (folder) => {
      const written = await numpy(
        folder,
        `
arrays = {"a": np.arange(5000) % 7, "b": np.array(3), "empty": np.zeros((0, 2), int)}
np.savez("stored.npz", **arrays)
np.savez_compressed("packed.npz", **arrays)
print(json.dumps({name: [int(value) for value in array.flat] for name, array in arrays.items()}))`,
      ) as Record<string, number[]>;
      for (const archive of ["stored.npz", "packed.npz"]) {
        const bytes = Deno.readFileSync(join(folder, archive));
        const entries = parseZip(bytes, archive);
        assert.deepEqual([...entries.keys()], ["a.npy", "b.npy", "empty.npy"]);
        for (const [name, unpack] of entries) {
          const array = parseNpy(unpack(), name);
          assert.deepEqual(integersOf(array, name), written[name.slice(0, -4)], name);
        }
        // A byte of the first array: the list of files is still whole.
        const changed = bytes.with(70, bytes[70]! ^ 1);
        refuses(
          () => parseZip(changed, archive).get("a.npy")!(),
          /^(stored|packed)\.npz: a\.npy is damaged: /,
        );
        refuses(() => parseZip(bytes.slice(0, -30), archive), /has no list of its files/);
        refuses(() => parseZip(bytes.slice(100), archive).get("a.npy")!(), /is damaged/);
      }
    }),
});

Deno.test("parseNpy() throws a sentence when a file is none, cut short, or holds what is no number", () => {
  const whole = npyOf(headerOf("'<i2'", "(2, 1)"), [1, 0, 2, 0]);
  assert.deepEqual(integersOf(parseNpy(whole, "x"), "x"), [1, 2]);
  refuses(
    () => parseNpy(whole.slice(0, -1), "x"),
    /^x holds 3 bytes of values, expected 4 for 2 × 1 of 2/,
  );
  refuses(
    () => parseNpy(Uint8Array.of(...whole, 0), "x"),
    /^x holds 5 bytes of values, expected 4/,
  );
  refuses(() => parseNpy(whole.slice(0, 30), "x"), /^x ends within its header$/);
  refuses(() => parseNpy(whole.slice(0, 9), "x"), /^x ends within its header$/);
  refuses(
    () => parseNpy(whole.slice(1), "x"),
    /^x is no \.npy file of version 1 to 3: save it by numpy\.save$/,
  );
  refuses(() => parseNpy(whole.with(6, 9), "x"), /^x is no \.npy file of version 1 to 3/);
  refuses(() => parseNpy(new Uint8Array(), "x"), /^x is no \.npy file/);
  const fortran = npyOf(headerOf("'|u1'", "(2, 2)", true), [1, 2, 3, 4]);
  refuses(
    () => parseNpy(fortran, "x"),
    /^x is in Fortran's order: save numpy\.ascontiguousarray\(x\)/,
  );
  for (const descr of ["'|O'", "'<U3'", "'|S3'", "[('a', '<i4')]", "'<M8[ns]'"]) {
    refuses(
      () => parseNpy(npyOf(headerOf(descr, "(1,)")), "x"),
      /^x holds no array of numbers: its header is /,
    );
  }
  const floats = parseNpy(npyOf(headerOf("'<f4'", "(1,)"), [0, 0, 0, 0]), "x");
  refuses(
    () => integersOf(floats, "x"),
    /^x is float32, expected integers: save y\.astype\("int64"\) of it$/,
  );
  const huge = npyOf(headerOf("'|u1'", `(${"9".repeat(400)}, 0)`));
  refuses(() => parseNpy(huge, "x"), /^x holds 0 bytes/);
});
