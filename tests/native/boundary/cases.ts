// One right call of each function of the header, and which of the calls that differ from it are right or wrong as well.
//
// For every parameter judge.ts tries all that could be passed in its place (substitutes.ts). What a case does not list
// as right must be refused. A case adds calls that differ in a way of the function's own.
import {
  at,
  changed,
  deviceCode,
  fields,
  functions,
  half,
  hasCuda,
  images,
  labels,
  layers,
  n,
  onCpu,
  pack,
  requireOk,
  type World,
} from "./world.ts";

/** A handle is given by its label in the world. */
export type Value = string | number | bigint | null | ArrayBufferView;
export type Arguments = Readonly<Record<string, Value>>;

type Change = Arguments | ((world: World) => Arguments);

export interface Case {
  readonly args: Arguments;
  /** By parameter, what could be wrong in its place but is right: labels of `substitutesFor()`. */
  readonly right?: Readonly<Record<string, readonly string[]>>;
  /** More calls, each by what it changes of the right one, perhaps after other calls. */
  readonly refused?: Readonly<Record<string, Change>>;
  readonly accepted?: Readonly<Record<string, Change>>;
}

const room = () => new Uint8Array(4096);
const out = () => BigUint64Array.of(0xdeadn);
const triples = (...values: (number | bigint)[]) => BigInt64Array.from(values, BigInt);

const floats = ["weights", "mask", "gradient", "other", "short", "long", "logits", "statistics"];
const reals = [...floats, "doubles"];
const hostOrders = ["order on the CPU", "crops"];
const whole = ["bytes", "integers", "augmentation", "order", "wild order", ...hostOrders];
const range = { offset: 0n, length: 3n };
const tiny = "5e-324";
const huge = 1n << 62n;
const cudaCode = hasCuda ? ["1"] : [];

/** What a data set of pictures is described by, in the order of the parameters. */
const pictureArguments = () => ({
  labels,
  count: 5n,
  channels: 1n,
  height: 4n,
  width: 4n,
  classes: 3n,
  mean: half,
  deviation: half,
  device: deviceCode,
  out: out(),
});

const beginStep = (world: World): Arguments => {
  requireOk(functions.mb_step_begin!(world.pointer("step"), 4n), "the beginning of a step");
  return {};
};
const ended = (world: World): Arguments => {
  requireOk(functions.mb_step_end!(world.pointer("step")), "the end of a step");
  return {};
};

export const cases: Readonly<Record<string, (world: World) => Case>> = {
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
    args: { device: deviceCode, size: 8n, repeats: 1, seconds: room() },
    right: { device: ["0", ...cudaCode], repeats: ["2", "99"] },
  }),
  mb_measure_copy: () => ({
    args: { device: deviceCode, bytes: 64n, repeats: 1, seconds: room() },
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
    requireOk(
      functions.mb_generator_save!(world.pointer("generator"), state, 5056n),
      "a generator's state",
    );
    return {
      args: { generator: "generator", state, length: 5056n },
      refused: {
        "a byte too few": { length: 5055n },
        "no generator's": { state: new Uint8Array(5056) },
      },
    };
  },

  mb_vector_create: () => ({
    args: { length: 3n, dtype: 0, device: deviceCode, out: out() },
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

  mb_vector_clip_norm: () => ({
    args: { vector: "weights", max: 1 },
    right: { vector: [...floats, "none"], max: ["1e+308", tiny] },
    refused: { "nothing left": { max: 0 }, "negative": { max: -1 } },
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
      decay: 1e-4,
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
      decay: [tiny],
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
      decay: 1e-4,
      low: -1,
      high: 1,
    },
    right: {
      step: ["2^40", "2^62", "2^63 − 1"],
      rate: [tiny],
      beta1: [tiny],
      beta2: [tiny],
      decay: [tiny],
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
      ...pictureArguments(),
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
      ...pictureArguments(),
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
      device: deviceCode,
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
  mb_batch_download: () => ({
    args: {
      batch: "batch",
      images: new Float64Array(4 * 25),
      labels: new Int32Array(4),
      count: 4n,
    },
    right: {
      batch: ["batch of larger pictures", "batch of more classes", "batch of doubles"],
    },
    refused: {
      "more than there are": { count: 5n },
      "nothing of an empty batch": { batch: "empty batch", count: 1n },
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
        requireOk(
          functions.mb_vector_upload!(world.pointer("crops"), new Int32Array(20), 0n, 20n),
          "zeros",
        );
        return {};
      },
    },
  }),

  mb_step_create: () => ({
    args: { device: deviceCode, out: out() },
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
      [at.conv, "inputs"],
      [at.conv, "kernel"],
      [at.conv, "stride"],
      [at.norm, "inputs"],
      [at.pool, "kernel"],
      [at.pool, "stride"],
      [at.linear, "inputs"],
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
        device: deviceCode,
        out: out(),
      },
      right: { dtype: ["1"], device: ["0", ...cudaCode] },
      accepted: {
        "what a kind has none of": { layers: changed(layers, at.relu, "kernel", -5) },
        "a second input of what has one": { layers: changed(layers, at.relu, "other", 99) },
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
            [`outputs ${value}`, { layers: changed(layers, at.linear, "outputs", value) }],
            [`padding ${value}`, one("padding", value || -2)],
          ]),
        ),
        ...Object.fromEntries(
          [-(2 ** 31), -1, 8, 2 ** 31 - 1].map((kind) => [`kind ${kind}`, one("kind", kind)]),
        ),
        ...Object.fromEntries(
          places.flatMap((value) => [
            [`from ${value}`, { layers: changed(layers, at.pool, "from", value) }],
            [`other ${value}`, { layers: changed(layers, at.add, "other", value) }],
          ]),
        ),
        "a layer that reads itself": { layers: changed(layers, at.pool, "from", at.pool) },
        "a layer that none reads": { layers: changed(layers, at.add, "other", 1) },
        "a sum of two shapes": { layers: changed(layers, at.add, "other", -1) },
        "no flatten": { count: 5n } as Arguments,
        "flat twice": { layers: changed(layers, at.pool, "kind", 5) },
        "normalised once flat": {
          layers: changed(changed(layers, at.linear, "kind", 6), at.linear, "inputs", 2),
        },
        "a padding of an average": {
          layers: changed(changed(layers, at.pool, "kind", 3), at.pool, "padding", 1),
        },
        "a padding over half of a pool": { layers: changed(layers, at.pool, "padding", 2) },
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

/** mb_exit() ends the process: boundary.test.ts has a test of its own for it. */
export const testedElsewhere = ["mb_exit"];
