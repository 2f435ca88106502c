#!/usr/bin/env python3
"""Random checkpoints for timing a forward pass: a mixture of experts (8 of 64; 136 million weights) and a Mamba-2 (97 million).
Standard library only; numbers of a small pool are repeated, which times do not depend on. With a tokenizer of 26 words, for measure.

usage: random_models.py mixture|mamba2 FOLDER
"""
import json
import math
import os
import random
import struct
import sys

from random_llama import tokenizer

VOCABULARY = 8192


def mixture():
    d, layers, heads, kv, experts, inner = 512, 8, 8, 2, 64, 160
    config = {"model_type": "qwen3_moe", "vocab_size": VOCABULARY, "hidden_size": d, "intermediate_size": 4 * d, "num_hidden_layers": layers,
              "num_attention_heads": heads, "num_key_value_heads": kv, "head_dim": d // heads, "hidden_act": "silu",
              "max_position_embeddings": 4096, "rms_norm_eps": 1e-6, "num_experts": experts, "num_experts_per_tok": 8,
              "moe_intermediate_size": inner, "norm_topk_prob": True, "decoder_sparse_step": 1, "mlp_only_layers": [],
              "tie_word_embeddings": True, "rope_theta": 10000.0, "architectures": ["Qwen3MoeForCausalLM"], "torch_dtype": "float32"}
    size = d // heads
    tensors = {"model.embed_tokens.weight": (VOCABULARY, d), "model.norm.weight": (d,)}
    for layer in range(layers):
        at = f"model.layers.{layer}."
        tensors |= {at + "input_layernorm.weight": (d,), at + "post_attention_layernorm.weight": (d,),
                    at + "self_attn.q_proj.weight": (d, d), at + "self_attn.k_proj.weight": (kv * size, d),
                    at + "self_attn.v_proj.weight": (kv * size, d), at + "self_attn.o_proj.weight": (d, d),
                    at + "self_attn.q_norm.weight": (size,), at + "self_attn.k_norm.weight": (size,), at + "mlp.gate.weight": (experts, d)}
        for e in range(experts):
            tensors |= {f"{at}mlp.experts.{e}.{name}_proj.weight": shape
                        for name, shape in (("gate", (inner, d)), ("up", (inner, d)), ("down", (d, inner)))}
    return config, tensors


def mamba2():
    d, layers, size, states, taps = 768, 24, 64, 128, 4
    inner = 2 * d
    heads, convolved = inner // size, inner + 2 * states
    config = {"model_type": "mamba2", "vocab_size": VOCABULARY, "hidden_size": d, "num_hidden_layers": layers, "num_heads": heads,
              "head_dim": size, "state_size": states, "n_groups": 1, "expand": 2, "conv_kernel": taps, "hidden_act": "silu",
              "layer_norm_epsilon": 1e-5, "tie_word_embeddings": True, "use_bias": False, "use_conv_bias": True, "chunk_size": 256,
              "architectures": ["Mamba2ForCausalLM"], "torch_dtype": "float32"}
    tensors = {"backbone.embeddings.weight": (VOCABULARY, d), "backbone.norm_f.weight": (d,)}
    for layer in range(layers):
        at = f"backbone.layers.{layer}."
        tensors |= {at + "norm.weight": (d,), at + "mixer.in_proj.weight": (inner + convolved + heads, d),
                    at + "mixer.conv1d.weight": (convolved, 1, taps), at + "mixer.conv1d.bias": (convolved,), at + "mixer.A_log": (heads,),
                    at + "mixer.dt_bias": (heads,), at + "mixer.D": (heads,), at + "mixer.norm.weight": (inner,),
                    at + "mixer.out_proj.weight": (d, inner)}
    return config, tensors


def write(folder, config, tensors):
    os.makedirs(folder, exist_ok=True)
    header, offset = {}, 0
    for name, shape in tensors.items():
        size = 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    random.seed(0)
    pool = struct.pack("<65537f", *(random.gauss(0, 0.02) for _ in range(65537)))
    with open(os.path.join(folder, "model.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, shape in tensors.items():
            count = math.prod(shape)
            is_scale = "norm" in name or name.endswith(".D")
            file.write(struct.pack("<f", 1.0) * count if is_scale else (pool * (4 * count // len(pool) + 1))[:4 * count])
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)
    with open(os.path.join(folder, "tokenizer.json"), "w", encoding="utf-8") as file:
        json.dump(tokenizer(), file)
    with open(os.path.join(folder, "words.txt"), "w", encoding="utf-8") as file:
        file.write("".join(chr(65 + i) + "\n" for i in range(26)))
    print(f"{folder}: {sum(math.prod(shape) for shape in tensors.values()):,} weights")


if __name__ == "__main__":
    write(sys.argv[2], *{"mixture": mixture, "mamba2": mamba2}[sys.argv[1]]())
