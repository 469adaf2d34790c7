// The native library, opened once by an explicit call; and how its failures become exceptions.
import { symbols } from "./symbols.ts";

/** The version of the C interface that this binding speaks. */
const ABI_VERSION = 12;

/** A native call that failed: how (see `mb_status`), and a text that names the call. */
export class NativeError extends Error {
  /** What it is, for messages. */
  override readonly name = "NativeError";
  /** A failure. @param status how the call failed @param text the sentence */
  constructor(readonly status: NativeStatus, text: string) {
    super(text);
  }
}

/** How a native call failed; see `mb_status` in `maskbench.h`. */
export type NativeStatus =
  | "ok"
  | "invalid"
  | "not-a-number"
  | "out-of-memory"
  | "unsupported"
  | "internal";

/** By the number that a call returns. */
const statuses: readonly NativeStatus[] = [
  "ok",
  "invalid",
  "not-a-number",
  "out-of-memory",
  "unsupported",
  "internal",
];

type Library = Deno.DynamicLibrary<typeof symbols>;
let opened: { readonly path: string; readonly library: Library } | undefined;

/**
 * Opens the native library for this thread; a second call with the same path does nothing.
 * @param path of `libmaskbench.so`, as `ensureNative()` gives it
 * @throws {NativeError} if it can't be loaded or speaks another version of the interface
 */
export function openLibrary(path: string): void {
  if (opened) {
    if (opened.path === path) return;
    throw new NativeError("invalid", `${opened.path} is open, another library can't be: ${path}`);
  }
  let library: Library;
  try {
    library = Deno.dlopen(path, symbols);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new NativeError("unsupported", `${path} can't be loaded: ${(error as Error).message}`);
  }
  const version = library.symbols.mb_abi_version();
  if (version !== ABI_VERSION) {
    library.close();
    throw new NativeError(
      "unsupported",
      `${path} speaks version ${version} of the interface, expected ${ABI_VERSION}: ` +
        "delete native/build and run the command again",
    );
  }
  opened = { path, library };
}

/** Path of the open library; nothing where none is. */
export function openLibraryPath(): string | undefined {
  return opened?.path;
}

/** The functions of the open library; throws where none is open. */
export function nativeFunctions(): Library["symbols"] {
  if (!opened) {
    throw new NativeError("invalid", "the native library is not open: call openLibrary first");
  }
  return opened.library.symbols;
}

/** Ends the process at once, whatever other threads are computing; without an open library, as `Deno.exit`. */
export function exitNow(code: number): never {
  opened?.library.symbols.mb_exit(code);
  Deno.exit(code);
}

/** Throws the error that a call's status says. */
export function checkStatus(status: number): void {
  if (status === 0) return;
  const text = new Uint8Array(4096);
  nativeFunctions().mb_last_error(text, BigInt(text.length));
  throw new NativeError(statuses[status] ?? "internal", textIn(text) || `status ${status}`);
}

// The text that C wrote to a buffer, up to its zero.
const textIn = (bytes: Uint8Array) => new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));

/** What the native library was built against and can use. */
export interface LibraryDescription {
  /** Version, such as `1.13.0`. */
  readonly libtorch: string;
  /** Who runs the CUDA kernels: a GPU, the processor to test them, or nobody: they are not compiled in. */
  readonly kernels: "cuda" | "emulated" | "none";
  /** Whether there is a CUDA device that can be used. */
  readonly cuda: boolean;
  /** Whether convolutions run on oneDNN. */
  readonly mkldnn: boolean;
  /** The file that matrix products come from: a BLAS library's, or libtorch's own. */
  readonly blas: string;
  /** The processor, by which kernels are chosen, such as `family 6, model 143, stepping 8, AVX-512`; empty where it isn't known. */
  readonly processor: string;
  /** The instruction sets for which the kernels of libtorch, oneDNN and the BLAS are in use: `ATen AVX2, oneDNN AVX2, OpenBLAS Haswell`. */
  readonly instructions: string;
  /** Name of the CUDA device, such as `NVIDIA H100 80GB HBM3`; empty where there is none. */
  readonly gpu: string;
}

/** What the library was built against and can use. */
export function describeLibrary(): LibraryDescription {
  const text = new Uint8Array(4096);
  checkStatus(nativeFunctions().mb_describe(text, BigInt(text.length)));
  return JSON.parse(textIn(text));
}

/** Processor threads that calls from this thread compute with; they change the last bits of sums. */
export function setThreads(threads: number): void {
  checkStatus(nativeFunctions().mb_set_threads(threads));
}

/** What the native core holds. */
export interface LiveObjects {
  /** Vectors, generators, networks, batches and data sets not freed yet. */
  readonly handles: number;
  /** Bytes of tensors on the host. */
  readonly bytes: number;
  /** The most bytes since `resetPeak`. */
  readonly peakBytes: number;
}

/** Reads what the core holds: for tests of leaks, and for memory figures. */
export function readLiveObjects(): LiveObjects {
  const numbers = new BigInt64Array(3);
  checkStatus(
    nativeFunctions().mb_live(
      numbers.subarray(0, 1),
      numbers.subarray(1, 2),
      numbers.subarray(2, 3),
    ),
  );
  const [handles, bytes, peakBytes] = [...numbers].map(Number) as [number, number, number];
  return { handles, bytes, peakBytes };
}

/** Starts a new measurement of `readLiveObjects().peakBytes`, and gives unused memory back to the system. */
export function resetPeak(): void {
  checkStatus(nativeFunctions().mb_reset_peak());
}

/** Where vectors are and calls compute. */
export type Device = "cpu" | "cuda";
export const deviceCodes: Readonly<Record<Device, number>> = { cpu: 0, cuda: 1 };

/** A part of a training step; see `mb_part` in `maskbench.h`. */
export type StepPart = "gather" | "weights" | "forward" | "backward" | "projection" | "update";

const parts: readonly StepPart[] = [
  "gather",
  "weights",
  "forward",
  "backward",
  "projection",
  "update",
];

/**
 * Begins or ends summing up where this thread's native calls spend their time. While on, every part waits for the
 * device.
 * @returns seconds by part since it was begun
 */
export function profileStepParts(on: boolean): Record<StepPart, number> {
  const seconds = new Float64Array(parts.length);
  checkStatus(nativeFunctions().mb_profile(on ? 1 : 0, seconds));
  return Object.fromEntries(parts.map((part, i) => [part, seconds[i]!])) as Record<
    StepPart,
    number
  >;
}

/**
 * Seconds since this thread began in which it could have run, but others had the processor; 0 throughout where the
 * system doesn't count them. A measured time less these seconds is what the work itself took.
 */
export function readWaitedSeconds(): number {
  const seconds = new Float64Array(1);
  checkStatus(nativeFunctions().mb_waited(seconds));
  return seconds[0]!;
}

/** Floating-point operations per second of one float32 matrix product of `size × size`. */
export function measureMatmul(device: Device, size = 2048, repeats = 5): number {
  const seconds = new Float64Array(1);
  checkStatus(
    nativeFunctions().mb_measure_matmul(deviceCodes[device], BigInt(size), repeats, seconds),
  );
  return 2 * size ** 3 / seconds[0]!;
}

/** Bytes per second, read plus written, of one copy of `bytes`. */
export function measureCopy(device: Device, bytes = 1 << 28, repeats = 5): number {
  const seconds = new Float64Array(1);
  checkStatus(
    nativeFunctions().mb_measure_copy(deviceCodes[device], BigInt(bytes), repeats, seconds),
  );
  return 2 * bytes / seconds[0]!;
}
