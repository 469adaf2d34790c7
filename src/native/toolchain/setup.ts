// Makes sure of all that the native library needs, says what it does, and is quick when all is there.
import { fileExists } from "../../base/atomic_files.ts";
import { UserError } from "../../base/errors.ts";
import { describeLibrary, openLibrary } from "../library.ts";
import { installPackages } from "./apt.ts";
import { fastBlasPackage, hasPlainBlas, isPlainBlas } from "./blas.ts";
import { buildLibrary, cxxCompiler, isWhole, libraryPathOf } from "./build.ts";
import { findLibtorch, type Libtorch } from "./libtorch.ts";
import { findProgram } from "./which.ts";

/** The native library, and what it is built on. */
export interface NativeLibrary {
  /** The path of `libmaskbench.so`. */
  readonly path: string;
  /** What it was built against. */
  readonly libtorch: Libtorch;
}

/** Tools that the build calls, and the Debian packages that bring them. */
export const buildTools = { cmake: "cmake", "c++": "g++", make: "make" } as const;

/**
 * Finds libtorch (`LIBTORCH`, the PyTorch of python3, the system's) or installs Debian's with a fast BLAS, and builds
 * the native library for it where that is not done yet.
 * @param say receives a sentence before each thing that takes time
 * @throws {UserError} with the command that fixes it
 */
export async function ensureNative(
  say: (text: string) => void = (text) => console.error(text),
): Promise<NativeLibrary> {
  let libtorch = findLibtorch();
  if (!libtorch) {
    await installPackages(["libtorch-dev", fastBlasPackage], "libtorch was not found", say);
    libtorch = findLibtorch();
    if (!libtorch) {
      throw new UserError("libtorch-dev is installed, but libtorch was not found in it");
    }
  } else if (libtorch.origin === "system" && hasPlainBlas()) {
    await installPackages([fastBlasPackage], "libtorch would run on the plain reference BLAS", say);
  }
  const path = libraryPathOf(libtorch);
  if (!isWhole(path)) {
    if (fileExists(path)) say(`${path} is damaged, its bytes are not those that were built`);
    const missing = Object.entries(buildTools).filter(([command]) =>
      command === "c++" ? !cxxCompiler() : !findProgram(command)
    );
    if (missing.length > 0) {
      const commands = missing.map(([command]) => command).join(", ");
      await installPackages(
        missing.map(([, name]) => name),
        `missing to build with: ${commands}`,
        say,
      );
    }
    say(`building the native library against libtorch ${libtorch.version} (${libtorch.libraries})`);
    const started = performance.now();
    await buildLibrary(libtorch, path);
    say(`built in ${Math.round((performance.now() - started) / 1000)} s`);
  }
  return { path, libtorch };
}

/** What matrix products run on, for the record of a run. The native library must be open. */
export function findBlasInUse(): string {
  return describeLibrary().blas;
}

/** Opens the library that `ensureNative` gives, and warns where it runs on a plain BLAS. */
export async function openNative(say?: (text: string) => void): Promise<NativeLibrary> {
  const native = await ensureNative(say);
  openLibrary(native.path);
  const blas = findBlasInUse();
  if (isPlainBlas(blas)) {
    (say ?? console.error)(
      `warning: libtorch runs on the plain reference BLAS (${blas}), many times slower than OpenBLAS: ` +
        `apt-get install ${fastBlasPackage}`,
    );
  }
  return native;
}
