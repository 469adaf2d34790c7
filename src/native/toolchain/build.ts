// Builds the native library, unless it is there for this libtorch, these sources and this machine.
import { createHash } from "node:crypto";
import os from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fileExists, removeFolder, writeFileAtomically } from "../../base/atomic_files.ts";
import { UserError } from "../../base/errors.ts";
import type { Libtorch } from "./libtorch.ts";
import { findProgram } from "./which.ts";

/** The folder `native/`. @throws {UserError} where maskbench was loaded from the network, and so has none to build in */
function sourceFolder(): string {
  const address = new URL("../../../native", import.meta.url);
  if (address.protocol === "file:") return fileURLToPath(address);
  throw new UserError(
    `maskbench was loaded from ${address.host}, and its native core is built from files: clone the repository, and name ` +
      'the clone in "links" of your deno.json (docs/extending.md)',
  );
}

/** Parts of `native/` that the library is made of. */
const parts = ["CMakeLists.txt", "include", "src"];

/** Whether the CUDA kernels run on the processor, which is how they are tested without a GPU. */
const emulated = () => Deno.env.get("MASKBENCH_KERNELS") === "emulated";

/** Whether the core is built to check its own memory and arithmetic: see tests/sanitize.ts. */
const sanitized = () => Deno.env.get("MASKBENCH_SANITIZE") === "1";

/** The C++ compiler: the one that CXX names, or c++ or g++ on the PATH. @throws {UserError} where CXX names none */
export function cxxCompiler(): string | undefined {
  const named = Deno.env.get("CXX");
  if (!named) return findProgram("c++") ?? findProgram("g++");
  const found = fileExists(named) ? named : findProgram(named);
  if (found) return found;
  throw new UserError(
    `CXX is ${
      JSON.stringify(named)
    }, which is no program: expected the name or path of a C++ compiler, without options`,
  );
}

/**
 * Variables of the environment that CMake, the compilers and the linker read options from. A build is made without them:
 * what they change would be in no run's record.
 */
const ignoredVariables = [
  ...["CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "CUDAFLAGS", "CUDAARCHS", "CUDAHOSTCXX", "CC"],
  ...["NVCC_APPEND_FLAGS", "NVCC_PREPEND_FLAGS", "GCC_EXEC_PREFIX", "COMPILER_PATH"],
  ...["CMAKE_TOOLCHAIN_FILE", "CMAKE_BUILD_TYPE", "CMAKE_CONFIGURATION_TYPES", "CMAKE_CONFIG_TYPE"],
  ...["CMAKE_GENERATOR", "CMAKE_GENERATOR_INSTANCE", "CMAKE_GENERATOR_PLATFORM"],
  ...["CMAKE_GENERATOR_TOOLSET", "CMAKE_CXX_COMPILER_LAUNCHER", "CMAKE_CXX_LINKER_LAUNCHER"],
  ...[
    "CMAKE_CUDA_COMPILER_LAUNCHER",
    "CMAKE_INCLUDE_PATH",
    "CMAKE_LIBRARY_PATH",
    "CMAKE_PREFIX_PATH",
  ],
];

/** What a build depends on besides its sources: another one of these needs a build of its own. */
function circumstances({ libraries, cxx11Abi, include, cuda }: Libtorch): string[] {
  const compiler = cxxCompiler() ?? "none";
  const compilerTime = compiler === "none" ? 0 : Deno.statSync(compiler).mtime?.getTime();
  const libraryTime = Deno.statSync(join(libraries, "libtorch_cpu.so")).mtime?.getTime();
  return [
    libraries,
    String(libraryTime),
    String(cxx11Abi),
    ...include,
    compiler,
    String(compilerTime),
    os.cpus()[0]?.model ?? Deno.build.arch,
    emulated() ? "emulated" : cuda ? cudaCompiler() ?? "no nvcc" : "no kernels",
    ...(sanitized() ? ["sanitized"] : []),
  ];
}

/** The CUDA compiler, on the PATH or where NVIDIA's toolkit is. */
export function cudaCompiler(): string | undefined {
  const toolkit = Deno.env.get("CUDA_HOME") || Deno.env.get("CUDA_PATH") || "/usr/local/cuda";
  return findProgram("nvcc") ?? findProgram("nvcc", join(toolkit, "bin"));
}

// Headers from 2.8 on compile as C++20, and some later ones only so.
function cxxStandard({ version }: Libtorch): 17 | 20 {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 8) ? 20 : 17;
}

/**
 * Names a build: `<libtorch's version>-<hash of the sources and of what the build depends on>`.
 * @param folder of the sources
 */
export function buildKeyOf(libtorch: Libtorch, folder: string = sourceFolder()): string {
  const hash = createHash("sha256");
  const add = (path: string) => {
    if (Deno.statSync(path).isDirectory) {
      const names = [...Deno.readDirSync(path)].map(({ name }) => name).sort();
      for (const name of names) add(join(path, name));
    } else {
      hash.update(path.slice(folder.length)).update("\0").update(Deno.readFileSync(path));
    }
  };
  for (const part of parts) add(join(folder, part));
  for (const circumstance of circumstances(libtorch)) hash.update("\0").update(circumstance);
  return `${libtorch.version}-${hash.digest("hex").slice(0, 16)}`;
}

/** Path of the library for that libtorch, whether it is built or not. */
export function libraryPathOf(libtorch: Libtorch): string {
  return join(sourceFolder(), "build", buildKeyOf(libtorch), "libmaskbench.so");
}

const checksumPathOf = (library: string) => `${library}.sha256`;

const fileChecksumOf = (path: string) =>
  createHash("sha256").update(Deno.readFileSync(path)).digest("hex");

/** Whether the library is built, and has the bytes that the build gave it: loading half of one ends the process. */
export function isWhole(library: string): boolean {
  try {
    return Deno.readTextFileSync(checksumPathOf(library)).trim() === fileChecksumOf(library);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Builds the library in a folder of its own and renames it into place, unless somebody else has done so meanwhile: one
 * process at a time builds where the file system has locks, and one that is there may be in use, so it is never replaced.
 * @throws {UserError} with the compiler's last lines, and where all of them are
 */
export async function buildLibrary(libtorch: Libtorch, path: string): Promise<void> {
  const sources = sourceFolder(),
    home = join(sources, "build"),
    work = join(home, `.building-${crypto.randomUUID()}`);
  const log = join(home, "build.log");
  const compiler = cxxCompiler(), nvcc = libtorch.cuda ? cudaCompiler() : undefined;
  await Deno.mkdir(home, { recursive: true });
  using lock = await Deno.open(join(home, ".building"), { create: true, write: true });
  await lock.lock(true).catch(() => {});
  if (isWhole(path)) return;
  await Deno.mkdir(work);
  try {
    const cmake = async (...args: string[]) => {
      const without = ignoredVariables.flatMap((name) => ["-u", name]);
      const { success, stdout, stderr } = await new Deno.Command("env", {
        args: [...without, "cmake", ...args],
      }).output();
      const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      await Deno.writeTextFile(log, output);
      if (success) return;
      const errors = output.split("\n").filter((line) => /error|undefined reference/i.test(line));
      const last = (errors.length > 0 ? errors : output.trimEnd().split("\n")).slice(0, 8);
      throw new UserError(
        `the native library could not be built against libtorch ${libtorch.version} ` +
          `(${libtorch.libraries}); all of it is in ${log}:\n  ${last.join("\n  ")}`,
      );
    };
    await cmake(
      "-S",
      sources,
      "-B",
      work,
      "-DCMAKE_BUILD_TYPE=Release",
      ...(compiler ? [`-DCMAKE_CXX_COMPILER=${compiler}`] : []),
      `-DTORCH_INCLUDE=${libtorch.include.join(";")}`,
      `-DTORCH_LIBRARIES=${libtorch.libraries}`,
      `-DTORCH_CXX11_ABI=${libtorch.cxx11Abi}`,
      `-DTORCH_CXX_STANDARD=${cxxStandard(libtorch)}`,
      ...(nvcc ? [`-DCMAKE_CUDA_COMPILER=${nvcc}`] : []),
      `-DMB_EMULATE=${emulated() ? "ON" : "OFF"}`,
      `-DMB_SANITIZE=${sanitized() ? "ON" : "OFF"}`,
    );
    await cmake("--build", work, "--parallel", String(os.availableParallelism()));
    const whole = join(work, "whole"), file = join(whole, basename(path));
    await Deno.mkdir(whole);
    await Deno.rename(join(work, "libmaskbench.so"), file);
    {
      using library = await Deno.open(file, { read: true, write: true });
      await library.syncData(); // a machine that loses its power then doesn't leave a part of it
    }
    await writeFileAtomically(checksumPathOf(file), `${fileChecksumOf(file)}\n`);
    // A damaged one goes; who has it open keeps its bytes.
    if (fileExists(path) && !isWhole(path)) await removeFolder(dirname(path));
    await Deno.rename(whole, dirname(path)).catch((error) => {
      if (!isWhole(path)) throw error;
    });
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
