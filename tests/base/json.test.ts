// JSON in files: what is refused, and in which words.
import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import { digestSchema } from "../../src/base/digest.ts";
import { UserError } from "../../src/base/errors.ts";
import { parseJsonAs, parseWrittenJsonAs, readUserFile } from "../../src/base/json.ts";
import { strictObject } from "../../src/base/schema_errors.ts";
import { withFolder } from "../cli/maskbench.ts";

const schema = strictObject({ runs: z.array(strictObject({ seed: z.int().min(0) })) });
const good = { runs: [{ seed: 1 }, { seed: 0 }] };

Deno.test("parseJsonAs() gives what the text says, and throws the caller's error when it is no JSON or does not fit", () => {
  const parse = (text: string) =>
    parseJsonAs(schema, text, {
      noJson: () => new RangeError("no JSON"),
      invalid: (fault) => new TypeError(fault),
    });
  assert.deepEqual(parse(JSON.stringify(good)), good);
  assert.throws(() => parse("{"), /^RangeError: no JSON$/);
  assert.throws(() => parse('{"runs": [{"seed": -1}]}'), /^TypeError: runs\.0\.seed: /);
  assert.throws(() => parse("[]"), /^TypeError: the whole: /);
});

Deno.test("parseWrittenJsonAs() names file, place and what is allowed when people made a mistake", () => {
  const refusal = (text: string) => {
    let message = "accepted";
    assert.throws(() => parseWrittenJsonAs(schema, text, "my.json"), (error: unknown) => {
      assert.ok(error instanceof UserError);
      message = error.message;
      return true;
    });
    return message;
  };
  assert.deepEqual(parseWrittenJsonAs(schema, JSON.stringify(good), "my.json"), good);
  assert.match(refusal('{\n  "runs": [,]\n}'), /^my\.json: line 2, column 12: no JSON/);
  assert.match(refusal('{"runs": [], "runs": []}'), /^my\.json: runs: is there twice$/);
  assert.equal(
    refusal('{"runs": [], "run": []}'),
    'my.json: "run" is not known: did you mean "runs"?',
  );
  assert.match(refusal('{"runs": [{"seed": "a"}]}'), /^my\.json: runs\[0\]\.seed: expected a/);
});

Deno.test("readUserFile() says that a file is missing when it has words for it, else throws NotFound", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.json");
    await assert.rejects(readUserFile(path, "a.json"), Deno.errors.NotFound);
    await assert.rejects(
      readUserFile(path, "a.json", "is missing: make it"),
      /^UserError: a\.json is missing: make it$/,
    );
    await assert.rejects(
      readUserFile(folder, "b"),
      /^UserError: b is a folder, expected a file$/,
    );
    await Deno.writeTextFile(path, "text");
    assert.equal(await readUserFile(path, "a.json"), "text");
  }));

Deno.test("readUserFile() passes a byte order mark over when it is of UTF-8, and names that of UTF-16", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.json");
    const files: [number[], string][] = [
      [[0xff, 0xfe, 0x7b, 0, 0x7d, 0], "little-endian"],
      [[0xfe, 0xff, 0, 0x7b, 0, 0x7d], "big-endian"],
    ];
    for (const [bytes, order] of files) {
      await Deno.writeFile(path, Uint8Array.from(bytes));
      await assert.rejects(
        readUserFile(path, "a.json"),
        /^UserError: a\.json begins with the byte order mark of UTF-16: save it as UTF-8$/,
        order,
      );
    }
    await Deno.writeFile(path, Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d));
    assert.equal(await readUserFile(path, "a.json"), "{}");
  }));

Deno.test("digestSchema accepts a text when it is 64 hexadecimal digits in lower case, and no other", () => {
  assert.ok(digestSchema.safeParse("0123456789abcdef".repeat(4)).success);
  for (const wrong of ["", "a".repeat(63), "a".repeat(65), "A".repeat(64), "g".repeat(64)]) {
    assert.ok(!digestSchema.safeParse(wrong).success, wrong);
  }
});
