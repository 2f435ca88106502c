"""What the GPU peers share: arguments, timing by events, memory, and one JSON line for each thing that was timed.

On a processor (--device cpu) the same code runs with a wall clock, so that it can be exercised without a GPU.
"""
import argparse
import gc
import json
import statistics
import sys
import time

import torch


def arguments(about):
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--steps", type=int, default=30, help="timed at most, of each mode")
    parser.add_argument("--warmup", type=int, default=5, help="not timed")
    parser.add_argument("--seconds", type=float, default=20, help="timed at most, of each mode")
    parser.add_argument("--seed", type=int, default=1)
    return parser


def device_of(options):
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit("no CUDA device is visible to torch: choose --device cpu with small sizes")
    torch.manual_seed(options.seed)
    return torch.device(options.device)


def describe(device):
    """Name, versions: the part of a result that says where it was made."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu, {torch.get_num_threads()} threads"
    return {"device": name, "torch": torch.__version__, "cuda": torch.version.cuda}


def synchronize(device):
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def allow_tf32(allowed):
    torch.set_float32_matmul_precision("high" if allowed else "highest")


def compiled(function, device):
    """The function through torch.compile on a GPU, for these shapes alone; as it is on a processor."""
    if device.type != "cuda":
        return function
    torch.compiler.reset()
    return torch.compile(function, dynamic=False)


class ExtraMemory:
    """MiB of device memory at the peak since it was made, above what lay there then."""

    def __init__(self, device):
        self.device = device
        gc.collect()
        if device.type == "cuda":
            synchronize(device)
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(device)
            self.before = torch.cuda.memory_allocated(device)

    def peak_mib(self):
        if self.device.type != "cuda":
            return None
        return round((torch.cuda.max_memory_allocated(self.device) - self.before) / 2**20, 1)


def timed(step, device, options):
    """Milliseconds of each step after the warm-up."""
    for _ in range(options.warmup):
        step()
    synchronize(device)
    start, milliseconds = time.perf_counter(), []
    while len(milliseconds) < options.steps and (not milliseconds or time.perf_counter() - start < options.seconds):
        milliseconds.append(one(step, device))
    return milliseconds


def one(step, device):
    if device.type != "cuda":
        before = time.perf_counter()
        step()
        return 1e3 * (time.perf_counter() - before)
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    begin.record()
    step()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end)


def summary(milliseconds):
    """Median and quartiles in milliseconds, and how many steps they are of."""
    quartiles = statistics.quantiles(milliseconds, n=4, method="inclusive") if len(milliseconds) > 1 else [milliseconds[0]] * 3
    return {"ms": round(quartiles[1], 4), "ms_q1": round(quartiles[0], 4), "ms_q3": round(quartiles[2], 4), "steps": len(milliseconds)}


def report(**fields):
    print(json.dumps(fields), flush=True)


def attempt(name, run, **fields):
    """Runs one mode; what goes wrong is a line with its reason, and the next mode goes on."""
    try:
        report(name=name, **fields, **run())
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        report(name=name, **fields, failed=f"{type(error).__name__}: {lines[0][:300]}")
