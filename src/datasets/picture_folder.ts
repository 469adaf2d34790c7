// A folder of pictures as ImageNet's is laid out: train/CLASS/*.jpg and test/CLASS/*.png, or val/ in place of test/; or as
// tiny-imagenet's is, with a folder images/ below each class, and val/images/ whose classes are in val_annotations.txt.
import { extname, join } from "node:path";
import { createHash } from "node:crypto";
import { sha256 } from "./checksum.ts";
import { DatasetError } from "./dataset.ts";

/** A file that is a picture by its name. */
export interface ListedPicture {
  /** The path within the folder, such as `train/n01440764/n01440764_10026.JPEG`. */
  readonly path: string;
  /** Index of its class among the sorted names of all: for ImageNet's, the official label. */
  readonly label: number;
}

/** The contents of a folder; nothing is decoded yet. */
export interface PictureFolder {
  readonly classes: readonly string[];
  readonly train: readonly ListedPicture[];
  readonly test: readonly ListedPicture[];
  /** Classes without pictures to test on. */
  readonly untested: readonly string[];
  /** What is no picture of any class, and why: `train/cat/notes.txt: its ending is .txt`. */
  readonly passedOver: readonly string[];
  /** SHA-256 of all paths, sizes and times of change: where it differs, the folder must be packed again. */
  readonly digest: string;
}

/** Endings of the files that are decoded. */
export const pictureEndings = [".jpg", ".jpeg", ".png", ".webp", ".bmp"] as const;

const endingOf = (name: string) => extname(name).toLowerCase();
const isPicture = (name: string) => (pictureEndings as readonly string[]).includes(endingOf(name));
const expected = `*${pictureEndings.join(", *")}`;

/** A folder below a class, as in tiny-imagenet, that holds the pictures of the class. */
const IMAGES = "images";

/** What tiny-imagenet says of its pictures to validate on: the name of a file and of its class on each line. */
const ANNOTATIONS = "val_annotations.txt";

/**
 * Lists a folder. The pictures of a split come in the order of their paths' SHA-256: the same everywhere, and mixed, so
 * that the last of them are a fair sample to hold out.
 * @throws {DatasetError} where the layout is another one
 */
export function listPictures(folder: string): PictureFolder {
  const folders = foldersIn(folder);
  const tests = ["test", "val"].filter((name) => folders.includes(name));
  if (!folders.includes("train")) {
    throw new DatasetError(
      `${folder} has no folder train/: expected train/CLASS/*.jpg, IDX files as MNIST's, CIFAR's ` +
        "binary files, or NumPy's arrays x_train.npy and so on",
    );
  }
  if (tests.length !== 1) {
    throw new DatasetError(
      `${folder} has ${tests.length === 0 ? "neither test/ nor val/" : "both test/ and val/"}: ` +
        "expected one of them, with folders of classes like train/",
    );
  }
  const test = tests[0]!;
  const classes = foldersIn(join(folder, "train")).sort();
  if (classes.length === 0) {
    throw new DatasetError(`${join(folder, "train")} has no folders: expected one for each class`);
  }
  const passedOver: string[] = [], digest = createHash("sha256");
  const listed = (path: string, label: number): ListedPicture => {
    digest.update(`${path}\0${fileStampOf(join(folder, path))}\0`);
    return { path, label };
  };
  const split = (name: string, tested: readonly string[]): ListedPicture[] =>
    classes.flatMap((of, label) => {
      if (!tested.includes(of)) return [];
      const paths = picturesOf(folder, join(name, of), passedOver);
      if (paths.length === 0) {
        throw new DatasetError(`${join(folder, name, of)} has no pictures: expected ${expected}`);
      }
      return paths.map((path) => listed(path, label));
    });
  const train = shuffle(split("train", classes));
  const annotated = annotationsOf(folder, test);
  const tested = annotated ? [...new Set(annotated.values())] : testedClassesOf(folder, test);
  const unknown = tested.filter((name) => !classes.includes(name)).sort();
  if (unknown.length > 0) {
    throw new DatasetError(`${test}/ has classes that train/ has not: ${summariseNames(unknown)}`);
  }
  const toTestOn = annotated
    ? [...annotated].map(([path, of]) => listed(path, classes.indexOf(of)))
    : split(test, tested);
  return {
    classes,
    train,
    test: shuffle(toTestOn),
    untested: classes.filter((name) => !tested.includes(name)),
    passedOver: passedOver.sort(),
    digest: digest.digest("hex"),
  };
}

// The paths of a class's pictures, sorted. What lies there besides is added to what is passed over.
function picturesOf(folder: string, home: string, passedOver: string[]): string[] {
  const below = foldersIn(join(folder, home));
  const paths = below.includes(IMAGES) ? picturesOf(folder, join(home, IMAGES), passedOver) : [];
  for (const name of below.filter((name) => name !== IMAGES)) {
    const count = entriesOf(join(folder, home, name)).length;
    passedOver.push(
      `${join(home, name)}/: a folder below a class, with ${count} files or folders in it`,
    );
  }
  for (const { name } of entriesOf(join(folder, home))) {
    if (name.startsWith(".") || below.includes(name)) continue;
    const path = join(home, name);
    if (isPicture(name)) paths.push(path);
    else {passedOver.push(
        `${path}: its ending is ${endingOf(name) || "none"}, expected ${expected}`,
      );}
  }
  return paths.sort();
}

// The classes that there are pictures of to test on.
function testedClassesOf(folder: string, test: string): string[] {
  const tested = foldersIn(join(folder, test));
  const pictures = entriesOf(join(folder, test)).filter(({ name }) => isPicture(name)).length;
  const hasClasses = tested.some((name) => name !== IMAGES);
  if (hasClasses && pictures === 0) return tested;
  throw new DatasetError(
    `${join(folder, test)} ${
      hasClasses || pictures > 0
        ? `holds ${pictures} pictures that are in no class`
        : "is empty of classes"
    }: expected ${test}/CLASS/*.jpg with the classes of train/, or ${test}/${IMAGES}/ with ${ANNOTATIONS}`,
  );
}

// The class of each picture of tiny-imagenet's val/, by path; nothing where the folder is not laid out so.
function annotationsOf(folder: string, test: string): Map<string, string> | undefined {
  let text: string;
  try {
    text = Deno.readTextFileSync(join(folder, test, ANNOTATIONS));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new DatasetError(
      `${join(folder, test, ANNOTATIONS)} can't be read: ${(error as Error).message}`,
    );
  }
  const lines = text.split(/\r?\n/).filter((line) => line !== "").map((line) => line.split("\t"));
  const wrong = lines.findIndex(([name, of]) => !name || !of || name.includes("/"));
  if (wrong >= 0) {
    throw new DatasetError(
      `${join(folder, test, ANNOTATIONS)}: line ${
        wrong + 1
      } has no name of a file and of its class`,
    );
  }
  return new Map(lines.map(([name, of]) => [join(test, IMAGES, name!), of!]));
}

/** `a, b, c and 7 more` */
export function summariseNames(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

function entriesOf(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)];
  } catch (error) {
    throw new DatasetError(`${folder} can't be read: ${(error as Error).message}`);
  }
}

// Links to folders count, hidden folders don't.
const foldersIn = (folder: string): string[] =>
  entriesOf(folder).filter(({ name, isDirectory, isSymlink }) =>
    !name.startsWith(".") && (isDirectory || isSymlink && isFolder(join(folder, name)))
  ).map(({ name }) => name);

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** A text that changes when the file does; nothing for a link that leads nowhere, which is reported when it is to be decoded. */
export function fileStampOf(path: string): string {
  try {
    const { size, mtime } = Deno.statSync(path);
    return `${size} ${mtime?.getTime()}`;
  } catch {
    return "";
  }
}

function shuffle(pictures: readonly ListedPicture[]): ListedPicture[] {
  const keyed = pictures.map((picture) => ({
    picture,
    key: sha256(picture.path.split("/").slice(1).join("/")),
  }));
  return keyed.sort((a, b) => a.key < b.key ? -1 : 1).map(({ picture }) => picture);
}
