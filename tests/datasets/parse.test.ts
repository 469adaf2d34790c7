// The files of data sets, made here byte by byte: what is right is read, what is damaged is reported and never trusted.
import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import {
  cifar100Records,
  cifar10Records,
  parseCifarRecords,
} from "../../src/datasets/cifar_records.ts";
import { DatasetError } from "../../src/datasets/dataset.ts";
import { gunzip } from "../../src/datasets/files.ts";
import { parseIdx } from "../../src/datasets/idx.ts";
import { mnist } from "../../src/datasets/mnist.ts";
import { loadDataset } from "../../src/datasets/registry.ts";
import { untar } from "../../src/datasets/untar.ts";
import { validationOf } from "../../src/datasets/validation.ts";
import { withFolder } from "../cli/maskbench.ts";
import { imagesOf } from "./images.ts";

const refuses = (call: () => unknown, message: RegExp) =>
  assert.throws(call, (error) => {
    assert.ok(error instanceof DatasetError, String(error));
    assert.match(error.message, message);
    return true;
  });

Deno.test("parseIdx() gives sizes and values when an IDX file is whole", () => {
  const bytes = Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6);
  const { sizes, values } = parseIdx(bytes, "x");
  assert.deepEqual([sizes, [...values]], [[2, 3], [1, 2, 3, 4, 5, 6]]);
  refuses(() => parseIdx(bytes.slice(0, 17), "x"), /^x holds 5 values, expected 2 × 3 = 6$/);
  refuses(() => parseIdx(bytes.slice(0, 11), "x"), /^x ends within its header$/);
  refuses(() => parseIdx(Uint8Array.of(0, 0, 13, 1, 0, 0, 0, 0), "x"), /no IDX file of bytes/);
});

Deno.test("parseIdx() gives nothing when one size is 0, however large the others are", () => {
  const sizes = [...Array(40).fill(255), 0]; // of each, all four bytes
  const bytes = Uint8Array.of(0, 0, 8, 41, ...sizes.flatMap((byte) => [byte, byte, byte, byte]));
  assert.equal(parseIdx(bytes, "x").values.length, 0);
});

Deno.test("parseCifarRecords() gives a label and 3,072 values when it reads a record of CIFAR-10", () => {
  const record = (label: number) => Uint8Array.of(label, ...Array(3072).fill(label * 10));
  const { images, labels } = parseCifarRecords(
    [Uint8Array.of(...record(3), ...record(9)), record(0)],
    cifar10Records,
  );
  assert.deepEqual([...labels], [3, 9, 0]);
  assert.equal(images.length, 3 * 3072);
  assert.deepEqual([images[0], images[3072], images[2 * 3072]], [30, 90, 0]);
  refuses(() => parseCifarRecords([record(10)], cifar10Records), /label 10 at 0, expected 0 to 9/);
  refuses(
    () => parseCifarRecords([record(1).slice(1)], cifar10Records),
    /no whole number of records/,
  );
  refuses(
    () => parseCifarRecords([record(1).slice(1), Uint8Array.of(1)], cifar10Records),
    /no whole number of records/,
  );
});

Deno.test("parseCifarRecords() gives the second label when it reads a record of CIFAR-100", () => {
  const record = (group: number, label: number) =>
    Uint8Array.of(group, label, ...Array(3072).fill(label));
  const files = [Uint8Array.of(...record(19, 99), ...record(3, 0))];
  const { images, labels } = parseCifarRecords(files, cifar100Records);
  assert.deepEqual([...labels], [99, 0]);
  assert.deepEqual([...images], [...Array(3072).fill(99), ...Array(3072).fill(0)]);
  refuses(
    () => parseCifarRecords([record(1, 100)], cifar100Records),
    /^a file of CIFAR-100: label 100 at 0, expected 0 to 99$/,
  );
  refuses(
    () => parseCifarRecords([record(1, 1).slice(2)], cifar100Records),
    /^a file of CIFAR-100 is no whole number of records of 3074 bytes$/,
  );
});

Deno.test("gunzip() throws when data are damaged, cut short or too long", () => {
  const packed = gzipSync(new Uint8Array(1000));
  assert.equal(gunzip(packed, 1000, "x").length, 1000);
  refuses(() => gunzip(packed, 999, "x"), /^x has more than 999 bytes when unpacked/);
  refuses(() => gunzip(packed.subarray(0, packed.length - 9), 1000, "x"), /^x is damaged/);
  refuses(() => gunzip(new Uint8Array(20), 1000, "x"), /^x is damaged/);
});

Deno.test("gunzip() throws when a file would grow out of all bounds", async () => {
  // 4 GiB of zeros in 8 MB: gzip files may follow one another.
  const packed = gzipSync(new Uint8Array(64 << 20));
  const bomb = new Uint8Array(await new Blob(Array(64).fill(packed)).arrayBuffer());
  const before = Deno.memoryUsage().rss;
  refuses(() => gunzip(bomb, 1 << 20, "x"), /^x has more than 1048576 bytes when unpacked/);
  await assert.rejects(untar(bomb, "x", "home", { a: 2 }), /^DatasetError: x has more than/);
  assert.ok(Deno.memoryUsage().rss - before < 256 << 20);
});

Deno.test("loadDataset() refuses a file unread when it is much too large", () =>
  withFolder(async (folder) => {
    for (
      const [name, set] of [
        ["mnist/train-images-idx3-ubyte", "mnist"],
        ["mnist/train-images-idx3-ubyte.gz", "mnist"],
        ["cifar-10-batches-bin/test_batch.bin", "cifar10"],
      ] as const
    ) {
      const path = join(folder, name);
      await Deno.mkdir(join(path, ".."), { recursive: true });
      await Deno.writeFile(path, new Uint8Array());
      await Deno.truncate(path, 2 ** 42); // 4 TiB, none of it on the disk
      await assert.rejects(loadDataset(set, [folder]), (error) => {
        assert.ok(error instanceof DatasetError, String(error));
        assert.match(error.message, /has 4398046511104 bytes, expected at most \d+: /);
        return true;
      });
      await Deno.remove(path);
    }
  }));

async function archive(entries: readonly (readonly [string, Uint8Array])[]): Promise<Uint8Array> {
  const packing = pack();
  for (const [name, bytes] of entries) packing.entry({ name }, bytes as never);
  packing.finalize();
  const parts: Uint8Array[] = [];
  for await (const part of packing) parts.push(part as Uint8Array);
  return gzipSync(Uint8Array.from(parts.flatMap((part) => [...part])));
}

Deno.test("untar() gives the files that are asked for when an archive has paths of its own", async () => {
  const a = Uint8Array.of(1, 2), b = Uint8Array.of(3, 4), evil = Uint8Array.of(6, 6);
  const bytes = await archive([
    ["../../evil", evil],
    ["home/b", b],
    ["home/readme", evil],
    ["home/a", a],
    ["home/a", evil],
    ["elsewhere/a", evil],
  ]);
  const files = await untar(bytes, "x", "home", { a: 2, b: 2 });
  assert.deepEqual(files.map(({ name, bytes }) => [name, ...bytes]), [["b", 3, 4], ["a", 1, 2]]);
  const rejects = (promise: Promise<unknown>, message: RegExp) =>
    assert.rejects(promise, (error) => {
      assert.ok(error instanceof DatasetError, String(error));
      assert.match(error.message, message);
      return true;
    });
  await rejects(untar(bytes, "x", "home", { a: 2, c: 2 }), /^x lacks home\/c$/);
  await rejects(untar(bytes, "x", "home", { a: 3 }), /home\/a in x has 2 bytes, expected 3/);
  await rejects(untar(bytes.subarray(0, 60), "x", "home", { a: 2 }), /^x (is damaged|lacks)/);
  await rejects(untar(Uint8Array.of(1, 2, 3), "x", "home", { a: 2 }), /^x is damaged/);
});

Deno.test("loadDataset() names the file, the finding and the expectation when a data set is missing, cut short or changed", async () => {
  await withFolder(async (folder) => {
    const told = async (name: string, message: RegExp) =>
      await assert.rejects(loadDataset(name, [folder]), (error) => {
        assert.ok(error instanceof DatasetError, String(error));
        assert.match(error.message, message);
        return true;
      });
    await told("mnist", /mnist was not found: expected mnist\/.*; type "deno task data/);
    await told("cifar10", /cifar10 was not found: expected cifar-10-batches-bin\/test_batch\.bin/);
    await told("cifar10-jpeg", /cifar10-jpeg was not found/);
    await told("imagenet", /no data set is called "imagenet": there are shapes, digits, mnist/);

    await Deno.mkdir(join(folder, "mnist"));
    const images = join(folder, "mnist", "train-images-idx3-ubyte.gz");
    await Deno.writeFile(images, gzipSync(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 7)));
    await told("mnist", /train-images.* wrong checksum \(9 bytes, .* expected ba891046e650/);
    await Deno.writeFile(images, Uint8Array.of(1, 2, 3));
    await told("mnist", /train-images.* is damaged, expected a whole gzip file/);

    await Deno.mkdir(join(folder, "cifar-10-batches-bin"));
    await Deno.writeFile(join(folder, "cifar-10-batches-bin/test_batch.bin"), new Uint8Array(30));
    await told("cifar10", /test_batch\.bin has the wrong checksum: it is cut short, or neither/);
  });
});

Deno.test("validationOf() gives the end of the training pictures, as another data set, when a split is held out", () => {
  const split = (count: number, from: number) => ({
    images: Uint8Array.from({ length: count * 2 }, (_, i) => from + i),
    labels: Int32Array.from({ length: count }, (_, i) => from + i),
  });
  const dataset = {
    name: "x",
    shape: [1, 1, 2] as const,
    classes: [],
    train: split(10, 0),
    test: split(2, 100),
    mean: [0],
    deviation: [1],
    checksum: "c",
  };
  const { train, test, checksum } = validationOf(dataset);
  assert.deepEqual([...train.labels, ...test.labels], [...dataset.train.labels]);
  assert.deepEqual([...imagesOf(train), ...imagesOf(test)], [...imagesOf(dataset.train)]);
  assert.equal(test.labels.length, 2);
  assert.notEqual(checksum, dataset.checksum);
  assert.notEqual(validationOf(dataset, 1).checksum, checksum);
});

const data = Deno.env.get("MASKBENCH_DATA");

Deno.test({
  name: `loadDataset() gives the published pictures when the data are MNIST and CIFAR-10${
    data ? "" : " (skipped: MASKBENCH_DATA is not set)"
  }`,
  ignore: !data,
  async fn() {
    const { train, test } = await mnist.load([data!]);
    assert.deepEqual([train.labels.length, test.labels.length], [60_000, 10_000]);
    assert.deepEqual([...train.labels.subarray(0, 10)], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    const images = imagesOf(train);
    const mean = images.reduce((sum, value) => sum + value, 0) / images.length / 255;
    assert.ok(Math.abs(mean - 0.1307) < 1e-4, `${mean}`);

    const cifar = await loadDataset("cifar10", [data!]);
    assert.deepEqual([cifar.train.labels.length, cifar.test.labels.length], [50_000, 10_000]);
    for (const split of [cifar.train, cifar.test]) {
      const counts = new Array(10).fill(0);
      for (const label of split.labels) counts[label]++;
      assert.deepEqual(counts, Array(10).fill(split.labels.length / 10));
    }
    for (let channel = 0; channel < 3; channel++) {
      let sum = 0;
      for (let at = channel * 1024; at < imagesOf(cifar.train).length; at += 3072) {
        for (let i = 0; i < 1024; i++) sum += imagesOf(cifar.train)[at + i]!;
      }
      const mean = sum / 50_000 / 1024 / 255;
      assert.ok(Math.abs(mean - cifar.mean[channel]!) < 2e-3, `${channel}: ${mean}`);
    }
  },
});
