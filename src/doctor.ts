// What this machine has for maskbench, what it lacks, and the command that mends it. Changes nothing.
import os from "node:os";
import maskbench from "../deno.json" with { type: "json" };
import { DatasetError, type DatasetSource } from "./datasets/dataset.ts";
import { packSources } from "./datasets/pack.ts";
import { datasets } from "./datasets/registry.ts";
import { UserError } from "./errors.ts";
import { fastBlas, isPlainBlas, plainBlasInSystem } from "./native/blas.ts";
import { libraryPath } from "./native/build.ts";
import { findLibtorch, type Libtorch } from "./native/libtorch.ts";
import { describe, measureMatmul, openLibrary, setThreads } from "./native/mod.ts";
import { tools } from "./native/setup.ts";
import { which } from "./native/which.ts";

export interface Finding {
  /** What was looked for, such as `libtorch`. */
  readonly what: string;
  /** What was found, or what is wrong. */
  readonly found: string;
  /** `missing` only where maskbench can't work, or not at full speed, without it. */
  readonly state: "ok" | "absent" | "missing";
  /** The command that mends it, where there is one. */
  readonly mend?: string;
}

/** Looks for everything that maskbench uses. @param folders that data sets are looked for in */
export async function examine(folders: readonly string[]): Promise<Finding[]> {
  return [
    { what: "maskbench", found: maskbench.version, state: "ok" },
    { what: "Deno", found: Deno.version.deno, state: "ok" },
    {
      what: "processor",
      found: `${os.cpus()[0]?.model.trim()}, ${os.availableParallelism()} threads, ` +
        `${(os.totalmem() / 2 ** 30).toFixed(0)} GiB of memory`,
      state: "ok",
    },
    ...Object.entries(tools).map(([command, name]) => tool(command, name)),
    ...library(),
    ...await Promise.all(
      [...datasets, ...await packSources(folders)].map((source) => data(source, folders)),
    ),
  ];
}

function tool(command: string, name: string): Finding {
  const path = which(command);
  if (!path) {
    return {
      what: command,
      found: "not on the PATH",
      state: "missing",
      mend: `apt-get install --yes ${name}`,
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
    return [{ what: "libtorch", found: error.message, state: "missing", mend: "unset LIBTORCH" }];
  }
  if (!libtorch) {
    return [{
      what: "libtorch",
      found: "neither LIBTORCH, python3's PyTorch nor the system has it",
      state: "missing",
      mend: `apt-get install --yes libtorch-dev ${fastBlas}`,
    }];
  }
  const path = libraryPath(libtorch);
  const found = `${libtorch.version}, ${
    { LIBTORCH: "named by LIBTORCH", python3: "python3's PyTorch", system: "the system's" }[
      libtorch.origin
    ]
  }, ${libtorch.libraries}`;
  const findings: Finding[] = [{ what: "libtorch", found, state: "ok" }];
  try {
    openLibrary(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const plain = libtorch.origin === "system" && plainBlasInSystem();
    return [...findings, {
      what: "native library",
      found: "not built for this libtorch yet",
      state: "missing",
      mend: "deno task maskbench setup",
    }, ...(plain ? [plainBlas("the system's libblas.so.3")] : [])];
  }
  const { cuda, blas } = describe();
  setThreads(os.availableParallelism());
  const gflops = (device: "cpu" | "cuda") => Math.round(measureMatmul(device) / 1e9);
  return [
    ...findings,
    { what: "native library", found: path, state: "ok" },
    isPlainBlas(blas) ? plainBlas(blas) : { what: "BLAS", found: blas, state: "ok" },
    { what: "matrix product", found: `${gflops("cpu")} GFLOP/s on the processor`, state: "ok" },
    cuda
      ? { what: "CUDA", found: `${gflops("cuda")} GFLOP/s in a matrix product`, state: "ok" }
      : { what: "CUDA", found: "no device that this libtorch can use", state: "absent" },
  ];
}

function plainBlas(file: string): Finding {
  return {
    what: "BLAS",
    found: `${file} is the plain reference one, many times slower than OpenBLAS`,
    state: "missing",
    mend: `apt-get install --yes ${fastBlas}`,
  };
}

async function data(source: DatasetSource, folders: readonly string[]): Promise<Finding> {
  const what = `data set ${source.name}`;
  const mend = source.download ? { mend: `deno task data ${source.name}` } : {};
  try {
    const { name } = await source.load(folders);
    if (name === source.name) return { what, found: "there, checksums right", state: "ok" };
    return { what, found: `not there; in its place: ${name}`, state: "absent", ...mend };
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    return { what, found: error.message.split(";")[0]!, state: "absent", ...mend };
  }
}
