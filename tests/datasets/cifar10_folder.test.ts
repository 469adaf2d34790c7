// The JPEG files of cifar10-jpeg as a folder: the pictures are those of its binary form, which Pillow decoded.
import assert from "node:assert/strict";
import { join } from "node:path";
import { withFolder } from "../cli/maskbench.ts";
import { sha256 } from "../../src/datasets/checksum.ts";
import { packFolder } from "../../src/datasets/packing.ts";
import { loadDataset } from "../../src/datasets/registry.ts";
import { imagesOf } from "./images.ts";

const data = Deno.env.get("MASKBENCH_DATA") ?? "", from = join(data, "cifar10-jpeg");
const there = data !== "" && await Deno.stat(join(from, "train")).then(() => true, () => false);

Deno.test({
  name: `packFolder() gives Pillow's bytes when the folder holds CIFAR-10's JPEG files${
    there ? "" : " (skipped: MASKBENCH_DATA has no cifar10-jpeg/)"
  }`,
  ignore: !there,
  fn: () =>
    withFolder(async (folder) => {
      const { manifest } = await packFolder({ from, to: folder, name: "cifar", size: 32 });
      assert.equal(manifest.skipped, 0);
      const packed = await loadDataset("cifar-32", [folder]);
      const binary = await loadDataset("cifar10-jpeg", [data]);
      assert.deepEqual(packed.classes, binary.classes);
      for (const name of ["train", "test"] as const) {
        const { [name]: split } = packed, { [name]: { labels }, [name]: expected } = binary;
        assert.ok("path" in split);
        const images = imagesOf(expected), bytes = Deno.readFileSync(split.path);
        const picture = new Uint8Array(3072);
        const found = Array.from(split.labels, (label, i) => {
          for (let j = 0; j < 3072; j++) {
            picture[j % 3 * 1024 + Math.floor(j / 3)] = bytes[3072 * i + j]!;
          }
          return `${label} ${sha256(picture)}`;
        });
        const wanted = Array.from(
          labels,
          (label, i) => `${label} ${sha256(images.subarray(3072 * i, 3072 * (i + 1)))}`,
        );
        assert.deepEqual(found.sort(), wanted.sort());
      }
    }),
});
