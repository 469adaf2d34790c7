// CIFAR-100, from the files of its official binary archive: a hundred classes, the finer of its two labels.
import { datasetChecksumOf } from "./checksum.ts";
import { cifar100Records, parseCifarRecords, recordBytesOf } from "./cifar_records.ts";
import { DatasetError, type DatasetSource, type Split } from "./dataset.ts";
import { candidatePathsOf, findFirstFile, readBytes, verifyChecksum } from "./files.ts";
import { normalisationOfPictures } from "./normalisation.ts";
import { untar } from "./untar.ts";

const folder = "cifar-100-binary";

const classes = (
  "apple, aquarium fish, baby, bear, beaver, bed, bee, beetle, bicycle, bottle, bowl, boy, " +
  "bridge, bus, butterfly, camel, can, castle, caterpillar, cattle, chair, chimpanzee, clock, " +
  "cloud, cockroach, couch, crab, crocodile, cup, dinosaur, dolphin, elephant, flatfish, " +
  "forest, fox, girl, hamster, house, kangaroo, keyboard, lamp, lawn mower, leopard, lion, " +
  "lizard, lobster, man, maple tree, motorcycle, mountain, mouse, mushroom, oak tree, orange, " +
  "orchid, otter, palm tree, pear, pickup truck, pine tree, plain, plate, poppy, porcupine, " +
  "possum, rabbit, raccoon, ray, road, rocket, rose, sea, seal, shark, shrew, skunk, " +
  "skyscraper, snail, snake, spider, squirrel, streetcar, sunflower, sweet pepper, table, " +
  "tank, telephone, television, tiger, tractor, train, trout, tulip, turtle, wardrobe, whale, " +
  "willow tree, wolf, woman, worm"
).split(", ");

/** The files, and the archive that they come in. */
export interface Cifar100Description {
  /** SHA-256 of the archive. */
  readonly archive: string;
  /** SHA-256 of each file, and its number of pictures. */
  readonly files: Readonly<
    Record<"train.bin" | "test.bin", { readonly sha256: string; readonly count: number }>
  >;
}

/** The data set of such files. */
export function cifar100Dataset({ archive, files }: Cifar100Description): DatasetSource {
  const bytesOf = (name: keyof typeof files) => files[name].count * recordBytesOf(cifar100Records);
  const read = async (name: keyof typeof files, folders: readonly string[]): Promise<Split> => {
    const path = findFirstFile(candidatePathsOf(folders, [`${folder}/${name}`, name]));
    if (!path) {
      throw new DatasetError(
        `cifar100 was not found: expected ${folder}/${name} in ${folders.join(" or ")}; ` +
          'type "deno task data cifar100" to download it, or name its folder in MASKBENCH_DATA',
      );
    }
    const bytes = await readBytes(path, 2 * bytesOf(name));
    const remedy = "it is cut short or not the original of cifar100, replace it";
    verifyChecksum(bytes, files[name].sha256, path, remedy);
    return parseCifarRecords([bytes], cifar100Records);
  };
  return {
    name: "cifar100",
    summary: "small photographs of a hundred kinds of things",
    source: "Krizhevsky: Learning Multiple Layers of Features from Tiny Images, 2009",
    licence: "not stated by its authors",
    shape: [3, 32, 32],
    classes,
    trainCount: files["train.bin"].count,
    testCount: files["test.bin"].count,
    download: {
      folder,
      files: [{
        url: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        sha256: archive,
        maxBytes: 200 << 20,
        check(bytes, path) {
          const sizes = { "train.bin": bytesOf("train.bin"), "test.bin": bytesOf("test.bin") };
          return untar(bytes, path, folder, sizes);
        },
      }],
    },
    async load(folders) {
      const train = await read("train.bin", folders), test = await read("test.bin", folders);
      return {
        name: this.name,
        shape: this.shape,
        classes,
        train,
        test,
        ...normalisationOfPictures(train.images, 3, 32 * 32),
        checksum: datasetChecksumOf(train, test),
      };
    },
  };
}

export const cifar100: DatasetSource = cifar100Dataset({
  // TensorFlow Datasets publishes that of the archive, torchvision for Ruby those of the files too.
  archive: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
  files: {
    "train.bin": {
      sha256: "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29",
      count: 50_000,
    },
    "test.bin": {
      sha256: "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a",
      count: 10_000,
    },
  },
});
