// Modules that users bring, from a folder of their own: every command knows what they bring, a run is named by their bytes,
// and a mistake in one is a sentence.
import assert from "node:assert/strict";
import { join } from "node:path";
import "../library.ts";
import { maskbench, root, withFolder } from "../cli/maskbench.ts";

const example = await Deno.readTextFile(join(root, "examples/my_algorithm.ts"));
const sweep = {
  name: "mine",
  dataset: "shapes",
  networks: [{ name: "conv2", width: 0.02 }],
  algorithms: ["edge-popup", { name: "signed-popup", learningRate: 0.5 }],
  sparsities: [0.5],
  seeds: [1, 2],
  epochs: 1,
  tune: { tries: 1, seeds: [7] },
};

/** A folder with the example and a sweep of it. */
const withModule = (body: (folder: string, use: string[], file: string) => Promise<void>) =>
  withFolder(async (folder) => {
    const path = join(folder, "mine.ts"), file = join(folder, "mine.json");
    await Deno.writeTextFile(path, example);
    await Deno.writeTextFile(file, JSON.stringify(sweep));
    await body(folder, ["--use", path], file);
  });

async function right(args: string[], task?: "maskbench"): Promise<string> {
  const { code, out, error } = await maskbench(args, {}, task);
  assert.equal(code, 0, error);
  return out;
}

/** Configurations of a folder's runs whose algorithm a module brought. */
const broughtIn = (folder: string) =>
  [...Deno.readDirSync(join(folder, "runs"))].filter(({ name }) => name.endsWith(".json"))
    .map(({ name }) => JSON.parse(Deno.readTextFileSync(join(folder, "runs", name))))
    .filter(({ configuration }) => configuration.algorithm.name === "signed-popup");

Deno.test("bench, table, report, ticket, baseline, check, list and schema know an algorithm when --use brings it", async () => {
  await withModule(async (folder, use, file) => {
    const out = join(folder, "out");
    await right(["bench", file, ...use, "--out", out, "--save-mask"]);
    const runs = broughtIn(out);
    assert.equal(runs.length, 2);
    for (const { configuration } of runs) {
      assert.match(configuration.algorithm.module, /^[0-9a-f]{64}$/);
    }
    // The options may stand before or behind, and in one word.
    const table = await right(["table", out, `--use=${use[1]}`]);
    assert.match(table, /signed-popup/);
    await right(["report", out, ...use]);
    const page = await Deno.readTextFile(join(out, "report/index.html"));
    assert.match(page, /signed-popup/);
    const ticket = join(out, "tickets", `${runs[0].identity}.safetensors`);
    assert.match(
      await right(["ticket", "verify", ticket, ...use]),
      /on the test set of shapes, as recorded/,
    );
    const baseline = join(folder, "baseline.json");
    await Deno.writeTextFile(baseline, await right(["baseline", out, ...use]));
    await right(["check", baseline, ...use, "--against", out]);
    assert.match(await right(["list", ...use]), /signed-popup: a score for each weight/);
    assert.match(await right(["schema", ...use]), /"signed-popup"/);
    assert.doesNotMatch(await right(["list"]), /signed-popup/);
  });
});

Deno.test("check runs what a module brought again, and compares accuracy, not bytes, when the module has changed", async () => {
  await withModule(async (folder, use, file) => {
    const out = join(folder, "out"), baseline = join(folder, "baseline.json");
    await right(["bench", file, ...use, "--out", out]);
    await Deno.writeTextFile(baseline, await right(["baseline", out]));
    const check = async (name: string) => {
      const to = join(folder, name);
      const ended = await maskbench(["check", baseline, ...use, "--out", to, "--rounds", "1"]);
      assert.ok([0, 1, 3].includes(ended.code), ended.error);
      const cells = JSON.parse(await Deno.readTextFile(join(to, "check.json"))).cells as {
        readonly configuration: { readonly algorithm: { readonly name: string } };
        readonly metric: string;
        readonly runs: number;
        readonly verdict: string;
      }[];
      return cells.find(({ configuration, metric }) =>
        configuration.algorithm.name === "signed-popup" && metric === "accuracy"
      )!;
    };
    const same = await check("again");
    assert.equal(same.verdict, "same");
    await Deno.writeTextFile(use[1]!, example.replaceAll('by: "value"', 'by: "magnitude"'));
    const changed = await check("changed");
    assert.equal(changed.runs, 2);
    assert.ok(!["same", "broken", "not compared"].includes(changed.verdict), changed.verdict);
    const { code, error } = await maskbench(["check", baseline, "--against", out]);
    assert.notEqual(code, 2, error);
  });
});

Deno.test("tune searches an algorithm's hyper-parameters when a module brings it", async () => {
  await withModule(async (folder, use, file) => {
    const out = join(folder, "tuned");
    await right(["tune", file, ...use, "--out", out]);
    const trace = await Deno.readTextFile(join(out, "trace.csv"));
    assert.match(trace, /,signed-popup,/);
    const recipe = JSON.parse(await Deno.readTextFile(join(out, "recipe.json")));
    assert.equal(recipe.algorithms.at(-1).name, "signed-popup");
  });
});

Deno.test("a run has another identity when its module, or a file that this imports, has another byte", async () => {
  await withModule(async (folder, use, file) => {
    await Deno.writeTextFile(join(folder, "helper.ts"), "export const momentum = 0.5;\n");
    const withHelper = (text: string) =>
      Deno.writeTextFile(
        use[1]!,
        `import { momentum } from "./helper.ts";\nvoid momentum;\n${text}`,
      );
    const identities = async (name: string) => {
      await right(["bench", file, ...use, "--out", join(folder, name)]);
      return broughtIn(join(folder, name)).map(({ identity }) => identity).sort();
    };
    await withHelper(example);
    const first = await identities("first");
    assert.deepEqual(await identities("again"), first);
    await Deno.writeTextFile(join(folder, "helper.ts"), "export const momentum = 0.6;\n");
    const second = await identities("second");
    await withHelper(example + "// a comment\n");
    const third = await identities("third");
    assert.equal(new Set([...first, ...second, ...third]).size, 6);
    // In another folder it is the same module.
    const copy = join(folder, "copy");
    await Deno.mkdir(copy);
    for (const name of ["mine.ts", "helper.ts"]) {
      await Deno.copyFile(join(folder, name), join(copy, name));
    }
    await right(["bench", file, "--use", join(copy, "mine.ts"), "--out", join(folder, "moved")]);
    assert.deepEqual(
      broughtIn(join(folder, "moved")).map(({ identity }) => identity).sort(),
      third,
    );
  });
});

Deno.test("a run computes on a network and a data set when a module brings them", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "mine.ts"),
      file = join(folder, "mine.json"),
      out = join(folder, "out");
    await Deno.writeTextFile(
      path,
      `import { type DatasetSource, type NetworkSource, sha256 } from "maskbench";
      const draw = (count: number, from: number) => ({
        images: Uint8Array.from({ length: 16 * count }, (_, i) => (i >> 4) % 2 === (i + from) % 2 ? 250 : 5),
        labels: Int32Array.from({ length: count }, (_, i) => i % 2),
      });
      const stripes: DatasetSource = {
        name: "stripes", summary: "two kinds", source: "here", licence: "none needed",
        shape: [1, 4, 4], classes: ["even", "odd"], trainCount: 64, testCount: 32,
        load() {
          const train = draw(64, 0), test = draw(32, 0);
          return Promise.resolve({
            name: "stripes", shape: [1, 4, 4], classes: ["even", "odd"], train, test,
            mean: [0.5], deviation: [0.5], checksum: sha256(train.images),
          });
        },
      };
      const small: NetworkSource = {
        name: "small", summary: "one hidden layer", source: "here", inputShape: [1, 4, 4], classes: 2,
        build: ({ scaled, inputShape: [c, h, w], classes }) => [
          { kind: "flatten" },
          { kind: "linear", inputs: c * h * w, outputs: scaled(32) },
          { kind: "relu" },
          { kind: "linear", inputs: scaled(32), outputs: classes },
        ],
      };
      export const networks = [small], datasets = [stripes];`,
    );
    await Deno.writeTextFile(
      file,
      JSON.stringify({
        ...sweep,
        dataset: "stripes",
        networks: ["small"],
        algorithms: ["edge-popup"],
        epochs: 5,
        batchSize: 8,
      }),
    );
    const table = await right(["bench", file, "--use", path, "--out", out]);
    assert.match(table, /# Accuracy on stripes/);
    const [{ name }] = [...Deno.readDirSync(join(out, "runs"))] as [Deno.DirEntry];
    const { configuration, result } = JSON.parse(await Deno.readTextFile(join(out, "runs", name)));
    assert.match(configuration.network.module, /^[0-9a-f]{64}$/);
    assert.ok(result.lastTestAccuracy > 0.9, `${result.lastTestAccuracy}`);
  });
});

const faults: readonly (readonly [change: (text: string) => string, sentence: RegExp])[] = [
  [
    () => "export const algorithms = [",
    /mine\.ts can't be loaded: Expression expected at line 1, column 28/,
  ],
  [
    () => 'import "./gone.ts";\nexport const algorithms = [];',
    /mine\.ts can't be loaded: .*gone\.ts/,
  ],
  [
    () => 'import "left-pad";\nexport const algorithms = [];',
    /mine\.ts can't be loaded: it imports "left-pad", which maskbench does not bring: expected "npm:left-pad@VERSION"/,
  ],
  [() => "throw new Error('not today');", /mine\.ts can't be loaded: not today/],
  [
    () => "export const algorithm = 1;",
    /exports "algorithm" .*did you mean "algorithms"\?.*expected lists named algorithms, networks, datasets/,
  ],
  [() => "", /exports nothing: expected lists named/],
  [() => "export const algorithms = 7;", /algorithms: .*expected a list of algorithms/],
  [
    (text) => text.replace('name: "signed-popup"', 'name: "My Popup"'),
    /algorithms\[0\]\.name: .*expected a name of small letters/,
  ],
  [
    (text) => text.replace('name: "signed-popup"', 'name: "sbp"'),
    /the algorithm "sbp" is there already: it is built in/,
  ],
  [
    (text) => text.replace('role: "method"', 'role: "reference"'),
    /algorithms\[0\]\.role: .*expected "method"/,
  ],
  [(text) => text.replace("version: 1", "version: 0.5"), /algorithms\[0\]\.version: /],
  [
    (text) => text.replace("  parameters,", "  parameters: {} as never,"),
    /algorithms\[0\]\.parameters: .*expected z\.strictObject/,
  ],
  [
    (text) =>
      text.replace(
        "learningRate: { default: 0.1, range: [0.01, 10] }",
        "learningRate: { default: 0.1 }",
      ).replace("...descentParameters", "extra: z.number().default(1),\n  ...descentParameters"),
    /parameters\.extra: expected \.describe/,
  ],
  [
    (text) =>
      text.replace(
        "...descentParameters",
        'extra: z.number().describe("more"),\n  ...descentParameters',
      ),
    /parameters\.extra: expected \.default/,
  ],
];

Deno.test("bench says what is wrong with a module, where, and what is allowed", async () => {
  await withModule(async (folder, use, file) => {
    for (const [change, sentence] of faults) {
      const text = change(example);
      assert.notEqual(text, example);
      await Deno.writeTextFile(use[1]!, text);
      const { code, error } = await maskbench([
        "bench",
        file,
        ...use,
        "--out",
        join(folder, "out"),
      ]);
      assert.equal(code, 2, error);
      assert.match(error, sentence);
      assert.doesNotMatch(error, /\n\s+at /);
    }
    const missing = await maskbench(["bench", file, "--use", join(folder, "none.ts")]);
    assert.equal(missing.code, 2);
    assert.match(missing.error, /none\.ts does not exist: expected a module/);
    const bare = await maskbench(["bench", file, "--use"]);
    assert.equal(bare.code, 2);
    assert.match(bare.error, /--use: expected the path of a module/);
  });
});

Deno.test("bench, table, check, ticket and tune take a network when a sweep file describes it", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "own.json"), out = join(folder, "out");
    const described = (outputs: number) => ({
      name: "own-net",
      layers: [
        { kind: "conv", outputs, kernel: 3, stride: 2, padding: 1 },
        { kind: "batch-norm" },
        { kind: "relu" },
        { kind: "depthwise-conv", kernel: 3, stride: 2, padding: 1 },
        { kind: "relu" },
        { kind: "average-pool" },
        { kind: "flatten" },
        { kind: "linear" },
      ],
    });
    const written = { ...sweep, name: "own", algorithms: ["edge-popup", "sbp"], seeds: [1] };
    const write = (outputs: number) =>
      Deno.writeTextFile(file, JSON.stringify({ ...written, networks: [described(outputs)] }));
    await write(6);
    await right(["bench", file, "--out", out, "--save-mask"]);
    const baseline = join(folder, "baseline.json");
    await Deno.writeTextFile(baseline, await right(["baseline", out]));
    await right(["check", baseline, "--out", join(folder, "again"), "--rounds", "1"]);
    for (const { name } of Deno.readDirSync(join(out, "tickets"))) {
      await right(["ticket", "verify", join(out, "tickets", name)]);
    }
    await right(["tune", file, "--out", join(folder, "tuned")]);
    const recipe = JSON.parse(await Deno.readTextFile(join(folder, "tuned", "recipe.json")));
    assert.equal(recipe.networks[0].layers.length, 8);

    // Other layers of the same name are other runs, in a row of their own.
    await write(7);
    await right(["bench", file, "--out", out]);
    const csv = (await right(["table", out, "--format", "csv"])).trim().split("\n");
    const column = csv[0]!.split(",").indexOf("layers");
    assert.equal(new Set(csv.slice(1).map((line) => line.split(",")[column])).size, 2);
    assert.match(await right(["table", out]), /\| layers +\|/);
  });
});
