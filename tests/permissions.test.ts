// What the tasks may do, and what a sweep file can't make them do: the promises of SECURITY.md.
import assert from "node:assert/strict";
import { join } from "node:path";
import settings from "../deno.json" with { type: "json" };
import { maskbench, maskbenchWithSet, root, withFolder } from "./cli/maskbench.ts";

type Permission = boolean | readonly string[] | { readonly allow: readonly string[] };
const sets = settings.permissions as Readonly<Record<string, Readonly<Record<string, Permission>>>>;
const commands = Object.entries(settings.tasks).flatMap(([task, { command }]) =>
  command.split(" && ").map((command) => ({ task, words: command.split(" ") }))
);
const setOf = (task: string) =>
  commands.filter((command) => command.task === task)
    .map(({ words }) => words.find((word) => word.startsWith("-P="))!.slice(3)).at(-1)!;

Deno.test("every task of deno.json has one named set of permissions when its command is read", () => {
  for (const { task, words } of commands) {
    const own = words.filter((word) => /^-P|^-A$|^--allow|^-[A-Z]/.test(word));
    assert.equal(own.length, 1, `${task}: ${own}`);
    assert.ok(sets[own[0]!.replace("-P=", "")], `${task}: ${own}`);
  }
});

Deno.test("deno.json allows the network when a task downloads data or is a test, and only then", () => {
  const net = Object.entries(sets).flatMap(([name, { net }]) =>
    net === undefined ? [] : [name, net]
  );
  assert.deepEqual(net, [
    ...["download", [
      "codh.rois.ac.jp",
      "ossci-datasets.s3.amazonaws.com",
      "raw.githubusercontent.com",
      "www.cs.toronto.edu",
    ]],
    ...["test", ["127.0.0.1"]],
  ]);
  const users = commands.filter(({ words }) =>
    words.some((word) => /=(download|test)$/.test(word))
  );
  assert.deepEqual([...new Set(users.map(({ task }) => task))], [
    "data",
    "test",
    "test:sanitize",
    "hostile",
  ]);
});

Deno.test("deno.json allows native code of native/build alone when a task reads users' files", () => {
  for (const task of ["bench", "check", "maskbench"]) {
    assert.deepEqual(sets[setOf(task)]!.ffi, ["native/build"], task);
  }
});

Deno.test("pack loads the decoder, without network or programs, when pictures are packed, and no other set does", () =>
  withFolder(async (folder) => {
    assert.deepEqual(Object.keys(sets[setOf("pack")]!), ["read", "write", "env", "ffi", "sys"]);
    const { code, error } = await maskbenchWithSet("compute", ["pack", folder]);
    assert.equal(code, 2);
    assert.match(error, /may not load a decoder, "deno task pack" may/);
    const users = sources(join(root, "src")).filter((path) =>
      /from "sharp"|decode\.ts"/.test(Deno.readTextFileSync(path))
    );
    assert.deepEqual(users.map((path) => path.split("/").at(-1)).sort(), [
      "decode.ts",
      "packing.ts",
    ]);
    const importers = sources(join(root, "src")).filter((path) =>
      /^import (?!type ).*packing\.ts"/m.test(Deno.readTextFileSync(path))
    );
    assert.deepEqual(importers, []); // but where the command is carried out
  }));

Deno.test("deno.json allows no writing when a task only reads, and no programs when it starts none", () => {
  assert.deepEqual(Object.keys(sets[setOf("baseline")]!), ["read", "env"]);
  assert.deepEqual(Object.keys(sets[setOf("report")]!), ["read", "write", "env"]);
  assert.deepEqual(Object.keys(sets[setOf("data")]!), ["read", "write", "env", "net"]);
});

function sources(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? sources(join(folder, name)) : name.endsWith(".ts") ? [join(folder, name)] : []
  );
}

Deno.test("deno.json allows the variables when src/ reads them", () => {
  const { allow } = sets.compute!.env as { allow: readonly string[] };
  const read = sources(join(root, "src")).flatMap((path) =>
    [...Deno.readTextFileSync(path).matchAll(/env\.(?:get|has)\("(\w+)"\)/g)].map(([, name]) =>
      name!
    )
  );
  assert.ok(read.length > 5);
  for (const name of read) {
    const covered = allow.some((each) =>
      each.endsWith("*") ? name.startsWith(each.slice(0, -1)) : name === each
    );
    assert.ok(covered, name);
  }
});

const sweep = {
  name: "mine",
  dataset: "shapes",
  networks: ["conv2"],
  algorithms: [{ name: "random" }],
  sparsities: [0.5],
  epochs: 1,
};

Deno.test("bench writes nothing, and exits 2, when a sweep's name is no folder's name", () =>
  withFolder(async (folder) => {
    const file = join(folder, "sweep.json");
    for (const name of ["../../x", "/tmp/x", "..", ".", "a/b", "a\\b", "", "x\u0000", "~", "-x"]) {
      await Deno.writeTextFile(file, JSON.stringify({ ...sweep, name }));
      const { code, error } = await maskbench(["bench", file]);
      assert.equal(code, 2, error);
      assert.match(error, /name: .* names no folder: expected letters/);
      assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["sweep.json"]);
    }
  }));

Deno.test("bench fetches nothing when a sweep has a $schema", () =>
  withFolder(async (folder) => {
    let requests = 0;
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
      requests++;
      return new Response("{}");
    });
    const file = join(folder, "sweep.json");
    const $schema = `http://127.0.0.1:${server.addr.port}/sweep.schema.json`;
    await Deno.writeTextFile(file, JSON.stringify({ $schema, ...sweep }));
    const { code, out, error } = await maskbench(["bench", file, "--dry-run"]);
    assert.equal(code, 0, error);
    assert.match(out, /1 runs, 1 of them to run/);
    assert.equal(requests, 0);
  }));

Deno.test("maskbench names the task that may use the network when it may not", () =>
  withFolder(async (folder) => {
    const { code, error } = await maskbenchWithSet("compute", ["data", "mnist", "--to", folder]);
    assert.equal(code, 2);
    assert.match(error, /may not use the network, "deno task data" may/);
  }));
