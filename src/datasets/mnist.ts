// MNIST: handwritten digits, from its four IDX files.
import { datasetChecksumOf } from "./checksum.ts";
import { DatasetError, type DatasetSource, type Download, type Split } from "./dataset.ts";
import { candidatePathsOf, findFirstFile, gunzip, readBytes, verifyChecksum } from "./files.ts";

/** SHA-256 of the unzipped files. */
const files = {
  "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
  "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
  "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
  "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
} as const;
type File = keyof typeof files;

/** More than the largest of the files unzipped. */
const MAX_BYTES = 64 << 20;

/** Where it is downloaded from: the address of its authors no longer serves it, this mirror is PyTorch's. */
const download: Download = {
  folder: "mnist",
  files: Object.entries(files).map(([name, checksum]) => ({
    url: `https://ossci-datasets.s3.amazonaws.com/mnist/${name}.gz`,
    maxBytes: 16 << 20,
    check(bytes, path) {
      verifyChecksum(gunzip(bytes, MAX_BYTES, path), checksum, path, "try again");
      return Promise.resolve([{ name: `${name}.gz`, bytes }]);
    },
  })),
};

export const mnist: DatasetSource = {
  name: "mnist",
  summary: "handwritten digits, grey",
  source: "LeCun, Cortes, Burges: The MNIST database of handwritten digits, 1998",
  shape: [1, 28, 28],
  classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  trainCount: 60_000,
  testCount: 10_000,
  download,

  async load(folders) {
    const train = await splitOf("train", folders), test = await splitOf("t10k", folders);
    return {
      name: "mnist",
      shape: this.shape,
      classes: this.classes,
      train,
      test,
      mean: [0.1307], // of the training pictures; the figures that PyTorch's examples use
      deviation: [0.3081],
      checksum: datasetChecksumOf(train, test),
    };
  },
};

async function splitOf(part: "train" | "t10k", folders: readonly string[]): Promise<Split> {
  const pictures = await read(`${part}-images-idx3-ubyte`, folders);
  const labels = await read(`${part}-labels-idx1-ubyte`, folders);
  return { images: pictures.values, labels: Int32Array.from(labels.values) };
}

async function read(name: File, folders: readonly string[]): Promise<Idx> {
  const dotted = name.replace("-idx", ".idx"); // as Kaggle, and programs that unpack archives, call it
  const names = ["mnist", "MNIST/raw", "."].flatMap((folder) =>
    [name, dotted].flatMap((file) => [`${folder}/${file}`, `${folder}/${file}.gz`])
  );
  const path = findFirstFile(candidatePathsOf(folders, names));
  if (!path) {
    throw new DatasetError(
      `mnist was not found: expected mnist/${name} or mnist/${name}.gz in ${
        folders.join(" or ")
      }; ` +
        'type "deno task data mnist" to download it, or name its folder in MASKBENCH_DATA',
    );
  }
  const packed = await readBytes(path, MAX_BYTES);
  const bytes = path.endsWith(".gz") ? gunzip(packed, MAX_BYTES, path) : packed;
  verifyChecksum(bytes, files[name], path, "it is cut short or not the original, replace it");
  return parseIdx(bytes, path);
}

export interface Idx {
  readonly sizes: readonly number[];
  /** Row-major. */
  readonly values: Uint8Array<ArrayBuffer>;
}

/** Parses an IDX file of bytes: two zeros, type 8, the number of dimensions, their sizes, the values. */
export function parseIdx(bytes: Uint8Array<ArrayBuffer>, path: string): Idx {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dimensions = bytes[3] ?? 0, start = 4 + 4 * dimensions;
  if (bytes.length < 4 || view.getUint16(0) !== 0 || bytes[2] !== 8 || dimensions === 0) {
    throw new DatasetError(`${path} is no IDX file of bytes: expected it to begin with 0, 0, 8`);
  }
  if (bytes.length < start) throw new DatasetError(`${path} ends within its header`);
  const sizes = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  // The product may be NaN where one is 0.
  const expected = sizes.includes(0) ? 0 : sizes.reduce((product, size) => product * size);
  if (bytes.length - start !== expected) {
    throw new DatasetError(
      `${path} holds ${bytes.length - start} values, expected ${sizes.join(" × ")} = ${expected}`,
    );
  }
  return { sizes, values: bytes.slice(start) };
}
