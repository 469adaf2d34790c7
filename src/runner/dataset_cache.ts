// The data set of a run: loaded once a process, its pictures in memory that all threads read, or in a file that all map.
import type { Dataset } from "../datasets/dataset.ts";
import { loadDataset } from "../datasets/registry.ts";
import { validationOf } from "../datasets/validation.ts";
import type { RunConfig } from "../training/config.ts";

const loaded = new Map<string, Promise<Dataset>>();

/** The data set that a configuration names, with the split that its accuracy is measured on. */
export async function datasetOf(
  { name, split }: Pick<RunConfig["dataset"], "name" | "split">,
  folders: readonly string[],
): Promise<Dataset> {
  const key = JSON.stringify([name, folders]);
  if (!loaded.has(key)) loaded.set(key, loadDataset(name, folders).then(shared));
  const dataset = await loaded.get(key)!;
  return split === "validation" ? validationOf(dataset) : dataset;
}

const shared = ({ train, test, ...rest }: Dataset): Dataset => ({
  ...rest,
  train: sharedSplit(train),
  test: sharedSplit(test),
});

function sharedSplit(split: Dataset["train"]): Dataset["train"] {
  if ("path" in split) return split;
  const { images, labels } = split;
  const copy = new Uint8Array(new SharedArrayBuffer(images.length));
  copy.set(images);
  return { images: copy, labels };
}
