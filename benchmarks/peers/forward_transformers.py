#!/usr/bin/env python3
"""The forward pass of a checkpoint in transformers, all boundaries kept: the peer of `bench --model`.

usage: forward_transformers.py FOLDER THREADS [SEQUENCES TOKENS]      (needs torch and transformers)
"""
import sys
import time

import torch
from transformers import AutoModelForCausalLM

folder, threads = sys.argv[1], int(sys.argv[2])
sequences, tokens = (int(word) for word in (sys.argv[3:5] or ("8", "128")))
if threads:
    torch.set_num_threads(threads)
model = AutoModelForCausalLM.from_pretrained(folder, torch_dtype=torch.float32).model if "mamba" not in folder else \
    AutoModelForCausalLM.from_pretrained(folder, torch_dtype=torch.float32).backbone
ids = torch.randint(0, model.config.vocab_size, (sequences, tokens), generator=torch.Generator().manual_seed(0))
seconds = []
with torch.no_grad():
    for _ in range(6):
        start = time.perf_counter()
        model(ids, output_hidden_states=True, use_cache=False)
        seconds.append(time.perf_counter() - start)
median = sorted(seconds[1:])[len(seconds[1:]) // 2]
print(f"{folder}: {sequences}x{tokens} in {median:.3f} s, {sequences * tokens / median:,.0f} tokens/s, torch {torch.__version__}")
