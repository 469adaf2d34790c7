"""Makes the golden trajectories next to it, in plain PyTorch: python3 tests/goldens/make.py

An independent statement of the algorithms, for `maskbench replay`: masks by sorting, gradients by autograd,
one step written as in the papers. src/goldens/golden.ts describes the format.
"""
import json
import math
import pathlib

import numpy
import torch
import torch.nn.functional as F

CONV = ((2, 8, 8), [
    {"kind": "conv", "inputs": 2, "outputs": 6, "kernel": 3, "padding": 1},
    {"kind": "maxpool", "size": 2},
    {"kind": "conv", "inputs": 6, "outputs": 8, "kernel": 3, "padding": 1, "stride": 2},
    {"kind": "linear", "inputs": 32, "outputs": 16},
    {"kind": "linear", "inputs": 16, "outputs": 5},
])
MLP = ((1, 6, 6), [
    {"kind": "linear", "inputs": 36, "outputs": 20},
    {"kind": "linear", "inputs": 20, "outputs": 12},
    {"kind": "linear", "inputs": 12, "outputs": 5},
])
# Where a ReLU is named, all are; else one follows every layer with weights but the last.
RESNET = ((2, 9, 9), [
    {"kind": "conv", "inputs": 2, "outputs": 6, "kernel": 3, "padding": 1},
    {"kind": "batchnorm", "channels": 6},
    {"kind": "relu"},
    {"kind": "maxpool", "size": 3, "stride": 2, "padding": 1},
    {"kind": "residual", "body": [
        {"kind": "conv", "inputs": 6, "outputs": 6, "kernel": 3, "padding": 1},
        {"kind": "batchnorm", "channels": 6},
        {"kind": "relu"},
        {"kind": "conv", "inputs": 6, "outputs": 6, "kernel": 3, "padding": 1},
        {"kind": "batchnorm", "channels": 6},
    ], "shortcut": []},
    {"kind": "relu"},
    {"kind": "residual", "body": [
        {"kind": "conv", "inputs": 6, "outputs": 8, "kernel": 3, "padding": 1, "stride": 2},
        {"kind": "batchnorm", "channels": 8},
        {"kind": "relu"},
        {"kind": "conv", "inputs": 8, "outputs": 8, "kernel": 3, "padding": 1},
        {"kind": "batchnorm", "channels": 8},
    ], "shortcut": [
        {"kind": "conv", "inputs": 6, "outputs": 8, "kernel": 1, "stride": 2},
        {"kind": "batchnorm", "channels": 8},
    ]},
    {"kind": "relu"},
    {"kind": "avgpool", "size": 3},
    {"kind": "linear", "inputs": 8, "outputs": 5},
])
DEPTHWISE = ((2, 9, 9), [
    {"kind": "conv", "inputs": 2, "outputs": 6, "kernel": 3, "padding": 1},
    {"kind": "batchnorm", "channels": 6},
    {"kind": "relu"},
    {"kind": "depthwise-conv", "channels": 6, "kernel": 3, "stride": 2, "padding": 1},
    {"kind": "batchnorm", "channels": 6},
    {"kind": "relu"},
    {"kind": "conv", "inputs": 6, "outputs": 10, "kernel": 1},
    {"kind": "batchnorm", "channels": 10},
    {"kind": "relu"},
    {"kind": "avgpool", "size": 5},
    {"kind": "linear", "inputs": 10, "outputs": 5},
])
GOLDENS = {
    "edge-popup-conv-layer": (CONV, {"algorithm": "edge-popup", "kept_fraction": 0.3, "scope": "layer",
                                     "learning_rate": 0.2, "momentum": 0.9, "weight_decay": 5e-4}),
    "edge-popup-mlp-global": (MLP, {"algorithm": "edge-popup", "kept_fraction": 0.5, "scope": "global",
                                    "learning_rate": 0.1, "momentum": 0.8, "weight_decay": 0.0}),
    "sbp-conv-global": (CONV, {"algorithm": "sbp", "kept_fraction": 0.4, "scope": "global", "learning_rate": 1.0,
                               "momentum": 0.9, "weight_decay": 1e-3, "ramp": 0.7, "floor": 0.5, "box": [0, 1]}),
    "sbp-mlp-layer-projected": (MLP, {"algorithm": "sbp", "kept_fraction": 0.5, "scope": "layer",
                                      "learning_rate": 0.5, "momentum": 0.9, "weight_decay": 0.0, "ramp": 0,
                                      "floor": 0.5, "box": [0, 1]}),
    "sbp-mlp-free": (MLP, {"algorithm": "sbp", "kept_fraction": 0.2, "scope": "layer", "learning_rate": 0.5,
                           "momentum": 0.9, "weight_decay": 1e-2, "ramp": 0.5, "floor": None, "box": None}),
    "gem-miner-conv-global": (CONV, {"algorithm": "gem-miner", "kept_fraction": 0.3, "scope": "global",
                                     "learning_rate": 0.4, "momentum": 0.9, "weight_decay": 1e-2, "freezes": 3}),
    "gem-miner-mlp-layer": (MLP, {"algorithm": "gem-miner", "kept_fraction": 0.5, "scope": "layer",
                                  "learning_rate": 0.2, "momentum": 0.8, "weight_decay": 0.0, "freezes": 2}),
    "biprop-conv-layer": (CONV, {"algorithm": "biprop", "kept_fraction": 0.3, "scope": "layer",
                                 "learning_rate": 0.2, "momentum": 0.9, "weight_decay": 5e-4}),
    "biprop-mlp-global": (MLP, {"algorithm": "biprop", "kept_fraction": 0.5, "scope": "global",
                                "learning_rate": 0.1, "momentum": 0.8, "weight_decay": 0.0}),
    "zhou-conv-global": (CONV, {"algorithm": "zhou", "kept_fraction": 0.3, "scope": "global", "learning_rate": 5.0,
                                "momentum": 0.9, "weight_decay": 1e-3, "noise_key": 1}),
    "zhou-mlp-layer": (MLP, {"algorithm": "zhou", "kept_fraction": 0.6, "scope": "layer", "learning_rate": 20.0,
                             "momentum": 0.9, "weight_decay": 0.0, "noise_key": 2**32 + 7}),
    "prob-mask-conv-layer": (CONV, {"algorithm": "prob-mask", "kept_fraction": 0.4, "scope": "layer",
                                    "learning_rate": 0.01, "momentum": 0.8, "weight_decay": 1e-3, "draws": 1,
                                    "temperature": 0.3, "kept_at_first": 1, "noise_key": 3}),
    "prob-mask-mlp-global": (MLP, {"algorithm": "prob-mask", "kept_fraction": 0.3, "scope": "global",
                                   "learning_rate": 0.006, "momentum": 0.9, "weight_decay": 0.0, "draws": 2,
                                   "temperature": 0.03, "kept_at_first": 0, "noise_key": 2**40 + 5}),
    "edge-popup-resnet-layer": (RESNET, {"algorithm": "edge-popup", "kept_fraction": 0.5, "scope": "layer",
                                         "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 1e-4}),
    "sbp-conv-layer-centred": (CONV, {"algorithm": "sbp", "kept_fraction": 0.5, "scope": "layer",
                                      "learning_rate": 2.0, "momentum": 0.9, "weight_decay": 1e-3, "ramp": 0.7,
                                      "floor": 0.5, "box": None, "mask_box": True, "centred": True}),
    "sbp-mlp-global-centred": (MLP, {"algorithm": "sbp", "kept_fraction": 0.2, "scope": "global",
                                     "learning_rate": 1.0, "momentum": 0.8, "weight_decay": 0.0, "ramp": 0.5,
                                     "floor": 0.5, "box": None, "mask_box": True, "centred": True}),
    # IteRand's steps between two draws of weights.
    "iterand-conv-layer": (CONV, {"algorithm": "iterand", "kept_fraction": 0.3, "scope": "layer",
                                  "learning_rate": 0.3, "momentum": 0.9, "weight_decay": 5e-4}),
    "iterand-mlp-global": (MLP, {"algorithm": "iterand", "kept_fraction": 0.5, "scope": "global",
                                 "learning_rate": 0.2, "momentum": 0.8, "weight_decay": 0.0}),
    "gem-miner-conv-adam": (CONV, {"algorithm": "gem-miner", "optimiser": "adam", "kept_fraction": 0.3,
                                   "scope": "layer", "learning_rate": 0.05, "momentum": 0.8, "weight_decay": 1e-2,
                                   "freezes": 3}),
    "edge-popup-mlp-global-ramp": (MLP, {"algorithm": "edge-popup", "kept_fraction": 0.3, "scope": "global",
                                         "learning_rate": 0.2, "momentum": 0.8, "weight_decay": 1e-3, "ramp": 0.7}),
    "edge-popup-conv-layer-ramp": (CONV, {"algorithm": "edge-popup", "kept_fraction": 0.5, "scope": "layer",
                                          "learning_rate": 0.3, "momentum": 0.9, "weight_decay": 0.0, "ramp": 1}),
    "edge-popup-depthwise-layer": (DEPTHWISE, {"algorithm": "edge-popup", "kept_fraction": 0.4, "scope": "layer",
                                               "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 1e-4}),
    "sbp-depthwise-global": (DEPTHWISE, {"algorithm": "sbp", "kept_fraction": 0.5, "scope": "global",
                                         "learning_rate": 1.0, "momentum": 0.9, "weight_decay": 0.0, "ramp": 0.5,
                                         "floor": 0.5, "box": [0, 1]}),
}
STEPS, BATCH, CLASSES = 10, 6, 5


def shape_of(layer):
    if layer["kind"] == "depthwise-conv":
        return [layer["channels"], 1, layer["kernel"], layer["kernel"]]
    kernel = [layer["kernel"]] * 2 if layer["kind"] == "conv" else []
    return [layer["outputs"], layer["inputs"], *kernel]


def weighted(layers):
    """The layers with weights; those of a residual block's body come before those of its shortcut."""
    for layer in layers:
        if layer["kind"] == "residual":
            yield from weighted(layer["body"])
            yield from weighted(layer["shortcut"])
        elif layer["kind"] in ("conv", "depthwise-conv", "linear"):
            yield layer


def logits_of(layers, effective, x):
    weights, left = iter(effective), len(effective)
    named = any(layer["kind"] == "relu" for layer in layers)

    def through(layers, x):
        nonlocal left
        for layer in layers:
            if layer["kind"] == "maxpool":
                x = F.max_pool2d(x, layer["size"], layer.get("stride"), layer.get("padding", 0))
            elif layer["kind"] == "avgpool":
                x = F.avg_pool2d(x, layer["size"], layer.get("stride"))
            elif layer["kind"] == "batchnorm":
                x = F.batch_norm(x, None, None, training=True)
            elif layer["kind"] == "relu":
                x = F.relu(x)
            elif layer["kind"] == "residual":
                body = through(layer["body"], x)
                x = body + through(layer["shortcut"], x)
            else:
                weight, left = next(weights), left - 1
                if layer["kind"] in ("conv", "depthwise-conv"):
                    groups = layer["channels"] if layer["kind"] == "depthwise-conv" else 1
                    x = F.conv2d(x, weight, None, layer.get("stride", 1), layer.get("padding", 0), groups=groups)
                else:
                    x = F.linear(x.flatten(1), weight)
                if left > 0 and not named:
                    x = F.relu(x)
        return x

    return through(layers, x)


def top(values, kept_fraction):
    """1 for all but the int((1 - kept_fraction) * n) lowest, in stable order."""
    bit = torch.zeros_like(values)
    bit[torch.sort(values, stable=True).indices[int((1 - kept_fraction) * values.numel()):]] = 1
    return bit


def project(scores, sizes, golden):
    if golden["algorithm"] == "gem-miner":
        return (scores > 0.5).float()
    compared = scores.abs() if golden["algorithm"] in ("edge-popup", "biprop") else scores
    parts = compared.split(sizes) if golden["scope"] == "layer" else [compared]
    bit = torch.cat([top(part, golden["kept_fraction"]) for part in parts])
    if golden["algorithm"] == "prob-mask":
        bit = bit * (scores > 0)
    if golden.get("floor") is not None:
        bit = bit * (compared > golden["floor"])
    return bit


def relative_to_threshold(scores, sizes, golden):
    """|score| by twice the smallest that is kept in its scope, at most 1."""
    relaxed = []
    for part in scores.abs().split(sizes) if golden["scope"] == "layer" else [scores.abs()]:
        threshold = part[top(part, golden["kept_fraction"]) == 1].min()
        relaxed.append((part / (2 * threshold)).clamp(0, 1))
    return torch.cat(relaxed)


def noise(key, draw, length):
    """Philox4x32-10: uniform in (0, 1), of 23 bits."""
    low = numpy.uint64(0xFFFFFFFF)
    half = numpy.uint64(32)
    place = numpy.arange((length + 3) // 4, dtype=numpy.uint64)
    nth = numpy.full_like(place, draw)
    counter = [place & low, place >> half, nth & low, nth >> half]
    keys = [key & 0xFFFFFFFF, key >> 32]
    for _ in range(10):
        even, odd = counter[0] * numpy.uint64(0xD2511F53), counter[2] * numpy.uint64(0xCD9E8D57)
        counter = [odd >> half ^ counter[1] ^ numpy.uint64(keys[0]), odd & low,
                   even >> half ^ counter[3] ^ numpy.uint64(keys[1]), even & low]
        keys = [(keys[0] + 0x9E3779B9) & 0xFFFFFFFF, (keys[1] + 0xBB67AE85) & 0xFFFFFFFF]
    words = numpy.stack(counter, 1).reshape(-1)[:length]
    return torch.from_numpy(((words >> numpy.uint64(9)).astype(numpy.float64) + 0.5) / 2**23)


def straight_through(value, slope_of):
    """`value`, with the gradient of `slope_of`."""
    return value.detach() + (slope_of - slope_of.detach())


def weights_by(scores, weights, sizes, golden, t, draw):
    """What the network computes with, as a function of the scores that autograd takes the gradient of."""
    if golden["algorithm"] == "biprop":
        kept = (weights * project(scores, sizes, golden)).split(sizes)
        binary = [part.sign() * part.abs().sum() / (part != 0).sum() for part in kept]
        return straight_through(torch.cat(binary), weights * scores.abs())
    uniform = noise(golden["noise_key"], golden.get("draws", 1) * t + draw, len(scores))
    if golden["algorithm"] == "zhou":
        chance = torch.sigmoid(scores)
        return weights * straight_through((uniform < chance).float(), chance)
    p = scores.double()
    temperature = 1 - (1 - golden["temperature"]) * t / STEPS
    logit = torch.log(p + 1e-20) - torch.log(1 - p + 1e-20)
    relaxed = (logit + torch.log(uniform / (1 - uniform))) / temperature
    return weights * torch.exp(F.logsigmoid(relaxed)).float()  # sigmoid's own gradient, m (1 - m), is 0 at p = 1


def within_budget(scores, sizes, golden, t):
    """The nearest vector of [0, 1]^n of which every scope sums up to at most what it may in step t; by bisection."""
    parts = scores.split(sizes) if golden["scope"] == "layer" else [scores]
    left = 1 - min(1, max(0, (t / STEPS - 0.16) / (0.6 - 0.16)))
    projected = []
    for part in parts:
        least = len(part) - int((1 - golden["kept_fraction"]) * len(part))
        first = max(least, golden["kept_at_first"] * len(part))
        most = round(least + (first - least) * left**3)
        low, high = 0.0, 2.0
        if part.double().clamp(0, 1).sum() <= most:
            high = 0.0
        for _ in range(100):
            v = (low + high) / 2
            low, high = (v, high) if (part.double() - v).clamp(0, 1).sum() > most else (low, v)
        projected.append((part.double() - high).clamp(0, 1).float())
    return torch.cat(projected)


def living(scores, sizes, golden, freezing):
    """Gem-Miner's: 1 for what stays after a freezing, counted from 1."""
    left = golden["kept_fraction"] ** (freezing / golden["freezes"])
    parts = scores.split(sizes) if golden["scope"] == "layer" else [scores]
    return torch.cat([top(part, left) for part in parts]) * (scores > 0)


def stepped(optimiser, values, gradient):
    """Where one step of an optimiser, which has one parameter, leads from these values."""
    parameter = optimiser.param_groups[0]["params"][0]
    parameter.data, parameter.grad = values.detach().clone(), gradient
    optimiser.step()
    return parameter.detach().clone()


def train(layers, golden, weights, scores, images, labels):
    """The published loop, one vector for all layers. Gives losses, correct predictions, final scores, final mask."""
    shapes = [shape_of(layer) for layer in weighted(layers)]
    sizes = [math.prod(shape) for shape in shapes]
    centre = 0.5 if golden["algorithm"] == "sbp" else 0.0
    alive = torch.ones_like(scores)
    rounds = golden.get("freezes", 0) + 1
    freezings = {j * STEPS // rounds: j for j in range(1, rounds)}
    velocity, losses, correct, adam = torch.zeros_like(scores), [], [], None
    for t in range(STEPS):
        if t in freezings:
            alive = living(scores, sizes, golden, freezings[t])
            scores, velocity = scores * alive, velocity * alive
            for moments in adam.state.values() if adam else ():
                moments["exp_avg"] *= alive
                moments["exp_avg_sq"] *= alive
        mask = project(scores, sizes, golden)
        if golden.get("ramp"):
            alpha = min(1.0, t / (golden["ramp"] * STEPS))
            if golden["algorithm"] == "edge-popup":
                relaxed = relative_to_threshold(scores, sizes, golden)
            else:
                relaxed = scores.clamp(0, 1) if golden.get("mask_box") else scores
            mask = (1 - alpha) * relaxed + alpha * mask
        of_scores = golden["algorithm"] in ("biprop", "zhou", "prob-mask")
        learnt = (scores if of_scores else mask).detach().requires_grad_()
        logits = []
        for draw in range(golden.get("draws", 1)):
            used = weights_by(learnt, weights, sizes, golden, t, draw) if of_scores else weights * learnt
            effective = [part.view(shape) for part, shape in zip(used.split(sizes), shapes)]
            logits.append(logits_of(layers, effective, images[t]))
        loss = sum(F.cross_entropy(each, labels[t].long()) for each in logits) / len(logits)
        losses.append(loss.item())
        right = sum(int((each.argmax(1) == labels[t]).sum()) for each in logits)
        correct.append(right if len(logits) == 1 else right / len(logits))
        gradient = torch.autograd.grad(loss, learnt)[0]
        if golden["algorithm"] == "prob-mask" or golden.get("optimiser") == "adam":
            adam = adam or torch.optim.Adam([learnt], golden["learning_rate"], (golden["momentum"], 0.999), 1e-8,
                                            golden["weight_decay"])
            scores = stepped(adam, scores, gradient)
            if golden["algorithm"] == "gem-miner":
                scores = scores.clamp(0, 1) * alive
            else:
                scores = within_budget(scores, sizes, golden, t)
            continue
        if golden["algorithm"] == "edge-popup":
            gradient = gradient * scores.sign()
        if golden.get("centred"):
            parts = gradient.split(sizes) if golden["scope"] == "layer" else [gradient]
            gradient = torch.cat([part - part.mean() for part in parts])
        velocity = golden["momentum"] * velocity + gradient + golden["weight_decay"] * (scores - centre)
        scores = scores - golden["learning_rate"] * velocity
        if golden.get("box"):
            scores = scores.clamp(*golden["box"])
        if golden["algorithm"] == "gem-miner":
            scores = scores.clamp(0, 1) * alive
    return losses, correct, scores, project(scores, sizes, golden)


def make(folder, input_shape, layers, golden, seed):
    generator = torch.Generator().manual_seed(seed)
    fans = [(math.prod(shape_of(layer)), math.prod(shape_of(layer)[1:])) for layer in weighted(layers)]
    weights = torch.cat([torch.randn(n, generator=generator) * math.sqrt(2 / fan) for n, fan in fans])
    scores = torch.cat([(torch.rand(n, generator=generator) * 2 - 1) / math.sqrt(fan) for n, fan in fans])
    if golden.get("centred"):
        parts = scores.split([n for n, _ in fans]) if golden["scope"] == "layer" else [scores]
        scores = torch.cat([part - part.mean() for part in parts])
    if golden["algorithm"] == "sbp":
        scores += 0.5
    if golden["algorithm"] == "iterand":
        scores *= math.sqrt(6)
    if golden["algorithm"] == "zhou":
        scores += math.log(golden["kept_fraction"] / (1 - golden["kept_fraction"]))
    if golden["algorithm"] == "prob-mask":
        scores = torch.full_like(scores, max(golden["kept_fraction"], golden["kept_at_first"]))
    if golden["algorithm"] == "gem-miner":
        scores = torch.rand(len(scores), generator=generator)
    images = torch.randn(STEPS, BATCH, *input_shape, generator=generator)
    labels = torch.randint(CLASSES, (STEPS, BATCH), generator=generator).int()
    losses, correct, final, mask = train(layers, golden, weights, scores, images, labels)

    folder.mkdir(exist_ok=True)
    arrays = {"weights.f32": weights, "initial_scores.f32": scores, "final_scores.f32": final,
              "final_mask.u8": mask.to(torch.uint8), "images.f32": images, "labels.i32": labels}
    for name, array in arrays.items():
        (folder / f"{name}.bin").write_bytes(array.contiguous().numpy().tobytes())
    manifest = {**golden, "input_shape": input_shape, "layers": layers, "steps": STEPS, "batch_size": BATCH,
                "bias": False, "losses": losses, "correct": correct, "torch": torch.__version__}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for seed, (name, ((input_shape, layers), golden)) in enumerate(GOLDENS.items()):
        make(pathlib.Path(__file__).parent / name, input_shape, layers, golden, seed)
