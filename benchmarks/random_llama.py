#!/usr/bin/env python3
"""Writes a random checkpoint of llama's shape, as large as asked for, with a tokenizer and words to measure it on.

    benchmarks/random_llama.py FOLDER --gb 30 [--form gptq] [--layers 32] [--shards 8] [--hub]

Matrices of blocks are bf16, or GPTQ's 4 bits in groups of 128.

Without --hub FOLDER holds the model. With it FOLDER is a Hugging Face cache with the model bench/random, whose files are named by
their SHA-256 as a download names them. Only Python's own library is needed.
"""
import argparse, hashlib, json, os, random

PIECE = 1 << 22
SIZES = {"BF16": 2, "F16": 2, "I32": 4}
GROUP = 128


def patterns():
    """Random values of each type: of bf16 0.008 to 0.03, either sign; of f16, which are scales, 0.004 to 0.005; of integers all."""
    numbers = random.Random(1).randbytes(PIECE + 4096)
    def high(byte_of):
        some = bytearray(numbers)
        some[1::2] = bytes(some[1::2]).translate(bytes(byte_of(i) for i in range(256)))
        return bytes(some)
    return {"BF16": high(lambda i: 0x3C if i % 2 else 0xBC), "F16": high(lambda i: 0x1C), "I32": numbers}


def linear(name, outputs, inputs, form):
    if form == "plain":
        yield name + ".weight", (outputs, inputs), "BF16"
        return
    yield name + ".qweight", (inputs // 8, outputs), "I32"
    yield name + ".qzeros", (inputs // GROUP, outputs // 8), "I32"
    yield name + ".scales", (inputs // GROUP, outputs), "F16"


def tensors_of(width, inner, heads, key_heads, layers, vocabulary, form):
    size = width // heads
    yield "model.embed_tokens.weight", (vocabulary, width), "BF16"
    for layer in range(layers):
        block = f"model.layers.{layer}."
        yield block + "input_layernorm.weight", (width,), "BF16"
        yield from linear(block + "self_attn.q_proj", width, width, form)
        yield from linear(block + "self_attn.k_proj", key_heads * size, width, form)
        yield from linear(block + "self_attn.v_proj", key_heads * size, width, form)
        yield from linear(block + "self_attn.o_proj", width, width, form)
        yield block + "post_attention_layernorm.weight", (width,), "BF16"
        yield from linear(block + "mlp.gate_proj", inner, width, form)
        yield from linear(block + "mlp.up_proj", inner, width, form)
        yield from linear(block + "mlp.down_proj", width, inner, form)
    yield "model.norm.weight", (width,), "BF16"
    yield "lm_head.weight", (vocabulary, width), "BF16"


def bytes_of(shape, kind):
    return shape[0] * (shape[1] if len(shape) > 1 else 1) * SIZES[kind]


def write_shard(path, tensors, numbers):
    header, end = {}, 0
    for name, shape, kind in tensors:
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [end, end + bytes_of(shape, kind)]}
        end += bytes_of(shape, kind)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    digest, source = hashlib.sha256(), random.Random(path)
    with open(path, "wb", buffering=0) as file:
        def put(data):
            file.write(data)
            digest.update(data)

        put(len(text).to_bytes(8, "little") + text)
        for name, shape, kind in tensors:
            left = bytes_of(shape, kind)
            if len(shape) == 1:
                put(b"\x80\x3f" * shape[0])
                continue
            while left > 0:
                begin = 4 * source.randrange(1024)
                piece = min(left, PIECE)
                put(memoryview(numbers[kind])[begin:begin + piece])
                left -= piece
    return digest.hexdigest()


def tokenizer():
    """Bytes, and a space with a capital letter after it as one token: 26 words of one token each."""
    printable = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    letters, more = {}, 0
    for byte in range(256):
        if byte in printable:
            letters[byte] = chr(byte)
        else:
            letters[byte], more = chr(256 + more), more + 1
    vocabulary = {letters[byte]: byte for byte in range(256)}
    merges = []
    for i in range(26):
        vocabulary[letters[32] + chr(65 + i)] = 256 + i
        merges.append([letters[32], chr(65 + i)])
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": level,
            "post_processor": None, "decoder": level,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
                      "fuse_unk": False, "byte_fallback": False, "vocab": vocabulary, "merges": merges}}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder")
    arguments.add_argument("--gb", type=float, default=2)
    arguments.add_argument("--form", choices=["plain", "gptq"], default="plain")
    arguments.add_argument("--layers", type=int, default=32)
    arguments.add_argument("--shards", type=int, default=8)
    arguments.add_argument("--hub", action="store_true")
    chosen = arguments.parse_args()

    # 2.5 squares of the width in the attention of a layer, 10.5 in its feed-forward part.
    heads, vocabulary = 32, 32000
    of_weight = 2 if chosen.form == "plain" else (4 + 20 / GROUP) / 8
    width = max(128, round((chosen.gb * 1e9 / (of_weight * 13 * chosen.layers)) ** 0.5 / 128) * 128)
    inner = round(3.5 * width / GROUP) * GROUP
    tensors = list(tensors_of(width, inner, heads, heads // 4, chosen.layers, vocabulary, chosen.form))
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": vocabulary, "hidden_size": width,
              "intermediate_size": inner, "num_hidden_layers": chosen.layers, "num_attention_heads": heads,
              "num_key_value_heads": heads // 4, "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
              "hidden_act": "silu", "tie_word_embeddings": False, "torch_dtype": "bfloat16", "bos_token_id": 0, "eos_token_id": 0}

    if chosen.form == "gptq":
        config["quantization_config"] = {"quant_method": "gptq", "bits": 4, "group_size": GROUP, "desc_act": False, "sym": False}

    entry = os.path.join(chosen.folder, "models--bench--random")
    commit = "0" * 40
    blobs = os.path.join(entry, "blobs") if chosen.hub else chosen.folder
    model = os.path.join(entry, "snapshots", commit) if chosen.hub else chosen.folder
    os.makedirs(blobs, exist_ok=True)
    os.makedirs(model, exist_ok=True)
    if chosen.hub:
        os.makedirs(os.path.join(entry, "refs"), exist_ok=True)
        with open(os.path.join(entry, "refs", "main"), "w") as file:
            file.write(commit)

    def put(name, write):
        path = os.path.join(blobs, name)
        digest = write(path)
        if chosen.hub:
            os.replace(path, os.path.join(blobs, digest))
            link = os.path.join(model, name)
            if os.path.lexists(link):
                os.remove(link)
            os.symlink(os.path.join("..", "..", "blobs", digest), link)

    def text(content):
        def write(path):
            data = json.dumps(content, indent=1).encode()
            with open(path, "wb") as file:
                file.write(data)
            return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        return write

    total, share, shard_of, numbers = sum(bytes_of(shape, kind) for _, shape, kind in tensors), 0, {}, patterns()
    shards = [[] for _ in range(chosen.shards)]
    for name, shape, kind in tensors:
        shards[min(chosen.shards - 1, share * chosen.shards // total)].append((name, shape, kind))
        share += bytes_of(shape, kind)
    for number, part in enumerate(shards):
        name = f"model-{number + 1:05}-of-{chosen.shards:05}.safetensors"
        shard_of.update({tensor: name for tensor, *_ in part})
        put(name, lambda path: write_shard(path, part, numbers))
    put("model.safetensors.index.json", text({"metadata": {"total_size": total}, "weight_map": shard_of}))
    put("config.json", text(config))
    put("tokenizer.json", text(tokenizer()))
    with open(os.path.join(chosen.folder, "words.txt"), "w") as file:
        file.write("".join(chr(65 + i) + "\n" for i in range(26)))
    print(f"{total} bytes of weights, {chosen.layers} layers of {width}, in {model}")


if __name__ == "__main__":
    main()
