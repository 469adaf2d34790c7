// Sweep files that people write: what is wrong, where, and what is allowed; never a stack trace.
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { UserError } from "../../src/base/errors.ts";
import { parseSweep, readSweep } from "../../src/sweep/read.ts";
import { root } from "../cli/maskbench.ts";

const good = {
  name: "test",
  dataset: "mnist",
  split: "test",
  networks: ["mlp"],
  algorithms: [{ name: "dense", learningRate: 0.1 }, { name: "sbp", ramp: 0.5 }],
  sparsities: [0.5, 0.9],
  initialisations: [{ name: "kaiming-normal", scaleFan: true }],
  seeds: [1, 2],
  epochs: 3,
  batchSize: 64,
  schedule: "cosine",
  augmentation: "none",
};

/** The message that refuses a sweep. */
function refusal(text: string): string {
  try {
    parseSweep(text, "my.json");
  } catch (error) {
    assert.ok(error instanceof UserError, String((error as Error).stack));
    return error.message;
  }
  assert.fail(`accepted: ${text}`);
}
const refused = (change: Record<string, unknown>) =>
  refusal(JSON.stringify({ ...good, ...change }));

Deno.test("readSweep() accepts the files when they are those of bench/", async () => {
  const names = [...Deno.readDirSync(join(root, "bench"))].map(({ name }) => name)
    .filter((name) => name.endsWith(".json") && name !== "sweep.schema.json");
  assert.ok(names.length >= 4, String(names));
  for (const name of names) {
    const sweep = await readSweep(join(root, "bench", name));
    assert.equal(`${sweep.name}.json`, name);
  }
});

Deno.test("parseSweep() refuses a file at once when it is too deep or too large to look through", () => {
  const deep = '{"name":'.repeat(20_000) + "1" + "}".repeat(20_000);
  for (const text of ["[".repeat(20_000), deep]) {
    assert.match(refusal(text), /^my\.json: line 1, column \d+: .* nested deeper than 100$/);
  }
  const many = (count: number) => Array.from({ length: count }, (_, i) => i);
  const sparsities = many(20_000).map((i) => i / 20_000);
  const algorithms = [{ name: "sbp", ramp: { bySparsity: { "0.5": 1 } } }];
  assert.match(refused({ seeds: many(20_000), sparsities, algorithms }), /more than 100,000 runs/);
  // Each of the twenty has the same 90,000 runs.
  const rates = many(300).map((i) => i + 1), ramps = rates.map((rate) => 1 / rate);
  const same = many(20).map((i) => ({
    ...{ name: "sbp", learningRate: rates, ramp: ramps, weightDecay: [1e-4, ...many(i)] },
  }));
  assert.match(refused({ algorithms: same }), /more than 100,000 runs/);
});

Deno.test("parseSweep() names a value when it can't be made text", () => {
  const object = { toString: 1, valueOf: 1 };
  assert.match(refused({ sparsities: [object] }), /sparsities\[0\]: \{"toString":1.* no sparsity/);
});

Deno.test("parseSweep() says so when a number has a decimal comma", () => {
  const wrong: [Record<string, unknown>, string][] = [
    [{ sparsities: ["0,5"] }, 'sparsities[0]: "0,5" has a decimal comma: write 0.5'],
    [{ labelSmoothing: "0,1" }, 'labelSmoothing: "0,1" has a decimal comma: write 0.1'],
    [
      { algorithms: [{ name: "sbp", learningRate: "0,25" }] },
      'algorithms[0].learningRate: "0,25" has a decimal comma: write 0.25',
    ],
    [
      { algorithms: [{ name: "sbp", ramp: { bySparsity: { "0,5": 1 } } }] },
      'algorithms[0].ramp.bySparsity.0,5: "0,5" has a decimal comma: write 0.5',
    ],
  ];
  for (const [change, fault] of wrong) {
    const message = refused(change);
    assert.ok(message.includes(fault), message);
  }
});

Deno.test("parseSweep() refuses sparsities when they differ in their last digits only", () => {
  assert.equal(
    refused({ sparsities: [0.5, 0.1 + 0.2, 0.9, 0.3] }),
    "my.json: sparsities[3]: 0.3 is 0.30000000000000004 but for its last digits: write one of them",
  );
  assert.match(refused({ sparsities: [0.3, 0.3] }), /sparsities\[1\]: 0\.3 is there twice$/);
  const close = [0.999, 0.9999, 0.99999];
  const sweep = parseSweep(JSON.stringify({ ...good, sparsities: close }), "my.json");
  assert.deepEqual(sweep.sparsities, close);
});

Deno.test("parseSweep() takes the bare name of an algorithm as its entry", () => {
  const sweepOf = (algorithms: unknown[]) =>
    parseSweep(JSON.stringify({ ...good, algorithms }), "my.json");
  assert.deepEqual(sweepOf(["sbp", "dense"]), sweepOf([{ name: "sbp" }, { name: "dense" }]));
  assert.match(
    refused({ algorithms: ["sbq"] }),
    /algorithms\[0\]: "sbq" is not known: did you mean "sbp"\?$/,
  );
  assert.match(refused({ algorithms: [7] }), /algorithms\[0\]: expected .*, not 7$/);
  assert.match(
    refused({ algorithms: ["sbp", { name: "sbp" }] }),
    /algorithms\[1\]: .* is there twice/,
  );
});

Deno.test("parseSweep() refuses a key when JavaScript would swallow it", () => {
  const text = JSON.stringify({
    ...good,
    algorithms: [{ name: "sbp", ramp: { byNetwork: { mlp: 1, proto: 1 } } }],
  }).replace("proto", "__proto__");
  assert.match(refusal(text), /algorithms\[0\]\.ramp\.byNetwork\.__proto__: is not known$/);
});

Deno.test("parseSweep() reports the first faults when there are very many", () => {
  const lines = refused({ seeds: Array(100).fill("x") }).split("\n");
  assert.equal(lines.length, 22);
  assert.equal(lines.at(-1), "  and 80 more");
});

Deno.test("parseSweep() reports the place and what is allowed when there is a mistake", () => {
  const slips: [Record<string, unknown>, RegExp][] = [
    [{ epoch: 3 }, /"epoch" is not known: did you mean "epochs"\?/],
    [{ epochs: undefined }, /^my\.json: epochs: is missing: expected a number$/],
    [{ epochs: 0 }, /^my\.json: epochs: 0 is too small: expected at least 1$/],
    [{ epochs: 1.5 }, /^my\.json: epochs: expected a whole number, not 1\.5$/],
    [{ epochs: "3" }, /^my\.json: epochs: expected a number, not "3"$/],
    [{ dataset: "minst" }, /^my\.json: dataset: "minst" is not known: did you mean "mnist"\?$/],
    [{ dataset: 3 }, /^my\.json: dataset: expected "shapes", .* or an object, not 3$/],
    [
      { dataset: { folder: "../x", size: 28 } },
      /dataset\.folder: "\.\.\/x" names no packed folder: expected letters/,
    ],
    [{ dataset: { folder: "x", size: 7 } }, /dataset\.size: 7 is too small: expected at least 8$/],
    [{ dataset: { size: 28 } }, /dataset\.folder: is missing: expected a string$/],
    [{ dataset: { folder: "x", sise: 28 } }, /dataset: "sise" is not known: did you mean "size"\?/],
    [
      { dataset: { folder: "x", size: 12 }, networks: ["conv8"] },
      /networks\[0\]: conv8 reads pictures of at least 16 × 16, not of 12 × 12, as those of x-12 are$/,
    ],
    [
      { augmentation: "random-resized-crop" },
      /augmentation: random-resized-crop is for folders of pictures, expected none or crop-flip$/,
    ],
    [{ networks: [] }, /^my\.json: networks: is empty: expected at least one network$/],
    [{ networks: ["mlp", "mlp"] }, /^my\.json: networks\[1\]: .* is there twice$/],
    [{ networks: "mlp" }, /^my\.json: networks: expected a list, not "mlp"$/],
    [{ networks: [{ name: "mlp", width: 0 }] }, /networks\[0\]\.width: 0 is too small/],
    [{ sparsities: [50] }, /sparsities\[0\]: 50 is no sparsity: .* write 0\.5$/],
    [{ sparsities: [1] }, /sparsities\[0\]: 1 is no sparsity: .* less than 1$/],
    [{ sparsities: ["50%"] }, /sparsities\[0\]: "50%" is no sparsity: .* write 0\.5$/],
    [{ seeds: [-1] }, /seeds\[0\]: -1 is too small: expected at least 0/],
    [{ schedule: "cosin" }, /schedule: "cosin" is not known: did you mean "cosine"\?/],
    [{ name: "a/b" }, /name: "a\/b" names no folder/],
    [
      { algorithms: [{ name: "edgepopup" }] },
      /algorithms\[0\]\.name: .*did you mean "edge-popup"\?/,
    ],
    [{ algorithms: [{ name: "sbp", lerningRate: 1 }] }, /did you mean "learningRate"\?/],
    [
      { algorithms: [{ name: "sbp", learningRate: -1 }] },
      /learningRate: -1 is too small: expected/,
    ],
    [
      { algorithms: [{ name: "sbp", learningRate: [] }] },
      /learningRate: is empty: expected at least/,
    ],
    [
      { algorithms: [{ name: "sbp", momentum: 1 }] },
      /momentum: 1 is too large: expected less than 1/,
    ],
    [
      { algorithms: [{ name: "sbp" }, { name: "sbp", ramp: 0.7 }] },
      /algorithms\[1\]: has runs that/,
    ],
    [{ algorithms: [{ learningRate: 1 }] }, /algorithms\[0\]\.name: is missing: expected/],
    [
      { algorithms: [{ name: "sbp", learningRate: { bySparsity: { "0.5": 1 } } }] },
      /algorithms\[0\]\.learningRate\.bySparsity: has no value for 0\.9/,
    ],
    [{ warmUp: 5 }, /^my\.json: warmUp: 5 is too large: expected less than 3, the epochs$/],
    [{ warmUp: 0.5 }, /^my\.json: warmUp: expected a whole number, not 0\.5$/],
    [
      { epochs: 9, warmUp: 5, tune: { epochs: 5 } },
      /^my\.json: tune\.epochs: 5 is too small: expected more than 5, those of warmUp$/,
    ],
    [{ labelSmoothing: 1 }, /^my\.json: labelSmoothing: 1 is too large: expected less than 1$/],
    [{ seeds: Array.from({ length: 60_000 }, (_, i) => i) }, /more than 100,000 runs/],
  ];
  for (const [change, expected] of slips) {
    const message = refused(change);
    assert.match(message, expected);
    assert.equal(message.split("\n").length, 1, message);
  }
});

Deno.test("parseSweep() names a data set by its size when it is a packed folder", () => {
  const sweep = { ...good, networks: ["conv2"], augmentation: "random-resized-crop" };
  const read = (dataset: unknown) => parseSweep(JSON.stringify({ ...sweep, dataset }), "x").dataset;
  assert.equal(read({ folder: "my.pictures-1", size: 32 }), "my.pictures-1-32");
  assert.equal(read({ folder: "x" }), "x-224");
});

Deno.test("parseSweep() reports a line each when there are several mistakes", () => {
  const message = refused({ epochs: 0, dataset: "minst" });
  assert.deepEqual(message.split("\n").length, 3);
  assert.match(message, /^my\.json:\n {2}dataset: .*\n {2}epochs: /);
});

Deno.test("parseSweep() reports line and column when text is no JSON", () => {
  assert.match(refusal('{\n  "name": "x",\n  oops\n}'), /^my\.json: line 3, column 3: no JSON: /);
  assert.match(refusal('{"name": "x",}'), /^my\.json: line 1, column 14: no JSON/);
  assert.match(refusal(""), /^my\.json: .*no JSON/);
  assert.match(refusal('{"epochs": 1, "epochs": 2}'), /epochs: is there twice/);
});

Deno.test("parseSweep() suggests the key that was meant when any key is misspelt", () => {
  const keys = Object.keys(good).filter((key) => key.length > 4);
  fc.assert(
    fc.property(fc.constantFrom(...keys), fc.nat(), (key, at) => {
      const cut = at % key.length;
      const wrong = key.slice(0, cut) + key.slice(cut + 1);
      if (wrong in good) return;
      const { [key as keyof typeof good]: value, ...rest } = good;
      const message = refusal(JSON.stringify({ ...rest, [wrong]: value }));
      assert.ok(message.includes(`"${wrong}" is not known: did you mean "${key}"?`), message);
    }),
    { seed: 1 },
  );
});

Deno.test("parseSweep() accepts, or refuses in plain words, when a sweep is any JSON", () => {
  const keys = fc.constantFrom(...Object.keys(good));
  const anywhere = fc.oneof(
    fc.jsonValue(),
    fc.tuple(keys, fc.jsonValue()).map(([key, value]) => ({ ...good, [key]: value })),
    fc.jsonValue().map((value) => ({
      ...good,
      algorithms: [{ name: "sbp", learningRate: value }],
    })),
    fc.jsonValue().map((value) => ({ ...good, networks: [{ name: "mlp", width: value }] })),
  );
  fc.assert(
    fc.property(anywhere, (value) => {
      try {
        parseSweep(JSON.stringify(value), "my.json");
      } catch (error) {
        assert.ok(error instanceof UserError, (error as Error).stack);
        const { message } = error;
        assert.match(message, /^my\.json:/);
        assert.doesNotMatch(message, /undefined|\[object|Invalid input|zod/i);
      }
    }),
    { seed: 2, numRuns: 2000 },
  );
});

Deno.test("readSweep() says so when the file is not there", async () => {
  await assert.rejects(
    readSweep("/nowhere/x.json", "x.json"),
    /^UserError: x\.json does not exist/,
  );
});
