// A project of one's own that uses maskbench as a library: a sweep with an algorithm of its own, run, and its table.
//
//   deno run -A main.ts [FOLDER]
//
// deno.json finds maskbench by "links": the path of a clone. Runs and tables are written to FOLDER, by default results/.
import { fileURLToPath } from "node:url";
import {
  checkSweep,
  configurationsOf,
  describeLibrary,
  environmentOf,
  loadDataset,
  openNative,
  run,
  runFileOf,
  useModule,
  writeRunFile,
  writeTables,
} from "@maskbench/maskbench";

const folder = Deno.args[0] ?? "results";
await openNative(); // finds libtorch and builds the native core where that is not done yet
await useModule(fileURLToPath(new URL("sign_popup.ts", import.meta.url)));
const dataset = await loadDataset("shapes", []); // drawn by code: nothing is downloaded

const sweep = checkSweep({
  name: "popups",
  dataset: "shapes",
  networks: [{ name: "mlp", width: 0.05 }],
  algorithms: ["edge-popup", "sign-popup"],
  sparsities: [0.5],
  seeds: [1, 2],
  epochs: 2,
});

const device = "cpu", threads = 1;
const environment = environmentOf({ device, threads, jobs: 1, blas: describeLibrary().blas });
const now = () => new Date().toISOString();
for (const configuration of configurationsOf(sweep, dataset)) {
  const started = now();
  const result = run(configuration, { dataset, device, threads });
  const times = { started, finished: now() };
  await writeRunFile(
    folder,
    runFileOf({ configuration, result, environment: { ...environment, ...times } }),
  );
}
console.log(await writeTables(folder));
