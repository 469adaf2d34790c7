// What is in a batch, for tests to look at.
import { type Batch, type Device, MaskedNetwork, Vector } from "../../src/native/mod.ts";

/** The pixels of a batch, by a network whose logits they are: an identity matrix. */
export function pixelsOf(batch: Batch, count: number, device: Device): Float64Array {
  const size = batch.shape.reduce((a, b) => a * b), type = batch.dtype as "float64";
  using network = new MaskedNetwork(
    {
      name: "identity",
      inputShape: batch.shape,
      layers: [{ kind: "flatten" }, { kind: "linear", inputs: size, outputs: size }],
    },
    type,
    device,
  );
  const identity = Float64Array.from(
    { length: size * size },
    (_, i) => Number(i % (size + 1) === 0),
  );
  using weights = new Vector(size * size, type, device);
  weights.upload(batch.dtype === "float32" ? Float32Array.from(identity) as never : identity);
  using logits = new Vector(count * size, type, device);
  network.forward(weights, null, batch, logits);
  return Float64Array.from(logits.download());
}
