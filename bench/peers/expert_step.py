# Times one edge-popup training step as an expert in PyTorch would write it today: channels-last, a threshold in place
# of an order, a fused optimizer, CUDA graphs, torch.compile. The same networks as in edge_popup_step.py, which does the
# step as published. The data are on the device already, and every step takes the same batch. A line of JSON on standard
# output for each measurement, with an "error" in it where it could not be made.
#
#   python3 bench/peers/expert_step.py --network conv4 --selection topk --execution eager compile --threads 2
#   python3 bench/peers/expert_step.py --network mlp conv2 --selection kthvalue radix --execution compile --verify
#   python3 bench/peers/expert_step.py --plan cpu --threads 2
#   python3 bench/peers/expert_step.py --plan gpu --budget 120
import argparse
import gc
import itertools
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings

# The process that only hands out work has no need of PyTorch, which takes seconds to load.
WORKER = "--variants" in sys.argv
if WORKER:
    import torch
    from torch.nn import functional as F

    from edge_popup_step import Conv, Linear, Masked, network, use

NETWORKS = ["mlp", "conv2", "conv4", "conv6", "conv8", "resnet20", "resnet18"]
SELECTIONS = ["kthvalue", "topk", "sort", "radix", "histc"]
PRECISIONS = ["float32", "tf32", "bfloat16"]
# How each execution compiles (a mode of torch.compile), and whether the whole step is captured in one CUDA graph.
EXECUTIONS = {
    "eager": (None, False),
    "graph": (None, True),
    "compile": ("default", False),
    "compile-graph": ("default", True),
    "compile-reduce-overhead": ("reduce-overhead", False),
    "compile-max-autotune": ("max-autotune", False),
    "compile-max-autotune-graph": ("max-autotune-no-cudagraphs", True),
}
KEPT = 0.5


# The selections. Each finds the largest of the values to drop, as a tensor on the device, from a flat tensor of values
# none of which is negative. None of them waits for the device, and all shapes are known in advance, so that each can be
# captured in a CUDA graph.


def find_by_kthvalue(flat, dropped):
    return flat.kthvalue(dropped).values


def find_by_topk(flat, dropped):
    return flat.topk(dropped, largest=False, sorted=False).values.amax()


def find_by_sort(flat, dropped):
    return flat.sort().values[dropped - 1]


def choose_bin(values, bins, rank):
    """The bin, of [0, 1), [1, 2) and so on, that holds the value of that rank, and the rank within it."""
    # Values in none of the bins don't count: torch.histc skips what is out of its range, but not the range's very end,
    # so the range is twice as long. Powers of two keep its arithmetic exact, as float32 does counts up to 2**24.
    counts = torch.histc(values, 2 * bins, 0, 2 * bins)[:bins]
    below = (counts.cumsum(0) < rank).to(counts.dtype)
    return below.sum(), rank - (below * counts).sum()


def find_by_radix(flat, dropped):
    """Exact: floats that aren't negative are ordered as their bits are, which are looked at in three passes."""
    bits = flat.view(torch.int32)
    prefix, rank = 0, float(dropped)
    for shift, width in ((20, 11), (10, 10), (0, 10)):
        digits = (bits >> shift) - prefix * 2**width
        chosen, rank = choose_bin(digits.float(), 2**width, rank)
        prefix = prefix * 2**width + chosen.to(torch.int32)
    return prefix.view(torch.float32)


def find_by_histc(flat, dropped):
    """To 2**-24 of the range: 4096 bins, then 4096 in the one that was chosen."""
    scale = flat.amax() * (1 + 2**-20) / 4096
    values = flat / scale
    first, rank = choose_bin(values, 4096, float(dropped))
    second, _ = choose_bin((values - first) * 4096, 4096, rank)
    return (first + (second + 1) / 4096) * scale


FINDERS = {
    "kthvalue": find_by_kthvalue,
    "topk": find_by_topk,
    "sort": find_by_sort,
    "radix": find_by_radix,
    "histc": find_by_histc,
}


def select_mask(scores, dropped, selection):
    magnitudes = scores.abs()
    # In the order in memory, so that a channels-last tensor is not copied.
    dense = magnitudes.permute(0, 2, 3, 1) if magnitudes.dim() == 4 else magnitudes
    return magnitudes > FINDERS[selection](dense.reshape(-1), dropped)


if WORKER:

    class EffectiveWeight(torch.autograd.Function):
        """The weight where its score is among the largest, else zero; the gradient passes straight to the score."""

        @staticmethod
        def forward(context, scores, weight, cast_weight, dropped, selection):
            context.save_for_backward(scores, weight)
            return cast_weight * select_mask(scores, dropped, selection)

        @staticmethod
        def backward(context, gradient):
            scores, weight = context.saved_tensors
            return gradient * weight * scores.sign(), None, None, None, None

    class Expert:
        """What a masked layer does instead of its own `effective`."""

        def effective(self):
            return EffectiveWeight.apply(self.scores, self.weight, self.cast_weight, self.dropped, self.selection)

    class ExpertConv(Expert, Conv):
        pass

    class ExpertLinear(Expert, Linear):
        pass


def list_masked(model):
    return [layer for layer in model.modules() if isinstance(layer, Masked)]


def list_scores(model):
    return [layer.scores for layer in list_masked(model)]


def build_model(name, selection, precision, device):
    """
    For bfloat16 there is no autocast, which would cast every effective weight again in each step: weights never change,
    so their copies in bfloat16 are made once, and effective weights, images and activations are bfloat16 from the
    start. Scores, their gradients and the optimizer's state stay float32.
    """
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    model, shape = network(name, KEPT, selection)
    model.to(device=device, memory_format=torch.channels_last)
    for layer in list_masked(model):
        layer.__class__ = ExpertConv if isinstance(layer, Conv) else ExpertLinear
        layer.dropped = int((1 - KEPT) * layer.scores.numel())
        layer.register_buffer("cast_weight", layer.weight.detach().to(dtype))
    return model, shape, dtype


def build_optimizer(scores, lr):
    """The fused SGD where this PyTorch has it for the device, else the one over lists of tensors."""
    settings = {"lr": lr, "momentum": 0.9, "weight_decay": 1e-4}
    try:
        return torch.optim.SGD(scores, fused=True, **settings), "fused"
    except (TypeError, RuntimeError):
        return torch.optim.SGD(scores, foreach=True, **settings), "foreach"


def make_batch(shape, batch):
    """Made on the processor, so that it is the same for every device."""
    generator = torch.Generator().manual_seed(2)
    images = torch.randn(batch, *shape, generator=generator)
    return images, torch.randint(10, (batch,), generator=generator)


class Training:
    """A network, its optimizer and a batch, with `run_step` to call for each step."""

    def __init__(self, variant, lr):
        device, self.mode = variant["device"], EXECUTIONS[variant["execution"]][0]
        use(device, variant["precision"])
        torch.manual_seed(1)
        self.model, shape, dtype = build_model(variant["network"], variant["selection"], variant["precision"], device)
        self.scores = list_scores(self.model)
        self.initial = [scores.detach().clone() for scores in self.scores]
        self.optimizer, self.optimizer_name = build_optimizer(self.scores, lr)
        images, labels = make_batch(shape, variant["batch"])
        # A CUDA graph reads these very tensors in each replay.
        self.images = images.to(device=device, dtype=dtype, memory_format=torch.channels_last)
        self.labels = labels.to(device)
        self.compute_loss = self.compute_eager_loss
        if self.mode is not None:
            if not hasattr(torch, "compile"):
                raise RuntimeError("this PyTorch has no torch.compile")
            self.compute_loss = torch.compile(
                self.compute_eager_loss, mode=self.mode, fullgraph=True, dynamic=False,
            )
        self.marks_steps = self.mode in ("reduce-overhead", "max-autotune") and device == "cuda"

    def compute_eager_loss(self, images, labels):
        return F.cross_entropy(self.model(images).float(), labels)

    def run_plain_step(self):
        if self.marks_steps:
            torch.compiler.cudagraph_mark_step_begin()
        self.optimizer.zero_grad(set_to_none=True)
        self.compute_loss(self.images, self.labels).backward()
        self.optimizer.step()

    def warm_up(self, captured):
        """Compiles, lets cuDNN choose, and captures the step where it is to be captured, as PyTorch's notes say."""
        self.run_step = self.run_plain_step
        if not captured:
            for _ in range(5):
                self.run_plain_step()
            return
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(5):
                self.run_plain_step()
        torch.cuda.current_stream().wait_stream(stream)
        torch.cuda.synchronize()
        # Gradients are made again inside, in the graph's own memory.
        self.optimizer.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.run_plain_step()
        self.run_step = graph.replay

    @property
    def momenta(self):
        return [self.optimizer.state[scores]["momentum_buffer"] for scores in self.scores]

    def reset(self):
        """Back to the start, in place, so that a captured step goes on from there."""
        with torch.no_grad():
            for scores, initial, momentum in zip(self.scores, self.initial, self.momenta):
                scores.copy_(initial)
                momentum.zero_()


def wait_for(device):
    if device == "cuda":
        torch.cuda.synchronize()


def time_steps(run_step, steps, device):
    """Milliseconds a step, of that many with one wait at their end."""
    start = time.perf_counter()
    for _ in range(steps):
        run_step()
    wait_for(device)
    return 1000 * (time.perf_counter() - start) / steps


def time_training(training, device, seconds):
    """Single steps on the processor, and at least five; nine long stretches on a GPU, once its clock is up."""
    if device == "cpu":
        length, end, times = 1, time.perf_counter() + seconds, []
        while len(times) < 5 or time.perf_counter() < end:
            times.append(time_steps(training.run_step, 1, device))
    else:
        time_steps(training.run_step, 10, device)
        length = min(max(int(100 * seconds / time_steps(training.run_step, 20, device)), 5), 5000)
        time_steps(training.run_step, 2 * length, device)
        times = [time_steps(training.run_step, length, device) for _ in range(9)]
    return {
        "msPerStep": statistics.median(times),
        "minMsPerStep": min(times),
        "stepsPerTime": length,
        "times": len(times),
    }


def count_kept(training, selection):
    """The share of weights that is kept, and how far the worst layer is from the share it should keep."""
    kept, total, error = 0, 0, 0.0
    with torch.no_grad():
        for layer in list_masked(training.model):
            size = layer.scores.numel()
            count = int(select_mask(layer.scores, layer.dropped, selection).sum())
            error = max(error, abs(count - (size - layer.dropped)) / size)
            kept, total = kept + count, total + size
    return {"keptFraction": kept / total, "keptError": error}


def train_reference(variant, lr, steps):
    """Scores as edge_popup_step.py trains them, in float64 and with the plainest of optimizers, and their masks."""
    device = variant["device"]
    torch.manual_seed(1)
    model, shape = network(variant["network"], KEPT, "kthvalue")
    model.to(device).double()
    optimizer = torch.optim.SGD(list_scores(model), lr=lr, momentum=0.9, weight_decay=1e-4, foreach=False)
    images, labels = make_batch(shape, variant["batch"])
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(images.to(device).double()), labels.to(device)).backward()
        optimizer.step()
    return list_scores(model)


def verify_training(training, variant, lr):
    """Trains two steps, and says how far the scores are from the reference's, and how far those moved."""
    training.reset()
    for _ in range(2):
        training.run_step()
    wait_for(variant["device"])
    reference = train_reference(variant, lr, 2)
    difference = change = 0.0
    disagreeing = total = 0
    with torch.no_grad():
        for scores, initial, expected in zip(training.scores, training.initial, reference):
            difference = max(difference, float((scores - expected).abs().max()))
            change = max(change, float((initial - expected).abs().max()))
            dropped = int((1 - KEPT) * scores.numel())
            masks = [select_mask(each, dropped, "kthvalue") for each in (scores, expected)]
            disagreeing, total = disagreeing + int((masks[0] != masks[1]).sum()), total + scores.numel()
    return {
        "maxScoreDifference": difference,
        "maxScoreChange": change,
        "differenceOfChange": difference / change,
        "masksDisagree": disagreeing / total,
    }


def name_device(device):
    return torch.cuda.get_device_name() if device == "cuda" else platform.processor() or platform.machine()


def describe_error(error):
    """The first line that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"[:400]


def process_variants(options):
    """In a worker: measures each in turn, and goes on with the same training where just the capture differs."""
    torch.set_num_threads(options.threads)
    training = key = None
    for variant in json.loads(options.variants):
        mode, captured = EXECUTIONS[variant["execution"]]
        started, lr = time.perf_counter(), 0.1 if options.verify else 1e-3
        try:
            if captured and variant["device"] != "cuda":
                raise RuntimeError("CUDA graphs need a GPU")
            if key != (key := (variant["network"], variant["selection"], variant["precision"], mode)):
                training = None
                free_memory(variant["device"])
                training = Training(variant, lr)
            if options.compile_only:
                training.run_plain_step()
                wait_for(variant["device"])
                continue
            training.warm_up(captured)
            wait_for(variant["device"])
            found = {"secondsToPrepare": round(time.perf_counter() - started, 2)}
            if options.verify:
                found.update(verify_training(training, variant, lr))
            else:
                found.update(time_training(training, variant["device"], options.seconds))
            found.update(count_kept(training, variant["selection"]))
            found["optimizer"] = training.optimizer_name
            found["torch"], found["deviceName"] = torch.__version__, name_device(variant["device"])
        except Exception as error:
            print(json.dumps({**variant, "error": describe_error(error)}), flush=True)
            if variant["device"] == "cuda":
                # The rest gets a fresh process: a failed capture can spoil what follows.
                os._exit(0)
            training = key = None
        else:
            print(json.dumps({**variant, **found}), flush=True)


def free_memory(device):
    gc.collect()
    if hasattr(torch, "_dynamo"):
        torch._dynamo.reset()
    if device == "cuda":
        torch.cuda.empty_cache()


def start_worker(variants, options, extra=(), **settings):
    """Leads its own process group, so that what it starts to compile ends with it."""
    arguments = ["--threads", options.threads, "--seconds", options.seconds, *(["--verify"] if options.verify else [])]
    command = [sys.executable, __file__, "--variants", json.dumps(variants), *map(str, arguments), *extra]
    return subprocess.Popen(command, start_new_session=True, text=True, **settings)


def end_worker(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def report(line, results):
    print(json.dumps(line), flush=True)
    results.append(line)


def read_line(process, seconds):
    """The next line of a worker, or "" once it has ended, or has been ended for being late."""
    timer = threading.Timer(seconds, end_worker, [process])
    timer.start()
    try:
        return process.stdout.readline()
    finally:
        timer.cancel()


def measure_group(variants, options, deadline, results):
    """Measures these in one worker; where it ends early, the next one begins after the variant that ended it."""
    left = list(variants)
    while left:
        if time.monotonic() >= deadline:
            for variant in left:
                report({**variant, "error": "not run: the budget was used up"}, results)
            return
        with tempfile.TemporaryFile("w+") as errors:
            process = start_worker(left, options, stdout=subprocess.PIPE, stderr=errors)
            failed = False
            while left and not failed:
                started = time.monotonic()
                seconds = max(min(options.timeout, deadline - started), 0)
                text = read_line(process, seconds)
                if text.startswith("{"):
                    line = json.loads(text)
                    report(line, results)
                    left.pop(0)
                    failed = "error" in line and line["device"] == "cuda"
                elif not text:
                    code = process.wait()
                    errors.seek(0)
                    said = [line.strip() for line in errors if line.strip()]
                    late = time.monotonic() - started >= seconds
                    why = f"took over {seconds:.0f} s" if late else f"ended with {code}: {said[-1] if said else ''}"
                    report({**left.pop(0), "error": why[:400]}, results)
                    failed = True
            end_worker(process)


def compile_ahead(groups, options, deadline):
    """
    Compiles all at once, for PyTorch's caches on disk, so that each of the workers that measure later (one at a time)
    finds its kernels there. Nothing is timed meanwhile.
    """
    environment = {**os.environ, "TORCHINDUCTOR_COMPILE_THREADS": "3"}
    end = min(deadline, time.monotonic() + options.ahead)
    workers = [
        start_worker(
            group[:1], options, ["--compile-only"],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for group in groups
    ]
    for worker in workers:
        try:
            worker.wait(max(end - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            pass
        end_worker(worker)


def group_variants(variants, apart):
    """Compiled ones that share a compilation, and all others (if they need not be apart) share a worker."""
    variants = list(variants)
    plain = [variant for variant in variants if EXECUTIONS[variant["execution"]][0] is None]
    compiled = [variant for variant in variants if EXECUTIONS[variant["execution"]][0] is not None]
    groups = [[variant] for variant in plain] if apart is True else [plain] if plain else []
    if apart is False:
        return [*groups, compiled] if compiled else groups
    keys = {}
    for variant in compiled:
        mode = EXECUTIONS[variant["execution"]][0]
        keys.setdefault((variant["network"], variant["selection"], variant["precision"], mode), []).append(variant)
    return groups + list(keys.values())


# What each plan measures, most telling first: network, precision, selections, executions.
CPU_PLAN = [
    ("conv4", "float32", "kthvalue topk", "eager"),
    ("mlp", "float32", "kthvalue topk", "eager"),
    ("conv8", "float32", "kthvalue", "eager"),
    ("conv4", "float32", "fastest", "compile"),
    ("mlp", "float32", "fastest", "compile"),
    ("conv8", "float32", "fastest", "compile"),
]
GPU_PLAN = [
    ("conv4", "bfloat16", "topk radix sort", "graph"),
    ("mlp", "bfloat16", "topk radix sort", "graph"),
    ("conv8", "bfloat16", "topk radix", "graph"),
    ("conv4", "tf32", "topk radix", "graph"),
    ("conv4", "float32", "topk radix", "graph"),
    ("conv4", "bfloat16", "topk", "eager"),
    ("conv4", "tf32", "topk", "eager"),
    ("mlp", "tf32", "topk radix", "graph"),
    ("conv8", "tf32", "topk", "graph"),
    ("conv4", "bfloat16", "histc kthvalue", "graph"),
    ("conv4", "bfloat16", "radix", "compile-graph compile"),
    ("mlp", "bfloat16", "radix", "compile-graph"),
    ("conv8", "bfloat16", "fastest", "compile-graph"),
    ("conv4", "bfloat16", "topk", "compile-graph"),
    ("conv4", "tf32", "fastest", "compile-graph compile"),
    ("conv4", "float32", "fastest", "compile-graph"),
    ("mlp", "bfloat16", "topk", "compile-graph"),
    ("conv4", "bfloat16", "fastest", "compile-reduce-overhead"),
    ("mlp", "bfloat16", "fastest", "compile-reduce-overhead"),
    ("conv8", "bfloat16", "fastest", "compile-reduce-overhead"),
    ("conv4", "tf32", "fastest", "compile-reduce-overhead"),
    ("conv4", "bfloat16", "fastest", "compile-max-autotune-graph"),
    ("conv4", "bfloat16", "fastest", "compile-max-autotune"),
    ("conv4", "tf32", "fastest", "compile-max-autotune"),
]


def find_fastest_selection(network_name, precision, results):
    """Of the exact ones, as measured so far without compiling."""
    measured = [
        (line["msPerStep"], line["selection"])
        for line in results
        if "msPerStep" in line and (line["network"], line["precision"]) == (network_name, precision)
        and EXECUTIONS[line["execution"]][0] is None and line["keptError"] == 0
    ]
    return min(measured)[1] if measured else "topk"


def expand_plan(plan, options, results):
    for name, precision, selections, executions in plan:
        if selections == "fastest":
            selections = find_fastest_selection(name, precision, results)
        for selection, execution in itertools.product(selections.split(), executions.split()):
            yield make_variant(name, selection, execution, precision, options)


def make_variant(name, selection, execution, precision, options):
    return {
        "network": name,
        "selection": selection,
        "execution": execution,
        "precision": precision,
        "device": options.device,
        "batch": options.batch,
        "threads": options.threads,
    }


def run_plan(plan, options, deadline, results):
    compiles = [any(EXECUTIONS[execution][0] for execution in line[3].split()) for line in plan]
    plain = [line for line, compiled in zip(plan, compiles) if not compiled]
    for group in group_variants(expand_plan(plain, options, results), options.apart):
        measure_group(group, options, deadline, results)
    compiled = [line for line, compiled in zip(plan, compiles) if compiled]
    groups = group_variants(expand_plan(compiled, options, results), options.apart)
    if options.ahead > 0:
        # Autotuning must have the GPU to itself, so what needs it is left for later.
        compile_ahead([group for group in groups if "autotune" not in group[0]["execution"]], options, deadline)
    for group in groups:
        measure_group(group, options, deadline, results)


def parse_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plan", choices=["cpu", "gpu"], help="a list of what tells most, in place of what is named")
    parser.add_argument("--network", choices=NETWORKS, nargs="+", default=[])
    parser.add_argument("--selection", choices=SELECTIONS, nargs="+", default=["topk"])
    parser.add_argument("--execution", choices=list(EXECUTIONS), nargs="+", default=["eager"])
    parser.add_argument("--precision", choices=PRECISIONS, nargs="+", default=["float32"])
    parser.add_argument("--device", choices=["cpu", "cuda"])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, help="time for each measurement, once warm: 0.5 on a GPU, else 3")
    parser.add_argument("--timeout", type=float, default=90, help="seconds that a measurement may take in all")
    parser.add_argument("--budget", type=float, default=float("inf"), help="seconds that all may take")
    parser.add_argument("--ahead", type=float, help="seconds to compile all at once first: 45 in the plan for a GPU")
    parser.add_argument(
        "--each-in-its-own-process", dest="apart", action=argparse.BooleanOptionalAction,
        help="all of them, or none; unless said, those that are compiled",
    )
    parser.add_argument("--verify", action="store_true", help="compare two steps with the published one, untimed")
    parser.add_argument("--variants", help=argparse.SUPPRESS)
    parser.add_argument("--compile-only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not (options.plan or options.network or options.variants):
        parser.error("name a --network or a --plan")
    options.device = options.device or ("cuda" if options.plan == "gpu" else "cpu")
    options.seconds = options.seconds or (0.5 if options.device == "cuda" else 3)
    if options.ahead is None:
        options.ahead = 45 if options.plan == "gpu" else 0
    return options


def main():
    options, results = parse_options(), []
    if options.variants:
        warnings.simplefilter("ignore")
        process_variants(options)
        return
    deadline = time.monotonic() + options.budget
    if options.plan:
        run_plan({"cpu": CPU_PLAN, "gpu": GPU_PLAN}[options.plan], options, deadline, results)
        return
    product = itertools.product(options.network, options.precision, options.execution, options.selection)
    variants = [make_variant(name, selection, how, precision, options) for name, precision, how, selection in product]
    for group in group_variants(variants, options.apart):
        measure_group(group, options, deadline, results)


if __name__ == "__main__":
    main()
