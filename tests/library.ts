// Opens the native library for tests that compute, building it if need be, and says where they compute.
import { describeLibrary, type Device } from "../src/native/mod.ts";
import { openNative } from "../src/native/toolchain/setup.ts";

await openNative();

/**
 * Where the tests of `native/` and `training/` compute: the CPU, unless MASKBENCH_TEST_DEVICE says `cuda`. What they
 * assert is the same, but for a NaN given to the projection of the kernels.
 */
export const device: Device = deviceNamed(Deno.env.get("MASKBENCH_TEST_DEVICE") || "cpu");

/** Whether the CUDA kernels compute, on a GPU or on the processor: see kernels.test.ts. */
export const byKernels: boolean = describeLibrary().kernels === "emulated" ||
  device === "cuda" && describeLibrary().kernels === "cuda";

function deviceNamed(name: string): Device {
  if (name !== "cpu" && name !== "cuda") {
    throw new Error(`MASKBENCH_TEST_DEVICE is ${name}, expected cpu or cuda`);
  }
  if (name === "cuda" && !describeLibrary().cuda) {
    throw new Error("MASKBENCH_TEST_DEVICE is cuda, and there is no device that libtorch can use");
  }
  return name;
}
