// One run, from a description to a mask: which weights of a random network SBP keeps, and how well they classify.
//
//   deno run -P=compute examples/one_run.ts
//
// It takes some seconds on a CPU, and a minute more the first time, when the native core is built.
import { checkSweep, configurationsOf, loadDataset, openNative, run } from "../mod.ts";

await openNative();
const dataset = await loadDataset("shapes", []); // drawn by code: nothing is downloaded

// A sweep describes runs; this one describes a single run. What is not given has its default.
const sweep = checkSweep({
  name: "one-run",
  dataset: "shapes",
  networks: [{ name: "conv2", width: 0.1 }],
  algorithms: [{ name: "sbp", learningRate: 3 }],
  sparsities: [0.5],
  seeds: [1],
  epochs: 3,
  batchSize: 64,
});
const [config] = configurationsOf(sweep, dataset);
const result = run(config!, { dataset, device: "cpu", threads: 1 });

console.log(`test accuracy ${(100 * result.lastTestAccuracy).toFixed(1)}%`);
for (const { name, kept, weights } of result.layers) {
  console.log(`${name}: keeps ${kept} of ${weights} weights`);
}
