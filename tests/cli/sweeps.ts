// A sweep that takes seconds, and what its folder must hold whatever happened on the way.
import assert from "node:assert/strict";
import { join } from "node:path";
import { csvParse } from "d3-dsv";
import { withFolder } from "./maskbench.ts";

/** Three runs on the embedded data, with epochs enough to be stopped within. */
export const sweep = {
  name: "tiny",
  dataset: "shapes",
  networks: [{ name: "conv2", width: 0.02 }],
  algorithms: [
    { name: "edge-popup", learningRate: 0.5 },
    { name: "sbp", learningRate: 1 },
    { name: "dense" },
  ],
  sparsities: [0.5],
  seeds: [1],
  epochs: 3,
};

/** A folder with the sweep's file in it. */
export const withSweep = (
  change: Record<string, unknown>,
  body: (file: string, folder: string) => Promise<void>,
) =>
  withFolder(async (folder) => {
    const file = join(folder, "tiny.json");
    await Deno.writeTextFile(file, JSON.stringify({ ...sweep, ...change }));
    await body(file, folder);
  });

/** The files among the runs, without the identities. */
export const kinds = (out: string): string[] =>
  [...Deno.readDirSync(join(out, "runs"))].map(({ name }) => name.replace(/^[0-9a-f]{64}/, ""))
    .sort();

/** All that a finished sweep has written, but for what tells the time and the memory. */
export async function lasting(out: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  files["table.md"] = await Deno.readTextFile(join(out, "table.md"));
  const rows = csvParse(await Deno.readTextFile(join(out, "table.csv")));
  files["table.csv"] = JSON.stringify(
    rows,
    (key, value) => key === "images_per_second_median" ? undefined : value,
  );
  for (const { name } of Deno.readDirSync(join(out, "runs"))) {
    const run = JSON.parse(await Deno.readTextFile(join(out, "runs", name)));
    for (const key of ["seconds", "imagesPerSecond", "speed", "peakMemoryBytes"]) {
      assert.ok(key in run.result);
      delete run.result[key];
    }
    delete run.checksum;
    delete run.environment.started;
    delete run.environment.finished;
    files[`runs/${name}`] = JSON.stringify(run);
  }
  return files;
}
