// What boundary.test.ts runs in a process of its own: calls every exported function with each argument wrong in each way.
//
// A function's case is one right call. From it follow many others: for every parameter, as the header states it, all
// that could be passed in its place. Whatever is not listed as right must be refused: with a status, a text that names
// the function, no handle, and nothing changed. What is right must only write to what is not const in the header.
//
// Every call is announced on standard error before it is made, so that a crash can be laid to it; findings are a line
// each on standard output, and the last line counts the calls.
import { device } from "../library.ts";
import { readLiveObjects, setThreads } from "../../src/native/mod.ts";
import { describeLibrary, deviceCodes, nativeFunctions } from "../../src/native/library.ts";
import { typeCodes } from "../../src/native/vector.ts";
import { type Declared, declared, type Parameter } from "./header.ts";

const bound = nativeFunctions() as unknown as Record<string, (...args: unknown[]) => number>;
const here = deviceCodes[device], onCpu = device === "cpu";
const hasCuda = describeLibrary().cuda;

/** A handle is given by its label in the world. */
type Value = string | number | bigint | null | ArrayBufferView;
type Arguments = Readonly<Record<string, Value>>;

type Change = Arguments | ((world: World) => Arguments);

interface Case {
  readonly args: Arguments;
  /** By parameter, what could be wrong in its place but is right: labels of `others()`. */
  readonly right?: Readonly<Record<string, readonly string[]>>;
  /** More calls, each told by what it changes of the right one, perhaps after others. */
  readonly refused?: Readonly<Record<string, Change>>;
  readonly accepted?: Readonly<Record<string, Change>>;
}

// --- the world that a call is made in ---------------------------------------------------------------------------------

interface Held {
  readonly family: string;
  readonly pointer: bigint;
  /** Of a vector. */
  readonly length?: number;
}

/** One of each handle, and more of those that come in kinds; made anew for each call. */
class World implements Disposable {
  readonly handles = new Map<string, Held>();
  readonly #out = new BigUint64Array(1);

  constructor() {
    setThreads(1);
    const { float32, float64, uint8, int32, int64 } = typeCodes;
    const vector = (label: string, length: number, type: number, data?: ArrayBufferView) => {
      const create = (out: BigUint64Array) =>
        bound.mb_vector_create!(BigInt(length), type, here, out);
      this.#make(label, "vector", create, { length });
      if (data) {
        ok(bound.mb_vector_upload!(this.pointer(label), data, 0n, BigInt(length)), "an upload");
      }
    };
    const wave = Float32Array.from({ length: n }, (_, i) => Math.sin(i + 1));
    vector("weights", n, float32, wave);
    vector("mask", n, float32, wave.map((value) => value > 0 ? 1 : 0));
    vector("gradient", n, float32, wave.toReversed());
    vector("other", n, float32, wave.map((value) => value * value));
    vector("short", n - 1, float32, wave);
    vector("long", n + 1, float32);
    vector("none", 0, float32);
    vector("doubles", n, float64);
    vector("metrics", 2, float64);
    vector("statistics", 4, float32, Float32Array.of(0, 0, 1, 1));
    vector("logits", 12, float32);
    vector("bytes", n, uint8);
    vector("integers", n, int32);
    vector("order", 4, int64, BigInt64Array.of(3n, 0n, 4n, 1n));
    vector("wild order", 4, int64, BigInt64Array.of(0n, 5n, -1n, 1n << 62n));
    vector("augmentation", 12, uint8, Uint8Array.of(0, 1, 2, 255, 0, 1, 2, 255, 0, 1, 0, 9));

    const pictures = (label: string, side: bigint, classes: bigint) =>
      this.#make(label, "dataset", (out) =>
        bound.mb_dataset_create!(
          ...[images, labels, 5n, 1n, side, side, classes, half, half, here, out],
        ));
    pictures("dataset", 4n, 3n);
    pictures("larger pictures", 5n, 3n);
    pictures("more classes", 4n, 9n);
    this.#make("packed", "dataset", (out) =>
      bound.mb_dataset_open!(
        ...[pack.path, 100n, pack.index, labels, 5n, 1n, 4n, 4n, 3n, half, half, here, out],
      ));
    this.#make("order on the CPU", "vector", (out) => bound.mb_vector_create!(4n, int64, 0, out), {
      length: 4,
    });
    this.#make("crops", "vector", (out) => bound.mb_vector_create!(20n, int32, 0, out), {
      length: 20,
    });
    const crops = Int32Array.from({ length: 20 }, (_, i) => Number(i >= 8 && i < 16));
    ok(bound.mb_vector_upload!(this.pointer("crops"), crops, 0n, 20n), "an upload");

    const batch = (label: string, side: bigint, type: number, filled: Int32Array | null) => {
      this.#make(
        label,
        "batch",
        (out) => bound.mb_batch_create!(4n, 1n, side, side, type, here, out),
      );
      if (filled) {
        const pixels = new Float64Array(4 * Number(side * side));
        ok(bound.mb_batch_upload!(this.pointer(label), pixels, filled, 4n), "a batch");
      }
    };
    batch("batch", 4n, float32, Int32Array.of(0, 1, 2, 0));
    batch("empty batch", 4n, float32, null);
    batch("batch of larger pictures", 5n, float32, Int32Array.of(0, 1, 2, 0));
    batch("batch of more classes", 4n, float32, Int32Array.of(0, 1, 2, 3));
    batch("batch of doubles", 4n, float64, Int32Array.of(0, 1, 2, 0));

    const network = (label: string, layers: Int32Array, type: number) =>
      this.#make(label, "network", (out) =>
        bound.mb_network_create!(
          ...[layers, BigInt(layers.length / fields.length), 1n, 4n, 4n, type, here, out],
        ));
    network("network", layers, float32);
    network("network of doubles", layers, float64);
    network("larger network", changed(layers, LINEAR, "outputs", 4), float32);
    network("plain network", plain, float32);

    this.#make("generator", "generator", (out) => bound.mb_generator_create!(1n, out));
    this.#make("step", "step", (out) => bound.mb_step_create!(here, out));
  }

  #make(
    label: string,
    family: string,
    create: (out: BigUint64Array) => number,
    more: { readonly length?: number } = {},
  ): void {
    ok(create(this.#out), label);
    this.handles.set(label, { family, pointer: this.#out[0]!, ...more });
  }

  pointer(label: string): bigint {
    const held = this.handles.get(label);
    if (!held) throw new Error(`the world has no ${label}`);
    return held.pointer;
  }

  /** The bytes of every vector. */
  contents(): Map<string, string> {
    const found = new Map<string, string>();
    for (const [label, { pointer, length }] of this.handles) {
      if (length === undefined) continue;
      const bytes = new Uint8Array(8 * length);
      // Refused where the call under test has freed it.
      bound.mb_vector_download!(pointer, bytes, 0n, BigInt(length));
      found.set(label, bytes.toString());
    }
    return found;
  }

  [Symbol.dispose](): void {
    bound.mb_profile!(0, null);
    bound.mb_step_abandon!(this.pointer("step"));
    for (const { family, pointer } of this.handles.values()) bound[`mb_${family}_free`]!(pointer);
  }
}

const fields = ["kind", "inputs", "outputs", "kernel", "stride", "padding", "from", "other"];
/** 1 × 4 × 4 → convolution → 2 × 4 × 4 → normalised, and a ReLU of that added → pooling → 2 × 2 × 2 → linear → 3 */
const layers = Int32Array.of(
  ...[0, 1, 2, 3, 1, 1, -1, 0],
  ...[6, 2, 0, 0, 0, 0, 0, 0],
  ...[4, 0, 0, 0, 0, 0, 1, 0],
  ...[7, 0, 0, 0, 0, 0, 1, 2],
  ...[2, 0, 0, 2, 2, 0, 3, 0],
  ...[5, 0, 0, 0, 0, 0, 4, 0],
  ...[1, 8, 3, 0, 0, 0, 5, 0],
);
const [CONV, NORM, RELU, ADD, POOL, , LINEAR] = [0, 1, 2, 3, 4, 5, 6];
/** The same without normalisation and sum. */
const plain = Int32Array.of(
  ...[0, 1, 2, 3, 1, 1, -1, 0],
  ...[4, 0, 0, 0, 0, 0, 0, 0],
  ...[2, 0, 0, 2, 2, 0, 1, 0],
  ...[5, 0, 0, 0, 0, 0, 2, 0],
  ...[1, 8, 3, 0, 0, 0, 3, 0],
);
/** Its weights: 2 · 1 · 3 · 3 + 8 · 3. */
const n = 42;

function changed(layers: Int32Array, place: number, field: string, value: number): Int32Array {
  const copy = layers.slice();
  copy[fields.length * place + fields.indexOf(field)] = value;
  return copy;
}

const images = new Uint8Array(5 * 25), labels = Int32Array.of(0, 1, 2, 0, 1);
const half = Float64Array.of(0.5, 0.5, 0.5, 0.5);
/** A file of 100 bytes with five pictures of 4 × 4 and 5 × 4. */
const packFile = Deno.makeTempFileSync();
Deno.writeFileSync(packFile, new Uint8Array(100));
globalThis.addEventListener("unload", () => Deno.removeSync(packFile));
const pack = {
  path: new TextEncoder().encode(`${packFile}\0`),
  index: BigInt64Array.of(0n, 4n, 4n, 16n, 5n, 4n, 36n, 4n, 5n, 80n, 5n, 4n, 84n, 4n, 4n),
};
const room = () => new Uint8Array(4096);
const out = () => BigUint64Array.of(0xdeadn);
const triples = (...values: (number | bigint)[]) => BigInt64Array.from(values, BigInt);

// --- the right calls ---------------------------------------------------------------------------------------------------

const floats = ["weights", "mask", "gradient", "other", "short", "long", "logits", "statistics"];
const reals = [...floats, "doubles"];
const hostOrders = ["order on the CPU", "crops"];
const whole = ["bytes", "integers", "augmentation", "order", "wild order", ...hostOrders];
const range = { offset: 0n, length: 3n };
const tiny = "5e-324";
const huge = 1n << 62n;
const cudaCode = hasCuda ? ["1"] : [];

const beginStep = (world: World): Arguments => {
  ok(bound.mb_step_begin!(world.pointer("step"), 4n), "the beginning of a step");
  return {};
};
const ended = (world: World): Arguments => {
  ok(bound.mb_step_end!(world.pointer("step")), "the end of a step");
  return {};
};

const cases: Readonly<Record<string, (world: World) => Case>> = {
  mb_abi_version: () => ({ args: {} }),
  mb_last_error: () => ({
    args: { text: room(), capacity: 4096n },
    right: { capacity: ["2^40", "2^62", "2^63 − 1"] }, // no more is written than there is to say
    accepted: { "room for nothing but the end": { capacity: 1n } },
  }),
  mb_reset_peak: () => ({ args: {} }),
  mb_describe: () => ({
    args: { text: room(), capacity: 4096n },
    right: { capacity: ["2^40", "2^62", "2^63 − 1"] }, // no more is written than there is to say
    refused: { "too little room": { capacity: 10n } },
  }),
  mb_set_threads: () => ({ args: { threads: 1 }, right: { threads: ["2", "99"] } }),
  mb_live: () => ({ args: { handles: room(), bytes: room(), peak_bytes: room() } }),
  mb_waited: () => ({ args: { seconds: room() } }),
  mb_profile: () => ({ args: { on: 1, seconds: room() }, right: { on: ["0"], seconds: ["null"] } }),
  mb_measure_matmul: () => ({
    args: { device: here, size: 8n, repeats: 1, seconds: room() },
    right: { device: ["0", ...cudaCode], repeats: ["2", "99"] },
  }),
  mb_measure_copy: () => ({
    args: { device: here, bytes: 64n, repeats: 1, seconds: room() },
    right: { device: ["0", ...cudaCode], repeats: ["2", "99"] },
  }),

  mb_generator_create: () => ({
    args: { seed: 1n, out: out() },
    right: { seed: ["0", "2^64 − 1"] },
  }),
  mb_generator_free: () => ({ args: { generator: "generator" } }),
  mb_generator_normal: () => ({
    args: { generator: "generator", vector: "weights", ...range, deviation: 1 },
    right: { vector: [...reals], length: ["0"], deviation: [tiny] },
    accepted: { "a large deviation in doubles": { vector: "doubles", deviation: 1e308 } },
  }),
  mb_generator_uniform: () => ({
    args: { generator: "generator", vector: "weights", ...range, low: 0, high: 1 },
    right: { vector: [...reals], length: ["0"], low: [tiny], high: [tiny] },
    refused: { "beyond float32": { low: 1e300, high: 1e300 } },
  }),
  mb_generator_integers: () => ({
    args: { generator: "generator", vector: "integers", ...range, high: 10n },
    right: { vector: whole, length: ["0"] },
    refused: { "more than a byte holds": { vector: "bytes", high: 257n } },
  }),
  mb_generator_permutation: () => ({
    args: { generator: "generator", vector: "order" },
    right: { vector: ["wild order", "order on the CPU"] },
  }),

  mb_generator_save: () => ({
    args: { generator: "generator", state: new Uint8Array(5056), length: 5056n },
    refused: { "a byte too few": { length: 5055n } },
  }),
  mb_generator_restore: (world) => {
    const state = new Uint8Array(5056);
    ok(bound.mb_generator_save!(world.pointer("generator"), state, 5056n), "a generator's state");
    return {
      args: { generator: "generator", state, length: 5056n },
      refused: {
        "a byte too few": { length: 5055n },
        "no generator's": { state: new Uint8Array(5056) },
      },
    };
  },

  mb_vector_create: () => ({
    args: { length: 3n, dtype: 0, device: here, out: out() },
    right: { length: ["0"], dtype: ["1", "2"], device: ["0", ...cudaCode] },
    refused: {
      "bfloat16": { dtype: 5 },
      "tf32": { dtype: 6 },
      "8 TiB": { length: 1n << 40n, dtype: 1 },
    },
  }),
  mb_vector_free: () => ({
    args: { vector: "weights" },
    right: { vector: [...reals, ...whole, "metrics", "none"] },
  }),
  mb_vector_upload: () => ({
    args: { vector: "weights", data: room(), ...range },
    right: { vector: [...reals, ...whole], length: ["0"] },
    accepted: { "nothing, from nowhere": { data: null, length: 0n } },
    refused: {
      "one too many": { length: BigInt(n + 1) },
      "one too far": { offset: BigInt(n - 2) },
      "a sum that wraps": { offset: huge, length: huge },
    },
  }),
  mb_vector_download: () => ({
    args: { vector: "weights", data: room(), ...range },
    right: { vector: [...reals, ...whole], length: ["0"] },
    accepted: { "nothing, to nowhere": { data: null, length: 0n } },
    refused: { "one too far": { offset: BigInt(n - 2) } },
  }),
  mb_vector_copy: () => ({
    args: { to: "weights", from: "gradient" },
    right: {
      to: ["mask", "gradient", "other", "doubles", "bytes", "integers"],
      from: ["mask", "weights", "other", "doubles", "bytes", "integers"],
    },
  }),
  mb_vector_multiply: () => ({
    args: { vector: "weights", factor: "mask" },
    right: { vector: ["gradient", "other"], factor: ["gradient", "other"] },
  }),
  mb_vector_add: () => ({
    args: { vector: "weights", term: "mask" },
    right: { vector: ["gradient", "other"], term: ["gradient", "other"] },
  }),
  mb_vector_affine: () => ({
    args: { vector: "weights", ...range, scale: 2, shift: 1 },
    right: { vector: reals, length: ["0"], scale: [tiny], shift: [tiny] },
    accepted: { "large numbers in doubles": { vector: "doubles", scale: 1e308, shift: -1e308 } },
  }),
  mb_vector_sign: () => ({
    args: { vector: "weights", ...range },
    right: { vector: [...reals, ...whole], length: ["0"] },
  }),

  mb_vector_sigmoid: () => ({
    args: { vector: "weights", ...range },
    right: { vector: reals, length: ["0"] },
  }),
  mb_vector_binarise: () => ({
    args: { vector: "weights", ...range },
    right: { vector: floats, length: ["0"] },
  }),

  mb_vector_centre: () => ({
    args: { vector: "weights", ...range },
    right: { vector: floats, length: ["0"] },
  }),

  mb_project_top_k: () => ({
    args: {
      values: "weights",
      segments: triples(0, 20, 5, 30, 12, 12),
      count: 2n,
      order: 0,
      floor: -Infinity,
      alpha: 1,
      relaxation: 0,
      low: -1,
      high: 1,
      mask: "mask",
    },
    right: {
      values: ["gradient", "other"],
      count: ["0"],
      order: ["1"],
      floor: [tiny, "Infinity", "1e+308", "-1e+308"],
      alpha: [tiny],
      low: [tiny, "-Infinity", "-1e+308"],
      high: [tiny, "Infinity", "1e+308"],
      mask: ["gradient", "other"],
    },
    accepted: {
      "an empty segment": { segments: triples(0, 0, 0, 0, 42, 42) },
      "relative to the threshold": { order: 1, alpha: 0.5, relaxation: 1 },
    },
    refused: {
      "relative to the threshold of values": { relaxation: 1 },
      "another relaxation of magnitudes": { order: 1, relaxation: 2 },
      "before the vector": { segments: triples(-1, 5, 2, 10, 1, 1) },
      "beyond the vector": { segments: triples(0, 5, 2, 40, 3, 1) },
      "of negative length": { segments: triples(0, 5, 2, 10, -1, 0) },
      "overlapping": { segments: triples(0, 5, 2, 4, 3, 1) },
      "more kept than there are": { segments: triples(0, 5, 6, 10, 1, 1) },
      "a negative number kept": { segments: triples(0, 5, -1, 10, 1, 1) },
      "huge": { segments: triples(huge, huge, huge, huge, huge, huge) },
      "a sum that wraps": { segments: triples(0, 1, 1, (1n << 63n) - 1n, (1n << 63n) - 1n, 1) },
    },
  }),
  mb_descend: () => ({
    args: {
      latent: "weights",
      velocity: "mask",
      gradient: "gradient",
      straight_through: 0,
      rate: 0.1,
      momentum: 0.9,
      weightDecay: 1e-4,
      centre: 0.5,
      low: -1,
      high: 1,
    },
    right: {
      latent: ["other"],
      velocity: ["other"],
      gradient: ["other"],
      straight_through: ["1"],
      rate: [tiny],
      momentum: [tiny],
      weightDecay: [tiny],
      centre: [tiny],
      low: [tiny, "-Infinity", "-1e+308"],
      high: [tiny, "Infinity", "1e+308"],
    },
  }),

  mb_descend_adam: () => ({
    args: {
      latent: "weights",
      first: "mask",
      second: "other",
      gradient: "gradient",
      step: 3n,
      rate: 0.1,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 1e-4,
      low: -1,
      high: 1,
    },
    right: {
      step: ["2^40", "2^62", "2^63 − 1"],
      rate: [tiny],
      beta1: [tiny],
      beta2: [tiny],
      weightDecay: [tiny],
      low: [tiny, "-Infinity", "-1e+308"],
      high: [tiny, "Infinity", "1e+308"],
    },
    refused: { "an epsilon that float32 has as 0": { epsilon: 1e-50 } },
  }),

  mb_noise: () => ({
    args: { vector: "weights", key: 7n, draw: 1n },
    right: { vector: [...floats, "none"], key: ["0", "2^64 − 1"], draw: ["0", "2^40"] },
  }),
  mb_relax: () => ({
    args: {
      probability: "weights",
      noise: "mask",
      temperature: 0.5,
      mask: "gradient",
      slope: "other",
    },
    right: { probability: ["mask"], noise: ["weights"] },
    accepted: { "one vector for what is only read": { noise: "weights" } },
    refused: { "too cold": { temperature: 9e-4 }, "too hot": { temperature: 1001 } },
  }),
  mb_project_capped_simplex: () => ({
    args: { vector: "weights", ...range, most: 1 },
    right: { vector: floats, length: ["0"], most: [tiny, "1e+308"] },
  }),

  mb_dataset_create: () => ({
    args: {
      images,
      labels,
      count: 5n,
      channels: 1n,
      height: 4n,
      width: 4n,
      classes: 3n,
      mean: half,
      deviation: half,
      device: here,
      out: out(),
    },
    right: { device: ["0", ...cudaCode] },
    refused: {
      "a label too large": { classes: 2n },
      "a negative label": { labels: Int32Array.of(0, 0, -1, 0, 0) },
      "a NaN for a mean": { mean: Float64Array.of(NaN) },
      "an infinite mean": { mean: Float64Array.of(Infinity) },
      "a NaN for a deviation": { deviation: Float64Array.of(NaN) },
      "a deviation of nothing": { deviation: Float64Array.of(0) },
      "a negative deviation": { deviation: Float64Array.of(-1) },
      "a quotient beyond float32": { deviation: Float64Array.of(1e-300) },
      "the largest of all sizes": {
        count: 1n << 32n,
        channels: 4096n,
        height: 65536n,
        width: 65536n,
      },
    },
  }),
  mb_dataset_open: () => ({
    args: {
      path: pack.path,
      bytes: 100n,
      index: pack.index,
      labels,
      count: 5n,
      channels: 1n,
      height: 4n,
      width: 4n,
      classes: 3n,
      mean: half,
      deviation: half,
      device: here,
      out: out(),
    },
    right: { device: ["0", ...cudaCode] },
    refused: {
      "no file": { path: new TextEncoder().encode("/none/of/that/name\0") },
      "a folder": { path: new TextEncoder().encode("/\0") },
      "no path": { path: new Uint8Array(1) },
      "a byte too many": { bytes: 101n },
      "a picture beyond the end": { index: pack.index.with(12, 85n) },
      "a picture before the beginning": { index: pack.index.with(0, -1n) },
      "a picture too small": { index: pack.index.with(1, 3n) },
      "a place that wraps": { index: pack.index.with(0, (1n << 63n) - 1n) },
      "sizes that wrap": { index: pack.index.with(1, 1n << 32n).with(2, 1n << 32n) },
      "a label too large": { classes: 2n },
      "a NaN for a mean": { mean: Float64Array.of(NaN) },
      "a deviation of nothing": { deviation: Float64Array.of(0) },
    },
  }),
  mb_dataset_free: () => ({
    args: { dataset: "dataset" },
    right: { dataset: ["larger pictures", "more classes", "packed"] },
  }),
  mb_batch_create: () => ({
    args: {
      capacity: 4n,
      channels: 1n,
      height: 4n,
      width: 4n,
      dtype: 0,
      device: here,
      out: out(),
    },
    right: { dtype: ["1"], device: ["0", ...cudaCode] },
    refused: {
      "the largest of all sizes": {
        capacity: 1n << 24n,
        channels: 4096n,
        height: 65536n,
        width: 65536n,
      },
      "16 TiB": { capacity: 1n << 20n, height: 2048n, width: 2048n },
    },
  }),
  mb_batch_free: () => ({
    args: { batch: "batch" },
    right: {
      batch: [
        "empty batch",
        "batch of larger pictures",
        "batch of more classes",
        "batch of doubles",
      ],
    },
  }),
  mb_batch_upload: () => ({
    args: { batch: "batch", images: new Float64Array(4 * 25), labels, count: 4n },
    right: {
      batch: [
        "empty batch",
        "batch of larger pictures",
        "batch of more classes",
        "batch of doubles",
      ],
    },
    accepted: { "NaN for pixels": { images: new Float64Array(4 * 25).fill(NaN) } },
    refused: {
      "one too many": { count: 5n },
      "a negative label": { labels: Int32Array.of(0, 0, -1, 0) },
    },
  }),
  mb_batch_gather: () => ({
    args: {
      batch: "batch",
      dataset: "dataset",
      order: "order",
      start: 1n,
      count: 3n,
      augmentation: "augmentation",
      padding: 2n,
    },
    right: {
      batch: ["empty batch", "batch of more classes", "batch of doubles"],
      dataset: onCpu ? ["more classes", "packed"] : ["more classes"],
      order: onCpu ? ["order on the CPU"] : ["wild order"], // elsewhere it gives NaN
      start: ["0"],
      augmentation: ["null"],
      padding: ["0"],
    },
    refused: {
      "beyond the order": { start: 2n },
      "more than there is room for": { start: 0n, count: 5n },
      "a sum that wraps": { start: huge, count: huge },
      "more padding than a byte can tell": { padding: 128n },
    },
  }),

  mb_generator_crops: () => ({
    args: { generator: "generator", dataset: "packed", order: "order on the CPU", crops: "crops" },
    right: {
      dataset: ["dataset", "larger pictures", "more classes"],
      order: onCpu ? ["order"] : [],
    },
  }),
  mb_batch_gather_crops: () => ({
    args: {
      batch: "batch",
      dataset: "packed",
      order: "order on the CPU",
      start: 1n,
      count: 3n,
      crops: "crops",
    },
    right: {
      batch: ["empty batch", "batch of more classes", "batch of doubles"],
      dataset: onCpu ? ["dataset", "more classes"] : [],
      order: onCpu ? ["order"] : [],
      start: ["0"],
    },
    refused: {
      "beyond the order": { start: 2n },
      "more than there is room for": { start: 0n, count: 5n },
      "a sum that wraps": { start: huge, count: huge },
      "crops of nothing": (world) => {
        ok(bound.mb_vector_upload!(world.pointer("crops"), new Int32Array(20), 0n, 20n), "zeros");
        return {};
      },
    },
  }),

  mb_step_create: () => ({
    args: { device: here, out: out() },
    right: { device: ["0", ...cudaCode] },
  }),
  mb_step_free: () => ({ args: { step: "step" }, refused: { "under way": beginStep } }),
  mb_step_begin: () => ({
    args: { step: "step", shape: 4n },
    right: { shape: ["−2^63", "−1", "0", "2^40", "2^62", "2^63 − 1"] },
    refused: { "under way": beginStep },
  }),
  mb_step_end: (world) => ({ args: { step: "step", ...beginStep(world) }, refused: { ended } }),
  mb_step_abandon: (world) => ({ args: { step: "step", ...beginStep(world) }, refused: { ended } }),

  mb_network_create: () => {
    const one = (field: string, value: number) => ({ layers: changed(layers, 0, field, value) });
    const many = (count: number, ...layer: number[]) => ({
      layers: Int32Array.from(
        { length: fields.length * count },
        (_, i) => [...layer, Math.floor(i / fields.length) - 1, 0][i % fields.length]!,
      ),
      count: BigInt(count),
    });
    const ofOne = { channels: 1n, height: 1n, width: 1n };
    const wrong = [-(2 ** 31), -1, 0, 2 ** 20, 2 ** 20 + 1, 2 ** 31 - 1];
    const refusedFields = [
      [CONV, "inputs"],
      [CONV, "kernel"],
      [CONV, "stride"],
      [NORM, "inputs"],
      [POOL, "kernel"],
      [POOL, "stride"],
      [LINEAR, "inputs"],
    ] as const;
    const places = [-(2 ** 31), -2, 7, 2 ** 31 - 1];
    return {
      args: {
        layers,
        count: 7n,
        channels: 1n,
        height: 4n,
        width: 4n,
        dtype: 0,
        device: here,
        out: out(),
      },
      right: { dtype: ["1"], device: ["0", ...cudaCode] },
      accepted: {
        "what a kind has none of": { layers: changed(layers, RELU, "kernel", -5) },
        "a second input of what has one": { layers: changed(layers, RELU, "other", 99) },
      },
      refused: {
        ...Object.fromEntries(
          refusedFields.flatMap(([place, field]) =>
            wrong.map((value) => [`${field} ${value} of layer ${place}`, {
              layers: changed(layers, place, field, value),
            }])
          ),
        ),
        ...Object.fromEntries(
          [-(2 ** 31), -1, 0, 2 ** 31 - 1].flatMap((value) => [
            [`outputs ${value}`, { layers: changed(layers, LINEAR, "outputs", value) }],
            [`padding ${value}`, one("padding", value || -2)],
          ]),
        ),
        ...Object.fromEntries(
          [-(2 ** 31), -1, 8, 2 ** 31 - 1].map((kind) => [`kind ${kind}`, one("kind", kind)]),
        ),
        ...Object.fromEntries(
          places.flatMap((value) => [
            [`from ${value}`, { layers: changed(layers, POOL, "from", value) }],
            [`other ${value}`, { layers: changed(layers, ADD, "other", value) }],
          ]),
        ),
        "a layer that reads itself": { layers: changed(layers, POOL, "from", POOL!) },
        "a layer that none reads": { layers: changed(layers, ADD, "other", 1) },
        "a sum of two shapes": { layers: changed(layers, ADD, "other", -1) },
        "no flatten": { count: 5n } as Arguments,
        "flat twice": { layers: changed(layers, POOL, "kind", 5) },
        "normalised once flat": {
          layers: changed(changed(layers, LINEAR, "kind", 6), LINEAR, "inputs", 2),
        },
        "a padding of an average": {
          layers: changed(changed(layers, POOL, "kind", 3), POOL, "padding", 1),
        },
        "a padding over half of a pool": { layers: changed(layers, POOL, "padding", 2) },
        "no weights": many(1, 5, 0, 0, 0, 0, 0),
        "pictures that grow out of all bounds": {
          ...many(4000, 0, 1, 1, 1, 1, 2 ** 20),
          ...ofOne,
        },
        "one picture of 4 TiB": {
          layers: Int32Array.of(
            ...[0, 1, 1, 1, 1, 2 ** 20, -1, 0], // 1 × 1 → 2^21 × 2^21
            ...[3, 0, 0, 2 ** 20, 2 ** 20, 0, 0, 0], // → 2 × 2
            ...[5, 0, 0, 0, 0, 0, 1, 0],
          ),
          count: 3n,
          ...ofOne,
        },
        "weights beyond what can be counted": {
          layers: Int32Array.of(
            ...[0, 1, 2 ** 20, 1024, 1, 1024, -1, 0],
            ...[0, 2 ** 20, 2 ** 20, 1024, 1, 1024, 0, 0],
          ),
          count: 2n,
          ...ofOne,
        },
      },
    };
  },
  mb_network_free: () => ({
    args: { network: "network" },
    right: { network: ["network of doubles", "larger network", "plain network"] },
  }),
  mb_network_size: () => ({
    args: { network: "network", weights: room(), statistics: room() },
    right: { network: ["network of doubles", "larger network", "plain network"] },
  }),
  mb_network_verify: () => ({
    args: {
      network: "network",
      pictures: 2n,
      deviations: room(),
      capacity: 64n,
      count: room(),
    },
    right: {
      network: ["network of doubles", "larger network", "plain network"],
      capacity: ["2^40", "2^62", "2^63 − 1"], // no more is written than there are layers
    },
    refused: { "too little room": { capacity: 1n }, "too many pictures": { pictures: 65537n } },
  }),
  mb_network_gradient: () => ({
    args: {
      network: "network",
      weights: "weights",
      mask: "mask",
      statistics: "statistics",
      batch: "batch",
      smoothing: 0.1,
      of: 0,
      gradient: "gradient",
      metrics: "metrics",
    },
    right: {
      smoothing: [tiny],
      weights: ["mask", "other"],
      mask: ["weights", "other"],
      of: ["1"],
      gradient: ["other"],
    },
    accepted: {
      "all of the weights": { mask: 0n, of: 1 },
      "no statistics of a network without": { network: "plain network", statistics: 0n },
    },
    refused: {
      "statistics of a network without": { network: "plain network" },
      "labels smoothed away": { smoothing: 1 },
    },
  }),
  mb_network_forward: () => ({
    args: {
      network: "network",
      weights: "weights",
      mask: "mask",
      statistics: "statistics",
      batch: "batch",
      logits: "logits",
    },
    right: {
      weights: ["mask", "gradient", "other"],
      mask: ["weights", "gradient", "other", "null"],
      logits: ["gradient", "other", "short", "long"],
    },
  }),
  mb_network_evaluate: () => ({
    args: {
      network: "network",
      weights: "weights",
      mask: "mask",
      statistics: "statistics",
      dataset: "dataset",
      batch_size: 2n,
      metrics: "metrics",
    },
    right: {
      weights: ["mask", "gradient", "other"],
      mask: ["weights", "gradient", "other", "null"],
      dataset: ["packed"],
    },
  }),
};

/** Ends the process; boundary.test.ts sees to it. */
const elsewhere = ["mb_exit"];

// --- what may come in a parameter's place --------------------------------------------------------------------------------

const wholeNumbers = {
  i32: { "−2^31": -(2 ** 31), "−1": -1, "0": 0, "1": 1, "2": 2, "99": 99, "2^31 − 1": 2 ** 31 - 1 },
  i64: {
    "−2^63": -(1n << 63n),
    "−1": -1n,
    "0": 0n,
    "2^40": 1n << 40n,
    "2^62": 1n << 62n,
    "2^63 − 1": (1n << 63n) - 1n,
  },
  u64: { "0": 0n, "2^64 − 1": (1n << 64n) - 1n },
} as const;
const realNumbers = [NaN, Infinity, -Infinity, 1e308, -1e308, 5e-324];
const junk = new Uint8Array(4096).fill(0x41);

function others({ passed, family }: Parameter, given: Value, world: World): [string, Value][] {
  const distinct = (values: [string, Value][]) => values.filter(([, value]) => value !== given);
  if (family !== undefined) {
    return [
      ["null", 0n],
      ["freed", world.pointer(`freed ${family}`)],
      ["made up", Deno.UnsafePointer.value(Deno.UnsafePointer.of(junk))],
      ["1", 1n],
      ["the last address", (1n << 64n) - 1n],
      ["beside the right one", world.pointer(given as string) + 8n],
      ...distinct(
        [...world.handles.keys()].filter((label) => !label.startsWith("freed"))
          .map((label) => [label, label]),
      ),
    ];
  }
  switch (passed) {
    case "buffer":
      return [["null", null]];
    case "f64":
      return distinct(realNumbers.map((value) => [String(value), value]));
    default:
      return distinct(Object.entries(wholeNumbers[passed]));
  }
}

// --- the calls ---------------------------------------------------------------------------------------------------------

let calls = 0;
const findings: string[] = [];

function ok(status: number, what: string): void {
  if (status !== 0) throw new Error(`${what} failed: ${lastError()}`);
}

function lastError(): string {
  const text = new Uint8Array(4096);
  nativeFunctions().mb_last_error(text, BigInt(text.length));
  return new TextDecoder().decode(text.subarray(0, text.indexOf(0)));
}

/** A world in which each family has a handle that was freed, and its place taken by another. */
function worldWithFreed(): World {
  const before = new World(), freed = [...before.handles.values()];
  before[Symbol.dispose]();
  const world = new World();
  for (const { family, pointer } of freed) {
    world.handles.set(`freed ${family}`, { family, pointer });
  }
  return world;
}

const statuses = ["ok", "invalid", "not a number", "out of memory", "unsupported", "internal"];

function attempt(
  { name, parameters, result }: Declared,
  what: string,
  change: (args: Arguments, world: World) => Arguments,
  refused: boolean,
): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${name}: ${what}\n`));
  const handlesBefore = readLiveObjects().handles;
  const world = worldWithFreed();
  const alive = () => readLiveObjects().handles;
  const args = change(cases[name]!(world).args, world), before = world.contents();
  const aliveBefore = alive();
  const passed = parameters.map(({ name }) => {
    const value = args[name];
    return typeof value === "string" ? world.pointer(value) : value;
  });
  const finding = (text: string) => findings.push(`${name}: ${what}: ${text}`);

  calls++;
  const status = bound[name]!(...passed);
  if (result === "int32_t" && name !== "mb_abi_version") {
    const text = status === 0 ? "" : lastError();
    if (refused !== (status !== 0)) {
      finding(status === 0 ? "was not refused" : `was refused: ${text}`);
    } else if (status !== 0) {
      if (statuses[status] === undefined) finding(`has the unknown status ${status}`);
      if (status === statuses.indexOf("internal")) finding(`is told by libtorch alone: ${text}`);
      if (!text.startsWith(`${name}: `) || text.length < name.length + 10) {
        finding(`is told as "${text}"`);
      }
    }
    const made = args.out as BigUint64Array | undefined;
    if (made && status === 0) {
      const family = /^mb_(\w+)_(?:create|open)$/.exec(name)![1];
      ok(bound[`mb_${family}_free`]!(made[0]!), "the new handle's end");
    } else if (made && made[0] !== 0n) finding("left something in place of a handle");
    if (status !== 0 && alive() !== aliveBefore) {
      finding("was refused, and left a handle or took one");
    }
    const written = parameters.filter(({ type }) => !type.startsWith("const "))
      .map(({ name }) => args[name]);
    for (const [label, content] of world.contents()) {
      if (content === before.get(label)) continue;
      if (status !== 0) finding(`was refused, and changed ${label}`);
      else if (!written.includes(label)) finding(`changed ${label}, which is only to be read`);
    }
  }
  world[Symbol.dispose]();
  if (readLiveObjects().handles !== handlesBefore) finding("left handles behind");
}

const names = Deno.args;
for (const stated of declared()) {
  if (!names.includes(stated.name) || elsewhere.includes(stated.name)) continue;
  const makeCase = cases[stated.name];
  if (!makeCase) {
    findings.push(`${stated.name}: the header has it, and boundary_calls.ts has no case for it`);
    continue;
  }
  using model = worldWithFreed();
  const { args, right = {}, refused = {}, accepted = {} } = makeCase(model);
  const given = Object.keys(args).join(), wanted = stated.parameters.map(({ name }) => name).join();
  if (given !== wanted) findings.push(`${stated.name}: has ${given}, expected ${wanted}`);
  bound.mb_step_abandon!(model.pointer("step"));

  attempt(stated, "right", (args) => args, false);
  for (const parameter of stated.parameters) {
    const { name } = parameter,
      labels = others(parameter, args[name]!, model).map(([label]) => label);
    const unknown = (right[name] ?? []).filter((label) => !labels.includes(label));
    if (unknown.join() !== "" && unknown.join() !== String(args[name])) {
      findings.push(`${stated.name}: ${name}: nothing is called ${unknown}`);
    }
    for (const label of labels) {
      const instead = (args: Arguments, world: World) => ({
        ...args,
        [name]: new Map(others(parameter, args[name]!, world)).get(label)!,
      });
      attempt(stated, `${name} ${label}`, instead, !right[name]?.includes(label));
    }
  }
  for (const [changes, refusing] of [[refused, true], [accepted, false]] as const) {
    for (const [what, change] of Object.entries(changes)) {
      const apply = (args: Arguments, world: World) => ({
        ...args,
        ...(typeof change === "function" ? change(world) : change),
      });
      attempt(stated, what, apply, refusing);
    }
  }
}
for (const finding of findings) console.log(finding);
console.log(calls);
