# Times one edge-popup training step in plain PyTorch, as published: the mask is selected in every step by sorting all
# scores of a layer (or, faster, by kthvalue). Milliseconds, the median over steps, as JSON on standard output.
#
#   python3 bench/peers/edge_popup_step.py --network conv4 --selection sort [--batch 128] [--threads 2] [--steps 10]
import argparse
import json
import math
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F


class Subnet(torch.autograd.Function):
    """The mask of the largest scores; the gradient passes straight through."""

    @staticmethod
    def forward(context, scores, kept, selection):
        flat = scores.flatten()
        dropped = int((1 - kept) * flat.numel())
        if selection == "sort":
            _, order = flat.sort()
            mask = torch.empty_like(flat)
            mask[order[:dropped]] = 0
            mask[order[dropped:]] = 1
            return mask.view_as(scores)
        return (scores > flat.kthvalue(dropped).values).to(scores.dtype)

    @staticmethod
    def backward(context, gradient):
        return gradient, None, None


class Masked(nn.Module):
    def __init__(self, shape, kept, selection):
        super().__init__()
        fan_in = math.prod(shape[1:])
        self.weight = nn.Parameter(torch.randn(shape) * math.sqrt(2 / fan_in), requires_grad=False)
        self.scores = nn.Parameter(torch.empty(shape).uniform_(-1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in)))
        self.kept, self.selection = kept, selection

    def effective(self):
        return self.weight * Subnet.apply(self.scores.abs(), self.kept, self.selection)


class Conv(Masked):
    def forward(self, x):
        return F.conv2d(x, self.effective(), padding=1)


class Linear(Masked):
    def forward(self, x):
        return F.linear(x, self.effective())


def network(name, kept, selection):
    if name == "mlp":
        sizes, layers, shape = [784, 300, 100, 10], [nn.Flatten()], (1, 28, 28)
    else:
        layers, channels = [], 3
        blocks = int(name.removeprefix("conv")) // 2
        for block in range(blocks):
            outputs = 64 * 2**block
            for inputs in (channels, outputs):
                layers += [Conv((outputs, inputs, 3, 3), kept, selection), nn.ReLU()]
            layers.append(nn.MaxPool2d(2))
            channels = outputs
        layers.append(nn.Flatten())
        sizes, shape = [channels * (32 // 2**blocks) ** 2, 256, 256, 10], (3, 32, 32)
    for i, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        layers.append(Linear((outputs, inputs), kept, selection))
        if i < len(sizes) - 2:
            layers.append(nn.ReLU())
    return nn.Sequential(*layers), shape


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--network", choices=["mlp", "conv2", "conv4", "conv6", "conv8"], required=True)
    parser.add_argument("--selection", choices=["sort", "kthvalue"], required=True)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=10)
    options = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(options.threads)
    model, shape = network(options.network, 0.5, options.selection)
    scores = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(scores, lr=1e-3, momentum=0.9, weight_decay=1e-4)
    images, labels = torch.randn(options.batch, *shape), torch.randint(10, (options.batch,))
    times = []
    for step in range(2 + options.steps):
        start = time.perf_counter()
        optimizer.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()
        if step >= 2:
            times.append(time.perf_counter() - start)
    print(json.dumps({"msPerStep": 1000 * statistics.median(times), "torch": torch.__version__}))


if __name__ == "__main__":
    main()
