// The pages: what is made of the code is as it is made, links lead somewhere, commands and sweeps that they show are right.
import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { commands } from "../bench/commands.ts";
import settings from "../deno.json" with { type: "json" };
import { madePages } from "../docs/make.ts";
import { programOf } from "../src/cli/main.ts";
import { textTableOf } from "../src/report/text_table.ts";
import { readRunFolder } from "../src/runs/run_folder.ts";
import { checkSweep } from "../src/sweep/read.ts";
import { tableOf } from "../src/tables/table.ts";
import { root } from "./cli/maskbench.ts";

const inDocs = [...Deno.readDirSync(join(root, "docs"))].map(({ name }) => `docs/${name}`);
const pages = [
  ...["README.md", "CONTRIBUTING.md", "SECURITY.md"],
  ...inDocs.filter((name) => name.endsWith(".md")),
];
const read = (page: string) => Deno.readTextFile(join(root, page));

/** The blocks of code of a page, with the word after the fence. */
const blocksOf = (text: string) =>
  [...text.matchAll(/^```([^\n]*)\n([^]*?)^```/gm)].map(([, kind = "", code = ""]) => ({
    kind,
    code,
  }));

Deno.test("madePages() gives the pages as they are when nothing has changed since", async () => {
  for (const [page, text] of Object.entries(await madePages())) {
    assert.equal(await read(`docs/${page}`), text, 'type "deno run -A docs/make.ts"');
  }
});

Deno.test("README.md fits on a few screens when somebody opens it", async () => {
  assert.ok((await read("README.md")).split("\n").length <= 151);
});

Deno.test("README.md shows what a first run ends with when it has no colour", async () => {
  const { runs } = await readRunFolder(join(root, "results/published/digits"));
  const [shown] = textTableOf(tableOf(runs), { width: 80, hasColour: false }).split("\n\nAccuracy");
  assert.ok((await read("README.md")).includes(`\`\`\`text\n${shown}\n\`\`\``), shown);
});

/** The anchors that GitHub gives to a page's headings. */
const anchorsOf = (text: string) =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  );

Deno.test("pages link to files and headings that are there", async () => {
  for (const page of pages) {
    const text = (await read(page)).replace(/```[^]*?```/g, "");
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue;
      const [file, anchor] = target!.split("#") as [string, string?];
      const path = file === "" ? page : relative(root, join(root, dirname(page), file));
      const info = await Deno.stat(join(root, path)).catch(() => undefined);
      const isMade = /^results\/(quick|my-sweep|mnist)\b|\/report\/index\.html$/.test(path);
      assert.ok(info || isMade, `${page} links to ${target}, which is not there`);
      if (anchor === undefined || !path.endsWith(".md")) continue;
      assert.ok(anchorsOf(await read(path)).includes(anchor), `${page}: no heading for ${target}`);
    }
  }
});

/** Commands of a page, each a list of words, from its blocks and from what is set as code in its text. */
function commandsIn(text: string): string[][] {
  const inBlocks = blocksOf(text).filter(({ kind }) => /^(sh|text|bash)\b/.test(kind))
    .flatMap(({ code }) => code.replaceAll("\\\n", " ").split("\n"));
  const inText = [...text.replace(/```[^]*?```/g, "").matchAll(/`([^`]+)`/g)]
    .map(([, code]) => code!.replace(/\s+/g, " "));
  return [...inBlocks, ...inText].flatMap((line) => {
    const found = /(?:^|[ (])deno(?:@[\d.]+)? task (?:-q )?(.*)$/.exec(
      line.split(/ {2,}| # /)[0]!,
    );
    return found ? [found[1]!.split(/[|>;&]/)[0]!.trim().split(/ +/)] : [];
  });
}

Deno.test("pages show commands and options that there are", async () => {
  const program = await programOf(commands);
  const tasks = Object.keys(settings.tasks);
  let count = 0;
  for (const page of pages) {
    for (const words of commandsIn(await read(page))) {
      const name = words[0] === "maskbench" ? words[1] : words[0];
      if (name === undefined || !/^[a-z]+$/.test(name)) continue;
      const command = program.commands.find((one) => one.name() === name);
      assert.ok(command || tasks.includes(name), `${page}: ${words.join(" ")}`);
      if (!command) continue;
      const part = command.commands.find((one) => words.includes(one.name()));
      const known = [...command.options, ...part?.options ?? []].flatMap((
        { long, short },
      ) => [long, short]);
      for (const word of words.filter((one) => /^\[?--[a-z]/.test(one))) {
        const option = word.replace(/^\[/, "").replace(/[=\]].*$/, "");
        assert.ok(option === "--help" || known.includes(option), `${page}: ${words.join(" ")}`);
        count++;
      }
    }
  }
  assert.ok(count > 30, `${count} options`);
});

Deno.test("pages show sweeps that are right, whole or in part", async () => {
  const whole = {
    name: "a",
    dataset: "cifar10",
    networks: ["conv4"],
    sparsities: [0.5],
    epochs: 1,
  };
  const both = { ...whole, algorithms: ["edge-popup", "sbp"] };
  let count = 0;
  for (const page of pages) {
    for (const { kind, code } of blocksOf(await read(page))) {
      if (kind !== "json") continue; // "json ignore" is held right elsewhere, or is a part of no sweep
      const json = JSON.parse(code.trimStart().startsWith("{") ? code : `{${code}}`);
      const isSweep = Object.keys(json).every((key) =>
        ["$schema", ...Object.keys(both), "initialisations", "seeds", "batchSize", "schedule"]
          .concat("augmentation", "tune", "compare").includes(key)
      );
      if (!isSweep) continue;
      checkSweep({ ...both, ...json }, page);
      count++;
    }
  }
  assert.ok(count >= 5, `${count} sweeps`);
});
