# Selects the larger half of |values| as plain PyTorch would, once for each line read: `sort N` or `kthvalue N`.
# Answers each with a line; bench/micro/projection.bench.ts times it.
import sys

import torch

torch.set_num_threads(int(sys.argv[1]))
values = {}
for line in sys.stdin:
    how, length = line.split()[0], int(line.split()[1])
    if length not in values:
        torch.manual_seed(1)
        values[length] = torch.randn(length)
    magnitude = values[length].abs()
    if how == "sort":
        _, order = magnitude.sort()
        mask = torch.empty_like(magnitude)
        mask[order[: length // 2]] = 0
        mask[order[length // 2 :]] = 1
    else:
        mask = (magnitude > magnitude.kthvalue(length // 2).values).float()
    print(int(mask[0]), flush=True)
