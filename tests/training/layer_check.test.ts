// Layers held against plain loops before a network is trained: right ones pass, and a planted fault is reported.
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  describeLibrary,
  MaskedNetwork,
  type Precision,
  setThreads,
} from "../../src/native/mod.ts";
import { ensureNative } from "../../src/native/toolchain/setup.ts";
import { findProgram } from "../../src/native/toolchain/which.ts";
import type { Network } from "../../src/networks/network.ts";
import { networkOf } from "../../src/networks/registry.ts";
import { checkLayers } from "../../src/training/layer_check.ts";
import { maskbench, withFolder } from "../cli/maskbench.ts";
import { device } from "../library.ts";

const inputShape = [3, 32, 32] as const;
const networks: readonly Network[] = [
  networkOf("mlp", 0.5, { inputShape: [1, 28, 28], classes: 10 }),
  ...([["conv4", 0.25], ["resnet20", 0.125], ["resnet20", 0.5], ["resnet50", 0.0625], [
    "mobilenet-v1",
    0.1,
  ]] as const)
    .map(([name, width]) => networkOf(name, width, { inputShape, classes: 10 })),
  {
    name: "pools and a sum without a ReLU",
    inputShape: [2, 9, 8],
    layers: [
      { kind: "conv", inputs: 2, outputs: 5, kernel: 1, stride: 2, padding: 1 },
      { kind: "relu" },
      { kind: "max-pool", size: 3, stride: 2, padding: 1 },
      { kind: "residual", body: [{ kind: "batch-norm", channels: 5 }], shortcut: [] },
      { kind: "average-pool", size: 2, stride: 1 },
      { kind: "flatten" },
      { kind: "linear", inputs: 5 * 2 * 2, outputs: 3 },
    ],
  },
];

for (const threads of [1, 2]) {
  for (const precision of ["float32", "float64", "bfloat16"] as const satisfies Precision[]) {
    Deno.test(`checkLayers() finds no fault when it computes in ${precision} with ${threads} threads`, () => {
      setThreads(threads);
      for (const network of networks) {
        using free = new DisposableStack();
        let masked: MaskedNetwork;
        try {
          masked = free.use(new MaskedNetwork(network, precision, device));
        } catch (error) {
          assert.match((error as Error).message, /no instructions for it/);
          return; // this processor has no bfloat16
        }
        const { layers, largest } = checkLayers(masked, threads);
        assert.ok(layers > 3 && largest > 0, `${network.name}: ${layers} layers, ${largest}`);
      }
    });
  }
}

const compiler = findProgram("c++") ?? findProgram("g++");
const planting = compiler !== undefined && device === "cpu";

/** Builds what plants a fault, and gives its path to the body. */
async function withPlanted(body: (library: string, folder: string) => Promise<void>) {
  const { libtorch } = await ensureNative();
  await withFolder(async (folder) => {
    const library = join(folder, "planted.so");
    const source = fileURLToPath(new URL("planted_fault.cpp", import.meta.url));
    const major = Number(libtorch.version.split(".")[0]);
    const { success, stderr } = await new Deno.Command(compiler!, {
      args: [
        `-std=c++${major >= 2 ? 20 : 17}`,
        ...["-O1", "-w", "-shared", "-fPIC", `-D_GLIBCXX_USE_CXX11_ABI=${libtorch.cxx11Abi}`],
        ...libtorch.include.map((path) => `-I${path}`),
        ...[source, "-o", library, `-L${libtorch.libraries}`, `-Wl,-rpath,${libtorch.libraries}`],
        ...["-ltorch_cpu", "-lc10", "-ldl"],
      ],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    await body(library, folder);
  });
}

// A width that no other test has, so that no earlier check of it is recorded.
const networkOfPlanted = networkOf("resnet20", 0.3, { inputShape, classes: 10 });

Deno.test({
  name:
    "checkLayers() names the layer, its size and the library when one number is off by 1% or NaN, or the check crashes",
  ignore: !planting,
  async fn() {
    await withPlanted(async (library) => {
      const { path } = await ensureNative();
      const said = async (planted: string) => {
        const asked = { library: path, network: networkOfPlanted, precision: "float32", device };
        const { code, signal, stdout } = await new Deno.Command(Deno.execPath(), {
          args: [
            ...["run", "--quiet", "--allow-all"],
            fileURLToPath(new URL("../../src/training/check_layers.ts", import.meta.url)),
            JSON.stringify({ ...asked, threads: 2 }),
          ],
          env: { LD_PRELOAD: library, PLANTED: planted },
        }).output();
        return { code, signal, answer: new TextDecoder().decode(stdout) };
      };
      assert.match((await said("")).answer, /^{"layers":\d+,"largest":0\.0000\d+}\n$/);
      const libtorch = describeLibrary().libtorch.replaceAll(".", "\\.");
      const layer =
        /resnet20, layer \d+, a convolution from \d+ to \d+ channels, kernel \d × \d, /.source;
      const cases = {
        weights: /the gradient of its weights \(by \d\.\d% of its size\)/,
        input: /the gradient of its input \(by \d+(\.\d)?% of its size\)/,
        nan: /the gradient of its weights \(by a NaN or an infinity\)/,
      };
      for (const [planted, what] of Object.entries(cases)) {
        const { fault } = JSON.parse((await said(planted)).answer);
        const sentence = new RegExp(
          `^${layer}stride \\d, differs from plain loops in ${what.source}: libtorch ${libtorch} .* ` +
            "in float32 with 2 threads on .*, so it is not trained; what may help: ",
        );
        assert.match(fault, sentence);
      }
      const crashed = await said("crash");
      assert.equal(crashed.answer, "");
      assert.equal(crashed.signal, "SIGSEGV");
    });
  },
});

Deno.test({
  name: "bench trains no network, and reports it, when its layers are wrong or their check crashes",
  ignore: !planting,
  async fn() {
    await withPlanted(async (library, folder) => {
      const sweep = {
        name: "planted",
        dataset: "shapes",
        networks: [{ name: "resnet20", width: 0.3 }],
        algorithms: [{ name: "sbp" }],
        sparsities: [0.5],
        epochs: 1,
      };
      const file = join(folder, "sweep.json"), out = join(folder, "out");
      await Deno.writeTextFile(file, JSON.stringify(sweep));
      for (
        const [planted, told] of [
          ["weights", /differs from plain loops in the gradient of its weights/],
          ["crash", /holding its layers against plain loops ended with SIGSEGV/],
        ] as const
      ) {
        const { code, error } = await maskbench(
          ["bench", file, "--out", out, "--device", "cpu", "--threads", "2", "--retry"],
          { LD_PRELOAD: library, PLANTED: planted },
        );
        assert.equal(code, 1, error);
        assert.match(error, told);
        const runs = [...Deno.readDirSync(join(out, "runs"))].map(({ name }) => name);
        assert.deepEqual(runs.filter((name) => name.endsWith(".json")), []);
      }
    });
  },
});
