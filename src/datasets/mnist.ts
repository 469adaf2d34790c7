// MNIST: handwritten digits.
import type { DatasetSource } from "./dataset.ts";
import { idxDataset } from "./idx.ts";

export const mnist: DatasetSource = idxDataset({
  name: "mnist",
  summary: "handwritten digits, grey",
  source: "LeCun, Cortes, Burges: The MNIST database of handwritten digits, 1998",
  licence: "not stated by its authors",
  classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  checksums: {
    "train-images": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
  },
  normalisation: { mean: 0.1307, deviation: 0.3081 }, // the figures that PyTorch's examples use
  // The address of its authors no longer serves it, this mirror is PyTorch's.
  address: "https://ossci-datasets.s3.amazonaws.com/mnist",
  folders: ["mnist", "MNIST/raw", "."],
});
