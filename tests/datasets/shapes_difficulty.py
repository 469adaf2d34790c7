# Measures how hard the data set `shapes` is: a linear classifier is to stay under 60%, a trained conv net to pass 90%.
#
#   deno run --allow-read --allow-write tests/datasets/shapes_dump.ts FOLDER
#   python3 tests/datasets/shapes_difficulty.py FOLDER
import sys

import torch
from torch import nn

EPOCHS = 10
BATCH = 100


def split(folder, part):
    pictures = torch.frombuffer(bytearray(open(f"{folder}/{part}.images", "rb").read()), dtype=torch.uint8)
    labels = torch.frombuffer(bytearray(open(f"{folder}/{part}.labels", "rb").read()), dtype=torch.uint8)
    return (pictures.view(-1, 3, 32, 32).float() / 255 - 0.5) / 0.25, labels.long()


def accuracy(model, pictures, labels):
    model.eval()
    with torch.no_grad():
        right = sum((model(x).argmax(1) == y).sum().item() for x, y in zip(pictures.split(500), labels.split(500)))
    return right / len(labels)


def trained(model, make, train, test, epochs):
    """Best test accuracy over the epochs: generous to the classifier, so strict as an upper bound."""
    optimizer, best = make(model.parameters()), 0.0
    for _ in range(epochs):
        model.train()
        for index in torch.randperm(len(train[1])).split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(train[0][index]), train[1][index]).backward()
            optimizer.step()
        best = max(best, accuracy(model, *test))
    return best, accuracy(model, *test)


def convolutional():
    def block(channels, out):
        return [nn.Conv2d(channels, out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]

    return nn.Sequential(*block(3, 32), *block(32, 64), *block(64, 128), nn.Flatten(),
                         nn.Linear(128 * 16, 128), nn.ReLU(), nn.Linear(128, 10))


def linear():
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 10))


if __name__ == "__main__":
    torch.manual_seed(0)
    train, test = split(sys.argv[1], "train"), split(sys.argv[1], "test")
    upper = 0.0
    for rate in (1e-2, 1e-3, 1e-4, 1e-5):
        best, _ = trained(linear(), lambda p: torch.optim.Adam(p, rate), train, test, EPOCHS)
        print(f"linear, Adam at {rate:g}: {best:.1%}", flush=True)
        upper = max(upper, best)
    _, last = trained(convolutional(), lambda p: torch.optim.Adam(p, 1e-3), train, test, EPOCHS)
    print(f"convolutional, Adam at 0.001: {last:.1%}")
    sys.exit(0 if upper < 0.6 and last > 0.9 else 1)
