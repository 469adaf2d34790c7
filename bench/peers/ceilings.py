# What the device can do, by plain PyTorch: a large matrix product in each precision, and a large copy. A line of JSON
# on standard output for each.
#
#   python3 bench/peers/ceilings.py --device cuda [--size 8192] [--bytes 1073741824]
import argparse
import json
import statistics
import time

import torch


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--size", type=int, default=8192)
    parser.add_argument("--bytes", type=int, default=1 << 30)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    cuda = options.device == "cuda"
    wait = torch.cuda.synchronize if cuda else lambda: None

    def seconds(call):
        times = []
        for _ in range(3 + options.repeats):
            wait()
            start = time.perf_counter()
            call()
            wait()
            times.append(time.perf_counter() - start)
        return statistics.median(times[3:])

    for precision in ["float32", "tf32", "bfloat16"] if cuda else ["float32"]:
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        a, b = (torch.randn(options.size, options.size, device=options.device).to(dtype) for _ in range(2))
        c = torch.empty_like(a)
        rate = 2 * options.size**3 / seconds(lambda: torch.mm(a, b, out=c))
        print(json.dumps({"what": f"matrix product, {precision}", "perSecond": rate}), flush=True)
    x = torch.ones(options.bytes // 4, device=options.device)
    y = torch.empty_like(x)
    rate = 2 * options.bytes / seconds(lambda: y.copy_(x))
    print(json.dumps({"what": "copy", "perSecond": rate}), flush=True)


if __name__ == "__main__":
    main()
