// Checkpoints: a disk may have damaged them, or another version written them.
import assert from "node:assert/strict";
import { decodeTensors, encodeTensors, tensorsChecksumOf } from "../../src/base/safetensors.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/runs/checkpoint_file.ts";
import { environment, identity, kept } from "../runs/kept.ts";
import { rowsOf, type Written } from "./columns.ts";
import { answer, changedJson, editedBytes, fuzz, type Json } from "./fuzz.ts";

const file = encodeCheckpoint(kept);
const { tensors, metadata } = decodeTensors(file);
const read = (bytes: Uint8Array) => answer(() => decodeCheckpoint(bytes, identity, environment));

fuzz(
  "checkpoints",
  0.5,
  "decodeCheckpoint() throws, or gives what was written, when bytes are edited",
  editedBytes([file]),
  async (bytes) => {
    const found = await read(bytes);
    if (found) assert.deepEqual(found.checkpoint, kept.checkpoint);
  },
);

// With the checksum put right, so that what is wrong is looked at for itself.
const parts = {
  standing: JSON.parse(metadata.standing!),
  environment: JSON.parse(metadata.environment!),
  tensors: Object.fromEntries(
    Object.entries(tensors).map(([name, { type, shape }]) => [name, { type, shape: [...shape] }]),
  ),
} as Json;
fuzz(
  "checkpoints",
  0.5,
  "decodeCheckpoint() throws, or gives what the file says, when contents are changed",
  changedJson([parts]),
  async (json) => {
    if (json === null || typeof json !== "object" || Array.isArray(json)) return;
    const given: Record<string, string> = { ...metadata };
    delete given.checksum;
    for (const key of ["standing", "environment"]) given[key] = JSON.stringify(json[key] ?? null);
    const names = Object.keys(Object(json.tensors)).filter((name) => Object.hasOwn(tensors, name));
    const kept = Object.fromEntries(names.map((name) => [name, tensors[name]!]));
    const bytes = encodeTensors({
      tensors: kept,
      metadata: { ...given, checksum: tensorsChecksumOf(kept, given) },
    });
    const found = await read(bytes);
    if (!found) return;
    const { epoch, step, epochs, firstBatch, spent } = found.checkpoint;
    const standing = rowsOf(json.standing as Written, ["epochs"]);
    standing.spent = { ...(standing.spent as Written) };
    standing.spent.speed = rowsOf(standing.spent.speed as Written, ["samples"]);
    assert.deepEqual(
      JSON.parse(JSON.stringify({ epoch, step, epochs, firstBatch, spent })),
      standing,
    );
  },
);
