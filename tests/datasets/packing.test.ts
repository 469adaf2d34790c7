// Packing from end to end: a folder shaped like ImageNet with all that goes wrong in one, a kill in the middle, two
// processes at once, damage; and pictures that went through PNG and a pack are those that they were.
import assert from "node:assert/strict";
import { join } from "node:path";
import { datasetChecksumOf, sha256 } from "../../src/datasets/checksum.ts";
import { type Dataset, DatasetError } from "../../src/datasets/dataset.ts";
import { loadPack, packSources } from "../../src/datasets/pack.ts";
import { packFolder } from "../../src/datasets/packing.ts";
import { loadDataset } from "../../src/datasets/registry.ts";
import { validationOf } from "../../src/datasets/validation.ts";
import {
  Batch,
  CROP_PARTS,
  DevicePictures,
  Generator,
  MaskedNetwork,
  Vector,
} from "../../src/native/mod.ts";
import { configurationsOf } from "../../src/sweep/expand.ts";
import { checkSweep } from "../../src/sweep/read.ts";
import type { Checkpoint } from "../../src/training/checkpoint.ts";
import { run } from "../../src/training/run.ts";
import { StoppedError } from "../../src/training/run_errors.ts";
import type { RunOptions } from "../../src/training/run_options.ts";
import { picturesOf } from "../../src/training/setup.ts";
import { maskbench, start, withFolder } from "../cli/maskbench.ts";
import { byKernels, device } from "../library.ts";
import { imagesOf } from "./images.ts";
import { drawn, plain, writeFiles } from "./pictures.ts";

const CLASSES = 1000, SIZE = 64, SIDE = 74;
const className = (label: number) => `n${String(label).padStart(8, "0")}`;
const colourOf = (
  label: number,
) => [label % 10 * 25, Math.floor(label / 10) % 10 * 25, Math.floor(label / 100) * 25];

const wave = (x: number, y: number) => [x % 256, y % 256, (x * y) % 256];
const bad: Readonly<Record<string, () => Promise<Uint8Array>>> = {
  "train/n00000000/empty.JPEG": () => Promise.resolve(new Uint8Array()),
  "train/n00000007/text.jpg": () => Promise.resolve(new TextEncoder().encode("no picture")),
  "train/n00000007/short.JPEG": async () =>
    (await drawn(90, 80, wave).jpeg().toBuffer()).subarray(0, 900),
  "val/n00000999/gif.png": () => plain(9, 8, 1, 2, 3).gif().toBuffer(),
};
const odd: Readonly<Record<string, () => Promise<Uint8Array>>> = {
  "train/n00000001/cmyk.JPEG": () => drawn(90, 80, wave).toColourspace("cmyk").jpeg().toBuffer(),
  "train/n00000002/grey.JPEG": () => drawn(90, 80, wave).toColourspace("b-w").jpeg().toBuffer(),
  "train/n00000003/alpha.png": () => plain(90, 80, 1, 2, 3, 99).png().toBuffer(),
  "train/n00000004/png.JPEG": () => drawn(90, 120, wave).png().toBuffer(), // ImageNet has one
};

// For each class a PNG of its own colour, a JPEG to train on and one to test on, of many sizes.
async function imagenetIn(folder: string): Promise<void> {
  const jpegs = await Promise.all(
    Array.from({ length: 20 }, (_, i) => drawn(60 + 7 * i, 150 - 5 * i, wave).jpeg().toBuffer()),
  );
  writeFiles(folder, Object.fromEntries(jpegs.map((jpeg, i) => [`jpegs/${i}`, jpeg])));
  const pngs = await Promise.all(
    Array.from(
      { length: CLASSES },
      (_, label) => plain(20 + label % 7, 20 + label % 5, ...colourOf(label)).png().toBuffer(),
    ),
  );
  for (let label = 0; label < CLASSES; label++) {
    const [train, val] = ["train", "val"].map((split) => join(folder, split, className(label)));
    Deno.mkdirSync(train!, { recursive: true });
    Deno.mkdirSync(val!, { recursive: true });
    Deno.writeFileSync(join(train!, "own.png"), pngs[label]!);
    Deno.linkSync(join(folder, `jpegs/${label % 20}`), join(train!, `${className(label)}_1.JPEG`));
    Deno.linkSync(join(folder, `jpegs/${(label + 1) % 20}`), join(val!, "ILSVRC2012_val_1.JPEG"));
  }
  for (const [path, make] of Object.entries({ ...bad, ...odd })) {
    writeFiles(folder, { [path]: await make() });
  }
  Deno.symlinkSync("nowhere", join(folder, "train", className(5), "lost.jpg"));
}

const refusal = async (call: Promise<unknown>): Promise<string> => {
  const error = await call.then(() => undefined, (error) => error);
  assert.ok(error instanceof DatasetError, String(error));
  return error.message;
};

Deno.test("packFolder() gives one whole pack when it is killed, or when two pack the same folder", () =>
  withFolder(async (folder) => {
    const pictures = join(folder, "pictures"),
      data = join(folder, "data"),
      packs = join(data, "packed");
    await imagenetIn(pictures);
    const args = [pictures, "--size", String(SIZE), "--name", "tiny", "--to", data];

    const under = () => {
      try {
        return [...Deno.readDirSync(packs)].map(({ name }) => name).filter((name) =>
          /^\.tiny-64\..{36}$/.test(name)
        );
      } catch {
        return [];
      }
    };
    // Starts it, and ends it once it has written something.
    const ending = async (signal: Deno.Signal) => {
      const before = under(), child = start(args, {}, "pack");
      const written = () => {
        try {
          const [own] = under().filter((name) => !before.includes(name));
          return Deno.statSync(join(packs, own!, "train.pack")).size;
        } catch {
          return 0;
        }
      };
      let ended = false;
      child.status.then(() => ended = true);
      while (written() < 1_000_000 && !ended) await new Promise((done) => setTimeout(done, 5));
      assert.ok(!ended);
      child.kill(signal);
      return await child.output();
    };
    await ending("SIGKILL");
    assert.equal(under().length, 1); // what it had written
    assert.match(
      await refusal(loadDataset("tiny-64", [data])),
      /tiny-64 was not found: .*deno task pack PATH --name tiny --size 64/,
    );

    const { code, stderr } = await ending("SIGINT");
    assert.equal(code, 130);
    assert.match(new TextDecoder().decode(stderr), /stopped: nothing is packed\n$/);
    assert.deepEqual(under(), []); // nor anything of the one that was killed

    const ends = await Promise.all([maskbench(args, {}, "pack"), maskbench(args, {}, "pack")]);
    for (const { code, error } of ends) assert.equal(code, 0, error);
    assert.equal(
      ends.filter(({ out }) =>
        /is packed: 2004 pictures to train on, 1000 to test on, 1000 classes/.test(out)
      ).length,
      1,
      ends[0].out,
    );
    assert.equal(
      ends.filter(({ out }) => /was there already, all checksums right/.test(out)).length,
      1,
    );
    for (const { error } of ends) {
      assert.match(
        error,
        /5 files were skipped \(5 can't be decoded\), .*skipped\.txt names them:/,
      );
    }
    assert.deepEqual(under(), []);
    const skipped = Deno.readTextFileSync(join(packs, "tiny-64/skipped.txt")).trimEnd().split("\n");
    assert.deepEqual(
      skipped.map((line) => line.split(": ")[0]),
      [...Object.keys(bad), `train/${className(5)}/lost.jpg`].sort(),
    );

    const dataset = await loadDataset("tiny-64", [data]);
    assert.deepEqual(dataset.shape, [3, SIZE, SIZE]);
    assert.deepEqual(
      dataset.classes,
      Array.from({ length: CLASSES }, (_, label) => className(label)),
    );
    const { train } = dataset;
    assert.ok("path" in train);
    const bytes = Deno.readFileSync(train.path);
    const places = Array.from(train.labels, (label, i) => {
      const [offset, height, width] = Array.from(train.index.subarray(3 * i, 3 * i + 3), Number);
      assert.equal(Math.min(height!, width!), SIDE);
      return { label, picture: bytes.subarray(offset, offset! + 3 * height! * width!) };
    });
    // In every class there is one of its own colour, so labels are those of the sorted names.
    const own = places.filter(({ label, picture }) =>
      picture.every((value, i) => value === colourOf(label)[i % 3])
    );
    assert.deepEqual(new Set(own.map(({ label }) => label)).size, CLASSES);

    using mapped = picturesOf(train, dataset, device);
    using order = new Vector(mapped.count, "int64");
    using crops = new Vector(CROP_PARTS * mapped.count, "int32");
    using generator = new Generator(1);
    generator.permutation(order);
    generator.crops(mapped, order, crops);
    using network = new MaskedNetwork(
      {
        name: "linear",
        inputShape: dataset.shape,
        layers: [
          { kind: "average-pool", size: 16 },
          { kind: "flatten" },
          { kind: "linear", inputs: 48, outputs: CLASSES },
        ],
      },
      "float32",
      device,
    );
    using weights = new Vector(network.size, "float32", device);
    using gradient = new Vector(network.size, "float32", device);
    using metrics = new Vector(2, "float64", device);
    using batch = new Batch(128, dataset.shape, "float32", device);
    batch.gatherCrops(mapped, order, 256, 128, crops);
    network.weightGradient(weights, null, batch, gradient, metrics);
    assert.ok(Math.abs(metrics.download()[0]! / 128 - Math.log(CLASSES)) < 1e-4); // of weights that are all 0
    assert.ok(gradient.download().some((value) => value !== 0));
  }));

const shapesAs = async (
  split: Dataset["train"],
  count: number,
  name: string,
  classes: readonly string[],
) => {
  const images = imagesOf(split);
  return Object.fromEntries(
    await Promise.all(Array.from({ length: count }, async (_, i) => {
      const at = (x: number, y: number) =>
        [0, 1, 2].map((c) => images[((3 * i + c) * 32 + y) * 32 + x]!);
      const path = `${name}/${classes[split.labels[i]!]}/${i}.png`;
      return [path, await drawn(32, 32, at).png().toBuffer()] as const;
    })),
  );
};

Deno.test("packFolder() gives the same pictures and figures when they come from PNG files", () =>
  withFolder(async (folder) => {
    const shapes = await loadDataset("shapes", []);
    const from = join(folder, "shapes");
    writeFiles(from, await shapesAs(shapes.train, 200, "train", shapes.classes));
    writeFiles(from, await shapesAs(shapes.test, 60, "test", shapes.classes));
    const { manifest, before } = await packFolder({ from, to: folder, name: "shapes", size: 32 });
    assert.equal(before, false);
    assert.deepEqual([manifest.skipped, manifest.train.count, manifest.test.count], [0, 200, 60]);
    const packed = await loadDataset("shapes-32", [folder]);
    assert.deepEqual(packed.classes, shapes.classes.toSorted());

    // The same in memory: channel by channel, in the order of the paths' SHA-256, with the labels of sorted classes.
    const inMemory = (split: Dataset["train"], count: number) => {
      const path = (i: number) => `${shapes.classes[split.labels[i]!]}/${i}.png`;
      const order = Array.from({ length: count }, (_, i) => i)
        .sort((a, b) => sha256(path(a)) < sha256(path(b)) ? -1 : 1);
      const images = Uint8Array.from(
        order.flatMap((i) => [...imagesOf(split).subarray(3072 * i, 3072 * (i + 1))]),
      );
      const labels = Int32Array.from(
        order,
        (i) => packed.classes.indexOf(shapes.classes[split.labels[i]!]!),
      );
      return { images, labels };
    };
    const train = inMemory(shapes.train, 200), test = inMemory(shapes.test, 60);
    const moments = [0, 1, 2].map((c) => {
      const values = Array.from(train.images).filter((_, i) => Math.floor(i / 1024) % 3 === c).map((
        v,
      ) => v / 255);
      const mean = values.reduce((a, b) => a + b) / values.length;
      return [mean, Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length)];
    });
    for (const c of [0, 1, 2]) {
      assert.ok(Math.abs(packed.mean[c]! - moments[c]![0]!) <= 5.1e-5);
      assert.ok(Math.abs(packed.deviation[c]! - moments[c]![1]!) <= 5.1e-5);
    }
    const plainly: Dataset = { ...packed, train, test, checksum: datasetChecksumOf(train, test) };

    const figures = (dataset: Dataset, augmentation: string, more: Partial<RunOptions> = {}) => {
      const sweep = checkSweep({
        name: "x",
        dataset: { folder: "shapes", size: 32 },
        networks: [{ name: "conv2", width: 0.05 }],
        algorithms: [{ name: "edge-popup", learningRate: 0.1 }],
        sparsities: [0.5],
        epochs: 2,
        batchSize: 64,
        augmentation,
      });
      const [config] = configurationsOf(sweep, dataset);
      return run(config!, { dataset, device, threads: 1, ...more }).epochs;
    };
    const validation = [validationOf(packed), validationOf(plainly)] as const;
    for (const [a, b] of [[packed, plainly], validation] as const) {
      for (const augmentation of ["none", "crop-flip"]) {
        const [found, expected] = [figures(a, augmentation), figures(b, augmentation)];
        if (!byKernels) assert.deepEqual(found, expected);
        else assert.ok(Math.abs(found[1]!.trainLoss - expected[1]!.trainLoss) < 1e-3);
      }
    }
    const cropped = figures(packed, "random-resized-crop");
    let stopped: Checkpoint | undefined, steps = 0; // stopped within an epoch and gone on with: the same crops
    assert.throws(() =>
      figures(packed, "random-resized-crop", {
        shouldStop: () => ++steps === 6,
        onCheckpoint: (checkpoint) => stopped = structuredClone(checkpoint),
      }), StoppedError);
    assert.deepEqual(figures(packed, "random-resized-crop", { from: stopped }), cropped);
    assert.notDeepEqual(figures(packed, "none")[0]!.trainLoss, cropped[0]!.trainLoss);
    assert.throws(() => figures(plainly, "random-resized-crop"), /is for folders of pictures/);

    const [listed] = await packSources([join(folder, "none"), folder]);
    assert.deepEqual([listed!.name, listed!.trainCount, listed!.testCount], ["shapes-32", 200, 60]);
    await changesAndDamage(folder, from);
  }));

// Packed again only when something changed; and nothing that is damaged is read.
async function changesAndDamage(folder: string, from: string): Promise<void> {
  const pack = () => packFolder({ from, to: folder, name: "shapes", size: 32 });
  const home = join(folder, "packed/shapes-32"), load = () => loadPack("shapes-32", [folder]);
  const whole = await load();
  assert.equal((await pack()).before, true);
  Deno.utimeSync(join(from, "train", whole.classes[0]!), 1, 1); // of a folder: nothing
  assert.equal((await pack()).before, true);

  const damage: Record<string, [(bytes: Uint8Array) => Uint8Array, RegExp]> = {
    "train.pack": [
      (bytes) => bytes.subarray(1),
      /train\.pack is damaged \(614399 bytes, expected 614400\): type "deno task pack"/,
    ],
    "test.pack": [
      (bytes) => bytes.with(777, bytes[777]! ^ 1),
      /test\.pack is damaged \(the wrong checksum\)/,
    ],
    "train.index": [
      (bytes) => bytes.with(8, bytes[8]! ^ 1),
      /train\.index is damaged \(2400 bytes, or not those/,
    ],
    "test.index": [(bytes) => bytes.subarray(12), /test\.index is damaged/],
    "manifest.json": [(bytes) => bytes.subarray(0, 300), /manifest\.json is damaged \(no JSON\)/],
  };
  for (const [name, [change, message]] of Object.entries(damage)) {
    const path = join(home, name);
    Deno.writeFileSync(path, change(Deno.readFileSync(path)));
    assert.match(await refusal(load()), message);
    assert.equal((await pack()).before, false, name); // makes it whole
    assert.deepEqual(await load(), whole);
    Deno.removeSync(path);
    assert.match(
      await refusal(load()),
      name === "manifest.json" ? /was not found/ : /is damaged|can't be read/,
    );
    await pack();
  }

  Deno.renameSync(home, join(folder, "packed/shapes-31"));
  assert.match(await refusal(loadPack("shapes-31", [folder])), /packed for 32, not for its name/);
  Deno.mkdirSync(home);
  assert.deepEqual((await packSources([folder])).map(({ name }) => name), ["shapes-31"]);
  Deno.removeSync(home);
  Deno.renameSync(join(folder, "packed/shapes-31"), home);

  // A run that has mapped the pack keeps it while another takes its place.
  using mapped = new DevicePictures(whole.train as never, { ...whole, classes: 10, device });
  Deno.writeFileSync(
    join(from, "train", whole.classes[0]!, "more.png"),
    await plain(40, 40, 1, 2, 3).png().toBuffer(),
  );
  const { manifest, before } = await pack();
  assert.deepEqual([before, manifest.train.count], [false, 201]);
  assert.notEqual((await load()).checksum, whole.checksum);
  using order = Vector.from(BigInt64Array.of(0n), "int64");
  using batch = new Batch(1, [3, 32, 32], "float32", device);
  batch.gather(mapped, order, 0, 1);

  for (const name of Deno.readDirSync(join(from, "test", whole.classes[0]!))) {
    Deno.writeFileSync(join(from, "test", whole.classes[0]!, name.name), new Uint8Array());
  }
  assert.ok((await pack()).manifest.skipped > 0); // a class without pictures to test on
  for (const name of Deno.readDirSync(join(from, "train", whole.classes[0]!))) {
    Deno.writeFileSync(join(from, "train", whole.classes[0]!, name.name), new Uint8Array());
  }
  assert.match(
    await refusal(pack()),
    /has no picture in train\/angle that can be decoded: train\/angle\/\S+: the file is empty$/,
  );
  assert.equal((await load()).train.labels.length, 201); // the pack before it stays
  const left = [...Deno.readDirSync(join(folder, "packed"))].map(({ name }) => name).sort();
  assert.deepEqual(left, [".shapes-32.lock", "shapes-32"]);
}
