// A ticket's file: what is written is what is read, and whatever else is there is refused in a sentence.
import assert from "node:assert/strict";
import "../library.ts";
import { UserError } from "../../src/base/errors.ts";
import { decodeTensors, encodeTensors, tensorsChecksumOf } from "../../src/base/safetensors.ts";
import { overlapOf } from "../../src/tickets/compare.ts";
import { maskedWeightsOf } from "../../src/tickets/rebuild.ts";
import { decodeTicket, encodeTicket } from "../../src/tickets/ticket.ts";
import { made } from "./made.ts";

const small = made("resnet20", 0.1, [3, 32, 32], 10);

Deno.test("decodeTicket() gives what encodeTicket() wrote, a bit a weight, when a ticket is read", () => {
  assert.deepEqual(decodeTicket(encodeTicket(small)), { ...small, weights: undefined });
  const changed = {
    ...small,
    weights: Float32Array.from(small.mask!.filter(Boolean), (_, i) => i),
  };
  assert.deepEqual(decodeTicket(encodeTicket(changed)).weights, changed.weights);
  const whole = { ...small, mask: undefined, weights: new Float32Array(small.mask!.length) };
  assert.equal(decodeTicket(encodeTicket(whole)).mask, undefined);
  const conv4 = encodeTicket(made("conv4", 1, [3, 32, 32], 10));
  assert.ok(conv4.length < 320_000, `${conv4.length} bytes`);
});

Deno.test("decodeTicket() refuses a ticket when it asks for more weights than it has bits or numbers for", () => {
  const huge = { kind: "linear", inputs: 3072, outputs: 170_000 } as const;
  const network = { ...small.network, layers: [{ kind: "flatten" } as const, huge] };
  const asked = { ...small, mask: undefined, weights: undefined, statistics: undefined, network };
  assert.throws(
    () => decodeTicket(encodeTicket(asked)),
    /^UserError: has neither a mask nor weights/,
  );
  const few = { ...asked, mask: Uint8Array.of(1) };
  assert.throws(
    () => decodeTicket(encodeTicket(few)),
    /has a mask of 1 bytes, expected 65280000 for/,
  );
});

Deno.test("decodeTicket() refuses a ticket when its means or deviations are none of pixels from 0 to 1", () => {
  for (
    const pictures of [{ deviation: [0, 1, 1] }, { deviation: [1e308, 1, 1] }, {
      mean: [1e308, 0, 0],
    }]
  ) {
    const wrong = { ...small, pictures: { ...small.pictures, ...pictures } };
    assert.throws(() => decodeTicket(encodeTicket(wrong)), /has a wrong header: pictures\./);
  }
});

Deno.test("maskedWeightsOf() throws when weights are not those of the ticket", () => {
  const kept = maskedWeightsOf(small).filter((_, i) => small.mask![i] === 1);
  assert.deepEqual(
    maskedWeightsOf({ ...small, weights: kept, streams: {} }),
    maskedWeightsOf(small),
  );
  kept[3]! += 1;
  for (const changes of [{ weights: kept }, { streams: { weights: 2 } }]) {
    assert.throws(
      () => maskedWeightsOf({ ...small, ...changes }),
      (error) => error instanceof UserError && /are not those of the ticket/.test(error.message),
    );
  }
});

/** A ticket whose file says something else, with a checksum that agrees. */
function lying(change: (parts: ReturnType<typeof decodeTensors>) => void): Uint8Array {
  const parts = structuredClone(decodeTensors(encodeTicket(small)));
  change(parts);
  const { checksum: _, ...metadata } = parts.metadata;
  return encodeTensors({
    ...parts,
    metadata: { ...metadata, checksum: tensorsChecksumOf(parts.tensors, metadata) },
  });
}

Deno.test("decodeTicket() throws a sentence when a ticket is cut short, damaged, of another version or untrue", () => {
  const bytes = encodeTicket(small);
  const flipped = bytes.slice();
  flipped[bytes.length - 1]! ^= 1;
  const set = (key: string, value: unknown) => (parts: ReturnType<typeof decodeTensors>) => {
    const ticket = JSON.parse(parts.metadata.ticket!);
    const path = key.split("."), last = path.pop()!;
    path.reduce((object, part) => object[part], ticket)[last] = value;
    (parts.metadata as Record<string, string>).ticket = JSON.stringify(ticket);
  };
  const wrong: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /is no safetensors file: 0 bytes/],
    [bytes.subarray(0, 100), /is no safetensors file: a header of/],
    [bytes.subarray(0, bytes.length - 1), /is no safetensors file: .* lies at/],
    [flipped, /is damaged: its checksum is another/],
    [
      lying(({ metadata }) => (metadata as Record<string, string>).format = "maskbench ticket 9"),
      /is no ticket of format 1: maskbench ticket 9/,
    ],
    [lying(set("accuracy", 2)), /wrong header: accuracy/],
    [lying(set("configuration.seed", 5)), /not of the run that it names/],
    [lying(set("network.layers", [{ kind: "linear", inputs: 4, outputs: 4 }])), /has a mask of/],
    [lying(set("network.layers.0.outputs", 1 << 20)), /has a mask of/],
    [lying(set("network.layers.0.kind", "magic")), /wrong header: network\.layers/],
    [
      lying(({ tensors }) => delete (tensors as Record<string, unknown>).statistics),
      /has no statistics/,
    ],
    [
      lying(({ tensors }) => {
        (tensors as Record<string, unknown>).weights = tensors.statistics;
      }),
      /bytes of weights, expected/,
    ],
    [lying(({ metadata }) => delete (metadata as Record<string, string>).ticket), /says nothing/],
  ];
  for (const [file, message] of wrong) {
    assert.throws(
      () => decodeTicket(file),
      (error) =>
        error instanceof UserError && message.test(error.message) && !error.message.includes("\n"),
      String(message),
    );
  }
  for (let at = 0; at < bytes.length; at += 97) { // wherever a byte is another
    const other = bytes.slice();
    other[at]! ^= 0x20;
    assert.throws(() => decodeTicket(other), UserError, `byte ${at}`);
  }
});

Deno.test("overlapOf() agrees with draws without replacement when two masks are compared by layer", () => {
  const a = made("mlp", 0.02, [1, 4, 4], 3), b = made("mlp", 0.02, [1, 4, 4], 3, { seed: 2 });
  const overlaps = overlapOf(a, b), n = a.mask!.length;
  assert.deepEqual(overlaps.map(({ name }) => name), ["linear1", "linear2", "linear3", "all"]);
  let both = 0;
  for (let i = 0; i < n; i++) both += a.mask![i]! * b.mask![i]!;
  assert.equal(overlaps.at(-1)!.both, both);
  assert.equal(overlapOf(a, a).at(-1)!.both, a.mask!.filter(Boolean).length);
  // All pairs of masks of the last layer that keep as many: mean and variance by counting.
  const { weights, kept: [first, second], chance } = overlaps[2]!;
  assert.equal(weights, 6);
  const masks = Array.from({ length: 1 << weights }, (_, mask) => mask);
  const ones = (mask: number) => mask.toString(2).replaceAll("0", "").length;
  const counts = masks.filter((m) => ones(m) === first).flatMap((m) =>
    masks.filter((other) => ones(other) === second).map((other) => ones(m & other))
  );
  const mean = counts.reduce((x, y) => x + y, 0) / counts.length;
  const variance = counts.reduce((sum, one) => sum + (one - mean) ** 2, 0) / counts.length;
  assert.ok(Math.abs(chance.mean - mean) < 1e-12);
  assert.ok(Math.abs(chance.deviation ** 2 - variance) < 1e-12);
  assert.throws(() => overlapOf(a, small), /two networks, mlp × 0\.02 and resnet20 × 0\.1/);
});
