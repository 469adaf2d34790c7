// Finds libtorch: LIBTORCH, else the PyTorch of python3, else the system's.
import { dirname, join } from "node:path";
import { UserError } from "../../base/errors.ts";

/** A libtorch on this machine. */
export interface Libtorch {
  /** Such as `1.13.0`. */
  readonly version: string;
  /** Where it was found. */
  readonly origin: "LIBTORCH" | "python3" | "system";
  /** Folders of its headers; none where the compiler finds them by itself. */
  readonly include: readonly string[];
  /** Folder of `libtorch_cpu.so`. */
  readonly libraries: string;
  /** As it was built: 1, or 0 for the older layout of strings. */
  readonly cxx11Abi: 0 | 1;
  /** Whether it was built with CUDA. */
  readonly cuda: boolean;
}

/** Where libtorch is searched for; tests name other folders than the system's. */
export interface LibtorchPlaces {
  readonly libtorch?: string | undefined;
  /** Command that starts Python. */
  readonly python: string;
  readonly systemInclude: string;
  readonly systemLibraries: readonly string[];
}

export function defaultLibtorchPlaces(): LibtorchPlaces {
  const triplet = `${Deno.build.arch}-linux-gnu`;
  return {
    libtorch: Deno.env.get("LIBTORCH") || undefined,
    python: "python3",
    systemInclude: "/usr/include",
    systemLibraries: [`/usr/lib/${triplet}`, "/usr/lib"],
  };
}

/**
 * The first libtorch in the order of `LibtorchPlaces`, or nothing.
 * @throws {UserError} where LIBTORCH names a folder that holds none
 */
export function findLibtorch(
  places: LibtorchPlaces = defaultLibtorchPlaces(),
): Libtorch | undefined {
  if (places.libtorch !== undefined) {
    const libtorch = inFolder(places.libtorch, "LIBTORCH");
    if (libtorch) return libtorch;
    throw new UserError(
      `LIBTORCH is ${places.libtorch}, which holds no libtorch: expected include/ATen/ATen.h and ` +
        "lib/libtorch_cpu.so in it",
    );
  }
  const python = pythonTorch(places.python);
  const libtorch = python === undefined ? undefined : inFolder(python, "python3");
  return libtorch ?? inSystem(places);
}

// An unpacked libtorch, or the folder of Python's package `torch`.
function inFolder(folder: string, origin: Libtorch["origin"]): Libtorch | undefined {
  const include = join(folder, "include"), libraries = join(folder, "lib");
  const version = versionIn(include);
  if (version === undefined || !exists(join(libraries, "libtorch_cpu.so"))) return undefined;
  const flags = text(join(folder, "share/cmake/Torch/TorchConfig.cmake")) ?? "";
  return {
    version,
    origin,
    include: [include, join(include, "torch/csrc/api/include")],
    libraries,
    cxx11Abi: /_GLIBCXX_USE_CXX11_ABI=0/.test(flags) ? 0 : 1,
    cuda: exists(join(libraries, "libtorch_cuda.so")),
  };
}

function inSystem({ systemInclude, systemLibraries }: LibtorchPlaces): Libtorch | undefined {
  const version = versionIn(systemInclude);
  const libraries = systemLibraries.find((folder) => exists(join(folder, "libtorch_cpu.so")));
  if (version === undefined || libraries === undefined) return undefined;
  // /usr/include must not be named: as a system folder it would shadow the compiler's own.
  const include = systemInclude === "/usr/include" ? [] : [systemInclude];
  const cuda = exists(join(libraries, "libtorch_cuda.so"));
  return { version, origin: "system", include, libraries, cxx11Abi: 1, cuda };
}

// The version of headers with everything that is built against.
function versionIn(include: string): string | undefined {
  if (!exists(join(include, "ATen/ATen.h"))) return undefined;
  const headers = ["torch/csrc/api/include/torch/version.h", "torch/headeronly/version.h"]
    .map((header) => text(join(include, header))).join("\n");
  const part = (name: string) => new RegExp(`TORCH_VERSION_${name} (\\d+)`).exec(headers)?.[1];
  const parts = ["MAJOR", "MINOR", "PATCH"].map(part);
  return parts.includes(undefined) ? undefined : parts.join(".");
}

// Without importing it, which takes seconds.
function pythonTorch(python: string): string | undefined {
  const code = "import importlib.util as u; s = u.find_spec('torch'); print(s.origin if s else '')";
  try {
    const { success, stdout } = new Deno.Command(python, { args: ["-c", code], stderr: "null" })
      .outputSync();
    const origin = new TextDecoder().decode(stdout).trim();
    return success && origin ? dirname(origin) : undefined;
  } catch {
    return undefined; // no python3
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

function text(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
