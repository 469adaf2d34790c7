// What all fuzzing shares: how many inputs, which seed, what counts as an answer, and how good files are made bad.
import assert from "node:assert/strict";
import fc from "fast-check";
import { UserError } from "../../src/base/errors.ts";

/** Inputs of each kind in the test suite. A new kind of file is a line here and a test file next to this one. */
export const inputs = {
  "sweep files": 5_000,
  "run files": 4_000,
  "baselines": 3_000,
  "peers' files": 2_000,
  "submissions": 2_000,
  "IDX files": 4_000,
  "CIFAR-10 files": 1_000,
  "goldens": 2_000,
  "checkpoints": 2_000,
  "archives": 1_500,
  "packs": 3_000,
  "arrays": 3_000,
} as const;

/** `deno task fuzz` raises the one and changes the other. */
const times = Number(Deno.env.get("MASKBENCH_FUZZ_TIMES") || 1);
const seed = Number(Deno.env.get("MASKBENCH_FUZZ_SEED") || 7);

/** A test that tries many inputs of a kind. @param share of the kind's inputs that it takes @param claim the test's name */
export function fuzz<Input>(
  kind: keyof typeof inputs,
  share: number,
  claim: string,
  arbitrary: fc.Arbitrary<Input>,
  check: (input: Input) => void | Promise<void>,
): void {
  Deno.test(claim, async () => {
    const numRuns = Math.ceil(times * share * inputs[kind]);
    await fc.assert(fc.asyncProperty(arbitrary, async (input) => await check(input)), {
      numRuns,
      seed,
    });
  });
}

/**
 * What a reader makes of an input: its result, or nothing where it says what is wrong.
 * Any other exception is a bug.
 */
export async function answer<Result>(
  read: () => Result | Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    assert.ok(error.message.split(" ").length > 2, `no sentence: ${error.message}`);
    assert.doesNotMatch(error.message, /(?<!received )undefined|\[object|NaN =|^\s+at /m);
    return undefined;
  }
}

// --- text and bytes ------------------------------------------------------------------------------------------------------

/** What is likely to upset a reader of JSON. */
const fragments = [
  ..."{}[],:\"'0-.e \n\\/",
  ...[
    "null",
    "true",
    "false",
    "{}",
    "[]",
    '""',
    "NaN",
    "Infinity",
    "-0",
    "1e999",
    "-1e999",
    "1e-400",
  ],
  ...["9007199254740993", "0.1e1", "01", "1_000", "// x", "/* x */", "\ufeff", "\u0000", "\ud800"],
  ...[
    '"__proto__"',
    '"constructor"',
    '"toString"',
    '"valueOf"',
    '"length"',
    '"../../x"',
    '"\\ud800"',
  ],
  ...['{"__proto__":{}}', '{"toString":1,"valueOf":1}', '"\\u0000"', "[".repeat(20_000)],
  `${"[".repeat(20_000)}${"]".repeat(20_000)}`,
  `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`,
];

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const stretch = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 1, max: 8 }),
  fc.integer({ min: 0, max: 4000 }),
);
const edit = fc.record({
  at: place,
  length: stretch,
  instead: fc.oneof(
    fc.constant(""),
    fc.constantFrom(...fragments),
    fc.string({ maxLength: 5, unit: "binary" }),
    place, // what stands elsewhere
  ),
});

/** Good texts with some edits: a stretch gone, replaced by what is awkward, or by what stands elsewhere. */
export function editedText(good: readonly string[]): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...good), fc.array(edit, { minLength: 1, maxLength: 5 })).map(
    ([text, edits]) =>
      edits.reduce((text, { at, length, instead }) => {
        const from = Math.floor(at * text.length);
        const inserted = typeof instead === "string"
          ? instead
          : text.substring(Math.floor(instead * text.length)).slice(0, length);
        return text.slice(0, from) + inserted + text.slice(from + length);
      }, text),
  );
}

const byteEdit = fc.record({
  at: place,
  length: stretch,
  instead: fc.oneof(
    fc.constant(new Uint8Array()),
    fc.constantFrom(
      Uint8Array.of(0),
      Uint8Array.of(255, 255, 255, 255),
      Uint8Array.of(128, 0, 0, 0),
    ),
    fc.uint8Array({ maxLength: 12 }),
  ),
  /** Keeps the length: headers and checksums stay where they are. */
  inPlace: fc.boolean(),
});

/** The same of bytes. */
export function editedBytes(
  good: readonly Uint8Array[],
): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  return fc.tuple(fc.constantFrom(...good), fc.array(byteEdit, { minLength: 1, maxLength: 5 })).map(
    ([bytes, edits]) =>
      edits.reduce((bytes, { at, length, instead, inPlace }) => {
        const from = Math.floor(at * bytes.length);
        const gone = inPlace ? Math.min(instead.length, bytes.length - from) : length;
        const put = inPlace ? instead.subarray(0, gone) : instead;
        return Uint8Array.of(...bytes.subarray(0, from), ...put, ...bytes.subarray(from + gone));
      }, Uint8Array.from(bytes)),
  );
}

// --- JSON ------------------------------------------------------------------------------------------------------------------

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const awkward: readonly Json[] = [
  ...[
    null,
    true,
    false,
    0,
    -0,
    -1,
    0.5,
    1,
    1.5,
    2,
    1e9,
    1e21,
    -1e300,
    1e300,
    5e-324,
    2 ** 53,
    2 ** 53 + 2,
  ],
  ...["", " ", "0", "0.5", "x", "../../x", "/etc/passwd", "a|b", "<b>", "__proto__", "constructor"],
  ...["\u0000", "\ud800", "é".repeat(300)],
  ...[[], {}, [[]], [{}], [null], Array(50).fill(1)],
  ...[JSON.parse('{"__proto__":1}'), JSON.parse('{"toString":1,"valueOf":1}'), { length: 1 }],
];
const anyJson = fc.oneof(
  fc.constantFrom(...awkward),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
);
const change = fc.record({
  at: place,
  how: fc.constantFrom("replace", "replace", "replace", "remove", "rename", "double", "borrow"),
  value: anyJson,
  key: fc.oneof(
    fc.constantFrom("__proto__", "toString", "name", "0", "x", "constructor"),
    fc.string(),
  ),
  from: place,
});

interface Spot {
  readonly holder: Json[] | { [key: string]: Json };
  readonly key: string;
}

// Every value in it but for the whole.
function spots(json: Json): Spot[] {
  if (json === null || typeof json !== "object") return [];
  return Object.keys(json).flatMap((key) => [
    { holder: json, key } as Spot,
    ...spots((json as { [key: string]: Json })[key]!),
  ]);
}

/** Sets a key of whatever name: `__proto__` is one as any other in JSON. */
function put(holder: Spot["holder"], key: string, value: Json): void {
  Object.defineProperty(holder, key, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
}

const get = ({ holder, key }: Spot): Json => Object.getOwnPropertyDescriptor(holder, key)!.value;

/** Good values with some parts replaced, removed, renamed, doubled, or taken from elsewhere in them. */
export function changedJson(good: readonly Json[]): fc.Arbitrary<Json> {
  const texts = good.map((json) => JSON.stringify(json));
  return fc.tuple(fc.constantFrom(...texts), fc.array(change, { minLength: 1, maxLength: 3 })).map(
    ([text, changes]) => {
      const json: Json = JSON.parse(text);
      for (const { at, how, value, key, from } of changes) {
        const all = spots(json), spot = all[Math.floor(at * all.length)];
        if (!spot) return value;
        if (how === "replace") put(spot.holder, spot.key, value);
        else if (how === "borrow") {
          const other = get(all[Math.floor(from * all.length)]!);
          put(spot.holder, spot.key, JSON.parse(JSON.stringify(other)));
        } else if (Array.isArray(spot.holder)) {
          const i = Number(spot.key);
          if (how === "double") spot.holder.splice(i, 0, JSON.parse(JSON.stringify(get(spot))));
          else spot.holder.splice(i, 1);
        } else {
          if (how !== "remove") put(spot.holder, key, get(spot));
          if (how !== "double") delete spot.holder[spot.key];
        }
      }
      return json;
    },
  );
}
