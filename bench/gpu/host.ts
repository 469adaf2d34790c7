// What a GPU host has: the GPU as its driver names it, a CUDA compiler, a Python with PyTorch.
import { dirname } from "node:path";
import { cudaCompiler } from "../../src/native/toolchain/build.ts";
import { command, lastLine } from "./command.ts";

export interface Gpu {
  readonly name: string;
  readonly driver: string;
  /** As the driver writes it, such as `143771 MiB`. */
  readonly memory: string;
}

/** The first GPU, by `nvidia-smi`, else by PyTorch; or nothing. */
export async function gpuOf(): Promise<Gpu | undefined> {
  const fields = "--query-gpu=name,driver_version,memory.total";
  const { success, out } = await command("nvidia-smi", [fields, "--format=csv,noheader"]);
  const [name, driver, memory] = out.split("\n")[0]!.split(",").map((field) => field.trim());
  if (success && name && driver && memory) return { name, driver, memory };
  const python = await pythonWithTorch();
  if (!python?.cuda) return undefined;
  const code = "import torch as t; print(t.cuda.get_device_name(0)); " +
    "print(t.cuda.get_device_properties(0).total_memory // 2**20)";
  const [called = "GPU", bytes = "?"] = (await command(python.program, ["-c", code])).out.split(
    "\n",
  );
  return { name: called, driver: "unknown", memory: `${bytes} MiB` };
}

/** Such as `release 12.4, V12.4.131`, or nothing without a CUDA compiler. */
export async function nvccVersion(): Promise<string | undefined> {
  const { success, out } = await command("nvcc", ["--version"]);
  return success ? /release .*/.exec(out)?.[0] ?? lastLine(out) : undefined;
}

/** The PATH, with the CUDA toolkit's programs where it usually is, unless it is on the PATH. */
export function pathWithCuda(): string {
  const path = Deno.env.get("PATH") ?? "", compiler = cudaCompiler();
  return compiler === undefined ? path : `${path}:${dirname(compiler)}`;
}

export interface Python {
  readonly program: string;
  /** PyTorch's version. */
  readonly torch: string;
  /** The CUDA that PyTorch was built with, where it finds a device. */
  readonly cuda: string | null;
}

let python: Promise<Python | undefined> | undefined;

/** The first Python with PyTorch: the one that PYTHON names, or `python3`, or `/usr/bin/python3`. Looked for once. */
export function pythonWithTorch(): Promise<Python | undefined> {
  return python ??= lookForPython();
}

async function lookForPython(): Promise<Python | undefined> {
  const named = Deno.env.get("PYTHON");
  const code = "import json, torch as t; " +
    "print(json.dumps([t.__version__, t.version.cuda if t.cuda.is_available() else None]))";
  for (const program of named ? [named] : ["python3", "/usr/bin/python3"]) {
    const { success, out } = await command(program, ["-c", code]);
    if (!success) continue;
    const [torch, cuda] = JSON.parse(lastLine(out));
    return { program, torch, cuda };
  }
  return undefined;
}

/** A name for a folder: `NVIDIA H200` as `nvidia-h200`. */
export function slugOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
}
