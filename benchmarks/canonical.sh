#!/usr/bin/env bash
# What s-mine from canonical coordinates takes: the demo, a grid of a real model, and single cells by part.
# usage: canonical.sh MODEL [OUT]     (MODEL: a folder, e.g. SmolLM2-135M-Instruct; results go to OUT, by default runs/canonical)
set -euo pipefail
cd "$(dirname "$0")/.."
model=$1 out=${2:-runs/canonical}
mkdir -p "$out"
dotnet build -c Release --nologo -v q Emergence.slnx
program=src/Emergence.Cli/bin/Release/net10.0/Emergence.Cli
{
    echo "commit $(git rev-parse --short HEAD), $(date -u +%F), $(nproc) processors: $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2)"
    rm -rf "$out/demo" "$out/grid"
    echo "== demo"; time "$program" demo --out "$out/demo"
    echo "== grid: 30 boundaries, 6 positions, macro and micro, 3 seeds, 2,000 lists"; time "$program" measure --model "$model" --data country --shots 3 --sigma none --out "$out/grid"
    echo "== cells"; dotnet run -c Release --no-build --project benchmarks/Emergence.Benchmarks -- mine-canonical
    echo "== growth: classes, then columns"
    for size in 500:576 2000:576 8000:576 32000:576 128000:576 2000:64 2000:256 2000:1024 2000:4096; do
        dotnet run -c Release --no-build --project benchmarks/Emergence.Benchmarks -- mine-canonical --classes "${size%:*}" --columns "${size#*:}" | tail -n 1
    done
    echo "== growth: sequences, boundaries, seeds"
    for part in "500 1-8 1" "1000 1-8 1" "2000 1-8 1" "2000 1-4 1" "2000 1-2 1" "2000 1-8 2" "2000 1-8 4"; do
        read -r sequences boundaries seeds <<< "$part"
        rm -rf "$out/part"; echo "$sequences sequences, boundaries $boundaries, $seeds seeds"
        time "$program" measure --model "$model" --data country --shots 3 --sequences "$sequences" --boundaries "$boundaries" \
            --seeds "$seeds" --sigma none --out "$out/part" > "$out/part.log"
    done
    echo "== multiply-adds"; dotnet run -c Release --no-build --project benchmarks/Emergence.Benchmarks -- mine-cost
} 2>&1 | tee "$out/figures.txt"
