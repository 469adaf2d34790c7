// Folders of pictures as people have them: what is taken, and that nothing is left out without a word.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import sharp from "sharp";
import { decode } from "../../src/datasets/decode.ts";
import { DatasetError } from "../../src/datasets/dataset.ts";
import { listPictures } from "../../src/datasets/picture_folder.ts";
import { withFolder } from "../cli/maskbench.ts";
import { writeFiles } from "./pictures.ts";

const file = new Uint8Array(1);

/** A BMP of 24 bits by the format's description: a header of 54 bytes, rows from the bottom up, padded to four bytes. */
function bmpOf(
  width: number,
  height: number,
  pixelAt: (x: number, y: number) => number[],
): Uint8Array {
  const row = Math.ceil(3 * width / 4) * 4, bytes = new Uint8Array(54 + row * height);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(2, bytes.length, true);
  view.setUint32(10, 54, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 24, true);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      bytes.set(pixelAt(x, y).toReversed(), 54 + (height - 1 - y) * row + 3 * x);
    }
  }
  return bytes;
}

Deno.test("decode() gives the pixels that were written when the file is a BMP, a WebP or a PNG", async () => {
  const pixelAt = (x: number, y: number) => [7 * x, 5 * y, x * y % 256];
  const pixels = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => {
    const at = Math.floor(i / 3);
    return pixelAt(at % 32, Math.floor(at / 32))[i % 3]!;
  });
  const raw = sharp(pixels, { raw: { width: 32, height: 32, channels: 3 } });
  for (
    const bytes of [
      bmpOf(32, 32, pixelAt),
      await raw.clone().webp({ lossless: true }).toBuffer(),
      await raw.clone().png().toBuffer(),
    ]
  ) {
    assert.ok(Buffer.compare((await decode(bytes, 32)).pixels, pixels) === 0);
  }
});

Deno.test("decode() refuses a BMP in a sentence when it is cut short or says that it is huge", async () => {
  const whole = bmpOf(32, 32, () => [1, 2, 3]), huge = whole.slice();
  new DataView(huge.buffer).setInt32(18, 1 << 30, true);
  for (const bytes of [whole.subarray(0, 20), whole.subarray(0, 60), huge]) {
    await assert.rejects(decode(bytes, 32));
  }
});

Deno.test("listPictures() takes a file when its ending is decoded, and names the reason when it isn't", async () => {
  await withFolder((folder) => {
    writeFiles(folder, {
      "train/a/1.jpg": file,
      "train/a/2.WEBP": file,
      "train/a/3.bmp": file,
      "train/a/4.gif": file,
      "train/a/notes": file,
      "train/a/.DS_Store": file,
      "train/b/1.png": file,
      "train/b/more/1.jpg": file,
      "train/b/more/2.jpg": file,
      "test/a/1.jpeg": file,
    });
    const { train, test, untested, passedOver } = listPictures(folder);
    assert.deepEqual(train.map(({ path }) => path).sort(), [
      "train/a/1.jpg",
      "train/a/2.WEBP",
      "train/a/3.bmp",
      "train/b/1.png",
    ]);
    assert.deepEqual(test, [{ path: "test/a/1.jpeg", label: 0 }]);
    assert.deepEqual(untested, ["b"]);
    const expected = "expected *.jpg, *.jpeg, *.png, *.webp, *.bmp";
    assert.deepEqual(passedOver, [
      `train/a/4.gif: its ending is .gif, ${expected}`,
      `train/a/notes: its ending is none, ${expected}`,
      "train/b/more/: a folder below a class, with 2 files or folders in it",
    ]);
    return Promise.resolve();
  });
});

Deno.test("listPictures() takes the pictures when the layout is tiny-imagenet's: images/ below a class, and a list of val/", async () => {
  await withFolder((folder) => {
    writeFiles(folder, {
      "train/n1/images/n1_0.JPEG": file,
      "train/n2/images/n2_0.JPEG": file,
      "train/n2/images/n2_1.JPEG": file,
      "val/images/val_0.JPEG": file,
      "val/images/val_1.JPEG": file,
      "val/val_annotations.txt": new TextEncoder().encode(
        "val_0.JPEG\tn2\t0\t32\t44\t62\r\nval_1.JPEG\tn1\t52\t55\t57\t59\r\n",
      ),
    });
    const { classes, train, test, untested } = listPictures(folder);
    assert.deepEqual(classes, ["n1", "n2"]);
    assert.equal(train.length, 3);
    assert.deepEqual(
      test.toSorted((a, b) => a.path < b.path ? -1 : 1),
      [{ path: "val/images/val_0.JPEG", label: 1 }, { path: "val/images/val_1.JPEG", label: 0 }],
    );
    assert.deepEqual(untested, []);
    Deno.writeTextFileSync(join(folder, "val/val_annotations.txt"), "val_0.JPEG n2\n");
    assert.throws(() => listPictures(folder), /val_annotations\.txt: line 1 has no name of a file/);
    return Promise.resolve();
  });
});

Deno.test("listPictures() says in one sentence what is expected when val/ has pictures in no class", async () => {
  await withFolder((folder) => {
    writeFiles(folder, { "train/a/1.jpg": file, "val/1.jpg": file, "val/2.jpg": file });
    assert.throws(() => listPictures(folder), (error) => {
      assert.ok(error instanceof DatasetError);
      assert.match(
        error.message,
        /val holds 2 pictures that are in no class: expected val\/CLASS\/\*\.jpg/,
      );
      return true;
    });
    return Promise.resolve();
  });
});
