// A process of its own for mutations.test.ts: makes runs with a copy of the sources, which a test may have changed.
//
// Arguments: the copy's `src`, the path of the native library, and how many threads compute. It prints a line of JSON for
// each run: its configuration and its result.
import { pathToFileURL } from "node:url";
import type { Dataset, Split } from "../../src/datasets/dataset.ts";
import type { RunConfig } from "../../src/training/config.ts";

const [sources, library, threads] = Deno.args as [string, string, string];
const load = (path: string) => import(pathToFileURL(`${sources}/${path}`).href);
const { openLibrary } = await load("native/mod.ts");
const { shapes } = await load("datasets/shapes.ts");
const { recordParameters } = await load("algorithms/hyperparameters.ts");
const { algorithmOf } = await load("algorithms/registry.ts");
const { run } = await load("training/run.ts");

openLibrary(library);
const all: Dataset = await shapes.load([]);
const part = ({ images, labels }: Split, count: number): Split => ({
  images: images.subarray(0, count * images.length / labels.length),
  labels: labels.subarray(0, count),
});
// Few pictures, so that a run takes no time; accuracy is of no matter here.
const dataset: Dataset = {
  ...all,
  train: part(all.train as Split, 640),
  test: part(all.test as Split, 200),
};
const algorithm = algorithmOf("edge-popup");
for (const seed of [1, 2, 3]) {
  const configuration: RunConfig = {
    dataset: { name: dataset.name, checksum: dataset.checksum, split: "test" },
    network: { name: "conv2", width: 0.02 },
    initialisation: { name: "kaiming-normal", scaleFan: false },
    algorithm: {
      name: algorithm.name,
      version: algorithm.version,
      parameters: recordParameters(algorithm, { learningRate: 0.5 }),
    },
    sparsity: 0.5,
    seed,
    epochs: 1,
    batchSize: 128,
    schedule: "cosine",
    augmentation: "crop-flip",
    precision: "float32",
  };
  const result = run(configuration, { dataset, device: "cpu", threads: Number(threads) });
  console.log(JSON.stringify({ configuration, result }));
}
