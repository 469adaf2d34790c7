// Data sets in arrays, and grey ones: what is packed is what NumPy or this test wrote, and runs read it as one channel.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { datasetChecksumOf } from "../../src/datasets/checksum.ts";
import { type Dataset, DatasetError } from "../../src/datasets/dataset.ts";
import { loadPack, packSources } from "../../src/datasets/pack.ts";
import { packFolder } from "../../src/datasets/packing.ts";
import { configurationsOf } from "../../src/sweep/expand.ts";
import { checkSweep } from "../../src/sweep/read.ts";
import { run } from "../../src/training/run.ts";
import { maskbench, withFolder } from "../cli/maskbench.ts";
import { byKernels, device } from "../library.ts";
import { drawn, writeFiles } from "./pictures.ts";
import { numpy, withoutNumpy } from "./python.ts";

const noise = (length: number, from: number) =>
  Uint8Array.from({ length }, (_, i) => Math.imul(i + from, 2654435761) >>> 24);
const orderOf = (count: number) => {
  const key = (i: number) => createHash("sha256").update(String(i)).digest("hex");
  return Array.from({ length: count }, (_, i) => i).sort((a, b) => key(a) < key(b) ? -1 : 1);
};

/** A pack as it lies on the disk. */
async function packed(folder: string, name: string) {
  const dataset = await loadPack(name, [folder]);
  const read = ({ path, labels }: Extract<Dataset["train"], { path: string }>) => ({
    pixels: Deno.readFileSync(path),
    labels: [...labels],
  });
  assert.ok("path" in dataset.train && "path" in dataset.test);
  return { dataset, train: read(dataset.train), test: read(dataset.test) };
}

async function refusal(call: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await call.then(() => undefined, (error) => error);
  assert.ok(error instanceof DatasetError, String(error));
  assert.match(error.message, message);
  assert.doesNotMatch(error.message, /\n/);
}

Deno.test({
  name:
    `packFolder() gives NumPy's pictures and labels when arrays have Keras' or MedMNIST's names${withoutNumpy}`,
  ignore: withoutNumpy !== "",
  fn: () =>
    withFolder(async (folder) => {
      // The third part is what a pack of them must be: in the order of the SHA-256 of their numbers.
      const expected = await numpy(
        folder,
        `
import os
random = np.random.RandomState(1)
def pixels(*shape): return random.randint(0, 256, shape).astype("uint8")
def labels(count, dtype): return (np.arange(count) * 3 % 4 + 1).astype(dtype)
sets = {
  "grey": ("x_train y_train x_test y_test", pixels(20, 28, 28), labels(20, "uint8"), pixels(8, 28, 28), labels(8, "<i8")),
  "last": ("x_train y_train x_test y_test", pixels(20, 9, 9, 1), labels(20, ">i2"), pixels(8, 9, 9, 1), labels(8, ">u4")),
  "med": ("train_images train_labels test_images test_labels", pixels(20, 28, 28, 3), labels(20, "uint8")[:, None],
          pixels(8, 28, 28, 3), labels(8, "uint8")[:, None]),
}
order = lambda count: sorted(range(count), key=lambda i: hashlib.sha256(str(i).encode()).hexdigest())
result = {}
for name, (names, *arrays) in sets.items():
  named = dict(zip(names.split(), arrays))
  os.mkdir(name)
  for key, array in named.items(): np.save(f"{name}/{key}.npy", array)
  if name == "med": named |= {"val_images": arrays[0][:2], "val_labels": arrays[1][:2]}
  (np.savez_compressed if name == "med" else np.savez)(f"{name}.npz", **named)
  x, y, u, v = arrays
  result[name] = [
    hashlib.sha256(x[order(20)].tobytes()).hexdigest(), (y.ravel()[order(20)] - 1).tolist(),
    hashlib.sha256(u[order(8)].tobytes()).hexdigest(), (v.ravel()[order(8)] - 1).tolist(),
    (x.reshape(-1, 3 if name == "med" else 1) / 255).mean(0).tolist(),
  ]
print(json.dumps(result))`,
      ) as Record<string, [string, number[], string, number[], number[]]>;
      const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
      for (const [name, [train, trainLabels, test, testLabels, mean]] of Object.entries(expected)) {
        for (const from of [`${name}.npz`, name]) {
          const notes: string[] = [], to = join(folder, "to", from);
          const { manifest } = await packFolder({
            from: join(folder, from),
            to,
            name,
            note: (text) => notes.push(text),
          });
          const channels = name === "med" ? 3 : 1, size = name === "last" ? 9 : 28;
          assert.equal(manifest.size, size);
          const found = await packed(to, `${name}-${size}`);
          assert.deepEqual(found.dataset.shape, [channels, size, size]);
          assert.deepEqual(found.dataset.classes, ["1", "2", "3", "4"]);
          assert.equal(hashOf(found.train.pixels), train, from);
          assert.equal(hashOf(found.test.pixels), test, from);
          assert.deepEqual([found.train.labels, found.test.labels], [trainLabels, testLabels]);
          mean.forEach((value, c) => assert.ok(Math.abs(value - found.dataset.mean[c]!) <= 5.1e-5));
          assert.deepEqual(
            notes,
            from === "med.npz"
              ? ["val_images is left out: validation is held out of training pictures"]
              : [],
          );
        }
      }
    }),
});

Deno.test({
  name:
    `packFolder() refuses arrays in one sentence when they are of another type, shape, count or name${withoutNumpy}`,
  ignore: withoutNumpy !== "",
  fn: () =>
    withFolder(async (folder) => {
      await numpy(
        folder,
        `
x, y = np.zeros((4, 9, 9), "uint8"), np.arange(4) % 2
good = dict(x_train=x, y_train=y, x_test=x, y_test=y)
def write(name, **other):
  kept = {**good, **other}
  np.savez(f"{name}.npz", **{key: value for key, value in kept.items() if value is not None})
write("floats", x_train=x.astype("float32"))
write("wide", x_train=x.astype("uint16"))
write("first", x_train=np.zeros((4, 3, 9, 9), "uint8"))
write("flat", x_test=np.zeros((4, 81), "uint8"))
write("counts", y_test=y[:3])
write("hot", y_train=np.eye(4, dtype=int))
write("real", y_train=y.astype("float64"))
write("negative", y_train=y - 1)
write("unknown", y_test=y + 1)
write("none", x_test=x[:0], y_test=y[:0])
write("missing", y_test=None)
write("untested", x_test=None, y_test=None)
write("oblong", x_train=np.zeros((4, 9, 10), "uint8"))
write("tiny", x_train=x[:, :4, :4], x_test=x[:, :4, :4])
write("objects", x_train=np.array([None, 1]))
write("fortran", x_train=np.asfortranarray(np.zeros((4, 9, 9), "uint8")))
np.savez("named.npz", a=x, b=y)
np.savez("good.npz", **good)
with open("good.npz", "rb") as file: whole = file.read()
with open("short.npz", "wb") as file: file.write(whole[:-40])
with open("text.npz", "w") as file: file.write("no archive")`,
      );
      const refused: Record<string, RegExp> = {
        floats:
          /x_train is float32, expected uint8: scale its pixels to 0 to 255 and save x\.astype/,
        wide: /x_train is uint16, expected uint8: scale its pixels to 0 to 255/,
        first: /x_train is of 4 × 3 × 9 × 9: expected pictures × height × width, for colours × 3$/,
        flat: /x_test is of 4 × 81: expected pictures × height × width/,
        counts: /x_test has 4 pictures, .*y_test 3 labels$/,
        hot: /y_train is of 4 × 4: expected one label for each picture$/,
        real: /y_train is float64, expected integers: save y\.astype\("int64"\)/,
        negative: /y_train: label -1 of picture 0, expected 0 to 16777215$/,
        unknown: /y_test has label 2, which .*y_train has not$/,
        none: /x_test has no pictures$/,
        missing:
          /missing\.npz has no y_test: expected x_train, y_train, x_test, y_test, or train_images/,
        untested: /untested\.npz has no x_test: expected /,
        oblong:
          /oblong\.npz has pictures of 9 × 10 to train on and of 9 × 9 to test on: say by --size/,
        tiny:
          /tiny\.npz has pictures of 4 × 4: say by --size what networks are to read, 8 to 1024$/,
        objects: /x_train holds no array of numbers: its header is .*'\|O'/,
        fortran: /x_train is in Fortran's order: save numpy\.ascontiguousarray/,
        named: /named\.npz holds a, b: expected x_train, y_train/,
        short: /short\.npz is damaged \(it has no list of its files\), expected a ZIP archive/,
        text: /text\.npz is damaged/,
        absent: /absent\.npz can't be read: /,
      };
      for (const [name, message] of Object.entries(refused)) {
        const from = join(folder, `${name}.npz`);
        await refusal(packFolder({ from, to: folder, name }), message);
      }
      const { code, out, error } = await maskbench(
        [join(folder, "floats.npz"), "--to", folder],
        {},
        "pack",
      );
      assert.deepEqual([code, out], [2, ""]);
      assert.match(error, /^[^\n]*x_train is float32[^\n]*\n$/);
      const packs = [...Deno.readDirSync(folder)].filter(({ name }) => name === "packed");
      assert.deepEqual(packs, []);
    }),
});

const idxOf = (sizes: readonly number[], values: Iterable<number>) =>
  Uint8Array.of(0, 0, 8, sizes.length, ...sizes.flatMap((size) => [0, 0, 0, size]), ...values);

function idxFiles(train: number, test: number, side: number): Record<string, Uint8Array> {
  const labels = (count: number) => Array.from({ length: count }, (_, i) => i % 3);
  return {
    "train-images-idx3-ubyte": idxOf([train, side, side], noise(train * side * side, 0)),
    "train-labels-idx1-ubyte.gz": gzipSync(idxOf([train], labels(train))),
    "t10k-images.idx3-ubyte": idxOf([test, side, side], noise(test * side * side, 7)),
    "t10k-labels-idx1-ubyte": idxOf([test], labels(test)),
  };
}

Deno.test("packFolder() gives one channel, and runs the same figures as in memory, when IDX files are grey", () =>
  withFolder(async (folder) => {
    const from = join(folder, "drawn"), train = 120, test = 30, side = 20, area = side * side;
    writeFiles(from, idxFiles(train, test, side));
    const { manifest } = await packFolder({ from, to: folder, name: "drawn" });
    assert.deepEqual([manifest.size, manifest.mean.length, manifest.train.bytes], [
      side,
      1,
      train * area,
    ]);
    assert.equal((await packFolder({ from, to: folder, name: "drawn" })).before, true);
    const found = await packed(folder, "drawn-20");
    const [listed] = await packSources([folder]);
    assert.deepEqual([listed!.shape, listed!.trainCount], [[1, side, side], train]);

    const split = (count: number, start: number) => {
      const all = noise(count * area, start), order = orderOf(count);
      return {
        images: Uint8Array.from(
          order.flatMap((i) => [...all.subarray(i * area, (i + 1) * area)]),
        ),
        labels: Int32Array.from(order, (i) => i % 3),
      };
    };
    const inMemory = { train: split(train, 0), test: split(test, 7) };
    assert.deepEqual(found.train.pixels, inMemory.train.images);
    assert.deepEqual(found.test.labels, [...inMemory.test.labels]);
    const plainly: Dataset = {
      ...found.dataset,
      ...inMemory,
      checksum: datasetChecksumOf(inMemory.train, inMemory.test),
    };
    const figures = (dataset: Dataset, augmentation: string) => {
      const sweep = checkSweep({
        name: "x",
        dataset: { folder: "drawn", size: side },
        networks: [{ name: "conv2", width: 0.05 }],
        algorithms: [{ name: "edge-popup", learningRate: 0.1 }],
        sparsities: [0.5],
        epochs: 2,
        batchSize: 32,
        augmentation,
      });
      const [config] = configurationsOf(sweep, dataset);
      return run(config!, { dataset, device, threads: 1 }).epochs;
    };
    for (const augmentation of ["none", "crop-flip"]) {
      const [own, expected] = [
        figures(found.dataset, augmentation),
        figures(plainly, augmentation),
      ];
      if (!byKernels) assert.deepEqual(own, expected);
      else assert.ok(Math.abs(own[1]!.trainLoss - expected[1]!.trainLoss) < 1e-3);
    }
    assert.equal(figures(found.dataset, "random-resized-crop").length, 2);

    // Resized, they are still grey.
    const other = await packFolder({ from, to: folder, name: "drawn", size: 32 });
    assert.deepEqual([other.manifest.mean.length, other.manifest.test.bytes], [1, test * 32 * 32]);
  }));

Deno.test("packFolder() names the file when IDX files lack one, or are damaged", () =>
  withFolder(async (folder) => {
    const files = idxFiles(6, 3, 9);
    const cases: [string, Uint8Array | undefined, RegExp][] = [
      [
        "t10k-labels-idx1-ubyte",
        undefined,
        /has no t10k-labels-idx1-ubyte: expected it, or t10k-labels-idx1-ubyte\.gz$/,
      ],
      ["train-images-idx3-ubyte", undefined, /has no train-images-idx3-ubyte: /],
      [
        "train-images-idx3-ubyte",
        files["train-images-idx3-ubyte"]!.slice(0, -1),
        /train-images-idx3-ubyte holds 485 values, expected 6 × 9 × 9 = 486$/,
      ],
      [
        "train-labels-idx1-ubyte.gz",
        files["train-labels-idx1-ubyte.gz"]!.slice(0, -9),
        /train-labels-idx1-ubyte\.gz is damaged, expected a whole gzip file/,
      ],
      [
        "t10k-labels-idx1-ubyte",
        idxOf([2], [0, 1]),
        /t10k-images\.idx3-ubyte has 3 pictures, .*t10k-labels-idx1-ubyte 2 labels$/,
      ],
      [
        "t10k-labels-idx1-ubyte",
        idxOf([3], [0, 1, 3]),
        /t10k-labels-idx1-ubyte has label 3, which .*train-labels/,
      ],
    ];
    for (const [i, [name, bytes, message]] of cases.entries()) {
      const from = join(folder, String(i));
      writeFiles(from, files);
      if (bytes) writeFiles(from, { [name]: bytes });
      else Deno.removeSync(join(from, name));
      await refusal(packFolder({ from, to: folder, name: "x" }), message);
    }
  }));

Deno.test("packFolder() gives the pictures of CIFAR's binary files, by the finer label, when it packs them", () =>
  withFolder(async (folder) => {
    // A picture's planes one after another, as CIFAR has them; and its pixels, as packs have them.
    const planes = (seed: number) => noise(3072, 31 * seed);
    const pixels = (seed: number) =>
      Uint8Array.from({ length: 3072 }, (_, i) => planes(seed)[i % 3 * 1024 + Math.floor(i / 3)]!);
    const record = (seed: number, ...labels: number[]) => [...labels, ...planes(seed)];
    const names = ["cat", "dog", "owl"];
    writeFiles(join(folder, "ten"), {
      "data_batch_2.bin": Uint8Array.from([...record(2, 1), ...record(3, 2)]),
      "data_batch_10.bin": Uint8Array.from(record(4, 0)),
      "data_batch_1.bin": Uint8Array.from([...record(0, 0), ...record(1, 2)]),
      "test_batch.bin": Uint8Array.from([...record(9, 1), ...record(8, 2)]),
      "batches.meta.txt": new TextEncoder().encode(`${names.join("\n")}\n\n`),
      "readme.html": new Uint8Array(3),
    });
    writeFiles(join(folder, "hundred"), {
      "train.bin": Uint8Array.from([
        ...[[0, 0], [1, 2], [2, 1], [3, 2], [4, 0]].flatMap(([seed, label]) =>
          record(seed!, 19, label!)
        ),
      ]),
      "test.bin": Uint8Array.from([...record(9, 3, 1), ...record(8, 4, 2)]),
      "fine_label_names.txt": new TextEncoder().encode(names.join("\n")),
    });
    for (const name of ["ten", "hundred"]) {
      await packFolder({ from: join(folder, name), to: folder, name });
      const { dataset, train, test } = await packed(folder, `${name}-32`);
      assert.deepEqual(dataset.classes, names);
      assert.deepEqual(dataset.shape, [3, 32, 32]);
      const labels = [0, 2, 1, 2, 0];
      assert.deepEqual(train.labels, orderOf(5).map((i) => labels[i]!));
      assert.deepEqual([...train.pixels], orderOf(5).flatMap((i) => [...pixels(i)]));
      assert.deepEqual(test.labels, orderOf(2).map((i) => [1, 2][i]!));
      assert.deepEqual([...test.pixels], orderOf(2).flatMap((i) => [...pixels([9, 8][i]!)]));
    }
    // Other names of the classes make it another data set.
    const renamed = ["lion", "wolf", "eagle"];
    writeFiles(join(folder, "ten"), {
      "batches.meta.txt": new TextEncoder().encode(renamed.join("\n")),
    });
    const again = await packFolder({ from: join(folder, "ten"), to: folder, name: "ten" });
    assert.deepEqual([again.before, again.manifest.classes], [false, renamed]);

    const cases: [string, string, Uint8Array | undefined, RegExp][] = [
      [
        "ten",
        "test_batch.bin",
        undefined,
        /ten has no test_batch\.bin: expected CIFAR's binary files$/,
      ],
      [
        "ten",
        "test_batch.bin",
        new Uint8Array(3072),
        /test_batch\.bin is no whole number of records of 3073 bytes$/,
      ],
      [
        "ten",
        "test_batch.bin",
        Uint8Array.from(record(1, 10)),
        /test_batch\.bin: label 10 at 0, expected 0 to 9$/,
      ],
      [
        "ten",
        "test_batch.bin",
        Uint8Array.from(record(1, 3)),
        /test_batch\.bin: label 3 of picture 0, expected 0 to 2$/,
      ],
      [
        "hundred",
        "train.bin",
        undefined,
        /hundred has no train\.bin: expected CIFAR's binary files$/,
      ],
      [
        "hundred",
        "train.bin",
        new Uint8Array(3073),
        /train\.bin is no whole number of records of 3074 bytes$/,
      ],
    ];
    for (const [name, file, bytes, message] of cases) {
      if (bytes) writeFiles(join(folder, name), { [file]: bytes });
      else Deno.removeSync(join(folder, name, file));
      await refusal(packFolder({ from: join(folder, name), to: folder, name }), message);
    }
  }));

Deno.test("packFolder() gives one channel when all pictures of a folder are grey, and three when one is not", () =>
  withFolder(async (folder) => {
    const from = join(folder, "pictures"), side = 16;
    const grey = (seed: number) => (x: number, y: number) =>
      Array(3).fill(noise(1, 97 * seed + 31 * y + x)[0]);
    const names = [
      "train/a/0.png",
      "train/a/1.png",
      "train/b/2.png",
      "test/a/3.png",
      "test/b/4.png",
    ];
    for (const [seed, name] of names.entries()) {
      const picture = drawn(side, side, grey(seed));
      // As one channel and as three equal ones.
      const encoded = seed % 2 === 0 ? picture : picture.toColourspace("b-w");
      writeFiles(from, { [name]: await encoded.png().toBuffer() });
    }
    const pack = () => packFolder({ from, to: folder, name: "grey", size: side });
    const { manifest } = await pack();
    assert.deepEqual([manifest.mean.length, manifest.train.bytes, manifest.test.bytes], [
      1,
      3 * side * side,
      2 * side * side,
    ]);
    const { dataset, test } = await packed(folder, "grey-16");
    assert.deepEqual(dataset.shape, [1, side, side]);
    const pictureOf = (seed: number) =>
      Array.from({ length: side * side }, (_, i) => grey(seed)(i % side, Math.floor(i / side))[0]);
    const expected = test.labels.flatMap((label) => pictureOf(label === 0 ? 3 : 4));
    assert.deepEqual([...test.pixels], expected);

    const { code, out } = await maskbench(
      [from, "--size", "16", "--to", join(folder, "more")],
      {},
      "pack",
    );
    assert.equal(code, 0);
    assert.match(out, /is packed: 3 grey pictures to train on, 2 to test on, 2 classes/);

    const coloured = drawn(side, side, (x, y) => x + y === 0 ? [1, 2, 3] : [9, 9, 9]);
    writeFiles(from, { "test/b/5.png": await coloured.png().toBuffer() });
    const { manifest: mixed } = await pack();
    assert.deepEqual([mixed.mean.length, mixed.train.bytes], [3, 3 * 3 * side * side]);
    assert.deepEqual((await loadPack("grey-16", [folder])).shape, [3, side, side]);
  }));
