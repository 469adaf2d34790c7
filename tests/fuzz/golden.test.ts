// Goldens: a manifest, and six files of numbers that must fit it.
import assert from "node:assert/strict";
import fc from "fast-check";
import { readGolden } from "../../src/goldens/golden.ts";
import { answer, changedJson, editedBytes, editedText, fuzz, type Json } from "./fuzz.ts";

type Files = Record<string, Uint8Array<ArrayBuffer>>;
const common = {
  kept_fraction: 0.5,
  scope: "layer",
  learning_rate: 0.1,
  momentum: 0.9,
  weight_decay: 0,
  steps: 2,
  batch_size: 3,
  bias: false,
  losses: [1, 0.5],
  correct: [1, 2],
};
const manifests = [
  {
    algorithm: "edge-popup",
    ...common,
    input_shape: [1, 2, 2],
    layers: [{ kind: "linear", inputs: 4, outputs: 3 }],
  },
  {
    algorithm: "sbp",
    ...common,
    input_shape: [1, 4, 4],
    layers: [
      { kind: "conv", inputs: 1, outputs: 2, kernel: 3, padding: 1, stride: 1 },
      { kind: "maxpool", size: 2 },
      { kind: "avgpool", size: 2, stride: 1 },
      { kind: "linear", inputs: 2, outputs: 2 },
    ],
    ramp: 0.5,
    floor: null,
    box: [0, 1],
  },
];
const files = manifests.map((manifest, i): Files => {
  const n = [12, 22][i]!, pixels = 6 * [4, 16][i]!;
  const reals = (length: number) =>
    new Uint8Array(Float32Array.from({ length }, (_, at) => at / 7).buffer);
  return {
    "manifest.json": new TextEncoder().encode(JSON.stringify(manifest)),
    "weights.f32.bin": reals(n),
    "initial_scores.f32.bin": reals(n),
    "final_scores.f32.bin": reals(n),
    "final_mask.u8.bin": new Uint8Array(n).fill(1),
    "images.f32.bin": reals(pixels),
    "labels.i32.bin": new Uint8Array(Int32Array.of(0, 1, 0, 1, 1, 0).buffer),
  };
});

async function check(files: Files): Promise<boolean> {
  const golden = await answer(() => readGolden("x", (_, file) => Promise.resolve(files[file]!)));
  if (!golden) return false;
  const weights = golden.manifest.layers.reduce((sum, layer) => {
    if (layer.kind === "conv") return sum + layer.outputs * layer.inputs * layer.kernel ** 2;
    return layer.kind === "linear" ? sum + layer.outputs * layer.inputs : sum;
  }, 0);
  const pictures = golden.manifest.steps * golden.manifest.batch_size;
  const same = (array: ArrayLike<number> & ArrayBufferView, file: string, length: number) => {
    assert.equal(array.length, length, file);
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    assert.deepEqual([...bytes], [...files[file]!], file);
  };
  same(golden.weights, "weights.f32.bin", weights);
  same(golden.initialScores, "initial_scores.f32.bin", weights);
  same(golden.finalScores, "final_scores.f32.bin", weights);
  same(golden.finalMask, "final_mask.u8.bin", weights);
  const size = golden.manifest.input_shape.reduce((product, side) => product * side);
  same(golden.images, "images.f32.bin", pictures * size);
  same(golden.labels, "labels.i32.bin", pictures);
  return true;
}

const whichOne = fc.constantFrom(0, 1);
const encode = (text: string) => new TextEncoder().encode(text);

fuzz(
  "goldens",
  0.35,
  "readGolden() throws, or the manifest fits its files, when it is edited as text",
  whichOne.chain((i) => fc.tuple(fc.constant(i), editedText([JSON.stringify(manifests[i])]))),
  async ([i, text]) => {
    await check({ ...files[i], "manifest.json": encode(text) });
  },
);
fuzz(
  "goldens",
  0.35,
  "readGolden() throws, or the manifest fits its files, when contents are changed",
  whichOne.chain((i) => fc.tuple(fc.constant(i), changedJson([manifests[i] as Json]))),
  async ([i, json]) => {
    await check({ ...files[i], "manifest.json": encode(JSON.stringify(json)) });
  },
);
fuzz(
  "goldens",
  0.3,
  "readGolden() throws, or gives the numbers, when files of numbers are changed",
  whichOne.chain((i) =>
    fc.constantFrom(...Object.keys(files[i]!).slice(1)).chain((name) =>
      fc.tuple(fc.constant(i), fc.constant(name), editedBytes([files[i]![name]!]))
    )
  ),
  async ([i, name, bytes]) => {
    const fits = bytes.length === files[i]![name]!.length;
    assert.equal(await check({ ...files[i], [name]: bytes }), fits);
  },
);

Deno.test("readGolden() accepts a trajectory when it is right", async () => {
  for (const each of files) assert.ok(await check(each));
});
