#!/usr/bin/env bash
# Kills shards of runs at random moments, N times in all (2,000), and looks whether a cell that was there is lost.
#
#   benchmarks/kills.sh [N]
#
# After a build of the tests, of which this is one. It takes N starts of the program, five shards at a time, about 0.9 s of processor time
# each. On 2026-11-30, on two processors with much else to do: 2,004 kills of shards of 176 runs in 90 minutes, 1,525 of them after new
# cells; 30,873 cells were there before a kill, none was lost; all 176 runs ended with the bytes of one that was let alone.
# Prints how many kills there were, how many of them after new cells, and how many cells.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
EMERGENCE_TEST_KILLS=${1:-2000} nice -n 10 "$root/tests/Emergence.Tests/bin/Release/net10.0/Emergence.Tests" \
    -method '*Killed_shards_lose_no_cell_that_was_there' -showLiveOutput
