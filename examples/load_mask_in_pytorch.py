"""Loads a subnetwork that a run found into PyTorch, from its ticket alone, and classifies with it.

    deno task bench examples/my_sweep.json --save-mask
    python3 examples/load_mask_in_pytorch.py results/my-sweep/tickets/<identity>.safetensors

Needs PyTorch and NumPy. A ticket holds the mask, a bit a weight; the weights are drawn again from the run's seed.
"""
import pathlib
import sys

import torch

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "src/tickets"))
from maskbench_ticket import load

model = load(sys.argv[1])  # an nn.Sequential in evaluation mode; weights that the mask removes are 0
configuration = model.ticket["configuration"]
print(f"{configuration['algorithm']['name']} on {configuration['dataset']['name']}, "
      f"sparsity {configuration['sparsity']}, seed {configuration['seed']}")

for name, weight in model.named_parameters():
    if name.endswith("weight") and weight.dim() > 1:
        print(f"layer {name}: keeps {int((weight != 0).sum())} of {weight.numel()} weights")

# Pictures are fed as in training: scaled to [0, 1], less the training set's mean, by its deviation.
pictures = torch.rand(2, *model.ticket["network"]["inputShape"])
with torch.no_grad():
    logits = model((pictures - model.mean) / model.deviation)
classes = [model.ticket["pictures"]["classes"][index] for index in logits.argmax(1)]
print(f"two pictures of noise are taken for: {', '.join(map(str, classes))}")
