// Text from files: shown as text, and obeyed by no terminal, no log of a job, no spreadsheet.
import assert from "node:assert/strict";
import { UserError } from "../../src/base/errors.ts";
import { describeUnknown } from "../../src/base/schema_errors.ts";
import { markdownText, plainText, printable, textCell } from "../../src/base/text.ts";

const hostile = "a\u001b[31m\u0007\u0000\n::error::x\u009b2J\u2028\u202eb\r";

Deno.test("printable() leaves nothing that a terminal or a log obeys when a text has control characters", () => {
  assert.equal(
    printable(hostile),
    "a\\u001b[31m\\u0007\\u0000\\u000a::error::x\\u009b2J\\u2028\\u202eb\\u000d",
  );
  assert.equal(printable("Zürich, 北京 × 2 ± 0.5 — “x” 🙂"), "Zürich, 北京 × 2 ± 0.5 — “x” 🙂");
});

Deno.test("UserError() keeps its lines and no other control character when it quotes a file", () => {
  const { message } = new UserError(`line one\n  ${hostile}`);
  assert.equal(message.search(/[^\P{Cc}\n]/u), -1);
  assert.equal(message.split("\n").length, 3);
});

Deno.test("describeUnknown() stays on one line when the unknown word has control characters", () => {
  const text = describeUnknown(hostile, ["algorithms", "sparsities"]);
  assert.equal(text.search(/\p{Cc}/u), -1);
});

Deno.test("plainText refuses a text when it has a control character, and takes any other", () => {
  for (const sign of ["\n", "\r", "\0", "\u001b", "\u009b", "\u2028", "\u202e"]) {
    assert.equal(plainText.safeParse(`a${sign}b`).success, false, JSON.stringify(sign));
  }
  assert.equal(plainText.parse("Intel(R) Xeon(R), 2 × 8"), "Intel(R) Xeon(R), 2 × 8");
});

Deno.test("textCell() quotes a text when a spreadsheet would take it for a formula", () => {
  assert.deepEqual(["=1+1", "+x", "-x", "@x", "x=1", ""].map(textCell), [
    "'=1+1",
    "'+x",
    "'-x",
    "'@x",
    "x=1",
    "",
  ]);
});

Deno.test("markdownText() leaves no tag, code or link when a text has their signs", () => {
  assert.equal(
    markdownText("a <b>x</b> `y` [z](http://example.org)"),
    "a \\<b>x\\</b> \\`y\\` \\[z](http://example.org)",
  );
  assert.equal(markdownText("Intel(R) Xeon(R), AVX2"), "Intel(R) Xeon(R), AVX2");
});
