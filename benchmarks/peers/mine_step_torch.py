"""One step of MINE as published, in torch: the peer of the benchmark verb mine-step.

usage: mine_step_torch.py published|split THREADS
Prints a line that describes the build; then, for every line on stdin, takes a step and prints its seconds, its processor
seconds and the MiB of resident memory at the peak above those before the inputs were made. "published" runs the concatenated rows through the
first layer, "split" multiplies x and y once each and adds per pair.
"""
import resource
import sys
import time

import torch

N, D = 20000, 768
WIDTHS = [768, 384, 192, 96, 48, 24, 12, 6, 3, 1]
LOG2_E = 1.4426950408889634


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def tail(layers, h):
    for layer in layers[1:]:
        h = layer(torch.nn.functional.leaky_relu(h, 0.01))
    return h.squeeze(1)


def value(form, layers, x, y):
    shuffled = torch.randperm(N)
    if form == "published":
        joint = tail(layers, layers[0](torch.cat([x, y], 1)))
        marginal = tail(layers, layers[0](torch.cat([x, y[shuffled]], 1)))
    else:
        zx = torch.nn.functional.linear(x, layers[0].weight[:, :D], layers[0].bias)
        zy = torch.nn.functional.linear(y, layers[0].weight[:, D:])
        joint = tail(layers, zx + zy)
        marginal = tail(layers, zx + zy[shuffled])
    return LOG2_E * (joint.mean() - (torch.logsumexp(marginal, 0) - torch.log(torch.tensor(float(N)))))


def main():
    form, threads = sys.argv[1], int(sys.argv[2])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    before = peak()
    x, y = 2 * torch.rand(N, D) - 1, 2 * torch.rand(N, D) - 1
    layers = torch.nn.ModuleList(torch.nn.Linear(i, o) for i, o in zip([2 * D] + WIDTHS, WIDTHS))
    optimizer = torch.optim.Adam(layers.parameters(), lr=1e-4)
    print(f"torch {torch.__version__}, {threads} threads", flush=True)
    for _ in sys.stdin:
        wall, processor = time.perf_counter(), time.process_time()
        optimizer.zero_grad(set_to_none=True)
        (-value(form, layers, x, y)).backward()
        optimizer.step()
        print(time.perf_counter() - wall, time.process_time() - processor, peak() - before, flush=True)


main()
