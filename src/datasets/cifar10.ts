// CIFAR-10, from the files of its official binary archive; and a copy of it that went through JPEG, in the same layout
// and distinguished by checksum, because figures from it must not be compared with published ones.
import { join } from "node:path";
import { datasetChecksumOf, sha256 } from "./checksum.ts";
import { cifar10Records, parseCifarRecords, recordBytesOf } from "./cifar_records.ts";
import {
  type Dataset,
  DatasetError,
  type DatasetSource,
  type Download,
  type Split,
} from "./dataset.ts";
import { candidatePathsOf, findFirstFile, readBytes } from "./files.ts";
import { untar } from "./untar.ts";

type Kind = "cifar10" | "cifar10-jpeg";

const folder = "cifar-10-batches-bin";

/** SHA-256 of each file, of the original and of the copy. */
const files: Readonly<Record<string, Readonly<Record<Kind, string>>>> = {
  "data_batch_1.bin": {
    "cifar10": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    "cifar10-jpeg": "645d59f1f20a4e0ab2e30ae0f1688d0ed9a4d7d300c2604d61c4fd7146bcd46d",
  },
  "data_batch_2.bin": {
    "cifar10": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    "cifar10-jpeg": "4f25e10a79755bf24dc9b3e712a37c8b16fa2b5ebb5e0aae858199c6bcc60158",
  },
  "data_batch_3.bin": {
    "cifar10": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    "cifar10-jpeg": "31252c6e600a501deda73342ff33e914897f81e44be6529785f99bc1a826f2ce",
  },
  "data_batch_4.bin": {
    "cifar10": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    "cifar10-jpeg": "4daff997c4fe3e3d1c2eb8ab4771e8ecd0eee0fa4ad627f46a7dd51ab72876a0",
  },
  "data_batch_5.bin": {
    "cifar10": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
    "cifar10-jpeg": "c29b3bb2f9dfeaaaad35706cec385d4f30f7640f5223ec996d05baf0eb27e53c",
  },
  "test_batch.bin": {
    "cifar10": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
    "cifar10-jpeg": "870109f578d237cca09e65f2d44cbf8d831c926e376b508094d4ac58eb838b31",
  },
};
const trainFiles = [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`);
const testFile = "test_batch.bin";

const FILE_SIZE = 10_000 * recordBytesOf(cifar10Records);
/** More bytes than any of the files has. */
const MAX_BYTES = 2 * FILE_SIZE;

function sourceOf(kind: Kind, summary: string, source: string): DatasetSource {
  return {
    name: kind,
    summary,
    source,
    licence: "not stated by its authors",
    shape: [3, 32, 32],
    classes: [
      "airplane",
      "automobile",
      "bird",
      "cat",
      "deer",
      "dog",
      "frog",
      "horse",
      "ship",
      "truck",
    ],
    trainCount: 50_000,
    testCount: 10_000,

    async load(folders) {
      const { home, found } = await locate(kind, folders);
      const train = await Promise.all(trainFiles.map((name) => read(home, name, found)));
      const test = parseCifarRecords([await read(home, testFile, found)], cifar10Records);
      return dataset(found, this, parseCifarRecords(train, cifar10Records), test);
    },
  };
}

const download: Download = {
  folder,
  files: [{
    url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    maxBytes: 200 << 20,
    check(bytes, path) {
      const sizes = Object.fromEntries(Object.keys(files).map((name) => [name, FILE_SIZE]));
      return untar(bytes, path, folder, sizes);
    },
  }],
};

export const cifar10: DatasetSource = {
  ...sourceOf(
    "cifar10",
    "small photographs of ten kinds of things",
    "Krizhevsky: Learning Multiple Layers of Features from Tiny Images, 2009",
  ),
  download,
};

export const cifar10Jpeg = sourceOf(
  "cifar10-jpeg",
  "the same after lossy compression and in another order: not comparable with published figures",
  "CIFAR-10, each picture saved as JPEG of quality 75",
);

// Finds the folder of that kind; for the original, that of the copy where there is nothing better.
async function locate(
  wanted: Kind,
  folders: readonly string[],
): Promise<{ home: string; found: Kind }> {
  let fallback: { home: string; found: Kind } | undefined;
  let unknownFile: string | undefined;
  for (const path of candidatePathsOf(folders, [join(folder, testFile), testFile])) {
    if (!findFirstFile([path])) continue;
    const found = kindOf(testFile, await readBytes(path, MAX_BYTES));
    if (found === wanted) return { home: join(path, ".."), found };
    if (found === undefined) unknownFile ??= path;
    else fallback ??= { home: join(path, ".."), found };
  }
  if (fallback && wanted === "cifar10") return fallback;
  if (unknownFile) {
    throw new DatasetError(
      `${unknownFile} has the wrong checksum: it is cut short, or neither CIFAR-10's nor that of its ` +
        'JPEG copy; remove it and type "deno task data cifar10"',
    );
  }
  throw new DatasetError(
    `${wanted} was not found: expected ${join(folder, testFile)} and its like in ` +
      `${folders.join(" or ")}; ` +
      (wanted === "cifar10"
        ? 'type "deno task data cifar10" to download it, or name its folder in MASKBENCH_DATA'
        : "name its folder in MASKBENCH_DATA"),
  );
}

function kindOf(name: string, bytes: Uint8Array): Kind | undefined {
  const found = sha256(bytes);
  return (["cifar10", "cifar10-jpeg"] as const).find((kind) => files[name]![kind] === found);
}

async function read(home: string, name: string, kind: Kind): Promise<Uint8Array<ArrayBuffer>> {
  const path = join(home, name), bytes = await readBytes(path, MAX_BYTES);
  if (kindOf(name, bytes) === kind) return bytes;
  throw new DatasetError(
    `${path} has the wrong checksum (${bytes.length} bytes, expected ${FILE_SIZE} of ${kind} like ` +
      `${testFile} next to it): it is cut short or of another copy, replace it`,
  );
}

function dataset(
  name: Kind,
  { shape, classes }: DatasetSource,
  train: Split,
  test: Split,
): Dataset {
  return {
    name,
    shape,
    classes,
    train,
    test,
    mean: [0.4914, 0.4822, 0.4465], // that of the training pictures, in the figures that the field uses
    deviation: [0.247, 0.2435, 0.2616],
    checksum: datasetChecksumOf(train, test),
  };
}
