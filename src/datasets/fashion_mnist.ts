// Fashion-MNIST: pictures of clothes in MNIST's files, harder than digits.
import type { DatasetSource } from "./dataset.ts";
import { idxDataset } from "./idx.ts";

export const fashionMnist: DatasetSource = idxDataset({
  name: "fashion-mnist",
  summary: "pictures of clothes, grey",
  source: "Xiao, Rasul, Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine " +
    "Learning Algorithms, 2017",
  licence: "MIT",
  classes: [
    ...["t-shirt or top", "trouser", "pullover", "dress", "coat"],
    ...["sandal", "shirt", "sneaker", "bag", "ankle boot"],
  ],
  checksums: {
    "train-images": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
  },
  normalisation: { mean: 0.286, deviation: 0.353 },
  address: "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
  folders: ["fashion-mnist", "FashionMNIST/raw", "."],
  installed: "/usr/share/datasets/fashion-mnist", // Debian's package dataset-fashion-mnist
});
