// What this machine has for maskbench, what it lacks, and the command that fixes it. It changes nothing.
import os from "node:os";
import maskbench from "../../deno.json" with { type: "json" };
import { fileExists } from "../base/atomic_files.ts";
import { UserError } from "../base/errors.ts";
import { DatasetError, type DatasetSource } from "../datasets/dataset.ts";
import { packSources } from "../datasets/pack.ts";
import { datasets } from "../datasets/registry.ts";
import {
  describeLibrary,
  MaskedNetwork,
  measureMatmul,
  openLibrary,
  setThreads,
} from "../native/mod.ts";
import { fastBlasPackage, hasPlainBlas, isPlainBlas } from "../native/toolchain/blas.ts";
import { isWhole, libraryPathOf } from "../native/toolchain/build.ts";
import { findLibtorch, type Libtorch } from "../native/toolchain/libtorch.ts";
import { buildTools } from "../native/toolchain/setup.ts";
import { findProgram } from "../native/toolchain/which.ts";
import { networkOf } from "../networks/registry.ts";
import { checkLayersInChild } from "../training/layer_check.ts";

export interface Finding {
  /** What was looked for, such as `libtorch`. */
  readonly what: string;
  /** What was found, or what is wrong. */
  readonly found: string;
  /** `missing` only where maskbench can't work, or not at full speed, without it. */
  readonly state: "ok" | "absent" | "missing";
  /** The command that fixes it, where there is one. */
  readonly fix?: string;
}

/** Looks for everything that maskbench uses. @param folders that data sets are looked for in */
export async function examineMachine(folders: readonly string[]): Promise<Finding[]> {
  return [
    { what: "maskbench", found: maskbench.version, state: "ok" },
    { what: "Deno", found: Deno.version.deno, state: "ok" },
    {
      what: "processor",
      found: `${os.cpus()[0]?.model.trim()}, ${os.availableParallelism()} threads, ` +
        `${(os.totalmem() / 2 ** 30).toFixed(0)} GiB of memory`,
      state: "ok",
    },
    ...Object.entries(buildTools).map(([command, name]) => tool(command, name)),
    ...library(),
    ...await Promise.all(
      [...datasets, ...await packSources(folders)].map((source) => data(source, folders)),
    ),
  ];
}

function tool(command: string, name: string): Finding {
  const path = findProgram(command);
  if (!path) {
    return {
      what: command,
      found: "not on the PATH",
      state: "missing",
      fix: `apt-get install --yes ${name}`,
    };
  }
  const { stdout } = new Deno.Command(path, { args: ["--version"], stderr: "null" }).outputSync();
  const [version = path] = new TextDecoder().decode(stdout).split("\n");
  return { what: command, found: version, state: "ok" };
}

function library(): Finding[] {
  let libtorch: Libtorch | undefined;
  try {
    libtorch = findLibtorch();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [{ what: "libtorch", found: error.message, state: "missing", fix: "unset LIBTORCH" }];
  }
  if (!libtorch) {
    return [{
      what: "libtorch",
      found: "neither LIBTORCH, python3's PyTorch nor the system has it",
      state: "missing",
      fix: `apt-get install --yes libtorch-dev ${fastBlasPackage}`,
    }];
  }
  const path = libraryPathOf(libtorch);
  const found = `${libtorch.version}, ${
    { LIBTORCH: "named by LIBTORCH", python3: "python3's PyTorch", system: "the system's" }[
      libtorch.origin
    ]
  }, ${libtorch.libraries}`;
  const findings: Finding[] = [{ what: "libtorch", found, state: "ok" }];
  const obstacle = openOrExplain(path);
  if (obstacle) {
    const plain = libtorch.origin === "system" && hasPlainBlas();
    return [...findings, obstacle, ...(plain ? [plainBlas("the system's libblas.so.3")] : [])];
  }
  const { cuda, blas, instructions } = describeLibrary();
  setThreads(os.availableParallelism());
  const gflops = (device: "cpu" | "cuda") => Math.round(measureMatmul(device) / 1e9);
  return [
    ...findings,
    { what: "native library", found: path, state: "ok" },
    isPlainBlas(blas) ? plainBlas(blas) : { what: "BLAS", found: blas, state: "ok" },
    { what: "instructions", found: instructions, state: "ok" },
    ...layersOn("cpu", path),
    ...(cuda ? layersOn("cuda", path) : []),
    { what: "matrix product", found: `${gflops("cpu")} GFLOP/s on the processor`, state: "ok" },
    cuda
      ? { what: "CUDA", found: `${gflops("cuda")} GFLOP/s in a matrix product`, state: "ok" }
      : { what: "CUDA", found: "no device that this libtorch can use", state: "absent" },
  ];
}

// Opens the library, or says why it can't be opened: it is not there, not whole, or the loader can't load it, which no
// other build fixes.
function openOrExplain(path: string): Finding | undefined {
  const what = "native library", state = "missing";
  if (!isWhole(path)) {
    const found = fileExists(path)
      ? `${path} is damaged, its bytes are not those that were built`
      : "not built for this libtorch yet";
    return { what, found, state, fix: "deno task maskbench setup" };
  }
  try {
    openLibrary(path);
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const folders = Deno.env.get("LD_LIBRARY_PATH");
    return {
      what,
      found: `built, but ${(error as Error).message}` +
        (folders ? `; LD_LIBRARY_PATH is ${folders}` : ""),
      state,
      fix: folders ? "unset LD_LIBRARY_PATH" : "install what the loader names",
    };
  }
}

/** Networks whose layers are of all kinds, and quickly checked. */
const checkedNetworks = [["mlp", [1, 28, 28]], ["conv4", [3, 32, 32]], ["resnet20", [
  3,
  32,
  32,
]]] as const;

// Whether what libraries compute for layers is what plain loops do, with one thread and with all of them.
function layersOn(device: "cpu" | "cuda", library: string): Finding[] {
  const what = device === "cuda" ? "layers on CUDA" : "layers";
  let layers = 0, largest = 0;
  for (const threads of new Set([1, os.availableParallelism()])) {
    for (const [name, inputShape] of checkedNetworks) {
      using resources = new DisposableStack();
      const network = networkOf(name, 1, { inputShape, classes: 10 });
      const masked = resources.use(new MaskedNetwork(network, "float32", device));
      const outcome = checkLayersInChild(masked, threads, library);
      if (typeof outcome === "string") {
        return [{ what, found: outcome, state: "missing", fix: `another libtorch in LIBTORCH` }];
      }
      layers += outcome.layers;
      largest = Math.max(largest, outcome.largest);
    }
  }
  const names = checkedNetworks.map(([name]) => name).join(", ");
  const found = `${layers} of ${names} are those of plain loops, to ${largest.toExponential(0)}`;
  return [{ what, found, state: "ok" }];
}

function plainBlas(file: string): Finding {
  return {
    what: "BLAS",
    found: `${file} is the plain reference one, many times slower than OpenBLAS`,
    state: "missing",
    fix: `apt-get install --yes ${fastBlasPackage}`,
  };
}

async function data(source: DatasetSource, folders: readonly string[]): Promise<Finding> {
  const what = `data set ${source.name}`;
  const fix = source.download ? { fix: `deno task data ${source.name}` } : {};
  try {
    const { name } = await source.load(folders);
    if (name === source.name) return { what, found: "there, checksums right", state: "ok" };
    return { what, found: `not there; in its place: ${name}`, state: "absent", ...fix };
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    return { what, found: error.message.split(";")[0]!, state: "absent", ...fix };
  }
}
