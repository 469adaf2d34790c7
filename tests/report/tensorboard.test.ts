// Event files: read back by a parser of their own here, whose checksums are checked against published ones, and by TensorBoard
// where Python has it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { eventFileOf } from "../../src/report/tensorboard.ts";
import { readRunFolder } from "../../src/runs/run_folder.ts";
import { maskbench, root, withFolder } from "../cli/maskbench.ts";

const python = Deno.env.get("PYTHON") ?? "/usr/bin/python3";
const hasTensorBoard = await new Deno.Command(python, {
  args: ["-c", "import tensorboard"],
  stderr: "null",
}).output().then(({ success }) => success, () => false);

/** CRC-32C, bit by bit. */
function crcOf(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

const masked = (crc: number) => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;

interface Field {
  readonly field: number;
  readonly value: number | Uint8Array;
}

/** A message of Protocol Buffers. */
function fieldsOf(bytes: Uint8Array): Field[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0, shift = 1;
    for (;;) {
      const byte = bytes[at++]!;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
      shift *= 128;
    }
  };
  while (at < bytes.length) {
    const key = varint(), field = key >> 3, kind = key & 7;
    if (kind === 0) fields.push({ field, value: varint() });
    else if (kind === 1) fields.push({ field, value: view.getFloat64((at += 8) - 8, true) });
    else if (kind === 5) fields.push({ field, value: view.getFloat32((at += 4) - 4, true) });
    else {
      assert.equal(kind, 2);
      const length = varint();
      fields.push({ field, value: bytes.subarray(at, at += length) });
    }
  }
  return fields;
}

/** The events of a file: step, and tag with value. */
function eventsIn(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: Field[][] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(view.getBigUint64(at, true));
    assert.equal(view.getUint32(at + 8, true), masked(crcOf(bytes.subarray(at, at + 8))));
    const message = bytes.subarray(at + 12, at + 12 + length);
    assert.equal(view.getUint32(at + 12 + length, true), masked(crcOf(message)));
    messages.push(fieldsOf(message));
    at += 16 + length;
  }
  const [first, ...rest] = messages;
  assert.equal(
    new TextDecoder().decode(first!.find(({ field }) => field === 3)!.value as Uint8Array),
    "brain.Event:2",
  );
  return rest.map((message) => {
    const of = (fields: readonly Field[], number: number) =>
      fields.find(({ field }) => field === number)!.value;
    const value = fieldsOf(of(fieldsOf(of(message, 5) as Uint8Array), 1) as Uint8Array);
    return {
      step: of(message, 2) as number,
      tag: new TextDecoder().decode(of(value, 1) as Uint8Array),
      value: of(value, 2) as number,
    };
  });
}

Deno.test("crcOf() gives the checksum that RFC 3720 names when it reads 32 zeros", () => {
  assert.equal(crcOf(new Uint8Array(32)), 0x8a9136aa);
});

Deno.test("eventFileOf() gives records that a parser reads when steps are large and values are any", () => {
  const events = [
    { tag: "a/ü", step: 0, value: -1.5, time: 1.25 },
    { tag: "b", step: 3_000_000_000, value: Infinity, time: 2 },
  ];
  const found = eventsIn(eventFileOf(events));
  assert.deepEqual(found, events.map(({ tag, step, value }) => ({ step, tag, value })));
});

Deno.test("export writes the curves of every run for TensorBoard, and CSV and lines of JSON", async () => {
  await withFolder(async (folder) => {
    const from = "results/published/digits";
    const { runs } = await readRunFolder(join(root, from));
    const right = async (form: string) => {
      const { code, error } = await maskbench([
        "export",
        from,
        "--to",
        form,
        "--out",
        join(folder, form),
      ]);
      assert.equal(code, 0, error);
    };
    await right("tensorboard");
    const names = [...Deno.readDirSync(join(folder, "tensorboard"))].map(({ name }) => name);
    assert.equal(names.length, runs.length);
    for (const run of runs) {
      const name = names.find((one) => one.endsWith(run.identity.slice(0, 8)))!;
      const [file] = [...Deno.readDirSync(join(folder, "tensorboard", name))];
      const path = join(folder, "tensorboard", name, file!.name);
      const found = eventsIn(await Deno.readFile(path)).filter(({ tag }) =>
        tag === "test/accuracy"
      );
      assert.deepEqual(
        found.map(({ step, value }) => [step, value]),
        run.result.epochs.map(({ epoch, testAccuracy }) => [epoch, Math.fround(testAccuracy)]),
      );
    }
    if (hasTensorBoard) {
      const program = `
import sys, json
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1]).Reload()
print(json.dumps([[one.step, one.value] for one in events.Scalars("test/accuracy")]))`;
      const [run] = runs, name = names.find((one) => one.endsWith(run!.identity.slice(0, 8)))!;
      const { stdout, stderr } = await new Deno.Command(python, {
        args: ["-c", program, join(folder, "tensorboard", name)],
      }).output();
      assert.deepEqual(
        JSON.parse(new TextDecoder().decode(stdout) || new TextDecoder().decode(stderr)),
        run!.result.epochs.map(({ epoch, testAccuracy }) => [epoch, Math.fround(testAccuracy)]),
      );
    }
    await right("csv");
    const lines = (await Deno.readTextFile(join(folder, "csv/runs.csv"))).trim().split("\n");
    assert.equal(lines.length, runs.length + 1);
    await right("jsonl");
    assert.deepEqual((await readRunFolder(join(folder, "jsonl"))).runs, runs);
    const wrong = await maskbench(["export", from, "--to", "excel"]);
    assert.equal(wrong.code, 2);
  });
});
