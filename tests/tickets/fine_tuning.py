"""Whether what the mask of a ticket removes stays 0 while the rest is trained, in all ways that are promised: a line of JSON.

    python3 tests/tickets/fine_tuning.py TICKET
"""
import copy
import json
import pathlib
import sys

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "src" / "tickets"))
from maskbench_ticket import load  # noqa: E402

torch.set_num_threads(1)
torch.manual_seed(1)
OPTIMISERS = {
    "sgd": lambda of: torch.optim.SGD(of, lr=0.1, momentum=0.9, weight_decay=0.01),
    "adam": lambda of: torch.optim.Adam(of, lr=0.01, weight_decay=0.01),
    "adamw": lambda of: torch.optim.AdamW(of, lr=0.01, weight_decay=0.1),
}


def trained(model, parameters, optimiser):
    """Three steps. Whether removed weights are 0 and almost all others have moved."""
    before = [weight.detach().clone() for weight in model.parameters()]
    optimiser = OPTIMISERS[optimiser](parameters)
    dtype = before[0].dtype
    for _ in range(3):
        pictures = torch.rand(8, *model.ticket["network"]["inputShape"], dtype=dtype)
        optimiser.zero_grad()
        logits = model((pictures - model.mean) / model.deviation)
        F.cross_entropy(logits, torch.randint(logits.shape[1], (8,))).backward()
        optimiser.step()
    removed = all(bool((weight[~mask] == 0).all()) for weight, mask in model.masks())
    moved = sum(int((now != then).sum()) for now, then in zip(model.parameters(), before))
    return {"removed": removed, "moved": moved / int(model.mask.sum())}


found = {}
for name in OPTIMISERS:
    model = load(sys.argv[1]).train()
    found[name] = trained(model, model.fine_tune_parameters(), name)
model = load(sys.argv[1]).train()
parameters = model.fine_tune_parameters()
model.double()
found["double"] = {**trained(model, parameters, "sgd"), "mask": str(model.mask.dtype), "mean": str(model.mean.dtype)}
model = copy.deepcopy(load(sys.argv[1])).train()
found["copy"] = trained(model, model.fine_tune_parameters(), "adam")
model = load(sys.argv[1]).train()
trained(model, list(model.parameters()), "sgd")  # all of them: what the mask removes moves, too
model.requires_grad_(False)
found["whole first"] = trained(model, model.fine_tune_parameters(), "sgd")
parameters = model.fine_tune_parameters()
(model(torch.full((2, *model.ticket["network"]["inputShape"]), float("inf"))).sum()).backward()
infinite = [float(weight.grad[~mask].abs().sum()) for weight, mask in model.masks()]
found["infinite"] = {**found["whole first"], "removed": sum(infinite) == 0}
model = load(sys.argv[1])
restored = load(sys.argv[1])
restored.load_state_dict(copy.deepcopy(model).state_dict())
found["buffers"] = sorted(name for name, _ in model.named_buffers() if "." not in name)
found["device"] = str(model.to("meta").mask.device)
print(json.dumps(found))
