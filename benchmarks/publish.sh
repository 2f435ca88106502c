#!/usr/bin/env bash
# usage: benchmarks/publish.sh [FOLDER]      (default: build/publish)
# Makes FOLDER/emergence-linux-x64.tar.gz: the program as one trimmed file that brings its own run time, with the GPU code inside,
# its samples, and what benchmarks/gpu.sh needs. A machine that runs it needs glibc 2.27, and for a GPU its driver.
# Fails where the unpacked folder is over 60 MB or holds no GPU code.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-build/publish}
limit=60000000
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
program=$folder/emergence-linux-x64
rm -rf "$program"
# Paths of its own, so that the other builds of this checkout stay as they are.
dotnet publish src/Emergence.Cli -c Release -r linux-x64 --self-contained --artifacts-path "$folder/artifacts" -o "$program" -v q \
    -p:PublishSingleFile=true -p:PublishTrimmed=true -p:EnableCompressionInSingleFile=true -p:DebugType=none
mv "$program/Emergence.Cli" "$program/emergence"
rm -f "$program"/*.xml
mkdir -p "$program/benchmarks"
cp -r benchmarks/gpu.sh benchmarks/gpu_table.py benchmarks/peers "$program/benchmarks/"
rm -rf "$program/benchmarks/peers/__pycache__"

bytes=$(du -sb "$program" | cut -f 1)
ptx=$(find build/device -name '*.ptx' | wc -l)
[ "$ptx" -gt 0 ] || { echo "no GPU code was made: it takes CMake and clang 19 or newer" >&2; exit 1; }
[ "$bytes" -le "$limit" ] || { echo "$program is $bytes bytes: expected at most $limit" >&2; exit 1; }
tar -czf "$program.tar.gz" -C "$folder" emergence-linux-x64
echo "$program.tar.gz: $(stat -c %s "$program.tar.gz") bytes, $bytes unpacked; $ptx files of GPU code inside"
