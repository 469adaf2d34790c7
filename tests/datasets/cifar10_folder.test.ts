// The JPEG files of cifar10-jpeg as a folder: the pictures are those of its binary form, which Pillow decoded.
import assert from "node:assert/strict";
import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withFolder } from "../cli/maskbench.ts";
import { sha256 } from "../../src/datasets/checksum.ts";
import { packFolder } from "../../src/datasets/packing.ts";
import { loadDataset } from "../../src/datasets/registry.ts";
import { imagesOf } from "./images.ts";

const data = Deno.env.get("MASKBENCH_DATA") ?? "", from = join(data, "cifar10-jpeg");
const there = data !== "" && await Deno.stat(join(from, "train")).then(() => true, () => false);

/** Bytes that the pack takes, with room for what other tests write meanwhile. */
const NEEDED = 1e9;
const room = (({ bavail, bsize }) => bavail * bsize)(statfsSync(tmpdir()));
const unless = !there
  ? " (skipped: MASKBENCH_DATA has no cifar10-jpeg/)"
  : room < NEEDED
  ? ` (skipped: ${tmpdir()} has ${Math.floor(room / 1e6)} MB left)`
  : "";

Deno.test({
  name: `packFolder() gives Pillow's bytes when the folder holds CIFAR-10's JPEG files${unless}`,
  ignore: unless !== "",
  fn: () =>
    withFolder(async (folder) => {
      const { home } = await packFolder({ from, to: folder, name: "cifar", size: 32 });
      assert.equal(await Deno.readTextFile(join(home, "skipped.txt")), "");
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
        // Lists of 50,000 are too long for a message.
        const known = new Set(wanted), unknown = found.filter((one) => !known.has(one));
        assert.equal(found.length, wanted.length);
        assert.equal(unknown.length, 0, `${name}: ${unknown.length} pictures differ`);
        found.sort();
        wanted.sort();
        assert.ok(found.every((one, i) => one === wanted[i]), name);
      }
    }),
});
