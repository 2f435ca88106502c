#!/usr/bin/env python3
"""One step of MINE as published, in PyTorch on a GPU, in four forms: the peers of the program's critic step.

published  single precision, x and y concatenated, marginal rows gathered, TF32 off
tf32       the same with TF32 products
compiled   the same layout through torch.compile, bf16 by autocast
expert     first layer split (x and y are multiplied once each), bf16 parameters and activations, gather + add + leaky ReLU in
           one kernel by torch.compile, the gather's gradient by the inverse permutation instead of atomics, narrow layers padded
           to widths that tensor cores take, single-precision master weights, fused Adam, the step as a CUDA graph

All take the same random inputs, weights and permutations, so that their values can be compared. One JSON line a mode.
usage: mine_step_gpu_torch.py [--modes published,tf32,compiled,expert] [--samples N] [--width D] [--widths W1,W2,...,1]
"""
import math

import torch
import torch.nn.functional as F

from gpu_timing import ExtraMemory, allow_tf32, arguments, attempt, compiled, describe, device_of, summary, timed
from mine_parts import LOG2_E, SLOPE, Graphed, Plain, upper_layers, weights, widths_of


def donsker_varadhan(joint, marginal):
    """In bits; both (N), single precision."""
    return LOG2_E * (joint.mean() - (torch.logsumexp(marginal, 0) - math.log(marginal.shape[0])))


def plain_critic(w, rows):
    for layer in range(0, len(w) - 2, 2):
        rows = F.leaky_relu(F.linear(rows, w[layer], w[layer + 1]), SLOPE)
    return F.linear(rows, w[-2], w[-1]).squeeze(1)


def published_value(w, x, y, order, _):
    joint = plain_critic(w, torch.cat([x, y], 1))
    return donsker_varadhan(joint, plain_critic(w, torch.cat([x, y[order]], 1)))


def autocast_value(w, x, y, order, _):
    with torch.autocast(x.device.type, dtype=torch.bfloat16):
        joint = plain_critic(w, torch.cat([x, y], 1))
        marginal = plain_critic(w, torch.cat([x, y[order]], 1))
    return donsker_varadhan(joint.float(), marginal.float())


class Permuted(torch.autograd.Function):
    """rows[order]; its gradient is a gather too, by the inverse."""

    @staticmethod
    def forward(ctx, rows, order, inverse):
        ctx.save_for_backward(inverse)
        return rows[order]

    @staticmethod
    def backward(ctx, gradient):
        return gradient[ctx.saved_tensors[0]], None, None


def split_value(w, x, y, order, inverse):
    """x, y: bf16 (N, D)."""
    first, d = w[0].bfloat16(), x.shape[1]
    zx = F.linear(x, first[:, :d], w[1].bfloat16())
    zy = F.linear(y, first[:, d:])
    t = upper_layers(w, F.leaky_relu(torch.cat([zx + zy, zx + Permuted.apply(zy, order, inverse)]), SLOPE))
    return donsker_varadhan(t[:x.shape[0]], t[x.shape[0]:])


# value, form of the step, TF32 allowed, through torch.compile
MODES = {
    "published": (published_value, Plain, False, False),
    "tf32": (published_value, Plain, True, False),
    "compiled": (autocast_value, Plain, True, True),
    "expert": (split_value, Graphed, True, True),
}


def run(mode, options, device):
    value, form, tf32, compile_it = MODES[mode]
    allow_tf32(tf32)
    torch.manual_seed(options.seed)
    n, d = options.samples, options.width
    x = torch.randn(n, d, device=device)
    y = torch.tanh(x + torch.randn(n, d, device=device))  # depends on x, so that there is something to learn
    w = weights(2 * d, widths_of(options), device)
    if mode == "expert":
        x, y = x.bfloat16(), y.bfloat16()
    memory = ExtraMemory(device)
    order, inverse, counter = torch.arange(n, device=device), torch.arange(n, device=device), torch.arange(n, device=device)
    value = compiled(value, device) if compile_it else value
    step = form(lambda: value(w, x, y, order, inverse), w)
    generator, values = torch.Generator(device).manual_seed(options.seed), []

    def whole_step():
        order.copy_(torch.randperm(n, device=device, generator=generator))
        if mode == "expert":
            inverse.scatter_(0, order, counter)
        values.append(step().clone())

    milliseconds = timed(whole_step, device, options)
    return {**summary(milliseconds), "extra_mib": memory.peak_mib(), "first_bits": float(values[0]), "last_bits": float(values[-1])}


def main():
    parser = arguments("One MINE step in PyTorch")
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--samples", type=int, default=300_000)
    parser.add_argument("--width", type=int, default=768, help="columns of x, and of y")
    parser.add_argument("--widths", default="768,384,192,96,48,24,12,6,3,1", help="of the critic's layers")
    options = parser.parse_args()
    device = device_of(options)
    for mode in options.modes.split(","):
        attempt("mine_step", lambda: run(mode, options, device), mode=mode, **describe(device), samples=options.samples, width=options.width, widths=options.widths)


if __name__ == "__main__":
    main()
