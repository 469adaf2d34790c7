# The training loop as published (hidden-networks, trainers/default.py and data/cifar.py): a DataLoader whose workers
# crop, flip and normalise one picture after the other on the processor, a copy to the device, a step of edge-popup
# that selects by sorting, and the loss and accuracy fetched in every step. PyTorch's own defaults of precision.
# Pictures of noise, of CIFAR-10's size and number. Images a second, as JSON on standard output; the start of the
# workers and the first steps are left out.
#
#   python3 bench/peers/published_loop.py --network conv4 --device cuda [--workers 4] [--seconds 10]
import argparse
import json
import random
import time

import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from edge_popup_step import network

try:
    from PIL import Image, ImageOps
except ImportError:  # then on tensors
    Image = None

SIDE, PADDING = 32, 4
MEAN = torch.tensor([0.491, 0.482, 0.447]).view(3, 1, 1)
DEVIATION = torch.tensor([0.247, 0.243, 0.262]).view(3, 1, 1)


class Pictures(Dataset):
    """RandomCrop(32, padding=4), RandomHorizontalFlip, ToTensor, Normalize: as torchvision does them, on PIL's images."""

    def __init__(self, count):
        generator = torch.Generator().manual_seed(1)
        self.pixels = torch.randint(256, (count, SIDE, SIDE, 3), dtype=torch.uint8, generator=generator)
        self.labels = torch.randint(10, (count,), generator=generator).tolist()

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, place):
        pixels = self.pixels[place]
        top, left = random.randint(0, 2 * PADDING), random.randint(0, 2 * PADDING)
        flip = random.random() < 0.5
        if Image:
            image = Image.frombytes("RGB", (SIDE, SIDE), pixels.numpy().tobytes())
            image = ImageOps.expand(image, PADDING).crop((left, top, left + SIDE, top + SIDE))
            if flip:
                image = image.transpose(Image.FLIP_LEFT_RIGHT)
            pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).view(SIDE, SIDE, 3)
            picture = pixels.permute(2, 0, 1).contiguous().float().div(255)
        else:
            picture = F.pad(pixels.permute(2, 0, 1), [PADDING] * 4)[:, top : top + SIDE, left : left + SIDE]
            picture = (picture.flip(2) if flip else picture).float().div(255)
        return picture.sub(MEAN).div(DEVIATION), self.labels[place]


def correct(logits, labels, k):
    """hidden-networks' accuracy(): percent among the k largest logits."""
    _, best = logits.topk(k, 1)
    return best.eq(labels.view(-1, 1)).float().sum() * (100 / labels.size(0))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--network", choices=["conv2", "conv4", "conv6", "conv8"], required=True)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--pictures", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--warm-up", type=int, default=20, help="steps that are not counted")
    parser.add_argument("--threads", type=int, help="of the main process; PyTorch's default without")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    torch.manual_seed(1)
    torch.backends.cudnn.benchmark = True  # as hidden-networks sets it
    model, _ = network(options.network, 0.5, "sort")
    model.to(device)
    scores = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(scores, lr=0.1, momentum=0.9, weight_decay=1e-4)
    loader = DataLoader(
        Pictures(options.pictures),
        batch_size=options.batch,
        shuffle=True,
        num_workers=options.workers,
        pin_memory=device.type == "cuda",
    )
    seen, steps, start, loss_sum, top1, top5 = 0, 0, None, 0.0, 0.0, 0.0
    while True:
        for images, labels in loader:
            images, labels = images.to(device, non_blocking=True), labels.to(device, non_blocking=True)
            logits = model(images)
            loss = F.cross_entropy(logits, labels)
            first, fifth = correct(logits, labels, 1), correct(logits, labels, 5)
            loss_sum += loss.item() * images.size(0)
            top1 += first.item()
            top5 += fifth.item()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            steps += 1
            if steps == options.warm_up:
                start = time.perf_counter()
            elif start is not None:
                seen += images.size(0)
                if time.perf_counter() - start > options.seconds:
                    break
        if start is not None and time.perf_counter() - start > options.seconds:
            break
    if device.type == "cuda":
        torch.cuda.synchronize()
    seconds = time.perf_counter() - start
    print(
        json.dumps(
            {
                "network": options.network,
                "imagesPerSecond": seen / seconds,
                "steps": steps - options.warm_up,
                "workers": options.workers,
                "pictures": "PIL" if Image else "tensors",
                "torch": torch.__version__,
            }
        )
    )


if __name__ == "__main__":
    main()
