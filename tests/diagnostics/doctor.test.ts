// doctor on machines that lack something: what it says, the command that fixs it, and that it changes nothing.
import assert from "node:assert/strict";
import "../library.ts";
import { maskbench, withFolder } from "../cli/maskbench.ts";

interface Found {
  readonly what: string;
  readonly found: string;
  readonly state: string;
  readonly fix?: string;
}

const doctor = async (env: Record<string, string> = {}) => {
  const { code, out } = await maskbench(["doctor", "--json"], env);
  const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: Found[] };
  return { code, ok, of: (what: string) => findings.find((finding) => finding.what === what)! };
};

Deno.test("doctor lists what the machine has, and exits 0, when nothing is missing", async () => {
  const { code, ok, of } = await doctor();
  assert.deepEqual([code, ok], [0, true]);
  assert.equal(of("Deno").found, Deno.version.deno);
  assert.match(of("libtorch").found, /^\d+\.\d+\.\d+, /);
  assert.equal(of("BLAS").state, "ok");
  assert.match(of("matrix product").found, /^\d+ GFLOP\/s/);
  assert.match(of("instructions").found, /^ATen \S+/);
  assert.match(
    of("layers").found,
    /^\d+ of mlp, conv4, resnet20 are those of plain loops, to \de-\d$/,
  );
  assert.equal(of("data set shapes").state, "ok");
});

Deno.test("doctor names the command that gets a data set, and exits 0, when one is missing", async () => {
  await withFolder(async (folder) => {
    const { code, of } = await doctor({ MASKBENCH_DATA: folder });
    assert.equal(code, 0);
    const { state, fix } = of("data set mnist");
    if (state !== "ok") {
      assert.deepEqual([state, fix], ["absent", "deno task data mnist"]);
    }
  });
});

Deno.test("doctor names what fixes each fault, and exits 1, when LIBTORCH is wrong or tools are missing", async () => {
  await withFolder(async (folder) => {
    const { code, ok, of } = await doctor({ LIBTORCH: folder, PATH: folder });
    assert.deepEqual([code, ok], [1, false]);
    assert.match(of("libtorch").found, /which holds no libtorch/);
    assert.equal(of("libtorch").fix, "unset LIBTORCH");
    assert.equal(of("cmake").fix, "apt-get install --yes cmake");
    assert.equal(of("c++").fix, "apt-get install --yes g++");
  });
});
