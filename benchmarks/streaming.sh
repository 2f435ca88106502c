#!/usr/bin/env bash
# Measures one random checkpoint with its weights streamed and resident, beside dd over its files: seconds, peak memory, bytes read.
#
#   benchmarks/streaming.sh FOLDER GB MEMORY [NAME]      e.g. benchmarks/streaming.sh /data/bench 30 4GiB
#
# SEQUENCES=50 in the environment takes fewer than all 650 sequences: less to compute, as much to read. FORM=gptq takes packed weights.
# FOLDER becomes a Hugging Face cache with the model (GB on the disk, kept for the next time) and holds the runs. MEMORY bounds the
# streamed run. NAME is the program, by default that of the last build. The resident run is left out where the model does not fit
# into free memory. Prints a table in Markdown. Before each line the files are dropped from the kernel's cache.
set -euo pipefail
folder=$1 gb=$2 memory=$3 sequences=${SEQUENCES:-650} form=${FORM:-plain}
root=$(cd "$(dirname "$0")/.." && pwd)
program=${4:-$root/src/Emergence.Cli/bin/Release/net10.0/Emergence.Cli}
model=$folder/models--bench--random/snapshots/0000000000000000000000000000000000000000
mkdir -p "$folder"
[ -e "$model/config.json" ] || python3 "$root/benchmarks/random_llama.py" "$folder" --gb "$gb" --form "$form" --hub >&2
bytes=$(stat -L -c %s "$model"/*.safetensors | awk '{ sum += $1 } END { printf "%.0f", sum }')

forget() { for file in "$model"/*.safetensors; do dd if="$file" iflag=nocache count=0 status=none; done; }

# Runs a command below a shell whose counters of bytes then have the command's; prints seconds, those of the processors, peak kB, bytes
# from the disk.
watched() {
    forget
    local report
    report=$(mktemp)
    bash -c '/usr/bin/time -o "$1" -f "%e %U %S %M" "${@:2}" >&2; grep ^read_bytes /proc/$$/io >> "$1"' - "$report" "$@"
    tr '\n' ' ' < "$report" | awk '{ print $1, $2 + $3, $4, $6 }'
    rm -f "$report"
}

row() {
    awk -v what="$1" -v total="$bytes" '{ printf "| %s | %.1f | %.1f | %.0f | %.3f | %.3f |\n", what, $1, $2, $3 / 1024, $4 / 1e9, $4 / total }'
}

run() {
    local out=$folder/run-$1
    rm -rf "$out"
    watched "$program" measure --model "$model" --data "$folder/words.txt" --shots 2 --sequences "$sequences" --estimator exact \
        --device cpu --out "$out" --weights "${@:1}" 2> "$out.log" || { cat "$out.log" >&2; exit 1; }
}

echo "$(grep -m1 '^model name' /proc/cpuinfo | cut -d: -f2- | xargs), $(nproc) processors, $(date -u +%F); $(python3 - "$model" "$sequences" <<'P'
import json, sys
c = json.load(open(sys.argv[1] + "/config.json"))
print(f"{c['num_hidden_layers']} layers of {c['hidden_size']}, {'GPTQ in 4 bits' if 'quantization_config' in c else 'bf16'}, {sys.argv[2]} sequences of 4 tokens, exact estimator")
P
); $bytes bytes of weights in $(ls "$model"/*.safetensors | wc -l) files"
echo
echo "| run | seconds | of processors | peak memory, MiB | read from the disk, GB | of the files |"
echo "|---|---:|---:|---:|---:|---:|"
watched bash -c 'cat "$1"/*.safetensors | dd of=/dev/null bs=8M status=none' - "$model" | row "cat, dd"
run streamed --memory "$memory" | row "streamed, --memory $memory"
if [ $((bytes * 6 / 5)) -lt $(($(awk '/MemAvailable/ { print $2 }' /proc/meminfo) * 1024)) ]; then
    run resident | row resident
    if cmp -s <(tail -n +2 "$folder/run-streamed/results.jsonl") <(tail -n +2 "$folder/run-resident/results.jsonl"); then
        echo; echo "The cells of both runs are the same bytes."
    else
        echo; echo "The cells of the runs DIFFER."; exit 1
    fi
fi
