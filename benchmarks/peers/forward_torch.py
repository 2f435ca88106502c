#!/usr/bin/env python3
"""GPT-2-small-shape forward pass in PyTorch, the peer of the benchmark "forward".

Random weights, 12 layers, width 768, 12 heads; the residual stream at all 13 boundaries is kept, no LM head. Prints one line that
describes the build; then, for every line on stdin, runs one pass and prints its seconds and its processor seconds.
usage: forward_torch.py THREADS [ROWS] [TOKENS]      (Debian: python3-torch with libopenblas0-pthread)
"""
import sys, time
import torch
import torch.nn.functional as F

threads = int(sys.argv[1])
rows = int(sys.argv[2]) if len(sys.argv) > 2 else 8
tokens = int(sys.argv[3]) if len(sys.argv) > 3 else 128
layers, width, heads, vocabulary = 12, 768, 12, 1024
torch.set_num_threads(threads)
torch.manual_seed(0)


def random(*shape):
    return torch.randn(*shape) * 0.02


embedding, positions = random(vocabulary, width), random(1024, width)
blocks = [dict(n1w=torch.ones(width), n1b=torch.zeros(width), qkvw=random(width, 3 * width), qkvb=random(3 * width),
               ow=random(width, width), ob=random(width), n2w=torch.ones(width), n2b=torch.zeros(width),
               upw=random(width, 4 * width), upb=random(4 * width), downw=random(4 * width, width), downb=random(width))
          for _ in range(layers)]
mask = torch.full((tokens, tokens), float("-inf")).triu(1)
ids = torch.randint(0, vocabulary, (rows, tokens))


def attend(x, b):
    n = F.layer_norm(x, (width,), b["n1w"], b["n1b"])
    q, k, v = (p.view(rows, tokens, heads, -1).transpose(1, 2) for p in torch.addmm(b["qkvb"], n, b["qkvw"]).split(width, 1))
    scores = torch.matmul(q, k.transpose(2, 3)) * (width // heads) ** -0.5 + mask
    mixed = torch.matmul(torch.softmax(scores, -1), v).transpose(1, 2).reshape(rows * tokens, width)
    return x + torch.addmm(b["ob"], mixed, b["ow"])


def forward():
    x = (embedding[ids] + positions[:tokens]).view(rows * tokens, width)
    boundaries = [x]
    for b in blocks:
        x = attend(x, b)
        n = F.layer_norm(x, (width,), b["n2w"], b["n2b"])
        x = x + torch.addmm(b["downb"], F.gelu(torch.addmm(b["upb"], n, b["upw"]), approximate="tanh"), b["downw"])
        boundaries.append(x)
    return boundaries


print(f"torch {torch.__version__}, {torch.get_num_threads()} threads", flush=True)
with torch.inference_mode():
    for _ in sys.stdin:
        start, busy = time.perf_counter(), time.process_time()
        forward()
        print(time.perf_counter() - start, time.process_time() - busy, flush=True)
