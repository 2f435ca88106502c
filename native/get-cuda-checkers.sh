#!/usr/bin/env bash
# usage: native/get-cuda-checkers.sh FOLDER
# Unpacks NVIDIA's assembler, disassembler and run-time compiler (ptxas, nvdisasm, NVRTC 12.4) into FOLDER; the tests use them
# where EMERGENCE_CUDA_CHECKERS names it. They come from the non-free section of Debian 13, by the mirror that apt already
# uses here. Nothing is installed; apt's own lists stay as they are. About 105 MB.
set -euo pipefail
[ $# = 1 ] || { sed -n 2p "$0" >&2; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
if [ ! -x "$folder/usr/bin/ptxas" ]; then
  mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -oE '[a-z+]+://?[^ ]*/debian/?( |$)' | head -n 1 | tr -d ' ' || true)
  [ -n "$mirror" ] || { echo "no Debian mirror in apt's sources: expected one that ends in /debian" >&2; exit 1; }
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  mkdir -p "$scratch"/{lists/partial,cache/archives/partial,packages}
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie non-free" > "$scratch/sources.list"
  options=(-qq -o Dir::Etc::sourcelist="$scratch/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$scratch/lists"
           -o Dir::Cache="$scratch/cache" -o APT::Sandbox::User=root)
  apt-get "${options[@]}" update
  (cd "$scratch/packages" && apt-get "${options[@]}" download nvidia-cuda-toolkit libnvrtc12 libnvrtc-builtins12.4)
  for package in "$scratch"/packages/*.deb; do dpkg -x "$package" "$folder"; done
fi
"$folder/usr/bin/ptxas" --version | tail -n 1
