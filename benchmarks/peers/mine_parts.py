"""What the two MINE peers share: the critic's weights, its narrow layers in bf16, and a training step, plain or as a CUDA graph."""
import math

import torch
import torch.nn.functional as F

SLOPE, RATE, LOG2_E = 0.01, 1e-4, math.log2(math.e)
ALIGNMENT = 8  # elements of bf16 that cuBLAS reads at a time


def weights(inputs, widths, device):
    """[(out, in), (out)] of every layer, in single precision: Xavier-normal, zero biases."""
    made = []
    for before, after in zip([inputs] + widths, widths):
        made += [torch.nn.init.xavier_normal_(torch.empty(after, before, device=device)), torch.zeros(after, device=device)]
    return [w.requires_grad_() for w in made]


def widths_of(options):
    """The critic's widths; the first must be one that the padded layers above it can read."""
    widths = [int(w) for w in options.widths.split(",")]
    if widths[0] % ALIGNMENT or widths[-1] != 1:
        raise ValueError(f"expected a first width that is a multiple of {ALIGNMENT} and a last one of 1, found {options.widths}")
    return widths


def padded(weight, bias):
    """bf16 copies of a narrow layer with rows and columns of zeros up to the alignment."""
    rows, columns = -weight.shape[0] % ALIGNMENT, -weight.shape[1] % ALIGNMENT
    return F.pad(weight, (0, columns, 0, rows)).bfloat16(), F.pad(bias, (0, rows)).bfloat16()


def upper_layers(w, h):
    """(rows, width) after the first layer's activation, bf16 -> (rows), single precision."""
    for layer in range(2, len(w) - 2, 2):
        h = F.leaky_relu(F.linear(h, *padded(w[layer], w[layer + 1])), SLOPE)
    return (h[:, :w[-2].shape[1]].float() * w[-2]).sum(1) + w[-1]


class Plain:
    """A step as a script would write it: autograd, then Adam. `value` gives what is to grow."""

    def __init__(self, value, w):
        self.value, self.w = value, w
        self.optimizer = torch.optim.Adam(w, lr=RATE)

    def __call__(self):
        self.optimizer.zero_grad(set_to_none=True)
        value = self.value()
        (-value).backward()
        self.optimizer.step()
        return value.detach()


class Graphed:
    """The same with fused Adam, recorded as one CUDA graph; on a processor a plain step."""

    def __init__(self, value, w):
        self.plain, self.graph = Plain(value, w), None
        if w[0].is_cuda:
            self.plain.optimizer = torch.optim.Adam(w, lr=torch.tensor(RATE, device=w[0].device), fused=True, capturable=True)
            self.record([t.detach().clone() for t in w])

    def record(self, initial):
        """Compiles and warms up aside, records, then puts the weights and the moments back to the start."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.plain()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        self.plain.optimizer.zero_grad(set_to_none=True)
        with torch.cuda.graph(graph):
            self.result = self.plain()
        with torch.no_grad():
            for weight, start in zip(self.plain.w, initial):
                weight.copy_(start)
            for state in self.plain.optimizer.state.values():
                for moment in state.values():
                    moment.zero_()
        self.graph = graph

    def __call__(self):
        if self.graph is None:
            return self.plain()
        self.graph.replay()
        return self.result
