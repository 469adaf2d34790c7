// shapes: ten figures drawn by code, so that there is something to learn before anything is downloaded. Turned, placed
// and coloured at random over a shaded, noisy ground with scribbles on it: too much for a linear classifier, and learnt
// by a small convolutional network in a few passes (tests/datasets/difficulty.test.ts measures both).
//
// Nothing but sums, products, quotients and integer arithmetic, which are exact to the last bit by IEEE 754: the
// pictures are the same bytes on every machine.
import { randomNumbersOf } from "../base/random_numbers.ts";
import { datasetChecksumOf } from "./checksum.ts";
import type { DatasetSource, Split } from "./dataset.ts";

const SIDE = 32;
const SEED = 20230423;

/** Whether a point belongs to the figure, which fills the square from −1 to 1. */
type Figure = (u: number, v: number) => boolean;

const within = (u: number, v: number, side: number) =>
  u > -side && u < side && v > -side && v < side;

const figures: Readonly<Record<string, Figure>> = {
  disc: (u, v) => u * u + v * v < 0.85,
  ring: (u, v) => u * u + v * v < 1 && u * u + v * v > 0.35,
  "half-disc": (u, v) => u * u + (v - 0.4) * (v - 0.4) < 1 && v < 0.4,
  square: (u, v) => within(u, v, 0.8),
  frame: (u, v) => within(u, v, 0.9) && !within(u, v, 0.5),
  triangle: (u, v) => v < 0.7 && v > 1.8 * u - 0.95 && v > -1.8 * u - 0.95,
  plus: (u, v) => within(u, v, 1) && (u * u < 0.08 || v * v < 0.08),
  bars: (u, v) => within(u, v, 0.9) && (v * v < 0.05 || v * v > 0.36),
  checks: (u, v) => within(u, v, 0.9) && u * v > 0,
  angle: (u, v) => within(u, v, 0.9) && (u < -0.4 || v < -0.4),
};

export const shapes: DatasetSource = {
  name: "shapes",
  summary: "ten figures drawn by code, embedded",
  source: "maskbench",
  licence: "MIT",
  shape: [3, SIDE, SIDE],
  classes: Object.keys(figures),
  trainCount: 8_000,
  testCount: 2_000,

  load() {
    const draw = randomNumbersOf(SEED);
    const train = drawSplit(this.trainCount, draw), test = drawSplit(this.testCount, draw);
    return Promise.resolve({
      name: "shapes",
      shape: this.shape,
      classes: this.classes,
      train,
      test,
      mean: [0.5, 0.5, 0.5],
      deviation: [0.25, 0.25, 0.25],
      checksum: datasetChecksumOf(train, test),
    });
  },
};

function drawSplit(count: number, draw: () => number): Split {
  const images = new Uint8Array(count * 3 * SIDE * SIDE);
  const labels = Int32Array.from({ length: count }, (_, i) => i % 10);
  const all = Object.values(figures), values = new Float64Array(3 * SIDE * SIDE);
  labels.forEach((label, i) => {
    drawPicture(values, all[label]!, draw);
    const start = i * values.length;
    for (let j = 0; j < values.length; j++) {
      images[start + j] = Math.min(255, Math.max(0, values[j]!));
    }
  });
  return { images, labels };
}

// Draws one picture, by colour, row and column, in values that may still be outside 0 to 255.
function drawPicture(values: Float64Array, figure: Figure, draw: () => number): void {
  const between = (low: number, high: number) => low + (high - low) * draw();
  const ground = [0, 1, 2].map(() => between(20, 150));
  const slopes = [0, 1].map(() => between(-2.5, 2.5));
  // The figure is lighter than the ground, in a colour of its own.
  const colour = ground.map((base) => base + between(50, 130));
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        const shade = slopes[0]! * (x - SIDE / 2) + slopes[1]! * (y - SIDE / 2);
        values[(c * SIDE + y) * SIDE + x] = ground[c]! + shade;
      }
    }
  }
  for (let scribble = 0; scribble < 3; scribble++) drawScribble(values, between);

  const size = between(7, 12), margin = SIDE - 2 * size;
  const left = size + margin * draw(), top = size + margin * draw();
  // The figure is turned by −30° to 30°, without sine and cosine: t is the tangent of half the angle.
  const t = between(-0.27, 0.27), cosine = (1 - t * t) / (1 + t * t), sine = 2 * t / (1 + t * t);
  const reach = 1.5 * size; // of the square's corners, and a bit more
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      let covered = 0; // of four points in the pixel, for smooth edges
      const near = Math.abs(x + 0.5 - left) < reach && Math.abs(y + 0.5 - top) < reach;
      for (let point = 0; near && point < 4; point++) {
        const dx = (x + 0.25 + 0.5 * (point & 1) - left) / size;
        const dy = (y + 0.25 + 0.25 * (point & 2) - top) / size;
        if (figure(cosine * dx + sine * dy, cosine * dy - sine * dx)) covered += 0.25;
      }
      for (let c = 0; c < 3; c++) {
        const at = (c * SIDE + y) * SIDE + x;
        values[at] = values[at]! + covered * (colour[c]! - values[at]!) + between(-18, 18);
      }
    }
  }
}

// Draws a short straight stroke, which a network must learn to ignore.
function drawScribble(values: Float64Array, between: (low: number, high: number) => number): void {
  let x = between(0, SIDE), y = between(0, SIDE);
  const right = between(-1, 1), down = between(-1, 1), change = between(-70, 70);
  for (let step = 0; step < 7; step++, x += right, y += down) {
    if (x < 0 || y < 0 || x >= SIDE || y >= SIDE) break;
    for (let c = 0; c < 3; c++) {
      values[(c * SIDE + Math.floor(y)) * SIDE + Math.floor(x)]! += change;
    }
  }
}
