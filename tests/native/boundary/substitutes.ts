// What may come in a parameter's place: of its C type, every extreme and every mix-up, each with a label.
import type { Parameter } from "../header.ts";
import type { Value } from "./cases.ts";
import type { World } from "./world.ts";

const wholeNumbers = {
  i32: { "−2^31": -(2 ** 31), "−1": -1, "0": 0, "1": 1, "2": 2, "99": 99, "2^31 − 1": 2 ** 31 - 1 },
  i64: {
    "−2^63": -(1n << 63n),
    "−1": -1n,
    "0": 0n,
    "2^40": 1n << 40n,
    "2^62": 1n << 62n,
    "2^63 − 1": (1n << 63n) - 1n,
  },
  u64: { "0": 0n, "2^64 − 1": (1n << 64n) - 1n },
} as const;
const realNumbers = [NaN, Infinity, -Infinity, 1e308, -1e308, 5e-324];
const junk = new Uint8Array(4096).fill(0x41);

/** Everything but what is given, each by its label; a handle is replaced by every other one of the world as well. */
export function substitutesFor(
  { passed, family }: Parameter,
  given: Value,
  world: World,
): [string, Value][] {
  const distinct = (values: [string, Value][]) => values.filter(([, value]) => value !== given);
  if (family !== undefined) {
    return [
      ["null", 0n],
      ["freed", world.pointer(`freed ${family}`)],
      ["made up", Deno.UnsafePointer.value(Deno.UnsafePointer.of(junk))],
      ["1", 1n],
      ["the last address", (1n << 64n) - 1n],
      ["next to the right one", world.pointer(given as string) + 8n],
      ...distinct(
        [...world.handles.keys()].filter((label) => !label.startsWith("freed"))
          .map((label) => [label, label]),
      ),
    ];
  }
  switch (passed) {
    case "buffer":
      return [["null", null]];
    case "f64":
      return distinct(realNumbers.map((value) => [String(value), value]));
    default:
      return distinct(Object.entries(wholeNumbers[passed]));
  }
}
