// The layout: what each room may know. Whoever adds a room adds it here, above all that it imports.
import assert from "node:assert/strict";
import { basename, dirname, join, normalize, relative } from "node:path";
import { root } from "./cli/maskbench.ts";

/** The rooms of src/, from the ground up. */
const rooms = [
  ...["base", "networks", "native", "datasets", "algorithms", "extensions", "training", "goldens"],
  ...["runs", "tickets", "sweep", "runner", "tables", "claims", "tuning", "diagnostics"],
  ...["report", "regression", "slurm", "cli"],
];

/** Those of native/src. */
const floors = ["cuda", "runtime", "ops", "abi"];

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(join(root, folder))].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(join(folder, name)) : [join(folder, name)]
  );
}

/** The files that each file names, all from the root on. */
const namedBy = (files: readonly string[], pattern: RegExp) =>
  new Map(files.map((file) => {
    const names = Deno.readTextFileSync(join(root, file)).matchAll(pattern);
    return [file, [...names].map(([, name]) => normalize(join(dirname(file), name!)))];
  }));

const sources = filesIn("src").filter((file) => file.endsWith(".ts"));
const imports = namedBy(sources, /(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"/g);
const core = filesIn("native/src");
const includes = namedBy(core, /^#include "([^"]+)"/gm);
const edges = (of: ReadonlyMap<string, readonly string[]>) =>
  [...of].flatMap(([from, names]) => names.map((to) => [from, to] as const));

/** One way round, where there is one. */
function circleOf(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>(), path: string[] = [];
  const visit = (at: string): string[] | undefined => {
    if (path.includes(at)) return [...path.slice(path.indexOf(at)), at];
    if (done.has(at)) return undefined;
    path.push(at);
    for (const next of graph.get(at) ?? []) {
      const found = visit(next);
      if (found) return found;
    }
    path.pop();
    done.add(at);
  };
  for (const start of graph.keys()) {
    const found = visit(start);
    if (found) return found;
  }
  return [];
}

Deno.test("src/ has every file in a room when its imports are read, and none goes up", () => {
  const roomOf = (file: string) => relative("src", file).split("/")[0]!;
  assert.deepEqual(sources.filter((file) => !rooms.includes(roomOf(file))), []);
  assert.deepEqual(sources.filter((file) => dirname(file) === "src"), []);
  const up = edges(imports).filter(([from, to]) =>
    to !== "deno.json" &&
    !(to.startsWith("src/") && rooms.indexOf(roomOf(to)) <= rooms.indexOf(roomOf(from)))
  );
  assert.deepEqual(up, []);
});

/** Everything that a room reaches by arrows. */
function reachedFrom(start: string, arrows: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const reached = new Set<string>();
  const visit = (room: string) => {
    for (const next of arrows.get(room) ?? []) {
      if (reached.has(next)) continue;
      reached.add(next);
      visit(next);
    }
  };
  visit(start);
  return [...reached].sort();
}

Deno.test("docs/architecture.md draws an arrow when a room imports another, but for what follows from others", () => {
  const roomOf = (file: string) => file.split("/")[1]!;
  const imported = new Map(rooms.map((room) => [room, new Set<string>()]));
  for (const [from, to] of edges(imports)) {
    if (to.startsWith("src/") && roomOf(to) !== roomOf(from)) {
      imported.get(roomOf(from))!.add(roomOf(to));
    }
  }
  const page = Deno.readTextFileSync(join(root, "docs/architecture.md"));
  const [, picture] = /## The floors[^]*?```mermaid\nflowchart TB\n([^]*?)```/.exec(page)!;
  const drawn = new Map(rooms.map((room) => [room, new Set<string>()]));
  for (const [, from, list] of picture!.matchAll(/^ *(\w+) --> ([\w &]+)$/gm)) {
    for (const to of list!.split(" & ")) drawn.get(from!)!.add(to);
  }
  for (const room of rooms) {
    assert.deepEqual(reachedFrom(room, drawn), reachedFrom(room, imported), room);
    for (const to of drawn.get(room)!) assert.ok(imported.get(room)!.has(to), `${room} --> ${to}`);
  }
  const listed = [...page.matchAll(/^\| `(\w+)` +\|/gm)].map(([, room]) => room);
  assert.deepEqual(listed, rooms);
});

Deno.test("src/ has no two folders that import each other when neither is a part of the other", () => {
  const folders = new Set(edges(imports).map(([from, to]) => `${dirname(from)} ${dirname(to)}`));
  const both = [...folders].filter((pair) => {
    const [a, b] = pair.split(" ") as [string, string];
    const within = a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
    return !within && folders.has(`${b} ${a}`);
  });
  assert.deepEqual(both, []);
});

Deno.test("src/ has no circle of imports when those of types are counted too", () => {
  assert.deepEqual(circleOf(imports), []);
});

Deno.test("native/src/ has every file on a floor when its includes are read, and none goes up", () => {
  const floorOf = (file: string) => floors.indexOf(relative("native/src", file).split("/")[0]!);
  assert.deepEqual(core.filter((file) => floorOf(file) < 0), []);
  const known = new Set(core);
  const own = edges(includes).filter(([, to]) => known.has(to));
  assert.ok(own.length > 50);
  assert.deepEqual(own.filter(([from, to]) => floorOf(to) > floorOf(from)), []);
  const missing = edges(includes).filter(([, to]) =>
    !known.has(to) && basename(to) !== "maskbench.h"
  );
  assert.deepEqual(missing, []);
});

Deno.test("native/src/ops/ defines none of the header's functions when its files are read", () => {
  const calls = core.filter((file) => file.startsWith("native/src/ops/")).filter((file) =>
    /^\w+ mb_\w+\(/m.test(Deno.readTextFileSync(join(root, file)))
  );
  assert.deepEqual(calls, []);
});
