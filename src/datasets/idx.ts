// Data sets of grey pictures in IDX files, MNIST's format: two files of pictures and two of labels.
import { datasetChecksumOf } from "./checksum.ts";
import { DatasetError, type DatasetSource, type Split } from "./dataset.ts";
import { candidatePathsOf, findFirstFile, gunzip, readBytes, verifyChecksum } from "./files.ts";
import { normalisationOfPictures } from "./normalisation.ts";

const parts = ["train-images", "train-labels", "t10k-images", "t10k-labels"] as const;
type Part = typeof parts[number];

type Checksums = Readonly<Record<Part, string>>;

const fileOf = (part: Part) => `${part}-idx${part.endsWith("images") ? 3 : 1}-ubyte`;

/** More than the largest of the files unzipped. */
const MAX_BYTES = 64 << 20;

/** What is known of such a data set. */
export interface IdxDescription {
  readonly name: string;
  readonly summary: string;
  readonly source: string;
  readonly licence: string;
  readonly classes: readonly string[];
  /** SHA-256 of the files. */
  readonly checksums: Checksums;
  /** Whether they are those of the gzip files, for where those of the unzipped ones are not published: only gzip files are read then. */
  readonly checksumsOfGzip?: boolean;
  /** Mean and standard deviation of the training pictures, of pixels scaled to 0..1; they are computed where the field has no figures. */
  readonly normalisation?: { readonly mean: number; readonly deviation: number };
  /** The address of its folder. */
  readonly address: string;
  /** Folders that it is looked for in, below those of all data sets; the last is the folder itself. */
  readonly folders: readonly string[];
  /** Where else a system may have it, such as a package's folder. */
  readonly installed?: string;
}

/** The data set, with 60,000 pictures of 28 × 28 to train on and 10,000 to test on. */
export function idxDataset(description: IdxDescription): DatasetSource {
  const { name, address, classes, normalisation } = description;
  const shape = [1, 28, 28] as const;
  return {
    name,
    summary: description.summary,
    source: description.source,
    licence: description.licence,
    shape,
    classes,
    trainCount: 60_000,
    testCount: 10_000,
    download: {
      folder: name,
      files: parts.map((part) => ({
        url: `${address}/${fileOf(part)}.gz`,
        maxBytes: 32 << 20,
        check(bytes, path) {
          unpackVerified(bytes, part, description, path, "try again");
          return Promise.resolve([{ name: `${fileOf(part)}.gz`, bytes }]);
        },
      })),
    },
    async load(folders) {
      const train = await splitOf("train", description, folders);
      const test = await splitOf("t10k", description, folders);
      const checksum = datasetChecksumOf(train, test);
      const { mean, deviation } = normalisation
        ? { mean: [normalisation.mean], deviation: [normalisation.deviation] }
        : normalisationOfPictures(train.images, 1, 28 * 28);
      return { name, shape, classes, train, test, mean, deviation, checksum };
    },
  };
}

async function splitOf(
  half: "train" | "t10k",
  description: IdxDescription,
  folders: readonly string[],
): Promise<Split> {
  const pictures = await read(`${half}-images`, description, folders);
  const labels = await read(`${half}-labels`, description, folders);
  return { images: pictures.values, labels: Int32Array.from(labels.values) };
}

// The unzipped bytes of a file, once they or those of the gzip file are the ones with the checksum.
function unpackVerified(
  packed: Uint8Array,
  part: Part,
  { checksums, checksumsOfGzip = false }: IdxDescription,
  path: string,
  remedy: string,
): Uint8Array<ArrayBuffer> {
  if (checksumsOfGzip) verifyChecksum(packed, checksums[part], path, remedy);
  const bytes = path.endsWith(".gz") ? gunzip(packed, MAX_BYTES, path) : Uint8Array.from(packed);
  if (!checksumsOfGzip) verifyChecksum(bytes, checksums[part], path, remedy);
  return bytes;
}

async function read(
  part: Part,
  description: IdxDescription,
  folders: readonly string[],
): Promise<Idx> {
  const { name, checksumsOfGzip = false, folders: places, installed } = description;
  const file = fileOf(part);
  const dotted = file.replace("-idx", ".idx"); // as Kaggle, and programs that unpack archives, call it
  const spellings = [file, dotted].flatMap((file) =>
    checksumsOfGzip ? [`${file}.gz`] : [file, `${file}.gz`]
  );
  const inFolders = candidatePathsOf(
    folders,
    places.flatMap((place) => spellings.map((file) => `${place}/${file}`)),
  );
  const path = findFirstFile([
    ...inFolders,
    ...installed === undefined ? [] : candidatePathsOf([installed], spellings),
  ]);
  if (!path) {
    throw new DatasetError(
      `${name} was not found: expected ${
        checksumsOfGzip ? "" : `${name}/${file} or `
      }${name}/${file}.gz in ${
        folders.join(" or ")
      }; type "deno task data ${name}" to download it, or name its folder in MASKBENCH_DATA`,
    );
  }
  const remedy = `it is cut short or not the original of ${name}, replace it`;
  const packed = await readBytes(path, MAX_BYTES);
  return parseIdx(unpackVerified(packed, part, description, path, remedy), path);
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
