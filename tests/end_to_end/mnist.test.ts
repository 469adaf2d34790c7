// The main job on real data, from sweep file to table. Needs MNIST in a folder that MASKBENCH_DATA names.
import assert from "node:assert/strict";
import { join } from "node:path";
import "../library.ts";
import { maskbench, withFolder } from "../cli/maskbench.ts";

const data = Deno.env.get("MASKBENCH_DATA");

Deno.test({
  name: `bench passes 95% on MNIST when both algorithms keep half of the mlp's weights${
    data ? "" : " (skipped: MASKBENCH_DATA is not set)"
  }`,
  ignore: !data,
  fn: () =>
    withFolder(async (folder) => {
      const file = join(folder, "sweep.json");
      const sweep = {
        name: "end-to-end",
        dataset: "mnist",
        networks: ["mlp"],
        algorithms: [
          { name: "random" },
          { name: "edge-popup", learningRate: 0.5 },
          { name: "sbp", learningRate: 1 },
        ],
        sparsities: [0.5],
        epochs: 3,
      };
      await Deno.writeTextFile(file, JSON.stringify(sweep));
      const { code, error } = await maskbench(
        ["bench", file, "--out", folder],
        { MASKBENCH_DATA: data! },
      );
      assert.equal(code, 0, error);
      const [header, ...rows] = (await Deno.readTextFile(join(folder, "table.csv"))).trim()
        .split("\n").map((line) => line.split(","));
      const table = rows.map((row) => Object.fromEntries(header!.map((key, i) => [key, row[i]!])));
      const accuracy = (name: string) => Number(table.find((row) => row.algorithm === name)!.mean);
      assert.ok(accuracy("edge-popup") > 95, JSON.stringify(table));
      assert.ok(accuracy("sbp") > 95, JSON.stringify(table));
      assert.ok(accuracy("random") < 30, JSON.stringify(table));
    }),
});
