#!/usr/bin/env python3
"""Hidden states of every layer with weights on the disk: accelerate's disk offload, or AirLLM's layer by layer.

The peers of benchmarks/streaming.sh, on the same checkpoint and the same 650 sequences of two words and their commas.

    benchmarks/peers/offload.py accelerate FOLDER 4GiB      (pip: torch transformers accelerate)
    benchmarks/peers/offload.py airllm FOLDER 4GiB          (pip: airllm)

FOLDER is the one of streaming.sh. Prints a row of its table: seconds, peak memory, bytes read. AirLLM takes no bound: it holds one
layer; its first start also splits the checkpoint into files of one layer, which is not timed here.
"""
import itertools, os, resource, sys, tempfile, time

peer, folder, bound = sys.argv[1:4]
model = os.path.join(folder, "models--bench--random", "snapshots", "0" * 40)

# Tokens of random_llama.py: 256 + i is a space and a letter, 44 a comma.
ids = [[256 + a, 44, 256 + b, 44] for a, b in itertools.permutations(range(26), 2)]


def read_bytes():
    with open("/proc/self/io") as file:
        return int(next(line for line in file if line.startswith("read_bytes")).split()[1])


def forget():
    for name in os.listdir(model):
        if name.endswith(".safetensors"):
            handle = os.open(os.path.join(model, name), os.O_RDONLY)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)


def accelerate():
    import torch
    from transformers import AutoModelForCausalLM
    forget()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=folder) as offload:
        loaded = AutoModelForCausalLM.from_pretrained(
            model, torch_dtype=torch.bfloat16, device_map="auto", max_memory={"cpu": bound}, offload_folder=offload)
        with torch.inference_mode():
            states = loaded(torch.tensor(ids), output_hidden_states=True, use_cache=False).hidden_states
    return start, len(states)


def airllm():
    import torch
    from airllm import AutoModel
    loaded = AutoModel.from_pretrained(model, device="cpu")
    forget()
    start = time.perf_counter()
    with torch.inference_mode():
        states = loaded(torch.tensor(ids), output_hidden_states=True, use_cache=False, return_dict=True).hidden_states
    return start, len(states)


start, states = {"accelerate": accelerate, "airllm": airllm}[peer]()
seconds, peak = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
total = sum(os.path.getsize(os.path.join(model, name)) for name in os.listdir(model) if name.endswith(".safetensors"))
print(f"| {peer}, {bound}, {states} states | {seconds:.1f} | {peak:.0f} | {read_bytes() / 1e9:.3f} | {read_bytes() / total:.3f} |")
