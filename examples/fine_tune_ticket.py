"""Trains the weights that a mask keeps, in plain PyTorch; those that it removes stay 0.

    deno task bench examples/my_sweep.json --save-mask
    python3 examples/fine_tune_ticket.py results/my-sweep/tickets/<identity>.safetensors data.npz [EPOCHS]

data.npz has x_train, y_train, x_test and y_test: pictures of 0 to 255, (count, height, width) or with channels last, and
labels from 0 on, as Keras' data sets do. Needs PyTorch and NumPy.
"""
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "src/tickets"))
from maskbench_ticket import load

torch.manual_seed(0)
model, data = load(sys.argv[1]), np.load(sys.argv[2])
epochs = int(sys.argv[3]) if len(sys.argv) > 3 else 2


def split(name):
    """Pictures as the network reads them, and their labels."""
    pictures = torch.from_numpy(data[f"x_{name}"]).float()
    if pictures.dim() == 3:
        pictures = pictures[..., None]
    labels = torch.from_numpy(data[f"y_{name}"].reshape(-1).astype("int64"))
    return (pictures.permute(0, 3, 1, 2) / 255 - model.mean) / model.deviation, labels


def accuracy(pictures, labels):
    model.eval()
    with torch.no_grad():
        right = sum(int((model(x).argmax(1) == y).sum()) for x, y in zip(pictures.split(500), labels.split(500)))
    return right / len(labels)


train, test = split("train"), split("test")
print(f"accuracy of the mask alone: {accuracy(*test):.4f}")
optimiser = torch.optim.SGD(model.fine_tune_parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4)
for _ in range(epochs):
    model.train()
    for index in torch.randperm(len(train[1])).split(64):
        optimiser.zero_grad()
        F.cross_entropy(model(train[0][index]), train[1][index]).backward()
        optimiser.step()
print(f"accuracy after {epochs} epochs: {accuracy(*test):.4f}")
kept = sum(int((weight != 0).sum()) for weight in model.parameters())
print(f"weights that are not 0: {kept} of {model.mask.numel()}, {int(model.mask.sum())} of them in the mask")
