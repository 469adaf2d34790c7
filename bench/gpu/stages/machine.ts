// The machine, and the native library built for it.
import os from "node:os";
import { describeLibrary, type LibraryDescription } from "../../../src/native/mod.ts";
import { libraryPathOf } from "../../../src/native/toolchain/build.ts";
import { findLibtorch } from "../../../src/native/toolchain/libtorch.ts";
import { findBlasInUse, openNative } from "../../../src/native/toolchain/setup.ts";
import { environmentOf, processorOf } from "../../../src/runs/environment.ts";
import { type Gpu, gpuOf, nvccVersion, type Python, pythonWithTorch } from "../host.ts";
import type { Stage } from "../stage.ts";

export interface Machine {
  readonly gpu: Gpu | null;
  readonly nvcc: string | null;
  readonly python: Python | null;
  readonly environment: ReturnType<typeof environmentOf>;
  readonly libtorch: { readonly version: string; readonly libraries: string };
  readonly threads: number;
  readonly memoryGiB: number;
  /** Seconds that the native library took to build; `null` where it was there. */
  readonly buildSeconds: number | null;
  /** Who runs maskbench's CUDA kernels. */
  readonly kernels: LibraryDescription["kernels"];
}

export const machine: Stage<Machine> = {
  name: "machine",
  title: "Machine",
  seconds: { cuda: 420, cpu: 600 },
  async run({ device, results }) {
    const before = results.machine as Machine | undefined;
    const found = findLibtorch();
    const there = found && exists(libraryPathOf(found)), began = performance.now();
    const { libtorch } = await openNative();
    const buildSeconds = there ? before?.buildSeconds ?? null : (performance.now() - began) / 1000;
    const { cuda, kernels } = describeLibrary();
    if (device === "cuda" && !cuda) {
      throw new Error(`libtorch ${libtorch.version} (${libtorch.libraries}) finds no CUDA device`);
    }
    return {
      gpu: await gpuOf() ?? null,
      nvcc: await nvccVersion() ?? null,
      python: await pythonWithTorch() ?? null,
      environment: {
        ...environmentOf({ device, threads: 1, jobs: 1, blas: findBlasInUse() }),
        processor: processorOf("cpu"), // the GPU has a line of its own
      },
      libtorch: { version: libtorch.version, libraries: libtorch.libraries },
      threads: os.availableParallelism(),
      memoryGiB: os.totalmem() / 2 ** 30,
      buildSeconds,
      kernels,
    };
  },
  section({ gpu, nvcc, python, environment, libtorch, ...result }) {
    const { threads, memoryGiB, buildSeconds, kernels } = result;
    const kernel = { cuda: "compiled in", emulated: "emulated", none: "not compiled in" }[kernels];
    return [
      `- GPU: ${gpu ? `${gpu.name}, driver ${gpu.driver}, ${gpu.memory}` : "none"}`,
      `- CUDA compiler: ${nvcc ?? "none"}; maskbench's CUDA kernels: ${kernel}`,
      `- libtorch ${libtorch.version}; ` +
      (python
        ? `PyTorch ${python.torch}, ${python.cuda ? `CUDA ${python.cuda}` : "no CUDA"}`
        : "no PyTorch for Python"),
      `- Processor: ${environment.processor}, ${threads} threads, ` +
      `${memoryGiB.toFixed(0)} GiB; ${environment.system}`,
      `- maskbench ${environment.maskbench} at ${environment.commit || "no commit"}, Deno ` +
      `${environment.deno}; native library ` +
      (buildSeconds === null ? "was built before" : `built in ${buildSeconds.toFixed(0)} s`),
    ].join("\n");
  },
};

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
