#!/usr/bin/env python3
"""A checkpoint of GPT-2's layout with random weights, for timing a forward pass through the program: config.json and
model.safetensors in single precision, written a tensor at a time.

usage: random_gpt2.py FOLDER [--layers 48] [--width 1600] [--heads 25] [--vocabulary 50257]
"""
import argparse
import json
import os
import struct

import torch

POSITIONS = 1024


def shapes(options):
    """Name to shape, in the order of the file."""
    d = options.width
    yield "wte.weight", (options.vocabulary, d)
    yield "wpe.weight", (POSITIONS, d)
    for layer in range(options.layers):
        for name, shape in (("ln_1.weight", (d,)), ("ln_1.bias", (d,)), ("attn.c_attn.weight", (d, 3 * d)), ("attn.c_attn.bias", (3 * d,)),
                            ("attn.c_proj.weight", (d, d)), ("attn.c_proj.bias", (d,)), ("ln_2.weight", (d,)), ("ln_2.bias", (d,)),
                            ("mlp.c_fc.weight", (d, 4 * d)), ("mlp.c_fc.bias", (4 * d,)), ("mlp.c_proj.weight", (4 * d, d)), ("mlp.c_proj.bias", (d,))):
            yield f"h.{layer}.{name}", shape
    yield "ln_f.weight", (d,)
    yield "ln_f.bias", (d,)


def write(options):
    header, offset = {}, 0
    for name, shape in shapes(options):
        size = 4 * torch.Size(shape).numel()
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(options.folder, "model.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        drawn = {}  # by shape: layers may be alike, times do not depend on it
        for name, shape in shapes(options):
            is_scale = name.endswith("weight") and (".ln_" in name or name.startswith("ln_f"))
            if not is_scale and shape not in drawn:
                drawn[shape] = (0.02 * torch.randn(shape)).numpy().tobytes()
            file.write(torch.ones(shape).numpy().tobytes() if is_scale else drawn[shape])
    config = {"model_type": "gpt2", "n_layer": options.layers, "n_embd": options.width, "n_head": options.heads, "n_positions": POSITIONS,
              "vocab_size": options.vocabulary, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5}
    with open(os.path.join(options.folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)


def main():
    parser = argparse.ArgumentParser(description="A random checkpoint of GPT-2's layout")
    parser.add_argument("folder")
    parser.add_argument("--layers", type=int, default=48)
    parser.add_argument("--width", type=int, default=1600)
    parser.add_argument("--heads", type=int, default=25)
    parser.add_argument("--vocabulary", type=int, default=50257)
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    torch.manual_seed(1)
    write(options)


if __name__ == "__main__":
    main()
