#!/usr/bin/env bash
# The forward pass of a mixture of experts (8 of 64; 136 million random weights) and of a Mamba-2 (97 million), all boundaries kept:
# tokens a second, and the rate of its products as a share of the large product that the same run measures first. Then the memory
# that measure takes for 2,000 sequences of each.
# usage: recurrences.sh [SHAPES] [OUT]     (SHAPES: sequences x tokens, e.g. 64x8,8x128; models and figures go to OUT, by default
# runs/recurrences). EMERGENCE names the program, THREADS (by default all) its threads; PEER=1 also times transformers.
set -euo pipefail
cd "$(dirname "$0")/.."
shapes=${1:-64x8,8x128} out=${2:-runs/recurrences} threads=${THREADS:-0}
mkdir -p "$out"
program=${EMERGENCE:-src/Emergence.Cli/bin/Release/net10.0/Emergence.Cli}
for kind in mixture mamba2; do
    [ -f "$out/$kind/tokenizer.json" ] || python3 benchmarks/random_models.py $kind "$out/$kind" >&2
    "$program" bench --device cpu --threads "$threads" --model "$out/$kind" --shapes "$shapes" -o json > "$out/$kind.json"
    "$program" measure --model "$out/$kind" --data "$out/$kind/words.txt" --shots 3 --sequences 2000 --estimator exact --device cpu \
        --threads "$threads" --out "$out/none" --dry-run --json > "$out/$kind-memory.json" 2> "$out/$kind-memory.log"
done
python3 - "$out" "$(git rev-parse --short HEAD)" "$(date -u +%F)" <<'P' | tee "$out/figures.md"
import json, sys
out, commit, date = sys.argv[1:]
files = {kind: json.load(open(f"{out}/{kind}.json")) for kind in ("mixture", "mamba2")}
print(f"Commit {commit}, {date}, {files['mixture']['description']}\n")
print("| model | pass | seconds | tokens/s | GFLOP/s of products | of the large product |\n|---|---|---:|---:|---:|---:|")
for kind, file in files.items():
    for row in file["rows"]:
        if row["kind"] == "forward":
            shape = row["shape"].split(" ")[0]
            sequences, tokens = map(int, shape.split("x"))
            seconds = row["median_s"]
            print(f"| {kind} | {shape} | {seconds:.3f} | {sequences * tokens / seconds:,.0f} | {row['tflop_per_s'] * 1e3:.1f} | {row['of_roof']:.2f} |")
print("\n| model | part of the memory for 2,000 sequences | MiB |\n|---|---|---:|")
for kind in files:
    tables = json.load(open(f"{out}/{kind}-memory.json"))
    for row in [row for table in tables for row in (table if isinstance(table, list) else [table]) if "memory" in row]:
        if row["memory"] != "free":
            print(f"| {kind} | {row['memory']}: {row['of']} | {row['bytes'] / 2**20:,.1f} |")
P
if [ "${PEER:-}" = 1 ]; then
    for kind in mixture mamba2; do
        for shape in ${shapes//,/ }; do python3 benchmarks/peers/forward_transformers.py "$out/$kind" "$threads" "${shape%x*}" "${shape#*x}"; done
    done
fi
