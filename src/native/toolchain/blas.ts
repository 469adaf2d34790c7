// Which BLAS matrix products run on. Debian's libtorch takes whatever the system's alternative for libblas.so.3 is, and
// that may be the plain reference one, more than ten times slower than OpenBLAS.
import { defaultLibtorchPlaces } from "./libtorch.ts";

/**
 * The Debian package of a fast BLAS. The OpenMP flavour, because it shares its threads with libtorch's own loops and
 * keeps to the number of threads that each run is given.
 */
export const fastBlasPackage = "libopenblas0-openmp";

/** Whether a library's file is that of the plain reference BLAS. */
export function isPlainBlas(file: string): boolean {
  return /\/(blas|libblas[^/]*)\/libblas\.so|\/libblas\.so\.3\.\d+\.\d+$/.test(file) &&
    !/openblas|atlas|blis|mkl/.test(file);
}

/** Whether the system's alternative is the plain one. */
export function hasPlainBlas(
  folders: readonly string[] = defaultLibtorchPlaces().systemLibraries,
): boolean {
  for (const folder of folders) {
    try {
      return isPlainBlas(Deno.realPathSync(`${folder}/libblas.so.3`));
    } catch {
      // not in this folder
    }
  }
  return false;
}
