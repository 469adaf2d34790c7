"""Loads a ticket, the subnetwork that a run of maskbench found, into PyTorch. Needs PyTorch and NumPy, and nothing else.

    from maskbench_ticket import load
    model = load("results/mine/tickets/….safetensors")    # an nn.Sequential in evaluation mode
    logits = model((pictures / 255 - model.mean) / model.deviation)

`model.ticket` is what the ticket says of itself: configuration, accuracy, classes, what it was made with. To train what the
mask keeps, give `model.fine_tune_parameters()` to an optimiser.
"""
import hashlib
import json
import math

import numpy as np
import torch
from torch import nn

FORMAT = "maskbench ticket 1"


class Residual(nn.Module):
    """body(x) + shortcut(x); a shortcut without layers is x itself."""

    def __init__(self, body, shortcut):
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


class Subnetwork(nn.Sequential):
    """The layers of a ticket. Three buffers follow `.to()` and the like, and are no part of `state_dict()`, which is that of the
    plain nn.Sequential: `mask`, (n,) bool, whether each weight is kept, layer after layer in the order of `parameters()`;
    `mean` and `deviation`, (1, channels, 1, 1), of pixels scaled to [0, 1].
    """

    def masks(self):
        """Each layer's weights with their part of the mask, in the same shape."""
        weights = list(self.parameters())
        parts = self.mask.split([weight.numel() for weight in weights])
        return [(weight, part.view_as(weight)) for weight, part in zip(weights, parts)]

    def fine_tune_parameters(self):
        """The weights, for an optimiser; what the mask removes is set to 0. From now on the gradient of a removed weight is 0, so
        that it stays 0 under SGD with momentum, Adam and weight decay; also after `.to()`. Copies have no such gradients: call
        it for a copy too.
        """
        for index, (weight, kept) in enumerate(self.masks()):
            def blank(gradient, index=index):
                return gradient.masked_fill(~self.masks()[index][1].to(gradient.device), 0)  # also of a gradient of NaN
            with torch.no_grad():
                weight.masked_fill_(~kept, 0)
            weight.requires_grad_().grad = None
            weight.register_hook(blank)
        return list(self.parameters())


def load(path):
    """The subnetwork of a ticket, with the weights that it removes set to 0. Raises ValueError where it can't be made."""
    ticket, tensors = read(path)
    model = Subnetwork(*sequential(ticket["network"]["layers"]))
    weights = list(model.parameters())
    sizes = [weight.numel() for weight in weights]
    mask = torch.ones(sum(sizes), dtype=torch.bool)
    if "mask" in tensors:
        bits = np.unpackbits(tensors["mask"], bitorder="little", count=sum(sizes))
        mask = torch.from_numpy(bits.astype(bool))
    if "weights" in tensors:
        kept = torch.from_numpy(tensors["weights"].copy())
    else:
        kept = torch.cat(drawn(weights, ticket))[mask]
    if hashlib.sha256(kept.numpy().tobytes()).hexdigest() != ticket["weightsDigest"]:
        raise ValueError(
            f"{path}: torch {torch.__version__} draws other weights from the seed than libtorch "
            f"{ticket['environment']['libtorch']} did: maskbench's `ticket export` writes them out")
    effective = torch.zeros(sum(sizes)).masked_scatter_(mask, kept)
    with torch.no_grad():
        for weight, part in zip(weights, effective.split(sizes)):
            weight.copy_(part.view_as(weight))
        normalisations = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
        if normalisations:
            running = [n for module in normalisations for n in (module.running_mean, module.running_var)]
            statistics = torch.from_numpy(tensors["statistics"].copy())
            for into, part in zip(running, statistics.split([n.numel() for n in running])):
                into.copy_(part)
    model.ticket = ticket
    model.register_buffer("mask", mask, persistent=False)
    for what in ("mean", "deviation"):
        model.register_buffer(what, torch.tensor(ticket["pictures"][what]).view(1, -1, 1, 1), persistent=False)
    return model.eval()


def read(path):
    """What a ticket says, and its tensors as NumPy arrays. Raises ValueError where it is not whole."""
    with open(path, "rb") as file:
        data = file.read()
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or 8 + length > len(data):
        raise ValueError(f"{path} is cut short, or no ticket")
    try:
        header = json.loads(data[8:8 + length])
        about = header.pop("__metadata__")
        entries = sorted((name, one["dtype"], one["shape"], *one["data_offsets"]) for name, one in header.items())
        checksum = about.pop("checksum")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no ticket of maskbench") from error
    if about.get("format") != FORMAT:
        raise ValueError(f"{path} is no ticket of the format that this file reads: {about.get('format')}")
    body = data[8 + length:]
    text = {"ensure_ascii": False, "separators": (",", ":")}  # as JavaScript writes it
    digest = hashlib.sha256(json.dumps(about, sort_keys=True, **text).encode())
    for name, kind, shape, begin, end in entries:
        digest.update(json.dumps([name, kind, shape], **text).encode())
        digest.update(body[begin:end])
    if digest.hexdigest() != checksum:
        raise ValueError(f"{path} is damaged: its checksum is another")
    kinds = {"U8": np.uint8, "F32": np.dtype("<f4")}
    tensors = {name: np.frombuffer(body[begin:end], kinds[kind]) for name, kind, _, begin, end in entries}
    return json.loads(about["ticket"]), tensors


def sequential(layers):
    """The layers as modules, with weights of zeros."""
    def module(layer):
        kind = layer["kind"]
        if kind == "conv":
            return nn.Conv2d(layer["inputs"], layer["outputs"], layer["kernel"], layer.get("stride", 1),
                             layer.get("padding", 0), bias=False)
        if kind == "depthwise-conv":
            return nn.Conv2d(layer["channels"], layer["channels"], layer["kernel"], layer.get("stride", 1),
                             layer.get("padding", 0), groups=layer["channels"], bias=False)
        if kind == "linear":
            return nn.Linear(layer["inputs"], layer["outputs"], bias=False)
        if kind == "max-pool":
            return nn.MaxPool2d(layer["size"], layer.get("stride"), layer.get("padding", 0))
        if kind == "average-pool":
            return nn.AvgPool2d(layer["size"], layer.get("stride"))
        if kind == "batch-norm":
            return nn.BatchNorm2d(layer["channels"], affine=False)
        if kind == "residual":
            return Residual(sequential(layer["body"]), sequential(layer["shortcut"]))
        return {"relu": nn.ReLU, "flatten": nn.Flatten}[kind]()

    return nn.Sequential(*map(module, layers))


def drawn(weights, ticket):
    """The weights that the run began with, flat, layer by layer, from the seed of their stream."""
    generator = torch.Generator().manual_seed(ticket["streams"]["weights"])
    configuration = ticket["configuration"]
    initialisation = configuration["initialisation"]
    share = 1 - configuration["sparsity"] if initialisation["scaleFan"] else 1
    layers = []
    for weight in weights:
        deviation = math.sqrt(2 / (weight[0].numel() * share))
        layer = torch.empty(weight.numel()).normal_(0, deviation, generator=generator)
        signed = initialisation["name"] == "signed-kaiming-constant"
        layers.append(layer.sign_().mul_(deviation) if signed else layer)
    return layers
