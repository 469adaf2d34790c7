// What runs are made with: a run on a GPU names it, or those of two GPUs would pass for alike.
import assert from "node:assert/strict";
import { join } from "node:path";
import "../library.ts";
import { describeLibrary } from "../../src/native/mod.ts";
import { environmentOf, isReproducible } from "../../src/runs/environment.ts";
import { withFolder } from "../cli/maskbench.ts";

const madeOn = (device: "cpu" | "cuda") =>
  environmentOf({ device, threads: 1, jobs: 1, blas: "a BLAS" });

/** A driver that libtorch could have loaded, of a GPU of that name. */
async function driver(folder: string, name: string) {
  const source = join(folder, "driver.c"), library = join(folder, "libcuda.so.1");
  await Deno.writeTextFile(
    source,
    `#include <stdio.h>
     int cuDeviceGetName(char *name, int length, int device) {
       return snprintf(name, length, "${name}") < 0 || device;
     }`,
  );
  const args = ["-shared", "-fPIC", "-Wl,-soname,libcuda.so.1", "-o", library, source];
  assert.ok((await new Deno.Command("gcc", { args }).output()).success);
  const loaded = Deno.dlopen(library, {});
  return { [Symbol.dispose]: () => loaded.close() };
}

Deno.test({
  name: "runs on two GPUs are not made alike, on the processor they are",
  ignore: describeLibrary().cuda, // there its own driver is loaded already
  fn: () =>
    withFolder(async (folder) => {
      const host = madeOn("cpu");
      const made = [];
      for (const name of ["NVIDIA A100-SXM4-80GB", "NVIDIA H100 80GB HBM3"]) {
        const there = join(folder, name);
        await Deno.mkdir(there);
        using _ = await driver(there, name);
        assert.deepEqual(madeOn("cpu"), host);
        made.push(madeOn("cuda"));
        assert.equal(made.at(-1)!.processor, `${name}, ${host.processor}`);
      }
      assert.equal(isReproducible(made[0]!, made[1]!), false);
      assert.equal(isReproducible(made[0]!, made[0]!), true);
    }),
});
