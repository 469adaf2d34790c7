// The data set of a run.
import type { Dataset } from "../datasets/dataset.ts";
import { loadDataset } from "../datasets/registry.ts";
import { validationOf } from "../datasets/validation.ts";
import type { RunConfig } from "../training/config.ts";

/** The data set that a configuration names, with the split that its accuracy is measured on. */
export async function datasetFor(
  { name, split }: Pick<RunConfig["dataset"], "name" | "split">,
  folders: readonly string[],
): Promise<Dataset> {
  const dataset = await loadDataset(name, folders);
  return split === "validation" ? validationOf(dataset) : dataset;
}
