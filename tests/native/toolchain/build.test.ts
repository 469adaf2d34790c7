// The build: what the environment can't add to the arithmetic, and a library that is damaged.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { cxxCompiler, isWhole } from "../../../src/native/toolchain/build.ts";
import { findLibtorch } from "../../../src/native/toolchain/libtorch.ts";
import { root, withFolder } from "../../cli/maskbench.ts";

Deno.test("isWhole() is true only when a library has the bytes that its build gave it", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "libmaskbench.so"), bytes = new Uint8Array(1000).fill(7);
    await Deno.writeFile(path, bytes);
    assert.equal(isWhole(path), false); // of a build that was never finished
    await Deno.writeTextFile(
      `${path}.sha256`,
      `${createHash("sha256").update(bytes).digest("hex")}\n`,
    );
    assert.equal(isWhole(path), true);
    await Deno.truncate(path, 400);
    assert.equal(isWhole(path), false);
    await Deno.writeFile(path, bytes.with(500, 8));
    assert.equal(isWhole(path), false);
    await Deno.remove(path);
    assert.equal(isWhole(path), false);
  });
});

Deno.test("the library is compiled without the flags of the environment when CXXFLAGS and the like are set", async () => {
  const libtorch = findLibtorch()!;
  await withFolder(async (folder) => {
    const { success, stderr } = await new Deno.Command("cmake", {
      args: [
        ...["-S", join(root, "native"), "-B", folder, "-DCMAKE_BUILD_TYPE=Release"],
        ...["-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", `-DTORCH_LIBRARIES=${libtorch.libraries}`],
        ...[`-DTORCH_INCLUDE=${libtorch.include.join(";")}`],
      ],
      env: { CXXFLAGS: "-ffast-math", CFLAGS: "-ffast-math", LDFLAGS: "-Wl,--as-needed" },
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const commands = await Deno.readTextFile(join(folder, "compile_commands.json"));
    assert.match(commands, /-ffp-contract=off/);
    assert.doesNotMatch(commands, /fast-math/);
    const link = await Deno.readTextFile(join(folder, "CMakeFiles/maskbench.dir/link.txt"));
    assert.doesNotMatch(link.split(" -shared ")[0]!, /fast-math|as-needed/);
  });
});

Deno.test("cxxCompiler() takes the compiler that CXX names, and refuses in a sentence when there is none", () => {
  const before = Deno.env.get("CXX");
  try {
    Deno.env.set("CXX", "g++");
    assert.match(cxxCompiler()!, /g\+\+/);
    Deno.env.set("CXX", "no-such-compiler");
    assert.throws(
      () => cxxCompiler(),
      /^UserError: CXX is "no-such-compiler", which is no program: /,
    );
  } finally {
    if (before === undefined) Deno.env.delete("CXX");
    else Deno.env.set("CXX", before);
  }
});
