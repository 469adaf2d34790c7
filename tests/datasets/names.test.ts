// Data sets under the names and in the folders that people have them in.
import assert from "node:assert/strict";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { loadDataset } from "../../src/datasets/registry.ts";
import { withFolder } from "../cli/maskbench.ts";

const home = Deno.env.get("MASKBENCH_DATA") ?? "";
const parts = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"];

function mnistFile(part: string): Uint8Array {
  const path = join(home, "mnist", `${part}-ubyte`);
  try {
    return Deno.readFileSync(path);
  } catch {
    return gunzipSync(Deno.readFileSync(`${path}.gz`));
  }
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path) !== undefined;
  } catch {
    return false;
  }
}

Deno.test({
  name:
    "loadDataset() finds MNIST when its files have a dot in their names, or their own folder is named",
  ignore: !isThere(join(home, "mnist")),
  fn: async () => {
    const { checksum } = await loadDataset("mnist", [home]);
    for (const dot of [false, true]) {
      await withFolder(async (folder) => {
        for (const path of [folder, join(folder, "mnist")]) {
          await Deno.mkdir(path, { recursive: true });
          for (const part of parts) {
            const name = `${dot ? part.replace("-idx", ".idx") : part}-ubyte`;
            await Deno.writeFile(join(path, name), mnistFile(part));
          }
          assert.equal((await loadDataset("mnist", [folder])).checksum, checksum);
          for (const { name, isFile } of Deno.readDirSync(path)) {
            if (isFile) await Deno.remove(join(path, name));
          }
        }
      });
    }
  },
});

Deno.test({
  name: "loadDataset() finds CIFAR-10 when the folder of its batches is named itself",
  ignore: !isThere(join(home, "cifar-10-batches-bin")),
  fn: async () => {
    const found = await loadDataset("cifar10", [home]);
    const own = await loadDataset("cifar10", [join(home, "cifar-10-batches-bin")]);
    assert.equal(own.checksum, found.checksum);
  },
});
