// A ticket in PyTorch is the network that it is in maskbench, and what is exported is that network's state.
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";
import "../library.ts";
import { decodeTensors } from "../../src/base/safetensors.ts";
import { Batch, Vector } from "../../src/native/mod.ts";
import type { Shape } from "../../src/networks/network.ts";
import { networks } from "../../src/networks/registry.ts";
import { exportTicket } from "../../src/tickets/export.ts";
import { maskedWeightsOf, rebuildNetwork } from "../../src/tickets/rebuild.ts";
import { encodeTicket, type Ticket } from "../../src/tickets/ticket.ts";
import { withFolder } from "../cli/maskbench.ts";
import { made } from "./made.ts";

const python = Deno.env.get("PYTHON") ?? "/usr/bin/python3";
const script = fileURLToPath(new URL("logits.py", import.meta.url));
const able = new Deno.Command(python, { args: ["-c", "import torch, numpy"], stderr: "null" })
  .output().then(({ success }) => success, () => false);
const unless = await able ? "" : " (skipped: python3 has no PyTorch)";

interface Told {
  readonly name: string;
  readonly logits?: number[];
  readonly state?: string[];
  readonly error?: string;
}

async function inPyTorch(folder: string): Promise<Map<string, Told>> {
  const { success, stdout, stderr } = await new Deno.Command(python, { args: [script, folder] })
    .output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  return new Map(lines.map((line) => JSON.parse(line) as Told).map((told) => [told.name, told]));
}

const count = 3;
const picturesFor = (shape: Shape) =>
  Float32Array.from({ length: count * shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i * i));

function logitsOf(ticket: Ticket, pictures: Float32Array<ArrayBuffer>): Float32Array {
  using free = new DisposableStack();
  const { network, weights } = rebuildNetwork(ticket, "cpu", free);
  const batch = free.use(new Batch(count, ticket.network.inputShape));
  batch.upload(pictures, new Int32Array(count));
  const logits = free.use(new Vector(count * ticket.pictures.classes.length, "float32"));
  network.forward(weights, null, batch, logits);
  return logits.download();
}

const tickets: Readonly<Record<string, Ticket>> = {
  ...Object.fromEntries(networks.map(({ name, inputShape, classes }) => [
    name,
    made(name, inputShape[1] > 32 ? 0.25 : 1, inputShape, classes),
  ])),
  constants: made("conv2", 0.1, [3, 32, 32], 10, {
    initialisation: { name: "signed-kaiming-constant", scaleFan: true },
    seed: 7,
  }),
};

Deno.test({
  name:
    `load() in PyTorch gives the core's logits when a ticket of any network is all it has${unless}`,
  ignore: unless !== "",
  fn: () =>
    withFolder(async (folder) => {
      for (const [name, ticket] of Object.entries(tickets)) {
        const pictures = picturesFor(ticket.network.inputShape);
        await Deno.writeFile(join(folder, `${name}.safetensors`), encodeTicket(ticket));
        await Deno.writeFile(join(folder, `${name}.f32`), new Uint8Array(pictures.buffer));
      }
      const told = await inPyTorch(folder);
      assert.deepEqual([...told.keys()].sort(), Object.keys(tickets).sort());
      for (const [name, ticket] of Object.entries(tickets)) {
        const here = logitsOf(ticket, picturesFor(ticket.network.inputShape));
        const there = told.get(name)!.logits!;
        const largest = Math.max(...here.map(Math.abs));
        assert.ok(largest > 1e-3 && there.length === here.length, name);
        const apart = Math.max(...there.map((value, i) => Math.abs(value - here[i]!)));
        assert.ok(apart < 1e-5 * Math.max(1, largest), `${name}: ${apart} of ${largest}`);
        const names = Object.keys(decodeTensors(exportTicket(ticket, "safetensors")).tensors);
        const state = told.get(name)!.state!.filter((one) => !one.endsWith("num_batches_tracked"));
        assert.deepEqual(names.sort(), state.sort(), name);
      }
    }),
});

Deno.test({
  name: `load() in PyTorch raises an error when a ticket is not whole${unless}`,
  ignore: unless !== "",
  fn: () =>
    withFolder(async (folder) => {
      const ticket = made("mlp", 0.1, [1, 28, 28], 10), bytes = encodeTicket(ticket);
      const write = (name: string, data: Uint8Array) =>
        Deno.writeFile(join(folder, `${name}.safetensors`), data);
      await write("cut", bytes.subarray(0, bytes.length - 1));
      await write("empty", bytes.subarray(0, 4));
      const flipped = bytes.slice();
      flipped[bytes.length - 1]! ^= 1;
      await write("damaged", flipped);
      await write("seed", encodeTicket({ ...ticket, streams: { weights: 1 } }));
      const told = await inPyTorch(folder);
      assert.match(told.get("cut")!.error!, /is damaged|cut short/);
      assert.match(told.get("empty")!.error!, /cut short, or no ticket/);
      assert.match(told.get("damaged")!.error!, /is damaged: its checksum is another/);
      assert.match(told.get("seed")!.error!, /draws other weights from the seed/);
    }),
});

Deno.test({
  name: `fine_tune_parameters() keeps removed weights at 0 when the others are trained${unless}`,
  ignore: unless !== "",
  fn: () =>
    withFolder(async (folder) => {
      for (const name of ["conv2", "mobilenet-v1"]) {
        const ticket = made(name, 0.1, [3, 32, 32], 10);
        const path = join(folder, `${name}.safetensors`);
        await Deno.writeFile(path, encodeTicket(ticket));
        const fineTuning = fileURLToPath(new URL("fine_tuning.py", import.meta.url));
        const { success, stdout, stderr } = await new Deno.Command(python, {
          args: [fineTuning, path],
        }).output();
        assert.ok(success, new TextDecoder().decode(stderr));
        const { buffers, device, ...ways } = JSON.parse(new TextDecoder().decode(stdout));
        for (const [way, { removed, moved }] of Object.entries<Record<string, unknown>>(ways)) {
          assert.equal(removed, true, `${name}, ${way}`);
          assert.ok(Number(moved) > 0.5 && Number(moved) <= 1, `${name}, ${way}: ${moved}`);
        }
        assert.equal(ways.double.mask, "torch.bool");
        assert.equal(ways.double.mean, "torch.float64");
        assert.deepEqual(buffers, ["deviation", "mask", "mean"]);
        assert.equal(device, "meta");
      }
    }),
});

Deno.test("exportTicket() writes the masked weights in full when the format is safetensors or npz", () => {
  const ticket = made("conv2", 0.05, [3, 32, 32], 10), masked = maskedWeightsOf(ticket);
  const { tensors } = decodeTensors(exportTicket(ticket, "safetensors"));
  const values = (bytes: Uint8Array) => [...new Float32Array(bytes.slice().buffer)];
  const order = Object.keys(tensors).sort((a, b) => parseInt(a) - parseInt(b));
  assert.deepEqual(order.flatMap((name) => values(tensors[name]!.bytes)), [...masked]);
  assert.deepEqual(tensors["0.weight"]!.shape, [3, 3, 3, 3]);

  const files = unzipSync(exportTicket(ticket, "npz"));
  assert.deepEqual(Object.keys(files).sort(), order.map((name) => `${name}.npy`).sort());
  for (const name of order) {
    const file = files[`${name}.npy`]!, length = file[8]! + 256 * file[9]!;
    const header = new TextDecoder().decode(file.subarray(10, 10 + length));
    assert.equal((10 + length) % 64, 0);
    assert.ok(header.includes(`'shape': (${tensors[name]!.shape.join(", ")})`), header);
    assert.deepEqual(values(file.subarray(10 + length)), values(tensors[name]!.bytes));
  }
  assert.deepEqual(exportTicket(ticket, "npz"), exportTicket(ticket, "npz"));
});
