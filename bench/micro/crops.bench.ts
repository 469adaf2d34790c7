// Gathering pictures of 224 × 224 from a packed folder, on one thread: the middle, and random resized crops.
import {
  Batch,
  CROP_PARTS,
  DevicePictures,
  Generator,
  openNative,
  setThreads,
  Vector,
} from "../../mod.ts";

await openNative();
setThreads(1);

const COUNT = 256, HEIGHT = 256, WIDTH = 341, SIZE = HEIGHT * WIDTH * 3;
const path = await Deno.makeTempFile();
await Deno.writeFile(
  path,
  Uint8Array.from({ length: COUNT * SIZE }, (_, i) => Math.imul(i, 2654435761) >>> 24),
);
const place = (i: number) => [i * SIZE, HEIGHT, WIDTH].map(BigInt);
const pictures = new DevicePictures({
  path,
  bytes: COUNT * SIZE,
  index: BigInt64Array.from(Array.from({ length: COUNT }, (_, i) => place(i)).flat()),
  labels: new Int32Array(COUNT),
}, { shape: [3, 224, 224], classes: 1, mean: [0.5, 0.5, 0.5], deviation: [0.2, 0.2, 0.2] });
await Deno.remove(path); // mapped already

const generator = new Generator(1);
const order = new Vector(COUNT, "int64"), crops = new Vector(CROP_PARTS * COUNT, "int32");
generator.permutation(order);
const batch = new Batch(COUNT, [3, 224, 224]);

Deno.bench(`draw ${COUNT} random resized crops`, () => generator.crops(pictures, order, crops));
Deno.bench(`gather ${COUNT} of them`, () => batch.gatherCrops(pictures, order, 0, COUNT, crops));
Deno.bench(`gather ${COUNT} middles`, () => batch.gather(pictures, order, 0, COUNT));
