// The words of the project: an exported name stands once, and no comment, message or page has a word that a reader must
// read twice, where the field or plain English has a better one.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./cli/maskbench.ts";
import { languageOf, paragraphsOf, type Passage, passagesOf } from "./passages.ts";

/** Each with the words to use instead. A space stands for any break between words. */
const bannedWords: readonly (readonly [pattern: string, instead: string])[] = [
  ["mend(s|ed|ing)?", "fix"],
  ["slip(s|ped)?", "mistake, or typo"],
  ["anew", "again"],
  ["(hang|hangs|hung|hanging) on", "depends on"],
  ["comes to", "is, or amounts to"],
  ["no number any more", "NaN"],
  ["heed(s|ed|ing)?", "follow, or watch"],
  ["beside", "next to, besides, in addition to, or with"],
  ["(is|are|be|was|were|been|being) told(?! apart)", "is reported, gets, or is called with"],
  ["lest", "so that … not"],
  ["(?<!(long|far|much) )as (?!long|far|much)(\\S+ ){1,6}(has|have) it", "as in …"],
];
const patterns = bannedWords.map(([pattern, instead]) =>
  [new RegExp(`\\b${pattern.replaceAll(" ", "\\s+")}\\b`, "gi"), instead] as const
);

/** Texts that stand in published files, which a test makes again: they stay as they were published. */
const published: readonly string[] = [
  "# A training step beside plain PyTorch's",
  "arithmetic of the whole step, beside a product of 2048 × 2048.",
  "on another GPU they are to be read beside what that one can do.",
  "Plain PyTorch beside it",
  "Beside the processor's runs",
  "times, the last beside other runs",
  "Try 0 of each is what the sweep itself gives, beside them",
];

/** What is not said as it should be, each with its line and what to say. */
function faultsOf(passages: readonly Passage[]): string[] {
  return passages.flatMap(({ kind, line, text }) => {
    const faults: string[] = [];
    if (kind === "comment" && /^Of\s/.test(text)) {
      faults.push(`${line}: a comment begins with "Of": write a sentence with a subject`);
    }
    const own = published.reduce((rest, known) => rest.replaceAll(known, ""), text);
    for (const [pattern, instead] of patterns) {
      for (const { 0: found, index } of own.matchAll(pattern)) {
        const at = line + own.slice(0, index).split("\n").length - 1;
        faults.push(`${at}: "${found.replaceAll(/\s+/g, " ")}": use ${instead}`);
      }
    }
    return faults;
  });
}

/** Every name that files export by a declaration of their own, where more than one does. */
function namesExportedTwice(sources: ReadonlyMap<string, string>): string[] {
  const homes = new Map<string, Set<string>>();
  const add = (name: string, path: string) =>
    homes.set(name, (homes.get(name) ?? new Set()).add(path));
  const declaration =
    /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|type|interface|enum|namespace) (\w+)/gm;
  for (const [path, source] of sources) {
    for (const [, name] of source.matchAll(declaration)) add(name!, path);
    for (const [, list] of source.matchAll(/^export (?:type )?\{([^}]*)\}(?!\s*from)/gm)) {
      for (const [, name] of list!.matchAll(/(\w+)\s*(?:,|$)/g)) {
        if (!new RegExp(`^import .*\\b${name}\\b`, "m").test(source)) add(name!, path);
      }
    }
  }
  return [...homes].filter(([, paths]) => paths.size > 1)
    .map(([name, paths]) => `${name}: ${[...paths].sort().join(", ")}`).sort();
}

function filesIn(path: string): string[] {
  if (!Deno.statSync(join(root, path)).isDirectory) return [path];
  return [...Deno.readDirSync(join(root, path))].flatMap(({ name }) => filesIn(join(path, name)))
    .sort();
}

const read = (path: string) => Deno.readTextFileSync(join(root, path));
/** Files that hold the banned words because they are about them. */
const aboutWords = ["tests/words.test.ts"];

function faultsIn(files: readonly string[]): string[] {
  return files.filter((path) => !aboutWords.includes(path)).flatMap((path) => {
    const language = languageOf(path);
    const passages = language ? passagesOf(read(path), language) : paragraphsOf(read(path));
    return faultsOf(passages).map((fault) => `${path}:${fault}`);
  });
}

/** What is read, by room. results/ is not: what is published stays as it was. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  "src/": filesIn("src"),
  "native/": [
    "native/CMakeLists.txt",
    ...filesIn("native/src"),
    ...filesIn("native/include"),
  ],
  "bench/": filesIn("bench").filter((path) => !path.endsWith(".json")),
  "tests/": filesIn("tests").filter((path) => languageOf(path)),
  "what a reader starts with": [
    ...["mod.ts", "deno.json", ".ci/run", "README.md", "SECURITY.md", "CONTRIBUTING.md"],
    ...["CHANGELOG.md", "CITATION.cff", "docs", "examples"],
  ].filter((path) => existsSync(join(root, path))).flatMap(filesIn)
    .filter((path) => !/\.(svg|png)$/.test(path)),
};

for (const [room, files] of Object.entries(rooms)) {
  Deno.test(`faultsOf() finds nothing when it reads the comments, messages and pages of ${room}`, () => {
    assert.ok(files.length > 0);
    const faults = faultsIn(files);
    assert.ok(faults.length === 0, `\n${faults.join("\n")}`);
  });
}

Deno.test("namesExportedTwice() finds nothing when it reads src/", () => {
  const sources = new Map(
    filesIn("src").filter((path) => path.endsWith(".ts")).map((path) => [path, read(path)]),
  );
  assert.ok(sources.size > 100);
  assert.deepEqual(namesExportedTwice(sources), []);
});

Deno.test("namesExportedTwice() names both files when two declare one exported name", () => {
  const sources = new Map([
    ["a.ts", "export const one = 1;\nexport interface Two {}\nconst four = 4;\nexport { four };\n"],
    ["b.ts", "export async function one() {}\nexport type Two = 2;\nexport { x as four };\n"],
    ["c.ts", "export function* three() {}\nfunction one() {}\n/**\n * export const three\n */\n"],
    ["d.ts", 'export { one, type Two } from "./a.ts";\nexport * from "./c.ts";\n'],
    ["f.ts", 'import type { Two } from "./a.ts";\nexport type { Two };\n'],
    ["e.ts", "export const five = 5;\nexport type five = number;\n"],
  ]);
  assert.deepEqual(namesExportedTwice(sources), [
    "Two: a.ts, b.ts",
    "four: a.ts, b.ts",
    "one: a.ts, b.ts",
  ]);
});

Deno.test("faultsOf() tells the line and what to say when a comment, string or page has a banned word", () => {
  const source = [
    "// A sum that",
    "// comes",
    "// to three.",
    "const mend = `it is ${'told'} that ${1} is told`; // Of no use.",
    "/** Of a vector. */",
    'throw new Error("Beside it, a slip");',
  ].join("\n");
  assert.deepEqual(faultsOf(passagesOf(source, "typescript")), [
    '2: "comes to": use is, or amounts to',
    '4: "is told": use is reported, gets, or is called with',
    '4: a comment begins with "Of": write a sentence with a subject',
    '5: a comment begins with "Of": write a sentence with a subject',
    '6: "slip": use mistake, or typo',
    '6: "Beside": use next to, besides, in addition to, or with',
  ]);
  assert.deepEqual(faultsOf(paragraphsOf("# Title\n\nIt hangs\non that, as the paper has it.\n")), [
    '3: "hangs on": use depends on',
    '4: "as the paper has it": use as in …',
  ]);
});

Deno.test("faultsOf() finds nothing when a word only resembles a banned one, or stands in code", () => {
  const source = [
    "// Besides, amendments and slippage are the newest; the oldest came in. Nobody has it.",
    "// It holds as long as this process has it, and they can't be told apart.",
    "const beside = mend(anew) / heed; // The offset. Of course.",
    "if (/\"anew'`/.test(text)) lest = x / y;",
  ].join("\n");
  assert.deepEqual(faultsOf(passagesOf(source, "typescript")), []);
});

Deno.test("passagesOf() reads comments and strings when templates, expressions and quotes are nested", () => {
  const texts = (source: string, language: "typescript" | "c++" | "python") =>
    passagesOf(source, language).map(({ kind, line, text }) => `${line} ${kind} ${text}`);
  assert.deepEqual(
    texts(
      'a = `x ${b({ c: `y ${"z"}` })} /* w */`; // "v"\n// u\nd = e / f / "t"; /[/"]/;',
      "typescript",
    ),
    [
      "1 string z",
      "1 string y …",
      "1 string x … /* w */",
      '1 comment "v"',
      "2 comment u",
      "3 string t",
    ],
  );
  assert.deepEqual(
    texts('/* a\n * b */ x = 1\'000; c = \'"\'; s = R"q(d "e)" // f)q"; // g\n  // h', "c++"),
    ["1 comment a\nb", '2 string "', '2 string d "e)" // f', "2 comment g", "3 comment h"],
  );
  assert.deepEqual(
    texts('"""a\n"b"."""\nx = "" + \'#c\'  # d\n# e\n# f', "python"),
    ['1 string a\n"b".', "3 string #c", "3 comment d", "4 comment e\nf"],
  );
});

Deno.test("passagesOf() throws with the line when a string, a template or a comment does not end", () => {
  assert.throws(() => passagesOf("\nx = 'a", "typescript"), /line 2: what begins with ' does/);
  assert.throws(() => passagesOf("x = `a ${b}", "typescript"), /line 1: a template does not end/);
  assert.throws(() => passagesOf("x = `a ${b", "typescript"), /line 1: a template does not end/);
  assert.throws(() => passagesOf("/* a", "c++"), /line 1: what begins with/);
  assert.throws(() => passagesOf('"""a', "python"), /line 1: what begins with/);
});
