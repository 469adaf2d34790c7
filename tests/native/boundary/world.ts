// The world that a call of the boundary is made in: one handle of each family, more where they come in kinds, and the
// data that they are made of. A world is made for each call, so that no call sees what another one did.
import { device } from "../../library.ts";
import { setThreads } from "../../../src/native/mod.ts";
import { describeLibrary, deviceCodes, nativeFunctions } from "../../../src/native/library.ts";
import { typeCodes } from "../../../src/native/vector.ts";

/** Every function by its name, so that it can be called with what its type forbids. */
export const functions = nativeFunctions() as unknown as Record<
  string,
  (...args: unknown[]) => number
>;
export const deviceCode = deviceCodes[device];
export const onCpu = device === "cpu";
export const hasCuda = describeLibrary().cuda;

// --- what the handles are made of -------------------------------------------------------------------------------------

export const fields = ["kind", "inputs", "outputs", "kernel", "stride", "padding", "from", "other"];
/** 1 × 4 × 4 → convolution → 2 × 4 × 4 → normalised, and a ReLU of that added → pooling → 2 × 2 × 2 → linear → 3 */
export const layers = Int32Array.of(
  ...[0, 1, 2, 3, 1, 1, -1, 0],
  ...[6, 2, 0, 0, 0, 0, 0, 0],
  ...[4, 0, 0, 0, 0, 0, 1, 0],
  ...[7, 0, 0, 0, 0, 0, 1, 2],
  ...[2, 0, 0, 2, 2, 0, 3, 0],
  ...[5, 0, 0, 0, 0, 0, 4, 0],
  ...[1, 8, 3, 0, 0, 0, 5, 0],
);
/** Where each kind stands among `layers`. */
export const at = { conv: 0, norm: 1, relu: 2, add: 3, pool: 4, linear: 6 } as const;
/** The same without normalisation and sum. */
export const plain = Int32Array.of(
  ...[0, 1, 2, 3, 1, 1, -1, 0],
  ...[4, 0, 0, 0, 0, 0, 0, 0],
  ...[2, 0, 0, 2, 2, 0, 1, 0],
  ...[5, 0, 0, 0, 0, 0, 2, 0],
  ...[1, 8, 3, 0, 0, 0, 3, 0],
);
/** Its weights: 2 · 1 · 3 · 3 + 8 · 3. */
export const n = 42;

export function changed(
  layers: Int32Array,
  index: number,
  field: string,
  value: number,
): Int32Array {
  const copy = layers.slice();
  copy[fields.length * index + fields.indexOf(field)] = value;
  return copy;
}

export const images = new Uint8Array(5 * 25);
export const labels = Int32Array.of(0, 1, 2, 0, 1);
export const half = Float64Array.of(0.5, 0.5, 0.5, 0.5);
/** A file of 100 bytes with five pictures of 4 × 4 and 5 × 4. */
const packFile = Deno.makeTempFileSync();
Deno.writeFileSync(packFile, new Uint8Array(100));
globalThis.addEventListener("unload", () => Deno.removeSync(packFile));
export const pack = {
  path: new TextEncoder().encode(`${packFile}\0`),
  index: BigInt64Array.of(0n, 4n, 4n, 16n, 5n, 4n, 36n, 4n, 5n, 80n, 5n, 4n, 84n, 4n, 4n),
};

// --- the handles ------------------------------------------------------------------------------------------------------

interface WorldHandle {
  readonly family: string;
  readonly pointer: bigint;
  /** A vector's number of elements. */
  readonly length?: number;
}

/** One of each handle, and more of those that come in kinds; a new one is made for each call. */
export class World implements Disposable {
  readonly handles = new Map<string, WorldHandle>();
  readonly #out = new BigUint64Array(1);

  constructor() {
    setThreads(1);
    const { float32, float64, uint8, int32, int64 } = typeCodes;
    const vector = (label: string, length: number, type: number, data?: ArrayBufferView) => {
      const create = (out: BigUint64Array) =>
        functions.mb_vector_create!(BigInt(length), type, deviceCode, out);
      this.#make(label, "vector", create, { length });
      if (data) {
        requireOk(
          functions.mb_vector_upload!(this.pointer(label), data, 0n, BigInt(length)),
          "an upload",
        );
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
        functions.mb_dataset_create!(
          ...[images, labels, 5n, 1n, side, side, classes, half, half, deviceCode, out],
        ));
    pictures("dataset", 4n, 3n);
    pictures("larger pictures", 5n, 3n);
    pictures("more classes", 4n, 9n);
    this.#make("packed", "dataset", (out) =>
      functions.mb_dataset_open!(
        ...[pack.path, 100n, pack.index, labels, 5n, 1n, 4n, 4n, 3n, half, half, deviceCode, out],
      ));
    this.#make(
      "order on the CPU",
      "vector",
      (out) => functions.mb_vector_create!(4n, int64, 0, out),
      {
        length: 4,
      },
    );
    this.#make("crops", "vector", (out) => functions.mb_vector_create!(20n, int32, 0, out), {
      length: 20,
    });
    const crops = Int32Array.from({ length: 20 }, (_, i) => Number(i >= 8 && i < 16));
    requireOk(functions.mb_vector_upload!(this.pointer("crops"), crops, 0n, 20n), "an upload");

    const batch = (label: string, side: bigint, type: number, filled: Int32Array | null) => {
      this.#make(
        label,
        "batch",
        (out) => functions.mb_batch_create!(4n, 1n, side, side, type, deviceCode, out),
      );
      if (filled) {
        const pixels = new Float64Array(4 * Number(side * side));
        requireOk(functions.mb_batch_upload!(this.pointer(label), pixels, filled, 4n), "a batch");
      }
    };
    batch("batch", 4n, float32, Int32Array.of(0, 1, 2, 0));
    batch("empty batch", 4n, float32, null);
    batch("batch of larger pictures", 5n, float32, Int32Array.of(0, 1, 2, 0));
    batch("batch of more classes", 4n, float32, Int32Array.of(0, 1, 2, 3));
    batch("batch of doubles", 4n, float64, Int32Array.of(0, 1, 2, 0));

    const network = (label: string, layers: Int32Array, type: number) =>
      this.#make(label, "network", (out) =>
        functions.mb_network_create!(
          ...[layers, BigInt(layers.length / fields.length), 1n, 4n, 4n, type, deviceCode, out],
        ));
    network("network", layers, float32);
    network("network of doubles", layers, float64);
    network("larger network", changed(layers, at.linear, "outputs", 4), float32);
    network("plain network", plain, float32);

    this.#make("generator", "generator", (out) => functions.mb_generator_create!(1n, out));
    this.#make("step", "step", (out) => functions.mb_step_create!(deviceCode, out));
  }

  #make(
    label: string,
    family: string,
    create: (out: BigUint64Array) => number,
    more: { readonly length?: number } = {},
  ): void {
    requireOk(create(this.#out), label);
    this.handles.set(label, { family, pointer: this.#out[0]!, ...more });
  }

  pointer(label: string): bigint {
    const held = this.handles.get(label);
    if (!held) throw new Error(`the world has no ${label}`);
    return held.pointer;
  }

  /** The bytes of every vector, by its label. */
  contents(): Map<string, string> {
    const found = new Map<string, string>();
    for (const [label, { pointer, length }] of this.handles) {
      if (length === undefined) continue;
      const bytes = new Uint8Array(8 * length);
      // Refused where the call under test has freed it.
      functions.mb_vector_download!(pointer, bytes, 0n, BigInt(length));
      found.set(label, bytes.toString());
    }
    return found;
  }

  [Symbol.dispose](): void {
    functions.mb_profile!(0, null);
    functions.mb_step_abandon!(this.pointer("step"));
    for (const { family, pointer } of this.handles.values()) {
      functions[`mb_${family}_free`]!(pointer);
    }
  }
}

export function requireOk(status: number, what: string): void {
  if (status !== 0) throw new Error(`${what} failed: ${lastError()}`);
}

export function lastError(): string {
  const text = new Uint8Array(4096);
  nativeFunctions().mb_last_error(text, BigInt(text.length));
  return new TextDecoder().decode(text.subarray(0, text.indexOf(0)));
}

/** A world in which each family also has a handle that was freed, whose address another one may have now. */
export function worldWithFreed(): World {
  const before = new World();
  const freed = [...before.handles.values()];
  before[Symbol.dispose]();
  const world = new World();
  for (const { family, pointer } of freed) {
    world.handles.set(`freed ${family}`, { family, pointer });
  }
  return world;
}
