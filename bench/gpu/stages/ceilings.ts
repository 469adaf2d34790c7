// What the device can do, and how near to it the operations on the flat vector are: ResNet-50's 25.6 million entries.
import os from "node:os";
import { fileURLToPath } from "node:url";
import { markdownTable } from "markdown-table";
import { median } from "../../../src/base/statistics.ts";
import {
  descend,
  descendAdam,
  type Device,
  drawNoise,
  Generator,
  type KeptSegment,
  measureCopy,
  measureMatmul,
  projectCappedSimplex,
  projectTopK,
  setThreads,
  Vector,
} from "../../../src/native/mod.ts";
import { openNative } from "../../../src/native/toolchain/setup.ts";
import { command, lastLine } from "../command.ts";
import { pythonWithTorch } from "../host.ts";
import { type Stage, target } from "../stage.ts";

export interface Ceilings {
  /** Operations or bytes (read plus written) a second. */
  readonly speeds: readonly { what: string; by: "maskbench" | "PyTorch"; perSecond: number }[];
  readonly vectors: readonly VectorTime[];
  /** Why PyTorch's are missing. */
  readonly missing?: string;
}

/** One operation on the flat vector. */
export interface VectorTime {
  readonly what:
    | "projection, by layer"
    | "projection, global"
    | "update"
    | "update, Adam"
    | "noise"
    | "projection, capped simplex";
  readonly length: number;
  readonly ms: number;
  /** Times that the vector could have been read or written in that time, at a copy's speed. */
  readonly passes: number;
  /** The processor gives the same bytes; `null`: it need not. */
  readonly same: boolean | null;
}

const LAYERS = 50, KEPT = 0.5;

export const ceilings: Stage<Ceilings> = {
  name: "ceilings",
  title: "Ceilings",
  seconds: { cuda: 60, cpu: 600 },
  async run({ device, rehearsal }, keep) {
    await openNative();
    const threads = os.availableParallelism();
    setThreads(threads);
    const [size, bytes, length] = rehearsal ? [512, 1 << 24, 256_000] : [8192, 1 << 30, 25_600_000];
    const bandwidth = measureCopy(device, bytes, 10);
    let found: Ceilings = {
      speeds: [
        {
          what: "matrix product, float32",
          by: "maskbench",
          perSecond: measureMatmul(device, size),
        },
        { what: "copy", by: "maskbench", perSecond: bandwidth },
      ],
      vectors: [],
    };
    keep(found);
    for (const one of vectorTimes(device, length, bandwidth, rehearsal ? 3 : 20)) {
      found = { ...found, vectors: [...found.vectors, one] };
      keep(found);
    }
    const python = await pythonWithTorch();
    if (!python) return { ...found, missing: "no Python here has PyTorch" };
    const script = fileURLToPath(new URL("../../peers/ceilings.py", import.meta.url));
    const { success, error } = await command(
      python.program,
      [script, "--device", device, "--size", String(size), "--bytes", String(bytes)],
      {},
      (line) => {
        const speed = { by: "PyTorch", ...JSON.parse(line) } as const;
        found = { ...found, speeds: [...found.speeds, speed] };
      },
    );
    return success ? found : { ...found, missing: lastLine(error) };
  },
  section({ speeds, vectors, missing }) {
    const speed = ({ what, perSecond }: Ceilings["speeds"][number]) =>
      what === "copy"
        ? `${(perSecond / 1e9).toFixed(0)} GB/s`
        : `${(perSecond / 1e12).toFixed(2)} TFLOP/s`;
    return [
      markdownTable([
        ["what", "by", "speed"],
        ...speeds.map((one) => [one.what, one.by, speed(one)]),
      ], { align: ["l", "l", "r"] }),
      ...(missing ? [`PyTorch's are missing: ${missing}.`] : []),
      markdownTable([
        [
          "on one vector",
          "entries",
          "ms",
          "passes of the copy's bandwidth",
          "the processor's bytes",
        ],
        ...vectors.map(({ what, length, ms, passes, same }) => [
          what,
          length.toLocaleString("en"),
          ms.toPrecision(3),
          passes.toFixed(1),
          same === null ? "—" : same ? "✓" : "✗",
        ]),
      ], { align: ["l", "r", "r", "r", "l"] }),
    ].join("\n\n");
  },
  targets(results) {
    const { vectors = [] } = (results.ceilings ?? {}) as Partial<Ceilings>;
    const promised = vectors.filter(({ same }) => same !== null);
    const same = promised.filter((one) => one.same).length;
    return [
      ...(["projection, by layer", "projection, global"] as const).map((what) =>
        target(
          `${what}, 25.6 million entries: at most 5 passes of the bandwidth`,
          vectors.find((one) => one.what === what)?.passes,
          (passes) => passes <= 5,
          (passes) => `${passes.toFixed(1)} passes`,
        )
      ),
      {
        what: "projection and update give the processor's bytes on the same input",
        measured: promised.length > 0 ? `${same} of ${promised.length}` : null,
        met: promised.length > 0 ? same === promised.length : null,
      },
    ];
  },
};

function* vectorTimes(
  device: Device,
  length: number,
  bandwidth: number,
  repeats: number,
): Iterable<VectorTime> {
  const scopes: [VectorTime["what"], KeptSegment[]][] = [
    ["projection, by layer", segments(length, LAYERS)],
    ["projection, global", segments(length, 1)],
  ];
  for (const [what, kept] of scopes) {
    const project = (device: Device, free: DisposableStack) => {
      // Two in turn, whose thresholds part as those of two steps do: none is found where it was.
      const values = [1, 1.0001].map((scale) => drawn(device, length, 1, scale, free));
      const mask = free.use(new Vector(length, "float32", device));
      const options = { by: "magnitude" } as const;
      return {
        out: mask,
        step: (i: number) => projectTopK(values[i & 1]!, kept, options, mask),
      };
    };
    yield { what, ...measured(project) };
  }
  const several = (device: Device, free: DisposableStack) =>
    [1, 2, 3].map((seed) => drawn(device, length, seed, 1, free)) as [Vector, Vector, Vector];
  yield {
    what: "update",
    ...measured((device, free) => {
      const [latent, velocity, gradient] = several(device, free);
      const options = { rate: 0.1, momentum: 0.9, weightDecay: 1e-4, straightThrough: true };
      return { out: latent, step: () => descend(latent, velocity, gradient, options) };
    }),
  };
  yield {
    what: "update, Adam",
    ...measured((device, free) => {
      const [latent, first, gradient] = several(device, free);
      const second = free.use(new Vector(length, "float32", device));
      return {
        out: latent,
        step: (i) => descendAdam(latent, first, second, gradient, { rate: 1e-3, step: i + 1 }),
      };
    }),
  };
  yield {
    what: "noise",
    ...measured((device, free) => {
      const out = free.use(new Vector(length, "float32", device));
      return { out, step: (i) => drawNoise(out, 1, i) };
    }),
  };
  yield {
    what: "projection, capped simplex",
    ...measured((device, free) => {
      const out = drawn(device, length, 1, 1, free);
      // Ever less may be kept, so that each one has something to do.
      const most = (i: number) => Math.round(KEPT * length * 0.999 ** i);
      return {
        out,
        step: (i) => projectCappedSimplex(out, [{ offset: 0, length, kept: most(i) }]),
      };
    }),
    same: null, // the sum is as near as the order of adding lets it be
  };

  function measured(
    make: (device: Device, free: DisposableStack) => { out: Vector; step: (i: number) => void },
  ): Omit<VectorTime, "what"> {
    using free = new DisposableStack();
    const here = make(device, free), there = make("cpu", free);
    here.step(0);
    there.step(0);
    const same = sameBytes(here.out.download(), there.out.download());
    const times = Array.from({ length: 5 }, () => {
      const begin = performance.now();
      for (let i = 0; i < repeats; i++) here.step(i + 1);
      here.out.download(0, 1); // waits for the device
      return (performance.now() - begin) / repeats;
    });
    const ms = median(times)!;
    return { length, ms, passes: ms / 1000 * bandwidth / (4 * length), same };
  }
}

function drawn(device: Device, length: number, seed: number, scale: number, free: DisposableStack) {
  const vector = free.use(new Vector(length, "float32", device));
  using generator = new Generator(seed);
  generator.normal(vector);
  vector.affine(scale, 0);
  return vector;
}

function segments(length: number, count: number): KeptSegment[] {
  const each = length / count;
  return Array.from({ length: count }, (_, i) => ({
    offset: i * each,
    length: each,
    kept: Math.round(KEPT * each),
  }));
}

function sameBytes(a: Float32Array, b: Float32Array): boolean {
  const bits = (array: Float32Array) => new Uint32Array(array.buffer);
  const x = bits(a), y = bits(b);
  return x.length === y.length && x.every((value, i) => value === y[i]);
}
