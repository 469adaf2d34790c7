// A recorded step: it gives what the same calls give one by one, bit for bit, and gives way where it can't be recorded.
import assert from "node:assert/strict";
import {
  Batch,
  descend,
  descendAdam,
  DevicePictures,
  drawNoise,
  Generator,
  MaskedNetwork,
  NativeError,
  projectCappedSimplex,
  type ProjectionOptions,
  projectTopK,
  RecordedStep,
  relaxMask,
  Vector,
} from "../../src/native/mod.ts";
import type { Network } from "../../src/networks/network.ts";
import { device } from "../library.ts";
import type { Task } from "./step_worker.ts";

const shape = [3, 8, 8] as const;
const network: Network = {
  name: "small",
  inputShape: shape,
  layers: [
    { kind: "conv", inputs: 3, outputs: 4, kernel: 3, padding: 1 },
    { kind: "batch-norm", channels: 4 },
    { kind: "relu" },
    {
      kind: "residual",
      body: [{ kind: "conv", inputs: 4, outputs: 4, kernel: 3, padding: 1 }],
      shortcut: [],
    },
    { kind: "max-pool", size: 2 },
    { kind: "flatten" },
    { kind: "linear", inputs: 64, outputs: 5 },
  ],
};
const pictureCount = 50, batchSize = 16;

const byValue = { by: "value", low: 0, high: 1 } as const;

/** A small training, in which batch, share of the projection and rate change from step to step. */
function training(free: DisposableStack, projection: ProjectionOptions) {
  const masked = free.use(new MaskedNetwork(network, "float32", device, 0.1));
  const generator = free.use(new Generator(5));
  const vector = () => free.use(new Vector(masked.size, "float32", device));
  const weights = vector(), latent = vector(), velocity = vector();
  const gradient = vector(), mask = vector();
  generator.normal(weights, 0.3);
  generator.uniform(latent, 0.3, 0.7);
  const pixels = shape[0] * shape[1] * shape[2];
  const pictures = free.use(
    new DevicePictures({
      images: Uint8Array.from({ length: pictureCount * pixels }, (_, i) => (i * i * 31) >> 3),
      labels: Int32Array.from({ length: pictureCount }, (_, i) => i % 5),
    }, { shape, classes: 5, mean: [0.5, 0.4, 0.3], deviation: [0.2, 0.3, 0.4], device }),
  );
  const order = free.use(new Vector(pictureCount, "int64", device));
  generator.permutation(order);
  const batch = free.use(new Batch(batchSize, shape, "float32", device));
  const metrics = free.use(new Vector(2, "float64", device));
  const steps = Math.ceil(pictureCount / batchSize);
  return {
    latent,
    count: (t: number) => Math.min(batchSize, pictureCount - t % steps * batchSize),
    step(t: number) {
      batch.gather(pictures, order, t % steps * batchSize, this.count(t));
      const segments = [{ offset: 0, length: 108, kept: 54 }, {
        offset: 108,
        length: 320,
        kept: 97,
      }];
      projectTopK(latent, segments, { ...projection, alpha: Math.min(1, t / 9) }, mask);
      masked.maskGradient(weights, mask, batch, gradient, metrics);
      descend(latent, velocity, gradient, {
        rate: 1 / (1 + t),
        momentum: 0.9,
        weightDecay: 1e-3,
        centre: 0.5,
      });
    },
    evaluate() {
      using apart = new Vector(2, "float64", device);
      masked.evaluate(weights, mask, pictures, apart, pictureCount);
    },
    state: () => [latent, velocity, mask, metrics].map((vector) => [...vector.download()]),
  };
}

/** What comes of `steps` steps; `between` is called before each. */
function outcome(
  recorded: boolean,
  steps: number,
  between = (_: number, __: ReturnType<typeof training>) => {},
  projection: ProjectionOptions = byValue,
) {
  using free = new DisposableStack();
  const run = training(free, projection), step = free.use(new RecordedStep(device));
  for (let t = 0; t < steps; t++) {
    between(t, run);
    if (recorded) step.run(run.count(t), () => run.step(t));
    else run.step(t);
  }
  return run.state();
}

Deno.test("RecordedStep.run() gives the bytes of single calls when two shapes alternate and arguments change", () => {
  assert.deepEqual(outcome(true, 40), outcome(false, 40));
});

Deno.test("RecordedStep.run() gives the bytes of single calls when masks are relaxed relative to a moving threshold", () => {
  const relative = { by: "magnitude", relaxation: "relative" } as const;
  const expected = outcome(false, 40, undefined, relative);
  assert.deepEqual(outcome(true, 40, undefined, relative), expected);
  assert.notDeepEqual(outcome(false, 40, undefined, { by: "magnitude" }), expected);
});

/** What comes of steps of drawn masks: noise, relaxation, Adam, capped simplex, sigmoid, binary weights, one after the other. */
function drawnMasks(recorded: boolean, steps: number) {
  using free = new DisposableStack();
  const vector = () => free.use(new Vector(1000, "float32", device));
  const probability = vector(), draw = vector(), mask = vector(), slope = vector();
  const first = vector(), second = vector(), step = free.use(new RecordedStep(device));
  probability.fill(0.4);
  for (let t = 0; t < steps; t++) {
    const body = () => {
      drawNoise(draw, 3, 7 * t);
      relaxMask(probability, draw, 1 - t / 50, mask, slope);
      slope.multiply(mask);
      slope.affine(1, -0.4);
      slope.binarise(0, 300);
      slope.sigmoid(300, 300);
      descendAdam(probability, first, second, slope, { rate: 0.1 / (1 + t), step: t + 1 });
      projectCappedSimplex(probability, [{ offset: 0, length: 400, kept: 90 - t }, {
        offset: 400,
        length: 600,
        kept: 100,
      }]);
    };
    if (recorded) step.run(0, body);
    else body();
  }
  return [probability, draw, mask, slope].map((vector) => [...vector.download()]);
}

Deno.test("RecordedStep.run() gives the bytes of single calls when masks are drawn, each with its own noise, temperature and budget", () => {
  const expected = drawnMasks(false, 40);
  assert.deepEqual(drawnMasks(true, 40), expected);
  assert.notDeepEqual(drawnMasks(false, 39)[1], expected[1]);
});

Deno.test("RecordedStep.run() reads a vector's new values when it was written between two steps", () => {
  const disturb = (t: number, { latent }: { latent: Vector }) => {
    if (t % 7 === 6) latent.affine(0.9, 0.05);
  };
  assert.deepEqual(outcome(true, 40, disturb), outcome(false, 40, disturb));
});

Deno.test("RecordedStep.run() gives the same bytes when an evaluation with larger batches lies between two steps", () => {
  const evaluate = (t: number, run: { evaluate(): void }) => t % 7 === 6 && run.evaluate();
  assert.deepEqual(outcome(true, 40, evaluate), outcome(false, 40));
});

Deno.test("RecordedStep.run() makes single calls when they are not those of the recorded step", () => {
  using vector = Vector.from(Float32Array.of(1, 2), "float32", device);
  using other = Vector.from(Float32Array.of(5, 6), "float32", device);
  using step = new RecordedStep(device);
  for (let t = 0; t < 8; t++) {
    step.run(0, () => {
      vector.affine(2, 1);
      if (t === 5) vector.multiply(other);
    });
  }
  // x → 2x + 1 five times, once more and multiplied, twice more
  const expected = ([x, by]: readonly [number, number]) => 4 * by * (64 * x + 63) + 3;
  assert.deepEqual([...vector.download()], ([[1, 5], [2, 6]] as const).map(expected));
});

Deno.test("RecordedStep.run() makes single calls when a step waits for the device", () => {
  using vector = Vector.from(Float32Array.of(1), "float32", device);
  using step = new RecordedStep(device);
  const seen: number[] = [];
  for (let t = 0; t < 5; t++) {
    step.run(0, () => {
      seen[t] = vector.download()[0]!;
      vector.affine(2, 0);
    });
  }
  assert.deepEqual(seen, [1, 2, 4, 8, 16]);
});

Deno.test("RecordedStep.run() makes single calls when a step has more numbers than a recorded one keeps", () => {
  const drawn = (recorded: boolean) => {
    using free = new DisposableStack();
    const all = free.use(new Vector(50, "float32", device));
    const draw = free.use(new Vector(50, "float32", device));
    const step = free.use(new RecordedStep(device));
    for (let t = 0; t < 5; t++) {
      const body = () => {
        for (let i = 0; i < 200; i++) {
          drawNoise(draw, 3, 200 * t + i);
          all.add(draw);
        }
      };
      if (recorded) step.run(0, body);
      else body();
    }
    return all.download();
  };
  assert.deepEqual(drawn(true), drawn(false));
});

Deno.test("RecordedStep.run() makes single calls when another selection or vector has the address of a recorded one", () => {
  const values = Float32Array.from({ length: 100 }, (_, i) => (i * 37) % 100);
  using vector = Vector.from(values, "float32", device);
  using mask = new Vector(100, "float32", device), step = new RecordedStep(device);
  const keep = (kept: number) =>
    projectTopK(vector, [{ offset: 0, length: 100, kept }], { by: "value" }, mask);
  for (let t = 0; t < 4; t++) step.run(0, () => keep(10));
  keep(20);
  step.run(0, () => keep(30));
  assert.equal(mask.download().reduce((sum, bit) => sum + bit), 30);

  using relaxed = new RecordedStep(device);
  for (const relaxation of ["clipped", "clipped", "clipped", "clipped", "relative"] as const) {
    relaxed.run(0, () => {
      const segments = [{ offset: 0, length: 100, kept: 40 }];
      projectTopK(vector, segments, { by: "magnitude", relaxation, alpha: 0 }, mask);
    });
  }
  assert.equal(mask.download(60, 1)[0], Math.fround(values[60]! / 120)); // the 40th largest is 60

  using another = new RecordedStep(device);
  const added = (length: number) => {
    using sum = Vector.from(new Float32Array(length).fill(1), "float32", device);
    using term = Vector.from(new Float32Array(length).fill(2), "float32", device);
    another.run(0, () => sum.add(term));
    return [...sum.download()];
  };
  for (const length of [10, 10, 10, 10, 12]) assert.deepEqual(added(length), Array(length).fill(3));
});

Deno.test("RecordedStep.run() passes an error on, and records again, when a call within it fails", () => {
  using vector = new Vector(3, "float32", device);
  using step = new RecordedStep(device);
  for (let t = 0; t < 6; t++) {
    assert.throws(
      () => step.run(0, () => vector.affine(1, NaN)),
      (error) => error instanceof NativeError && error.status === "invalid",
    );
    step.run(1, () => vector.affine(1, 1));
  }
  assert.deepEqual([...vector.download()], [6, 6, 6]);
});

Deno.test("RecordedStep.run() throws when a step begins within a step", () => {
  using outer = new RecordedStep(device);
  using inner = new RecordedStep(device);
  assert.throws(() => outer.run(0, () => inner.run(0, () => {})), /under way/);
  outer.run(0, () => {});
});

Deno.test("RecordedStep.run() gives each thread its own bytes when threads record and free steps side by side", async () => {
  const starts = Array.from({ length: 200 }, (_, i) => i), times = 6;
  const outcomes = await Promise.all(Array.from({ length: 8 }, async () => {
    const thread = new Worker(new URL("./step_worker.ts", import.meta.url), { type: "module" });
    const { promise, resolve, reject } = Promise.withResolvers<number[]>();
    thread.onmessage = ({ data }: MessageEvent<number[]>) => resolve(data);
    thread.onerror = ({ message }) => reject(new Error(message));
    thread.postMessage({ starts, times } satisfies Task);
    return await promise.finally(() => thread.terminate());
  }));
  const expected = starts.map((x) => 2 ** times * (x + 1) - 1); // x → 2x + 1
  assert.deepEqual(outcomes, outcomes.map(() => expected));
});
