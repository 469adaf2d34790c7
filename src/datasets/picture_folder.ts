// A folder of pictures as ImageNet's is laid out: train/CLASS/*.jpg and test/CLASS/*.png, or val/ in place of test/.
import { join } from "node:path";
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
  /** SHA-256 of all paths, sizes and times of change: where it differs, the folder must be packed again. */
  readonly digest: string;
}

const isPicture = (name: string) => /^[^.].*\.(jpe?g|png)$/i.test(name);

/**
 * Lists a folder. The pictures of a split come in the order of their paths' SHA-256: the same everywhere, and mixed, so
 * that the last of them are a fair sample to hold out.
 * @throws {DatasetError} where the layout is another one
 */
export function listPictures(folder: string): PictureFolder {
  const folders = foldersIn(folder);
  const tests = ["test", "val"].filter((name) => folders.includes(name));
  if (!folders.includes("train")) {
    throw new DatasetError(`${folder} has no folder train/: expected train/CLASS/*.jpg or *.png`);
  }
  if (tests.length !== 1) {
    throw new DatasetError(
      `${folder} has ${tests.length === 0 ? "neither test/ nor val/" : "both test/ and val/"}: ` +
        "expected one of them, with folders of classes like train/",
    );
  }
  const test = tests[0]!;
  const classes = foldersIn(join(folder, "train")).sort(), tested = foldersIn(join(folder, test));
  if (classes.length === 0) {
    throw new DatasetError(`${join(folder, "train")} has no folders: expected one for each class`);
  }
  const unknown = tested.filter((name) => !classes.includes(name)).sort();
  if (unknown.length > 0) {
    throw new DatasetError(`${test}/ has classes that train/ has not: ${summariseNames(unknown)}`);
  }
  const digest = createHash("sha256");
  const split = (name: string): ListedPicture[] =>
    classes.flatMap((className, label) => {
      const home = join(name, className);
      if (name !== "train" && !tested.includes(className)) return [];
      const names = entriesOf(join(folder, home)).map(({ name }) => name).filter(isPicture).sort();
      if (names.length === 0) {
        throw new DatasetError(`${join(folder, home)} has no pictures: expected *.jpg or *.png`);
      }
      return names.map((name) => {
        const path = join(home, name);
        digest.update(`${path}\0${stamp(join(folder, path))}\0`);
        return { path, label };
      });
    });
  const train = shuffle(split("train"));
  return {
    classes,
    train,
    test: shuffle(split(test)),
    untested: classes.filter((name) => !tested.includes(name)),
    digest: digest.digest("hex"),
  };
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

// A text that changes when the file does; a link that leads nowhere is reported when it is to be decoded.
function stamp(path: string): string {
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
