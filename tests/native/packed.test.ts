// Packed pictures: mapped, the middle fed, random resized crops drawn and resized, against plain loops in doubles.
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import {
  Batch,
  CROP_PARTS,
  DevicePictures,
  Generator,
  MaskedNetwork,
  type PackedPictures,
  readLiveObjects,
  RecordedStep,
  Vector,
} from "../../src/native/mod.ts";
import type { Layer, Shape } from "../../src/networks/network.ts";
import { withFolder } from "../cli/maskbench.ts";
import { device } from "../library.ts";
import { pixelsOf } from "./pixels.ts";

type Size = readonly [height: number, width: number];

/** A file of noise, with pictures of those sizes and some bytes between them. */
function packOf(folder: string, sizes: readonly Size[], classes: number) {
  const index: bigint[] = [], parts: number[] = [];
  const noise = (i: number) => Math.imul(i + 7, 2654435761) >>> 24;
  for (const [height, width] of sizes) {
    parts.push(1, 2, 3);
    index.push(BigInt(parts.length), BigInt(height), BigInt(width));
    for (let i = 0; i < height * width * 3; i++) parts.push(noise(parts.length));
  }
  const path = join(folder, "pack"), bytes = Uint8Array.from(parts);
  Deno.writeFileSync(path, bytes);
  const pictures: PackedPictures = {
    path,
    bytes: bytes.length,
    index: BigInt64Array.from(index),
    labels: Int32Array.from(sizes, (_, i) => i % classes),
  };
  const pixel = (picture: number, y: number, x: number, c: number) => {
    const [offset, , width] = pictures.index.subarray(3 * picture, 3 * picture + 3);
    return bytes[Number(offset) + (y * Number(width) + x) * 3 + c]!;
  };
  return { pictures, bytes, pixel };
}

const mean = [0.4, 0.5, 0.6], deviation = [0.2, 0.25, 0.3];
const fed = (value: number, c: number) => (value / 255 - mean[c]!) / deviation[c]!;
const optionsFor = (shape: Shape, classes: number) => ({ shape, classes, mean, deviation, device });

function assertPixels(
  got: Float64Array,
  [channels, height, width]: Shape,
  count: number,
  expected: (i: number, c: number, y: number, x: number) => number,
): void {
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const found = got[((i * channels + c) * height + y) * width + x]!;
          const wanted = expected(i, c, y, x);
          assert.ok(
            Math.abs(found - wanted) < 1e-4,
            `${found}, expected ${wanted}: ${[i, c, y, x]}`,
          );
        }
      }
    }
  }
}

const side = fc.integer({ min: 3, max: 9 });
const sizes = fc.array(fc.tuple(side, side), { minLength: 1, maxLength: 5 });

/** What the system says of this process's mapped files: nothing but on Linux. Deno itself may not look there. */
function mappedFiles(): string {
  if (Deno.build.os !== "linux") return "";
  const { stdout } = new Deno.Command("cat", { args: [`/proc/${Deno.pid}/maps`] }).outputSync();
  const maps = new TextDecoder().decode(stdout);
  assert.ok(maps.includes("libmaskbench.so"));
  return maps;
}

Deno.test("Batch.gather() feeds the middle of a packed picture, cropped and flipped, when it is larger than the input", () =>
  withFolder((folder) => {
    const integer = (max: number) => fc.integer({ min: 0, max });
    const drawn = fc.record({
      sizes,
      augmented: fc.boolean(),
      down: integer(4),
      right: integer(4),
      flip: integer(1),
      type: fc.constantFrom("float32", "float64"),
    });
    fc.assert(fc.property(drawn, ({ sizes, augmented, down, right, flip, type }) => {
      const shape: Shape = [3, 3, 2], count = sizes.length, classes = 18;
      const { pictures, pixel } = packOf(folder, sizes, classes);
      using mapped = new DevicePictures(pictures, optionsFor(shape, classes));
      assert.equal(mapped.packed, true);
      const order = sizes.map((_, i) => count - 1 - i);
      using orderVector = Vector.from(BigInt64Array.from(order, BigInt), "int64");
      const parts = [down, right, flip].flatMap((part) => Array(count).fill(part));
      using augmentation = Vector.from(Uint8Array.from(parts), "uint8");
      using batch = new Batch(count, shape, type as "float32" | "float64", device);
      batch.gather(mapped, orderVector, 0, count, augmented ? augmentation : undefined, 2);
      assertPixels(pixelsOf(batch, count, device), shape, count, (i, c, y, x) => {
        const [height, width] = sizes[order[i]!]!;
        const row = augmented ? y + down - 2 : y;
        const column = augmented ? (flip ? 1 - x : x) + right - 2 : x;
        if (row < 0 || row > 2 || column < 0 || column > 1) return 0;
        const top = Math.floor((height - 3) / 2), left = Math.floor((width - 2) / 2);
        return fed(pixel(order[i]!, top + row, left + column, c), c);
      });
    }));
  }));

// torch.nn.functional.interpolate(mode="bilinear", align_corners=False) of one line: which pixels, and the second's share.
function between(point: number, count: number, length: number): [number, number, number] {
  const place = Math.max(0, (point + 0.5) * (length / count) - 0.5);
  const first = Math.min(Math.floor(place), length - 1);
  return [first, Math.min(first + 1, length - 1), place - first];
}

Deno.test("Batch.gatherCrops() resizes bilinearly between the centres of pixels when crops are given", () =>
  withFolder((folder) => {
    const part = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
    const drawn = fc.record({ sizes, parts: fc.tuple(part, part, part, part), flip: fc.boolean() });
    fc.assert(fc.property(drawn, ({ sizes, parts, flip }) => {
      const shape: Shape = [3, 3, 2], count = sizes.length, classes = 18;
      const { pictures, pixel } = packOf(folder, sizes, classes);
      using mapped = new DevicePictures(pictures, optionsFor(shape, classes));
      using order = Vector.from(BigInt64Array.from(sizes, (_, i) => BigInt(i)), "int64");
      const boxes = sizes.map(([height, width]) => {
        const high = 1 + Math.floor(parts[0] * height), wide = 1 + Math.floor(parts[1] * width);
        const top = Math.floor(parts[2] * (height - high + 1));
        return [top, Math.floor(parts[3] * (width - wide + 1)), high, wide, Number(flip)];
      });
      const numbers = Array.from({ length: CROP_PARTS }, (_, k) => boxes.map((box) => box[k]!));
      using crops = Vector.from(Int32Array.from(numbers.flat()), "int32");
      using batch = new Batch(count, shape, "float64", device);
      batch.gatherCrops(mapped, order, 0, count, crops);
      assertPixels(pixelsOf(batch, count, device), shape, count, (i, c, y, x) => {
        const [top, left, high, wide] = boxes[i] as [number, number, number, number, number];
        const [upper, lower, down] = between(y, 3, high);
        const [before, after, right] = between(flip ? 1 - x : x, 2, wide);
        const at = (row: number, column: number) => pixel(i, top + row, left + column, c);
        return fed(
          (1 - down) * ((1 - right) * at(upper, before) + right * at(upper, after)) +
            down * ((1 - right) * at(lower, before) + right * at(lower, after)),
          c,
        );
      });
    }));
  }));

// torchvision.transforms.RandomResizedCrop.get_params and RandomHorizontalFlip, line by line.
function torchvisionCrop(generator: Generator, height: number, width: number): number[] {
  using real = new Vector(1, "float32"), whole = new Vector(1, "int64");
  const uniform = (low: number, high: number) => {
    generator.uniform(real, low, high);
    return real.download()[0]!;
  };
  const randint = (high: number) => {
    generator.integers(whole, high);
    return Number(whole.download()[0]);
  };
  const round = (value: number) => { // as Python's: halves to even
    const below = Math.floor(value), rest = value - below;
    return rest > 0.5 || rest === 0.5 && below % 2 === 1 ? below + 1 : below;
  };
  const flipped = () => uniform(0, 1) < 0.5 ? 1 : 0;
  const least = Math.fround(Math.log(3 / 4)), most = Math.fround(Math.log(Math.fround(4 / 3)));
  for (let i = 0; i < 10; i++) {
    const area = height * width * uniform(0.08, 1);
    const ratio = Math.fround(Math.exp(uniform(least, most)));
    const w = round(Math.sqrt(area * ratio)), h = round(Math.sqrt(area / ratio));
    if (0 < w && w <= width && 0 < h && h <= height) {
      const top = randint(height - h + 1), left = randint(width - w + 1);
      return [top, left, h, w, flipped()];
    }
  }
  let w = width, h = height;
  if (width / height < 3 / 4) h = round(width / (3 / 4));
  else if (width / height > 4 / 3) w = round(height * (4 / 3));
  return [Math.floor((height - h) / 2), Math.floor((width - w) / 2), h, w, flipped()];
}

Deno.test("Generator.crops() draws the crops of torchvision when both have the same generator", () =>
  withFolder((folder) => {
    // Some so long that all ten tries fail.
    const sizes: Size[] = [[9, 12], [30, 30], [2, 400], [300, 2], [64, 48], [5, 6], [1, 1]];
    const { pictures } = packOf(folder, sizes, 2), shape: Shape = [3, 1, 1];
    using mapped = new DevicePictures(pictures, optionsFor(shape, 2));
    const order = Array.from({ length: 700 }, (_, i) => (i * 5) % sizes.length);
    using orderVector = Vector.from(BigInt64Array.from(order, BigInt), "int64");
    using crops = new Vector(CROP_PARTS * order.length, "int32");
    using generator = new Generator(11), other = new Generator(11);
    generator.crops(mapped, orderVector, crops);
    const got = crops.download();
    order.forEach((picture, place) => {
      const expected = torchvisionCrop(other, ...sizes[picture]!);
      const found = expected.map((_, part) => got[part * order.length + place]);
      assert.deepEqual(found, expected, `${place}: ${sizes[picture]}`);
    });
  }));

Deno.test("MaskedNetwork.evaluate() sums over all pictures when they are packed, and their file is closed with them", () =>
  withFolder((folder) => {
    const shape: Shape = [3, 2, 2], sizes: Size[] = [[2, 2], [3, 2], [2, 5], [4, 4], [2, 3]];
    const { pictures, pixel } = packOf(folder, sizes, 3);
    const layers: Layer[] = [{ kind: "flatten" }, { kind: "linear", inputs: 12, outputs: 3 }];
    const before = readLiveObjects().handles;
    {
      using mapped = new DevicePictures(pictures, optionsFor(shape, 3));
      using network = new MaskedNetwork(
        { name: "l", inputShape: shape, layers },
        "float32",
        device,
      );
      const w = Float32Array.from({ length: 36 }, (_, i) => ((i * 5) % 7 - 3) / 4);
      using weights = Vector.from(w, "float32", device);
      let loss = 0, correct = 0;
      sizes.forEach(([height, width], i) => {
        const top = Math.floor((height - 2) / 2), left = Math.floor((width - 2) / 2);
        const input = [0, 1, 2].flatMap((c) =>
          [0, 1].flatMap((y) => [0, 1].map((x) => fed(pixel(i, top + y, left + x, c), c)))
        );
        const logits = [0, 1, 2].map((o) =>
          input.reduce((sum, v, j) => sum + v * w[12 * o + j]!, 0)
        );
        loss += Math.log(logits.reduce((sum, v) => sum + Math.exp(v), 0)) - logits[i % 3]!;
        correct += Number(logits.indexOf(Math.max(...logits)) === i % 3);
      });
      for (const batchSize of [1, 2, 5]) {
        using metrics = new Vector(2, "float64", device);
        network.evaluate(weights, null, mapped, metrics, batchSize);
        const [sum, right] = metrics.download();
        assert.ok(Math.abs(sum! - loss) < 1e-4, `${sum}, expected ${loss}`);
        assert.equal(right, correct);
      }
    }
    assert.equal(readLiveObjects().handles, before);
    assert.ok(!mappedFiles().includes(pictures.path));
  }));

Deno.test("new DevicePictures() refuses a file in a sentence when it is not what its index says", () =>
  withFolder((folder) => {
    const shape: Shape = [3, 3, 3], options = optionsFor(shape, 2);
    const { pictures, bytes } = packOf(folder, [[3, 4], [5, 3]], 2);
    const refuses = (change: Partial<PackedPictures>, message: RegExp) =>
      assert.throws(() => new DevicePictures({ ...pictures, ...change }, options), message);
    const index = (place: number, value: bigint) => ({ index: pictures.index.with(place, value) });
    refuses({ bytes: pictures.bytes + 1 }, /pack: 87 bytes, expected 88/);
    refuses({ path: join(folder, "none") }, /none: No such file/);
    refuses({ path: folder }, /expected a file/);
    refuses(index(0, 80n), /picture 0 of 36 bytes from 80, expected it within the file's 87/);
    for (const offset of [-1n, 52n, 1n << 62n]) refuses(index(3, offset), /picture 1 of 45 bytes/);
    refuses(index(4, 2n), /picture 1 of 2 × 3, expected at least 3 × 3/);
    refuses(index(4, 1n << 40n), /expected at least 1 and sane/);
    refuses(index(1, -5n), /picture 0 of -5 × 4/);
    refuses({ labels: Int32Array.of(0, 2) }, /labels: 2 at 1/);
    refuses({ labels: Int32Array.of(0) }, /6 numbers of an index, expected 3/);
    Deno.writeFileSync(pictures.path, bytes.subarray(0, 80));
    refuses({}, /pack: 80 bytes, expected 87/);
    Deno.writeFileSync(pictures.path, new Uint8Array());
    refuses({}, /pack: 0 bytes, expected 87/);
  }));

Deno.test("Batch.gatherCrops() refuses the call when a crop lies beyond the picture, or within a recorded step", () =>
  withFolder((folder) => {
    const shape: Shape = [3, 3, 3];
    const { pictures } = packOf(folder, [[3, 4], [5, 3]], 2);
    using mapped = new DevicePictures(pictures, optionsFor(shape, 2));
    using order = Vector.from(BigInt64Array.of(0n, 1n), "int64"),
      batch = new Batch(2, shape, "float32", device);
    const gather = (...numbers: number[]) => {
      using crops = Vector.from(Int32Array.from(numbers), "int32");
      batch.gatherCrops(mapped, order, 0, 2, crops);
    };
    gather(0, 0, 0, 0, 3, 5, 4, 3, 0, 1);
    for (
      const [part, wrong] of [[0, -1], [2, 1], [4, 4], [5, 6], [6, 5], [7, 0], [3, 2 ** 31 - 1]]
    ) {
      const numbers = [0, 0, 0, 0, 3, 5, 4, 3, 0, 1].with(part!, wrong!);
      assert.throws(() => gather(...numbers), /crops: .*, expected it within/, String(numbers));
    }
    assert.throws(() => gather(0, 0, 0, 0), /crops: length 4, expected 10/);
    using step = new RecordedStep(device);
    // Not recorded, but carried out: the step goes on call by call.
    for (let t = 0; t < 5; t++) step.run(2, () => gather(0, 0, 0, 0, 3, 5, 4, 3, 0, 1));
  }));
