// All data sets. A new one is its file and a line here.
import { Registry } from "../base/registry.ts";
import { cifar10, cifar10Jpeg } from "./cifar10.ts";
import { cifar100 } from "./cifar100.ts";
import { type Dataset, DatasetError, type DatasetSource } from "./dataset.ts";
import { digits } from "./digits.ts";
import { fashionMnist } from "./fashion_mnist.ts";
import { kmnist } from "./kmnist.ts";
import { mnist } from "./mnist.ts";
import { loadPack, packOf } from "./pack.ts";
import { shapes } from "./shapes.ts";

/** Those that are built in but packed folders, see `pack.ts`, and those that modules bring. */
export const datasetRegistry: Registry<DatasetSource> = new Registry("data set", [
  shapes,
  digits,
  mnist,
  fashionMnist,
  kmnist,
  cifar10,
  cifar10Jpeg,
  cifar100,
]);

/** All data sets but packed folders. */
export const datasets: readonly DatasetSource[] = datasetRegistry.all;

/** @throws {DatasetError} if there is none of that name */
export function sourceOf(name: string): DatasetSource {
  try {
    return datasetRegistry.named(name);
  } catch (error) {
    throw new DatasetError((error as Error).message);
  }
}

/**
 * Loads a data set, or a packed folder such as `imagenet-224`. Its name may be another than the one asked for: see
 * `cifar10-jpeg`.
 * @param folders searched in order
 * @throws {DatasetError} if it is missing, damaged or unknown
 */
export async function loadDataset(name: string, folders: readonly string[]): Promise<Dataset> {
  return await (packOf(name) ? loadPack(name, folders) : sourceOf(name).load(folders));
}

/**
 * What is known of a data set's pictures before it is loaded: channels, height and width, and how many classes, which a packed
 * folder's name does not say, nor whether its pictures are grey: 3 channels are assumed. Nothing where the name is unknown.
 */
export function knownPicturesOf(
  name: string,
): { readonly shape: Dataset["shape"]; readonly classes?: number } | undefined {
  const packed = packOf(name);
  if (packed) return { shape: [3, packed.size, packed.size] };
  const source = datasets.find((one) => one.name === name);
  return source && { shape: source.shape, classes: source.classes.length };
}
