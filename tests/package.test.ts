// The library in a project of somebody else's, in a folder outside the checkout, and as the package that is published.
import assert from "node:assert/strict";
import { join, relative } from "node:path";
import "./library.ts";
import settings from "../deno.json" with { type: "json" };
import { maskbench, root, withFolder } from "./cli/maskbench.ts";

const example = join(root, "examples/library");

/** Runs Deno in a folder, with the locked versions of packages. */
async function deno(folder: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** The runs of a folder, each with what a run's bytes show. */
const runsIn = (folder: string) =>
  [...Deno.readDirSync(join(folder, "runs"))].filter(({ name }) => name.endsWith(".json"))
    .map(({ name }) => JSON.parse(Deno.readTextFileSync(join(folder, "runs", name))))
    .map(({ identity, configuration: { algorithm }, result: { digest, lastTestAccuracy } }) => ({
      identity,
      algorithm,
      digest,
      lastTestAccuracy,
    }))
    .sort((a, b) => a.identity < b.identity ? -1 : 1);

Deno.test("examples/library prints the table of the runs that bench makes when it is copied to a folder outside the checkout", () =>
  withFolder(async (folder) => {
    assert.ok(relative(root, folder).startsWith(".."), folder);
    for (const { name } of Deno.readDirSync(example)) {
      const text = await Deno.readTextFile(join(example, name));
      await Deno.writeTextFile(join(folder, name), text.replace('"../.."', JSON.stringify(root)));
    }
    await Deno.copyFile(join(root, "deno.lock"), join(folder, "deno.lock"));
    await deno(folder, ["check", "--quiet", "main.ts"]);
    const table = await deno(folder, ["run", "--quiet", "-A", "main.ts"]);
    const runs = runsIn(join(folder, "results"));
    assert.equal(runs.length, 4);
    for (const name of ["edge-popup", "sign-popup"]) {
      const accuracies = runs.filter(({ algorithm }) => algorithm.name === name)
        .map(({ lastTestAccuracy }) => 100 * lastTestAccuracy);
      const mean = (accuracies[0]! + accuracies[1]!) / accuracies.length;
      assert.ok(table.includes(`${mean.toFixed(2)} ±`), `${name}: ${mean}\n${table}`);
    }

    const file = join(folder, "sweep.json"), out = join(folder, "by-bench");
    await Deno.writeTextFile(
      file,
      JSON.stringify({
        name: "popups",
        dataset: "shapes",
        networks: [{ name: "mlp", width: 0.05 }],
        algorithms: ["edge-popup", "sign-popup"],
        sparsities: [0.5],
        seeds: [1, 2],
        epochs: 2,
      }),
    );
    const use = ["--use", join(folder, "sign_popup.ts"), "--device", "cpu", "--threads", "1"];
    const { code, error } = await maskbench(["bench", file, ...use, "--out", out]);
    assert.equal(code, 0, error);
    assert.deepEqual(runsIn(out), runs); // the same identities, masks and accuracies
  }));

const types: Readonly<Record<string, string>> = {
  ts: "application/typescript",
  json: "application/json",
};

/** A file of the checkout, as a web server gives it. */
async function fileResponse({ url }: Request): Promise<Response> {
  const { pathname } = new URL(url);
  const type = types[pathname.split(".").at(-1)!] ?? "text/plain";
  const body = await Deno.readFile(join(root, pathname));
  return new Response(body, { headers: { "content-type": type } });
}

Deno.test("openNative() says that it needs a clone when the library was loaded over the network", async () => {
  const options = { port: 0, hostname: "127.0.0.1", onListen: () => {} };
  await using server = Deno.serve(options, fileResponse);
  const { port } = server.addr as Deno.NetAddr;
  await withFolder(async (folder) => {
    const packages = Object.entries(settings.imports).filter(([, to]) => to.startsWith("npm:"));
    const imports = JSON.stringify({ imports: Object.fromEntries(packages) });
    await Deno.writeTextFile(join(folder, "deno.json"), imports);
    await Deno.writeTextFile(
      join(folder, "main.ts"),
      `import { openNative } from "http://127.0.0.1:${port}/mod.ts";\n` +
        "await openNative().catch(({ name, message }) => console.log(`${name}: ${message}`));\n",
    );
    const allowed = ["read", "env", "run", "sys", "ffi"].map((name) => `--allow-${name}`);
    const words = ["--quiet", "--no-lock", `--allow-import=127.0.0.1:${port}`, ...allowed];
    const printed = await deno(folder, ["run", ...words, "main.ts"]);
    assert.match(
      printed,
      /^UserError: maskbench was loaded from 127\.0\.0\.1:\d+, and its native /,
    );
  });
});

Deno.test("deno publish takes along what the core is built from, and no test or result, when it is rehearsed", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["publish", "--dry-run", "--allow-dirty", "--no-check"],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stderr);
  assert.ok(success, said);
  const files = [...said.matchAll(/^\s+(file:\S+) \(/gm)].map(([, url]) =>
    relative(root, new URL(url!).pathname)
  );
  const tracked = await new Deno.Command("git", { args: ["ls-files"], cwd: root }).output();
  const wanted = new TextDecoder().decode(tracked.stdout).trim().split("\n").filter((path) =>
    /^(src|native|bench)\//.test(path) || /^(deno\.(json|lock)|(mod|maskbench)\.ts)$/.test(path)
  );
  assert.ok(wanted.length > 200);
  for (const path of wanted) assert.ok(files.includes(path), path);
  assert.deepEqual(files.filter((path) => /^(tests|results|docs|native\/build)\//.test(path)), []);
});
