# Times one edge-popup training step in plain PyTorch, as published: the mask is selected in every step by sorting all
# scores of a layer (or, faster, by kthvalue). The data are on the device already. A line of JSON on standard output
# for every combination of what is named.
#
#   python3 bench/peers/edge_popup_step.py --network conv4 --selection sort [--batch 128] [--threads 2] [--steps 10]
#   python3 bench/peers/edge_popup_step.py --network conv2 conv4 --selection sort kthvalue --device cuda \
#     --precision float32 tf32 bfloat16 --warm-up 20 --stretches 5 --stretch 50
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
    def __init__(self, shape, kept, selection, stride=1):
        super().__init__(shape, kept, selection)
        self.stride = stride

    def forward(self, x):
        return F.conv2d(x, self.effective(), stride=self.stride, padding=self.weight.shape[-1] // 2)


class Linear(Masked):
    def forward(self, x):
        return F.linear(x, self.effective())


class Residual(nn.Module):
    def __init__(self, body, shortcut):
        super().__init__()
        self.body, self.shortcut = nn.Sequential(*body), nn.Sequential(*shortcut)

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


def resnet(channels, stages, kept, selection):
    """For CIFAR-10, of basic blocks, normalised without scale and shift."""
    def conv(inputs, outputs, kernel, stride=1):
        return [Conv((outputs, inputs, kernel, kernel), kept, selection, stride), nn.BatchNorm2d(outputs, affine=False)]

    layers, inputs = [*conv(3, channels, 3), nn.ReLU(inplace=True)], channels
    for stage, blocks in enumerate(stages):
        outputs = channels * 2**stage
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            body = [*conv(inputs, outputs, 3, stride), nn.ReLU(inplace=True), *conv(outputs, outputs, 3)]
            layers += [Residual(body, conv(inputs, outputs, 1, stride) if stride > 1 else []), nn.ReLU(inplace=True)]
            inputs = outputs
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), Linear((10, inputs), kept, selection)]
    return nn.Sequential(*layers), (3, 32, 32)


def network(name, kept, selection):
    if name == "resnet20":
        return resnet(16, [3, 3, 3], kept, selection)
    if name == "resnet18":
        return resnet(64, [2, 2, 2, 2], kept, selection)
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


def use(device, precision):
    """Lets convolutions and matrix products compute in that precision; bfloat16 is up to autocast."""
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.benchmark = True
    return torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16")


def measure(name, selection, precision, options):
    """Milliseconds a step: medians of single steps, and of stretches with one wait for the device each."""
    device = options.device
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    torch.manual_seed(1)
    model, shape = network(name, 0.5, selection)
    model.to(device)
    scores = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(scores, lr=1e-3, momentum=0.9, weight_decay=1e-4)
    images = torch.randn(options.batch, *shape, device=device)
    labels = torch.randint(10, (options.batch,), device=device)
    autocast = use(device, precision)

    def timed(steps):
        start = time.perf_counter()
        for _ in range(steps):
            optimizer.zero_grad()
            with autocast:
                loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
        wait()
        return 1000 * (time.perf_counter() - start) / steps

    timed(options.warm_up)
    single = [timed(1) for _ in range(options.steps)]
    stretches = [timed(options.stretch) for _ in range(options.stretches)]
    return {
        "network": name,
        "selection": selection,
        "precision": precision,
        "msPerStep": statistics.median(single),
        "msPerStepOfStretch": statistics.median(stretches) if stretches else None,
        "torch": torch.__version__,
    }


def main():
    names, selections = ["mlp", "conv2", "conv4", "conv6", "conv8", "resnet20", "resnet18"], ["sort", "kthvalue"]
    parser = argparse.ArgumentParser()
    parser.add_argument("--network", choices=names, nargs="+", required=True)
    parser.add_argument("--selection", choices=selections, nargs="+", required=True)
    parser.add_argument("--precision", choices=["float32", "tf32", "bfloat16"], nargs="+", default=["float32"])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=10, help="single steps to time")
    parser.add_argument("--stretches", type=int, default=0, help="stretches to time, and steps in each")
    parser.add_argument("--stretch", type=int, default=50)
    parser.add_argument("--warm-up", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for name in options.network:
        for precision in options.precision:
            for selection in options.selection:
                print(json.dumps(measure(name, selection, precision, options)), flush=True)


if __name__ == "__main__":
    main()
