// Data sets whose files are known by published checksums, on files made here in their layouts.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { cifar100, cifar100Dataset } from "../../src/datasets/cifar100.ts";
import { DatasetError } from "../../src/datasets/dataset.ts";
import { idxDataset } from "../../src/datasets/idx.ts";
import { withFolder } from "../cli/maskbench.ts";
import { imagesOf } from "./images.ts";
import { writeFiles } from "./pictures.ts";

const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const noise = (length: number, from: number) =>
  Uint8Array.from({ length }, (_, i) => Math.imul(i + from, 2654435761) >>> 24);

// By two passes in doubles: another way than the counts of values that the program takes.
function momentsOf(values: readonly number[]): [number, number] {
  const scaled = values.map((value) => value / 255);
  const mean = scaled.reduce((a, b) => a + b) / scaled.length;
  const variance = scaled.reduce((sum, value) => sum + (value - mean) ** 2, 0) / scaled.length;
  return [mean, Math.sqrt(variance)];
}
const near = (found: number, expected: number) =>
  assert.ok(Math.abs(found - expected) <= 5.1e-5, `${found}, expected ${expected}`);

const refusal = (call: Promise<unknown>, message: RegExp) =>
  assert.rejects(call, (error) => {
    assert.ok(error instanceof DatasetError, String(error));
    assert.match(error.message, message);
    return true;
  });

Deno.test("idxDataset() reads gzip files alone, by their checksums, when those of the unzipped ones are not known", () =>
  withFolder(async (folder) => {
    const pictures = (count: number, from: number) =>
      gzipSync(
        Uint8Array.of(
          0,
          0,
          8,
          3,
          0,
          0,
          0,
          count,
          0,
          0,
          0,
          28,
          0,
          0,
          0,
          28,
          ...noise(784 * count, from),
        ),
      );
    const labels = (...values: number[]) =>
      gzipSync(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, values.length, ...values));
    const files = {
      "train-images": pictures(3, 0),
      "train-labels": labels(1, 0, 1),
      "t10k-images": pictures(2, 9),
      "t10k-labels": labels(0, 1),
    };
    const names = Object.entries(files).map(([part, bytes]) =>
      [`drawn/${part}-idx${part.endsWith("images") ? 3 : 1}-ubyte.gz`, bytes] as const
    );
    const source = idxDataset({
      name: "drawn",
      summary: "",
      source: "",
      licence: "",
      classes: ["a", "b"],
      checksums: {
        "train-images": hashOf(files["train-images"]),
        "train-labels": hashOf(files["train-labels"]),
        "t10k-images": hashOf(files["t10k-images"]),
        "t10k-labels": hashOf(files["t10k-labels"]),
      },
      checksumsOfGzip: true,
      address: "https://example.com",
      folders: ["drawn"],
    });
    const unzipped = "drawn/train-images-idx3-ubyte";
    writeFiles(folder, { [unzipped]: new Uint8Array(9) });
    await refusal(source.load([folder]), /expected drawn\/train-images-idx3-ubyte\.gz in /);

    writeFiles(folder, Object.fromEntries(names));
    const { train, test, mean, deviation } = await source.load([folder]);
    assert.deepEqual([[...train.labels], [...test.labels]], [[1, 0, 1], [0, 1]]);
    assert.deepEqual(imagesOf(train), noise(784 * 3, 0));
    const [expectedMean, expectedDeviation] = momentsOf([...noise(784 * 3, 0)]);
    near(mean[0]!, expectedMean);
    near(deviation[0]!, expectedDeviation);

    writeFiles(folder, { [names[2]![0]]: gzipSync(new Uint8Array(9)) });
    await refusal(source.load([folder]), /t10k-images.*gz has the wrong checksum \(\d+ bytes/);
  }));

Deno.test("cifar100Dataset() gives the pictures and finer labels when its files are those with the checksums", () =>
  withFolder(async (folder) => {
    const file = (labels: readonly number[], from: number) =>
      Uint8Array.from(labels.flatMap((label, i) => [label % 20, label, ...noise(3072, from + i)]));
    const trained = [99, 0, 41], tested = [7, 99];
    const train = file(trained, 0), test = file(tested, 50);
    const entries = [["train.bin", train], ["test.bin", test]] as const;
    const packing = pack();
    for (const [name, bytes] of entries) {
      packing.entry({ name: `cifar-100-binary/${name}` }, bytes as never);
    }
    packing.finalize();
    const archive = gzipSync(
      new Uint8Array(
        await new Response(ReadableStream.from(packing as AsyncIterable<Uint8Array<ArrayBuffer>>))
          .arrayBuffer(),
      ),
    );
    const source = cifar100Dataset({
      archive: hashOf(archive),
      files: {
        "train.bin": { sha256: hashOf(train), count: 3 },
        "test.bin": { sha256: hashOf(test), count: 2 },
      },
    });
    await refusal(
      source.load([folder]),
      /cifar100 was not found: expected cifar-100-binary\/train\.bin/,
    );

    const [downloaded] = source.download!.files;
    assert.equal(downloaded!.sha256, hashOf(archive));
    for (const { name, bytes } of await downloaded!.check(archive, "x")) {
      writeFiles(folder, { [join(source.download!.folder, name)]: bytes });
    }
    const found = await source.load([folder]);
    assert.deepEqual([...found.train.labels, ...found.test.labels], [...trained, ...tested]);
    const expected = [0, 1, 2].flatMap((i) => [...noise(3072, i)]);
    assert.deepEqual([...imagesOf(found.train)], expected);
    for (const c of [0, 1, 2]) {
      const [mean, deviation] = momentsOf(
        expected.filter((_, i) => Math.floor(i / 1024) % 3 === c),
      );
      near(found.mean[c]!, mean);
      near(found.deviation[c]!, deviation);
    }
    assert.deepEqual(
      (await source.load([join(folder, "cifar-100-binary")])).checksum,
      found.checksum,
    );

    writeFiles(folder, { "cifar-100-binary/test.bin": test.subarray(1) });
    await refusal(source.load([folder]), /test\.bin has the wrong checksum \(6147 bytes/);
  }));

Deno.test("cifar100 has a hundred classes in the order of their names when it is listed", () => {
  assert.equal(new Set(cifar100.classes).size, 100);
  assert.deepEqual(cifar100.classes, cifar100.classes.toSorted());
});
