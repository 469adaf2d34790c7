// Finding libtorch, naming a build, and telling a plain BLAS: on folders made here, with nothing installed or built.
import assert from "node:assert/strict";
import { join } from "node:path";
import { hasPlainBlas, isPlainBlas } from "../../../src/native/toolchain/blas.ts";
import { buildKeyOf } from "../../../src/native/toolchain/build.ts";
import {
  findLibtorch,
  type Libtorch,
  type LibtorchPlaces,
} from "../../../src/native/toolchain/libtorch.ts";
import { withFolder } from "../../cli/maskbench.ts";

async function write(path: string, text = ""): Promise<void> {
  await Deno.mkdir(join(path, ".."), { recursive: true });
  await Deno.writeTextFile(path, text);
}

/** A folder that looks like an unpacked libtorch. */
async function fakeLibtorch(folder: string, version: string, { abi = 1, cuda = false } = {}) {
  const [major, minor, patch] = version.split(".");
  await write(join(folder, "include/ATen/ATen.h"));
  const numbers = `#define TORCH_VERSION_MAJOR ${major}\n#define TORCH_VERSION_MINOR ${minor}\n` +
    `#define TORCH_VERSION_PATCH ${patch}\n`;
  const moved = Number(major) === 2 && Number(minor) >= 9; // since then the old header includes another
  const old = join(folder, "include/torch/csrc/api/include/torch/version.h");
  await write(old, moved ? "#include <torch/headeronly/version.h>\n" : numbers);
  if (moved) await write(join(folder, "include/torch/headeronly/version.h"), numbers);
  await write(join(folder, "lib/libtorch_cpu.so"));
  if (cuda) await write(join(folder, "lib/libtorch_cuda.so"));
  await write(
    join(folder, "share/cmake/Torch/TorchConfig.cmake"),
    `set(TORCH_CXX_FLAGS "-D_GLIBCXX_USE_CXX11_ABI=${abi}")`,
  );
}

/** A `python3` whose PyTorch is in that folder, or that has none. */
async function fakePython(path: string, torch: string | undefined): Promise<void> {
  await write(path, `#!/bin/sh\necho '${torch === undefined ? "" : join(torch, "__init__.py")}'\n`);
  await Deno.chmod(path, 0o755);
}

const nowhere: LibtorchPlaces = {
  python: "/nowhere/python3",
  systemInclude: "/nowhere/include",
  systemLibraries: ["/nowhere/lib"],
};

Deno.test("findLibtorch() prefers LIBTORCH to python3's and python3's to the system's when there are several", async () => {
  await withFolder(async (folder) => {
    const [named, python, system] = ["named", "python", "system"].map((name) => join(folder, name));
    await fakeLibtorch(named!, "2.11.0", { cuda: true });
    await fakeLibtorch(python!, "2.1.0", { abi: 0 });
    await fakeLibtorch(system!, "1.13.0");
    await fakePython(join(folder, "python3"), python);
    const all: LibtorchPlaces = {
      libtorch: named,
      python: join(folder, "python3"),
      systemInclude: join(system!, "include"),
      systemLibraries: [join(system!, "lib")],
    };
    const found = (places: LibtorchPlaces) => {
      const libtorch = findLibtorch(places);
      return libtorch && [libtorch.origin, libtorch.version, libtorch.cxx11Abi, libtorch.cuda];
    };
    assert.deepEqual(found(all), ["LIBTORCH", "2.11.0", 1, true]);
    assert.deepEqual(found({ ...all, libtorch: undefined }), ["python3", "2.1.0", 0, false]);
    const absent = { ...all, libtorch: undefined, python: "/nowhere/python3" };
    assert.deepEqual(found(absent), ["system", "1.13.0", 1, false]);
    await fakePython(join(folder, "python3"), undefined); // a Python without PyTorch
    assert.deepEqual(found({ ...all, libtorch: undefined }), ["system", "1.13.0", 1, false]);
    assert.equal(findLibtorch(nowhere), undefined);
  });
});

Deno.test("findLibtorch() throws, and takes no other, when LIBTORCH holds no libtorch", () => {
  assert.throws(
    () => findLibtorch({ ...nowhere, libtorch: "/nowhere" }),
    /UserError: LIBTORCH is \/nowhere, which holds no libtorch: expected include\/ATen\/ATen\.h/,
  );
});

Deno.test("buildKeyOf() changes when libtorch's version or anything that the build is made of changes", async () => {
  await withFolder(async (folder) => {
    const torch = join(folder, "torch"), sources = join(folder, "native");
    await fakeLibtorch(torch, "2.3.1");
    await write(join(sources, "CMakeLists.txt"), "cmake");
    await write(join(sources, "include/maskbench.h"), "header");
    await write(join(sources, "src/a.cpp"), "one");
    const libtorch = findLibtorch({ ...nowhere, libtorch: torch })!;
    const key = (change: Partial<Libtorch> = {}) => buildKeyOf({ ...libtorch, ...change }, sources);
    const first = key();
    assert.match(first, /^2\.3\.1-[0-9a-f]{16}$/);
    assert.equal(key(), first);

    const others = [key({ version: "2.3.2" }), key({ cxx11Abi: 0 })];
    await write(join(sources, "build/left.txt"), "no part of the sources");
    assert.equal(key(), first);
    await write(join(sources, "src/a.cpp"), "two");
    others.push(key());
    await Deno.rename(join(sources, "src/a.cpp"), join(sources, "src/b.cpp"));
    others.push(key());
    await write(join(sources, "src/deep/c.cpp"), "three");
    others.push(key());
    assert.equal(new Set([first, ...others]).size, 6);
  });
});

Deno.test("isPlainBlas() recognises the reference BLAS when it sees the file", () => {
  const lib = "/usr/lib/x86_64-linux-gnu";
  for (const plain of [`${lib}/blas/libblas.so.3.11.0`, `${lib}/libblas.so.3.11.0`]) {
    assert.ok(isPlainBlas(plain), plain);
  }
  for (
    const fast of [
      `${lib}/openblas-openmp/libblas.so.3`,
      `${lib}/openblas-pthread/libblas.so.3`,
      `${lib}/atlas/libblas.so.3`,
      `${lib}/blis-openmp/libblas.so.3`,
      "/opt/torch/lib/libtorch_cpu.so",
      "/opt/intel/mkl/lib/libmkl_rt.so.2",
    ]
  ) assert.ok(!isPlainBlas(fast), fast);
});

Deno.test("hasPlainBlas() follows the link when it looks at the system's BLAS", async () => {
  await withFolder(async (folder) => {
    const link = join(folder, "libblas.so.3");
    for (const [target, plain] of [["blas", true], ["openblas-openmp", false]] as const) {
      await write(join(folder, target, "libblas.so.3.11.0"));
      await Deno.symlink(join(folder, target, "libblas.so.3.11.0"), link);
      assert.equal(hasPlainBlas(["/nowhere", folder]), plain);
      await Deno.remove(link);
    }
    assert.equal(hasPlainBlas([folder]), false);
  });
});
