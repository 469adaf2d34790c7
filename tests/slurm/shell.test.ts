// Quoting and splitting, against a real shell.
import assert from "node:assert/strict";
import fc from "fast-check";
import { UserError } from "../../src/base/errors.ts";
import { quoteForShell, splitWords } from "../../src/slurm/shell.ts";

/** The words that a shell makes of a text. */
async function byShell(text: string): Promise<string[] | undefined> {
  const child = new Deno.Command("/bin/sh", {
    args: ["-s"],
    ...{ stdin: "piped", stdout: "piped", stderr: "null" },
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(
    new TextEncoder().encode(`for word in ${text}\ndo printf '%s\\0' "$word"; done`),
  );
  await writer.close();
  const { success, stdout } = await child.output();
  return success ? new TextDecoder().decode(stdout).split("\0").slice(0, -1) : undefined;
}

const some = (...signs: string[]) => fc.string({ unit: fc.constantFrom(...signs), maxLength: 12 });

Deno.test("quoteForShell() gives a word that a shell reads unchanged when it holds anything", () =>
  fc.assert(
    fc.asyncProperty(
      some("a", " ", "'", '"', "\\", "$HOME", "`id`", "\n", "*", ";", "&", "#", "~", "ß", "%"),
      async (word) => assert.deepEqual(await byShell(quoteForShell(word)), [word]),
    ),
    { numRuns: 150 },
  ));

Deno.test("splitWords() splits, or refuses, as a shell does when options are given", () =>
  fc.assert(
    fc.asyncProperty(some("a", "b", "=", "--", " ", "  ", "\t", "'", '"', "\\"), async (text) => {
      const odd = /\\$/.test(text); // a shell would go on with the next line
      const expected = odd ? undefined : await byShell(text);
      if (odd) return;
      if (expected) assert.deepEqual(splitWords(text), expected);
      else assert.throws(() => splitWords(text), UserError);
    }),
    { numRuns: 300 },
  ));

Deno.test("splitWords() expands nothing when a shell would", () => {
  assert.deepEqual(splitWords("--comment=$HOME;id `id` *"), ["--comment=$HOME;id", "`id`", "*"]);
  assert.deepEqual(splitWords(`--a="x \\$ \\" \\y" '' b\\`), ['--a=x $ " \\y', "", "b\\"]);
});
