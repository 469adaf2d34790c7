// The CUDA kernels, on a machine without a GPU: they are compiled for one, and their results are those of the core, since
// the core's own tests pass with them. For that they run on the processor (native/src/cuda/emulation.hpp).
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram } from "../../src/native/toolchain/which.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "native/src/cuda");

const within = Deno.env.has("MASKBENCH_KERNELS") ||
  Deno.env.get("MASKBENCH_TEST_DEVICE") === "cuda";

Deno.test({
  name: "the core's tests pass when the CUDA kernels run on the processor",
  ignore: within,
  async fn() {
    const files = [
      ...[
        "batch",
        "boundary",
        "descent",
        "network",
        "packed",
        "precision",
        "probability",
        "projection",
      ],
      ...["step", "vector"],
    ].map((name) => `tests/native/${name}.test.ts`);
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--quiet", "--no-check", "-A", ...files, "tests/goldens/replay.test.ts"],
      cwd: root,
      env: { MASKBENCH_KERNELS: "emulated", NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert.ok(success, text);
  },
});

const nvcc = findProgram("nvcc");
Deno.test({
  name: "the CUDA kernels compile for sm_80, sm_90 and PTX" + (nvcc ? "" : " (there is no nvcc)"),
  ignore: !nvcc || within,
  async fn() {
    const to = await Deno.makeTempDir();
    try {
      for (const { name } of Deno.readDirSync(folder)) {
        if (!name.endsWith(".cu")) continue;
        const { success, stderr } = await new Deno.Command(nvcc!, {
          args: [
            ...["-c", join(folder, name), "-o", join(to, `${name}.o`)],
            ...["-std=c++17", "--fmad=false", "--extended-lambda", "-Werror=all-warnings"],
            ...["-gencode", "arch=compute_80,code=sm_80"],
            ...["-gencode", "arch=compute_90,code=[sm_90,compute_90]"],
          ],
        }).output();
        assert.ok(success, `${name}: ${new TextDecoder().decode(stderr)}`);
      }
    } finally {
      await Deno.remove(to, { recursive: true });
    }
  },
});
