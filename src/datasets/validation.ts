// Pictures held out to choose hyper-parameters on, so that the test set is looked at only once they are chosen.
import { sha256 } from "./checksum.ts";
import type { Dataset } from "./dataset.ts";

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
  const { train } = dataset, all = train.labels.length, trained = all - count;
  const part = (from: number, to: number): Dataset["train"] => {
    const labels = train.labels.subarray(from, to);
    if ("path" in train) return { ...train, index: train.index.subarray(3 * from, 3 * to), labels };
    const size = train.images.length / all;
    return { images: train.images.subarray(from * size, to * size), labels };
  };
  return {
    ...dataset,
    train: part(0, trained),
    test: part(trained, all),
    checksum: sha256(dataset.checksum, ` validation ${count}`),
  };
}
