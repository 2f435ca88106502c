#!/usr/bin/env bash
# The forward pass of a mixture of experts (8 of 64; 136 million random weights) and of a Mamba-2 (97 million), all boundaries kept;
# beside it plain products of the same device, for the share of their rate.
# usage: recurrences.sh [SHAPES] [OUT]     (SHAPES: sequences x tokens, e.g. 64x8,8x128; results go to OUT, by default runs/recurrences)
set -euo pipefail
cd "$(dirname "$0")/.."
shapes=${1:-64x8,8x128} out=${2:-runs/recurrences}
mkdir -p "$out"
program=${EMERGENCE:-src/Emergence.Cli/bin/Release/net10.0/Emergence.Cli}
for kind in mixture mamba2; do
    [ -f "$out/$kind/model.safetensors" ] || python3 benchmarks/peers/random_models.py $kind "$out/$kind"
done
{
    echo "commit $(git rev-parse --short HEAD), $(date -u +%F), $(nproc) processors: $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2)"
    for kind in mixture mamba2; do echo "== $kind"; "$program" bench --device cpu --model "$out/$kind" --shapes "$shapes"; done
    echo "== products"; "$program" bench --device cpu --op MatMul --seconds 1
} 2>&1 | tee "$out/figures.txt"
