// Pictures held out to choose hyper-parameters on, so that the test set is looked at only once they are chosen.
import { sha256 } from "./checksum.ts";
import type { Dataset, Split } from "./dataset.ts";

/**
 * The same data set with the last `count` training pictures as its `test`, and the others as its `train`.
 * @param count default: as many as the test set has, but at most a fifth of the training pictures
 */
export function validationOf(
  dataset: Dataset,
  count: number = Math.min(
    dataset.test.labels.length,
    Math.floor(dataset.train.labels.length / 5),
  ),
): Dataset {
  const { images, labels } = dataset.train;
  const size = images.length / labels.length, kept = labels.length - count;
  const part = (from: number, to: number): Split => ({
    images: images.subarray(from * size, to * size),
    labels: labels.subarray(from, to),
  });
  return {
    ...dataset,
    train: part(0, kept),
    test: part(kept, labels.length),
    checksum: sha256(dataset.checksum, ` validation ${count}`),
  };
}
