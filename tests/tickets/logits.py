"""Logits of every ticket in a folder, for the pictures.f32 next to it, as PyTorch gives them: a line of JSON each.

    python3 tests/tickets/logits.py FOLDER
"""
import json
import pathlib
import sys

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "src" / "tickets"))
from maskbench_ticket import load  # noqa: E402

torch.set_num_threads(1)
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.safetensors")):
    try:
        model = load(path)
    except ValueError as error:
        print(json.dumps({"name": path.stem, "error": str(error)}))
        continue
    shape = model.ticket["network"]["inputShape"]
    pictures = torch.from_numpy(np.fromfile(path.with_suffix(".f32"), "<f4")).view(-1, *shape)
    with torch.no_grad():
        logits = model(pictures)
    print(json.dumps({"name": path.stem, "logits": logits.flatten().tolist(), "state": list(model.state_dict())}))
