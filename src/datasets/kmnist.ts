// Kuzushiji-MNIST: handwritten characters of old Japanese in MNIST's files, harder than digits.
import type { DatasetSource } from "./dataset.ts";
import { idxDataset } from "./idx.ts";

export const kmnist: DatasetSource = idxDataset({
  name: "kmnist",
  summary: "handwritten characters of old Japanese, grey",
  source: "Clanuwat, Bober-Irizar, Kitamoto, Lamb, Yamamoto, Ha: Deep Learning for Classical " +
    "Japanese Literature, 2018",
  licence: "CC BY-SA 4.0",
  classes: ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"],
  // Those that TensorFlow Datasets publishes.
  checksums: {
    "train-images": "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
    "train-labels": "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
    "t10k-images": "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
    "t10k-labels": "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
  },
  checksumsOfGzip: true,
  address: "https://codh.rois.ac.jp/kmnist/dataset/kmnist",
  folders: ["kmnist", "KMNIST/raw", "."],
});
