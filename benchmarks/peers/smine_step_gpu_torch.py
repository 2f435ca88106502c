#!/usr/bin/env python3
"""One step of MINE on the support (s-mine), in PyTorch on a GPU as an expert would write it.

K classes on either side, the support is the diagonal, P pairs off it a step (all of them where there are no more than P). First
layer split, bf16 parameters and activations, gather + add + leaky ReLU in one kernel by torch.compile, single-precision master
weights, fused Adam, the step as a CUDA graph; with --cells several equal cells go through one batched product.
scatter  gradients of gathered rows are summed by atomics in single precision, then multiplied over the classes
product  they are multiplied over the pairs, with the inputs gathered: no atomics, more arithmetic
Which is faster depends on K and P: take the faster. One JSON line for each K and mode.
usage: smine_step_gpu_torch.py [--classes 25,600,2000,13800] [--pairs P] [--cells C] [--width D] [--widths W1,...,1] [--modes scatter,product]
"""
import math

import torch
import torch.nn.functional as F

from gpu_timing import ExtraMemory, allow_tf32, arguments, attempt, compiled, describe, device_of, summary, timed
from mine_parts import LOG2_E, SLOPE, ALIGNMENT, Graphed, weights, widths_of


class Gathered(torch.autograd.Function):
    """rows[index] of (classes, width); its gradient is summed in single precision."""

    @staticmethod
    def forward(ctx, rows, index):
        ctx.save_for_backward(rows, index)
        return rows[index]

    @staticmethod
    def backward(ctx, gradient):
        rows, index = ctx.saved_tensors
        sums = torch.zeros(rows.shape, dtype=torch.float32, device=rows.device)
        return sums.index_add(0, index, gradient.float()).to(rows.dtype), None


def cell_weights(cells, inputs, widths, device):
    """[(cells, out, in), (cells, 1, out)] of every layer."""
    each = [weights(inputs, widths, device) for _ in range(cells)]
    stacked = [torch.stack([w[i].detach() for w in each]) for i in range(len(each[0]))]
    return [(w if w.dim() == 3 else w.unsqueeze(1)).requires_grad_() for w in stacked]


def layer(h, weight, bias):
    """(cells, rows, in) -> (cells, rows, out), widths padded with zeros to what tensor cores take."""
    rows, columns = -weight.shape[1] % ALIGNMENT, -weight.shape[2] % ALIGNMENT
    return torch.baddbmm(F.pad(bias, (0, rows)).bfloat16(), h, F.pad(weight, (0, columns, 0, rows)).bfloat16().transpose(1, 2))


def first_by_classes(w, x, y, a, b):
    """Rows of both sides are multiplied once a class; a, b: (cells * rows) flat indices. -> (cells, rows, width)"""
    first, d = w[0].bfloat16(), x.shape[2]
    zx = torch.baddbmm(w[1].bfloat16(), x, first[:, :, :d].transpose(1, 2)).flatten(0, 1)
    zy = torch.bmm(y, first[:, :, d:].transpose(1, 2)).flatten(0, 1)
    return (Gathered.apply(zx, a) + Gathered.apply(zy, b)).unflatten(0, (x.shape[0], -1))


class ByPairs(torch.autograd.Function):
    """The same forward; backward multiplies over pairs: dW = delta' x[a]."""

    @staticmethod
    def forward(ctx, weight, bias, x, y, a, b):
        ctx.save_for_backward(x, y, a, b)
        d = x.shape[2]
        zx = torch.baddbmm(bias, x, weight[:, :, :d].transpose(1, 2)).flatten(0, 1)
        zy = torch.bmm(y, weight[:, :, d:].transpose(1, 2)).flatten(0, 1)
        return (zx[a] + zy[b]).unflatten(0, (x.shape[0], -1))

    @staticmethod
    def backward(ctx, delta):
        x, y, a, b = ctx.saved_tensors
        cells = x.shape[0]
        sides = [torch.bmm(delta.transpose(1, 2), rows.flatten(0, 1)[index].unflatten(0, (cells, -1))) for rows, index in ((x, a), (y, b))]
        return torch.cat(sides, 2), delta.float().sum(1, keepdim=True).to(delta.dtype), None, None, None, None


def first_by_pairs(w, x, y, a, b):
    return ByPairs.apply(w[0].bfloat16(), w[1].bfloat16(), x, y, a, b)


def value(first, w, x, y, a, b, log_weight):
    """Bits summed over the cells. The first K rows of a cell are its support; log_weight: (rows), of every row in the partition."""
    h = F.leaky_relu(first(w, x, y, a, b), SLOPE)
    for i in range(2, len(w) - 2, 2):
        h = F.leaky_relu(layer(h, w[i], w[i + 1]), SLOPE)
    t = (h[:, :, :w[-2].shape[2]].float() * w[-2]).sum(2) + w[-1].squeeze(2)
    return LOG2_E * (t[:, :x.shape[1]].mean(1) - torch.logsumexp(t + log_weight, 1)).sum()


FIRST = {"scatter": first_by_classes, "product": first_by_pairs}


class Pairs:
    """Flat indices of a step's rows in every cell: the diagonal, then pairs off it."""

    def __init__(self, k, most, cells, device):
        self.k, self.sampled = k, k * k - k > most
        self.count = most if self.sampled else k * k - k
        diagonal = torch.arange(k, device=device)
        everything = torch.arange(k * k - k, device=device) if not self.sampled else torch.zeros(most, dtype=torch.int64, device=device)
        left = everything // max(k - 1, 1)
        right = self.beside(left, everything % max(k - 1, 1))
        self.offset = k * torch.arange(cells, device=device).unsqueeze(1)
        self.a, self.b = ((torch.cat([diagonal, side]) + self.offset).flatten() for side in (left, right))
        off = 1 - 1 / k  # weight of what lies off the diagonal, by the product of the margins
        self.log_weight = torch.cat([torch.full((k,), -2 * math.log(k)), torch.full((self.count,), math.log(off / self.count))]).to(device)

    def beside(self, left, steps):
        return (left + 1 + steps) % self.k

    def draw(self):
        """Fresh pairs, the same in every cell."""
        if not self.sampled:
            return
        left = torch.randint(self.k, (self.count,), device=self.a.device)
        right = self.beside(left, torch.randint(self.k - 1, (self.count,), device=self.a.device))
        for flat, side in ((self.a, left), (self.b, right)):
            flat.view(self.offset.shape[0], -1)[:, self.k:] = side + self.offset


def run(k, mode, options, device):
    allow_tf32(True)
    torch.manual_seed(options.seed)
    cells, d = options.cells, options.width
    x = torch.randn(cells, k, d, device=device).bfloat16()
    y = torch.tanh(x + torch.randn(cells, k, d, device=device)).bfloat16()
    w = cell_weights(cells, 2 * d, widths_of(options), device)
    memory = ExtraMemory(device)
    pairs = Pairs(k, options.pairs, cells, device)
    kernel = compiled(value, device)
    step = Graphed(lambda: kernel(FIRST[mode], w, x, y, pairs.a, pairs.b, pairs.log_weight), w)
    torch.manual_seed(options.seed)
    values = []

    def whole_step():
        pairs.draw()
        values.append(step().clone())

    milliseconds = timed(whole_step, device, options)
    return {**summary(milliseconds), "rows": k + pairs.count, "extra_mib": memory.peak_mib(),
            "first_bits": float(values[0]) / cells, "last_bits": float(values[-1]) / cells, "ceiling_bits": math.log2(k)}


def main():
    parser = arguments("One s-mine step in PyTorch")
    parser.add_argument("--modes", default=",".join(FIRST))
    parser.add_argument("--classes", default="25,600,2000,13800")
    parser.add_argument("--pairs", type=int, default=50_000)
    parser.add_argument("--cells", type=int, default=1, help="of equal shape, trained together")
    parser.add_argument("--width", type=int, default=768, help="columns of x, and of y")
    parser.add_argument("--widths", default="768,384,192,96,48,24,12,6,3,1", help="of the critic's layers")
    options = parser.parse_args()
    device = device_of(options)
    for k in [int(k) for k in options.classes.split(",")]:
        for mode in options.modes.split(","):
            attempt("smine_step", lambda: run(k, mode, options, device), mode=mode, **describe(device), classes=k, pairs=options.pairs, cells=options.cells, width=options.width, widths=options.widths)


if __name__ == "__main__":
    main()
