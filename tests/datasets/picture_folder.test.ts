// The layout of an image folder: classes, labels and order, and what is said where it is another one.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { withFolder } from "../cli/maskbench.ts";
import { DatasetError } from "../../src/datasets/dataset.ts";
import { listPictures } from "../../src/datasets/picture_folder.ts";
import { writeFiles } from "./pictures.ts";

const some = Uint8Array.of(1);
const withFiles = (paths: readonly string[], body: (folder: string) => void) =>
  withFolder((folder) => {
    writeFiles(folder, Object.fromEntries(paths.map((path) => [path, some])));
    body(folder);
  });

Deno.test("listPictures() numbers sorted class names, and orders by the paths' SHA-256, when it lists a folder", () =>
  withFiles([
    ...["n02.JPEG", "x.png", ".hidden.jpg", "._n02.JPEG", "notes.txt"].map((name) =>
      `train/n2/${name}`
    ),
    ...["a.jpg", "b.JPG", "c.jpeg", "d.Png"].map((name) => `train/n10/${name}`),
    ...["train/n1/z.jpg", "val/n10/v.jpg", "val/n2/w.jpg", "train/.git/x.jpg", "README.jpg"],
  ], (folder) => {
    const { classes, train, test, untested } = listPictures(folder);
    assert.deepEqual(classes, ["n1", "n10", "n2"]);
    assert.deepEqual(untested, ["n1"]);
    const hashed = (path: string) => createHash("sha256").update(path).digest("hex");
    const expected = [
      ...[
        "n1/z.jpg",
        "n10/a.jpg",
        "n10/b.JPG",
        "n10/c.jpeg",
        "n10/d.Png",
        "n2/n02.JPEG",
        "n2/x.png",
      ],
    ].sort((a, b) => hashed(a) < hashed(b) ? -1 : 1);
    assert.deepEqual(train.map(({ path }) => path), expected.map((path) => `train/${path}`));
    for (const { path, label } of [...train, ...test]) {
      assert.equal(classes[label], path.split("/")[1]);
    }
    assert.deepEqual(test.map(({ path }) => path).sort(), ["val/n10/v.jpg", "val/n2/w.jpg"]);
  }));

Deno.test("listPictures() gives another digest when a file, a size or a time of change differs", () =>
  withFiles(["train/a/1.jpg", "test/a/1.jpg"], (folder) => {
    const before = listPictures(folder).digest, path = join(folder, "train/a/1.jpg");
    assert.equal(listPictures(folder).digest, before);
    const seen = new Set([before]);
    const isNew = () => {
      const { digest } = listPictures(folder);
      assert.ok(!seen.has(digest));
      seen.add(digest);
    };
    Deno.utimeSync(path, 1, 1);
    isNew();
    Deno.writeFileSync(path, new Uint8Array(2));
    Deno.utimeSync(path, 1, 1);
    isNew();
    Deno.renameSync(path, join(folder, "train/a/2.jpg"));
    isNew();
  }));

Deno.test("listPictures() throws a sentence when the layout is another", async () => {
  const refuses = (paths: string[], message: RegExp) =>
    withFiles(paths, (folder) =>
      assert.throws(() => listPictures(folder), (error) => {
        assert.ok(error instanceof DatasetError, String(error));
        assert.match(error.message, message);
        return true;
      }));
  await refuses(["a/1.jpg"], /has no folder train\/: expected train\/CLASS/);
  await refuses(
    ["train/1.jpg", "test/a/1.jpg"],
    /train has no folders: expected one for each class/,
  );
  await refuses(["train/a/1.jpg"], /has neither test\/ nor val\//);
  await refuses(["train/a/1.jpg", "test/a/1.jpg", "val/a/1.jpg"], /has both test\/ and val\//);
  await refuses(
    ["train/a/1.jpg", "test/b/1.jpg", "test/a/1.jpg"],
    /test\/ has classes that train\/ has not: b$/,
  );
  await refuses(["train/a/1.jpg", "train/b/1.txt", "test/a/1.jpg"], /train\/b has no pictures/);
  await refuses(
    ["train/a/1.jpg", "test/a/1.gif"],
    /test\/a has no pictures: expected \*\.jpg, \*\.jpeg, \*\.png, \*\.webp, \*\.bmp/,
  );
  assert.throws(() => listPictures("/none/such"), /\/none\/such can't be read: /);
});
