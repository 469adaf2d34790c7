// The data sets of runs: each loaded once a process, its pictures in memory that all threads read, or in a file that all
// of them map.
import type { Dataset } from "../datasets/dataset.ts";
import { loadDataset } from "../datasets/registry.ts";
import { validationOf } from "../datasets/validation.ts";
import type { RunConfig } from "../training/config.ts";

const cache = new Map<string, Promise<Dataset>>();

/** The data set that a configuration names, with the split that its accuracy is measured on. */
export async function datasetOf(
  { name, split }: Pick<RunConfig["dataset"], "name" | "split">,
  folders: readonly string[],
): Promise<Dataset> {
  const key = JSON.stringify([name, folders]);
  if (!cache.has(key)) cache.set(key, loadDataset(name, folders).then(sharedDatasetOf));
  const dataset = await cache.get(key)!;
  return split === "validation" ? validationOf(dataset) : dataset;
}

const sharedDatasetOf = ({ train, test, ...rest }: Dataset): Dataset => ({
  ...rest,
  train: sharedSplitOf(train),
  test: sharedSplitOf(test),
});

function sharedSplitOf(split: Dataset["train"]): Dataset["train"] {
  if ("path" in split) return split;
  const { images, labels } = split;
  const copy = new Uint8Array(new SharedArrayBuffer(images.length));
  copy.set(images);
  return { images: copy, labels };
}
