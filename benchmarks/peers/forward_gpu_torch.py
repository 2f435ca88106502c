#!/usr/bin/env python3
"""GPT-2-XL-shape forward pass on a GPU: the peer of the program's forward pass with capture.

Random weights, 48 layers, width 1600, 25 heads; the residual stream at all boundaries is kept, no LM head. Through Hugging Face
transformers (output_hidden_states) where it is importable, else through plain blocks of torch written here.
fp32  single precision, TF32 off      tf32  the same with TF32 products      bf16  weights and activations in bf16
One JSON line for each arithmetic and shape.
usage: forward_gpu_torch.py [--modes fp32,tf32,bf16] [--shapes 4096x8,8x128] [--layers L] [--width D] [--heads H]
"""
import torch
import torch.nn.functional as F

from gpu_timing import ExtraMemory, allow_tf32, arguments, attempt, describe, device_of, summary, timed

POSITIONS = 1024


class Block(torch.nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.before, self.between = torch.nn.LayerNorm(width), torch.nn.LayerNorm(width)
        self.qkv, self.out = torch.nn.Linear(width, 3 * width), torch.nn.Linear(width, width)
        self.up, self.down = torch.nn.Linear(width, 4 * width), torch.nn.Linear(4 * width, width)

    def attend(self, q, k, v):
        if hasattr(F, "scaled_dot_product_attention"):
            return F.scaled_dot_product_attention(q, k, v, is_causal=True)
        mask = torch.full(q.shape[-2:-1] * 2, float("-inf"), device=q.device, dtype=q.dtype).triu(1)
        return torch.softmax(q @ k.transpose(2, 3) * q.shape[-1] ** -0.5 + mask, -1) @ v

    def forward(self, x):
        q, k, v = (p.unflatten(2, (self.heads, -1)).transpose(1, 2) for p in self.qkv(self.before(x)).chunk(3, 2))
        x = x + self.out(self.attend(q, k, v).transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.between(x)), approximate="tanh"))


class PlainModel(torch.nn.Module):
    def __init__(self, options):
        super().__init__()
        self.tokens, self.positions = torch.nn.Embedding(options.vocabulary, options.width), torch.nn.Embedding(POSITIONS, options.width)
        self.blocks = torch.nn.ModuleList(Block(options.width, options.heads) for _ in range(options.layers))

    def forward(self, ids):
        x = self.tokens(ids) + self.positions.weight[:ids.shape[1]]
        boundaries = [x]
        for block in self.blocks:
            boundaries.append(block(boundaries[-1]))
        return boundaries


def transformers_model(options, device):
    """None where transformers is not installed."""
    try:
        from transformers import GPT2Config, GPT2Model
    except ImportError:
        return None
    with device:  # random weights are made where they are used
        return GPT2Model(GPT2Config(n_layer=options.layers, n_embd=options.width, n_head=options.heads, vocab_size=options.vocabulary, n_positions=POSITIONS))


def build(options, device):
    """The model, how it is called for all boundaries, and its name."""
    if not options.plain and (model := transformers_model(options, device)) is not None:
        import transformers

        return model, lambda m, ids: m(ids, output_hidden_states=True, use_cache=False).hidden_states, f"transformers {transformers.__version__}"
    return PlainModel(options).to(device), lambda m, ids: m(ids), "plain blocks"


def run(mode, shape, model, call, options, device):
    allow_tf32(mode == "tf32")
    rows, tokens = (int(n) for n in shape.split("x"))
    model = model.bfloat16() if mode == "bf16" else model.float()
    memory = ExtraMemory(device)
    ids = torch.randint(0, options.vocabulary, (rows, tokens), device=device)
    with torch.inference_mode():
        milliseconds = timed(lambda: call(model, ids), device, options)
        boundaries = call(model, ids)
    found = summary(milliseconds)
    finite = all(bool(torch.isfinite(b).all()) for b in boundaries)
    return {**found, "tokens_per_second": round(1e3 * rows * tokens / found["ms"], 1), "boundaries": len(boundaries), "finite": finite, "extra_mib": memory.peak_mib()}


def main():
    parser = arguments("A GPT-2-XL-shape forward pass in PyTorch")
    parser.add_argument("--modes", default="fp32,tf32,bf16", help="bf16 last: the weights do not come back")
    parser.add_argument("--shapes", default="4096x8,8x128", help="sequences x tokens")
    parser.add_argument("--layers", type=int, default=48)
    parser.add_argument("--width", type=int, default=1600)
    parser.add_argument("--heads", type=int, default=25)
    parser.add_argument("--vocabulary", type=int, default=50257)
    parser.add_argument("--plain", action="store_true", help="plain blocks even where transformers is installed")
    options = parser.parse_args()
    device = device_of(options)
    model, call, through = build(options, device)
    model.eval()
    for mode in options.modes.split(","):
        for shape in options.shapes.split(","):
            attempt("forward", lambda: run(mode, shape, model, call, options, device), mode=mode, shape=shape, through=through, **describe(device),
                    layers=options.layers, width=options.width)


if __name__ == "__main__":
    main()
