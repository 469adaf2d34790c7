// Archives: whatever their entries are called and claim, what comes out are the files asked for, or a refusal.
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { pack } from "tar-stream";
import { untar } from "../../src/datasets/untar.ts";
import { answer, editedBytes, fuzz } from "./fuzz.ts";

const wanted = ["a.bin", "b.bin"], SIZE = 5;
const sizes = Object.fromEntries(wanted.map((name) => [name, SIZE]));
const contentOf = (name: string) => new TextEncoder().encode(name.slice(0, 1).repeat(SIZE));

interface Entry {
  readonly name: string;
  readonly type: "file" | "symlink" | "link" | "directory" | "fifo" | "block-device";
  readonly size: number;
}

async function tarOf(entries: readonly Entry[]): Promise<Uint8Array<ArrayBuffer>> {
  const packing = pack();
  for (const { name, type, size } of entries) {
    if (type === "file") {
      const bytes = new Uint8Array(size);
      bytes.set(contentOf(name.split("/").at(-1)!).subarray(0, size));
      packing.entry({ name, type }, bytes as never);
    } else packing.entry({ name, type, linkname: "/etc/passwd" });
  }
  packing.finalize();
  const parts: Uint8Array[] = [];
  for await (const part of packing) parts.push(part as Uint8Array);
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

async function check(tar: Uint8Array): Promise<boolean> {
  const files = await answer(() => untar(gzipSync(tar), "x", "home", sizes));
  if (!files) return false;
  assert.deepEqual(files.map(({ name }) => name).sort(), wanted); // nothing else, and nothing twice
  for (const { bytes } of files) assert.equal(bytes.length, SIZE);
  return true;
}

const right = wanted.map((name): Entry => ({ name: `home/${name}`, type: "file", size: SIZE }));
const tar = await tarOf(right);
const strange = fc.record({
  name: fc.oneof(
    fc.constantFrom(
      "../a.bin",
      "/a.bin",
      "home/../a.bin",
      "home/../../b.bin",
      "home//a.bin",
      "./home/a.bin",
    ),
    fc.constantFrom(
      "home/a.bin/",
      "home/a.bin/x",
      "home",
      "a.bin",
      "home/a.bin\u0001",
      "x".repeat(300),
    ),
    fc.constantFrom(...right.map(({ name }) => name)),
    fc.string({ minLength: 1 }),
  ),
  type: fc.constantFrom<Entry["type"]>(
    "file",
    "symlink",
    "link",
    "directory",
    "fifo",
    "block-device",
  ),
  size: fc.integer({ min: 0, max: 1000 }),
});

fuzz(
  "archives",
  0.4,
  "untar() gives the same files when an archive has other entries of any name and kind",
  fc.array(
    strange.filter(({ name, type }) =>
      !(type === "file" && right.some((entry) => entry.name === name))
    ),
    { maxLength: 4 },
  )
    .chain((others) =>
      fc.shuffledSubarray([...right, ...others], { minLength: 2 + others.length })
    ),
  async (entries) => {
    const files = await untar(gzipSync(await tarOf(entries)), "x", "home", sizes);
    assert.deepEqual(files.map(({ name }) => name).sort(), wanted);
    for (const { name, bytes } of files) assert.deepEqual(bytes, contentOf(name));
  },
);
fuzz(
  "archives",
  0.2,
  "untar() throws when an archive lacks one of the files",
  fc.array(strange, { maxLength: 3 }),
  async (others) => {
    const entries = [right[0]!, ...others.filter(({ name }) => !name.includes("b.bin"))];
    assert.equal(await check(await tarOf(entries)), false);
  },
);
fuzz(
  "archives",
  0.4,
  "untar() throws, or gives files of the right names and sizes, when an archive is damaged",
  editedBytes([tar]),
  async (bytes) => {
    await check(bytes);
  },
);
