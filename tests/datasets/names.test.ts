// Data sets under the names and in the folders that people have them in.
import assert from "node:assert/strict";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { loadDataset } from "../../src/datasets/registry.ts";
import { withFolder } from "../cli/maskbench.ts";
import { imagesOf } from "./images.ts";

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

const fashion = "/usr/share/datasets/fashion-mnist";
Deno.test({
  name:
    "loadDataset() finds Fashion-MNIST where Debian's package has it, and in a folder of its own, and takes no MNIST for it",
  ignore: !isThere(fashion),
  fn: async () => {
    const found = await loadDataset("fashion-mnist", []);
    assert.deepEqual([found.train, found.test].map(({ labels }) => labels.length), [
      60_000,
      10_000,
    ]);
    // Normalised by the figures that the pictures themselves give.
    const images = imagesOf(found.train);
    let sum = 0, squares = 0;
    for (const pixel of images) {
      sum += pixel / 255;
      squares += (pixel / 255) ** 2;
    }
    const mean = sum / images.length, deviation = Math.sqrt(squares / images.length - mean ** 2);
    assert.ok(
      Math.abs(mean - found.mean[0]!) < 5e-5 && Math.abs(deviation - found.deviation[0]!) < 5e-5,
    );
    await withFolder(async (folder) => {
      await Deno.mkdir(join(folder, "FashionMNIST/raw"), { recursive: true });
      for (const { name } of Deno.readDirSync(fashion)) {
        await Deno.copyFile(join(fashion, name), join(folder, "FashionMNIST/raw", name));
      }
      assert.equal((await loadDataset("fashion-mnist", [folder])).checksum, found.checksum);
      // The same names below the other's folder: another checksum.
      await Deno.mkdir(join(folder, "mnist"));
      const name = "train-images-idx3-ubyte.gz";
      await Deno.copyFile(join(fashion, name), join(folder, "mnist", name));
      await assert.rejects(loadDataset("mnist", [folder]), /not the original of mnist/);
    });
  },
});
