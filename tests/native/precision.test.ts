// bfloat16: what a network computes in it is what float64 gives, but for eight bits of mantissa.
import assert from "node:assert/strict";
import { device } from "../library.ts";
import { Batch, Generator, MaskedNetwork, NativeError, Vector } from "../../src/native/mod.ts";
import type { Network } from "../../src/networks/network.ts";

const network: Network = {
  name: "test",
  inputShape: [3, 12, 12],
  layers: [
    { kind: "conv", inputs: 3, outputs: 16, kernel: 3, padding: 1 },
    { kind: "relu" },
    { kind: "conv", inputs: 16, outputs: 20, kernel: 3, padding: 1 },
    { kind: "batch-norm", channels: 20 },
    { kind: "relu" },
    {
      kind: "residual",
      body: [{ kind: "conv", inputs: 20, outputs: 20, kernel: 1 }],
      shortcut: [],
    },
    { kind: "max-pool", size: 2 },
    { kind: "flatten" },
    { kind: "linear", inputs: 20 * 36, outputs: 32 },
    { kind: "relu" },
    { kind: "linear", inputs: 32, outputs: 5 },
  ],
};

const supported = (() => {
  try {
    new MaskedNetwork(network, "bfloat16", device)[Symbol.dispose]();
    return true;
  } catch (error) {
    assert.ok(error instanceof NativeError && error.status === "unsupported");
    if (device === "cpu") {
      assert.match(error.message, /bfloat16, but this processor has no instructions for it/);
    }
    return false;
  }
})();
const unless = supported ? "" : " (skipped: this processor has no bfloat16)";

/** Loss, and gradient with respect to the mask, of one batch. */
function gradient(precision: "float32" | "float64" | "bfloat16") {
  using free = new DisposableStack();
  const type = precision === "float64" ? "float64" : "float32";
  const net = free.use(new MaskedNetwork(network, precision, device));
  const generator = free.use(new Generator(1));
  const drawn = free.use(new Vector(net.size, "float32", device));
  generator.normal(drawn, 0.15);
  const array = (values: Iterable<number>) =>
    (type === "float64" ? Float64Array.from(values) : Float32Array.from(values)) as Float32Array<
      ArrayBuffer
    >;
  const weights = free.use(Vector.from(array(drawn.download()), type as "float32", device));
  const bits = Array.from({ length: net.size }, (_, i) => Number(i % 3 > 0));
  const mask = free.use(Vector.from(array(bits), type as "float32", device));
  const into = free.use(new Vector(net.size, type, device));
  const metrics = free.use(new Vector(2, "float64", device));
  const batch = free.use(new Batch(8, network.inputShape, type, device));
  const pixels = Array.from({ length: 8 * 432 }, (_, i) => Math.sin(i * i));
  batch.upload(
    array(pixels),
    Int32Array.from([0, 1, 2, 3, 4, 0, 1, 2]),
  );
  net.maskGradient(weights, mask, batch, into, metrics);
  return { loss: metrics.download()[0]! / 8, values: [...into.download()] };
}

Deno.test({
  name:
    `MaskedNetwork.maskGradient() gives loss and gradient to within rounding when it computes in bfloat16${unless}`,
  ignore: !supported,
  fn() {
    const exact = gradient("float64"), low = gradient("bfloat16"), single = gradient("float32");
    const far = (a: number[]) => {
      const norm = (values: number[]) => Math.hypot(...values);
      return norm(a.map((value, i) => value - exact.values[i]!)) / norm(exact.values);
    };
    assert.ok(far(single.values) < 1e-5, `${far(single.values)}`);
    assert.ok(far(low.values) < 0.06 && far(low.values) > 1e-4, `${far(low.values)}`);
    assert.ok(Math.abs(low.loss - exact.loss) < 0.01 * exact.loss, `${low.loss} ${exact.loss}`);
  },
});

Deno.test({
  name:
    `MaskedNetwork.maskGradient() gives the same bytes when it computes twice in bfloat16${unless}`,
  ignore: !supported,
  fn: () => assert.deepEqual(gradient("bfloat16"), gradient("bfloat16")),
});
