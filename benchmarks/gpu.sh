#!/usr/bin/env bash
# usage: benchmarks/gpu.sh [--program FILE_OR_FOLDER] [--dtype TYPE] [--ops A,B,...] [--dry] OUT [PART[=SECONDS]...]
# Verifies, sanitizes and measures the program on this machine's GPU, runs the PyTorch peers beside it, and prints one table of
# ratios. It takes a driver; python3 with PyTorch for the peers; compute-sanitizer, ptxas, transformers and nvidia-smi where they are.
# What is missing, fails or runs out of its time is a row that says so, and the next part goes on.
#   PROGRAM   the archive that benchmarks/publish.sh makes, its unpacked folder, or the program; default: beside this script
#   OUT       JSON and logs: PART.json or .jsonl, PART.log, parts.jsonl, table.md, table.json
#   PART      any of the below, in this order; default: all. SECONDS is what it may take at most; what a step of it leaves over
#             the later ones may use. The defaults leave torch.compile 200 s and more, which its first call may take
#   --ops     what the sanitizers look at, one op after the other; default: those below, which launch most kernels between them
#   --dry     tiny sizes on the processor (the program on the emulator that EMERGENCE_EMULATOR names, else on its reference device),
#             to see that everything runs; the figures mean nothing
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

declare -A budget=([machine]=30 [verify]=180 [verify16]=180 [static]=120 [sanitize]=900 [mine]=720 [smine]=600 [cells]=300 [forward]=480 [bench]=300 [bench16]=300)
order=(machine static verify verify16 sanitize mine smine cells forward bench bench16)

usage() { sed -n '2,14s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; echo "parts: ${order[*]}" >&2; exit 2; }

program="" dtype=bfloat16 ops=MatMul,Attention,CriticForward,CriticBackward,Train dry=0 out="" parts=()
while [ $# -gt 0 ]; do
    case $1 in
        --program) program=${2:-}; shift ;;
        --dtype) dtype=${2:-}; shift ;;
        --ops) ops=${2:-}; shift ;;
        --dry) dry=1 ;;
        -*) usage ;;
        *) if [ -z "$out" ]; then out=$1; else parts+=("$1"); fi ;;
    esac
    shift
done
[ -n "$out" ] || usage
for i in "${!parts[@]}"; do
    name=${parts[$i]%%=*}
    [ -n "${budget[$name]:-}" ] || { echo "gpu.sh: no part '$name': expected some of ${order[*]}" >&2; exit 2; }
    [ "$name" = "${parts[$i]}" ] || budget[$name]=${parts[$i]#*=}
    [[ ${budget[$name]} =~ ^[1-9][0-9]*$ ]] || { echo "gpu.sh: expected seconds in ${parts[$i]}, found '${budget[$name]}'" >&2; exit 2; }
    parts[i]=$name
done
[ ${#parts[@]} -gt 0 ] || parts=("${order[@]}")
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 2

# The program: an archive is unpacked, a folder holds it by the name "emergence".
program=${program:-$here/..}
if [ -f "$program" ] && [[ $program == *.tar.gz ]]; then
    mkdir -p "$out/program" && tar -xzf "$program" -C "$out/program" --strip-components 1 || exit 2
    program=$out/program
fi
[ ! -d "$program" ] || program=$program/emergence
[ -x "$program" ] || { echo "gpu.sh: no program at $program: expected what benchmarks/publish.sh makes" >&2; exit 2; }

python=""
for candidate in "${PYTHON:-}" python3 /usr/bin/python3; do
    [ -n "$candidate" ] && "$candidate" -c 'import torch' 2> /dev/null && { python=$candidate; break; }
done
toolkit=$PATH:${CUDA_HOME:-/usr/local/cuda}/bin:/usr/local/cuda/bin
sanitizer=$(PATH=$toolkit command -v compute-sanitizer || true)
ptxas=$(PATH=$toolkit command -v ptxas || true)
device=cuda
peers=cuda
[ $dry = 0 ] || { peers=cpu device=reference; [ -z "${EMERGENCE_EMULATOR:-}" ] || device=emulator; }

# note PART STATUS SECONDS [WHY]: a line of parts.jsonl
note() {
    printf '{"part": "%s", "status": "%s", "seconds": %s, "why": "%s"}\n' "$1" "$2" "$3" "$(tr -d '"\\\000-\037' <<< "${4:-}" | cut -c 1-300)" >> "$out/parts.jsonl"
    echo "$1: $2 (${3} s) ${4:-}" >&2
}

# run PART SECONDS RESULT COMMAND...: standard output to RESULT, the rest to PART.log; a row whatever comes of it
run() {
    local part=$1 seconds=$2 result=$3 start=$SECONDS code
    shift 3
    local log=$out/${part%%/*}.log
    echo "\$ $*" >> "$log"
    timeout -k 10 "$seconds" "$@" >> "$out/$result" 2>> "$log"
    code=$?
    case $code in
        0) note "$part" ok $((SECONDS - start)) ;;
        124 | 137) note "$part" "out of time" $((SECONDS - start)) "over $seconds s" ;;
        *) note "$part" failed $((SECONDS - start)) "exit $code: $(tail -n 1 "$log")" ;;
    esac
    return $code
}

# peer PART SECONDS SCRIPT ARGUMENTS...: JSON lines to PART.jsonl
peer() {
    local part=$1 seconds=$2 script=$3
    shift 3
    [ -n "$python" ] || { note "$part" "not found" 0 "python3 with PyTorch"; return 1; }
    run "$part" "$seconds" "${part%%/*}.jsonl" "$python" "$here/peers/$script" --device "$peers" "$@"
}

# ours PART SECONDS LABEL ARGUMENTS...: one bench of the program, to PART-LABEL.json
ours() {
    local part=$1 seconds=$2 label=$3
    shift 3
    run "$part/$label" "$seconds" "${part}-$label.json" "$program" bench --device "$device" -o json "${bench[@]}" "$@"
}

# divide PART WEIGHT: its seconds begin to run; WEIGHT is that of all its steps together
divide() { ends=$((SECONDS + budget[$1])) weights=$2; }

# share WEIGHT: sets `seconds` to a step's share of what is left
share() {
    seconds=$(((ends - SECONDS) * $1 / weights)) weights=$((weights - $1))
    [ "$seconds" -gt 0 ] || seconds=1
}

machine() {
    local query=name,driver_version,memory.total,clocks.sm,clocks.mem,power.limit
    if command -v nvidia-smi > /dev/null; then
        run machine 20 machine.txt nvidia-smi "--query-gpu=$query" --format=csv
    else
        note machine "not found" 0 nvidia-smi
    fi
    [ -n "$python" ] && "$python" -c 'import platform, torch; print("torch", torch.__version__, "python", platform.python_version())' >> "$out/machine.txt"
    run machine/devices "${budget[machine]}" devices.json "$program" devices --json
}

# What the kernels are made of, by the assembler of this machine's toolkit.
static() {
    local folder=${EMERGENCE_CUDA_CHECKERS:-${ptxas%/bin/ptxas}}
    [ -n "$folder" ] || { note static "not found" 0 ptxas; return; }
    run static "${budget[static]}" static.md env EMERGENCE_CUDA_CHECKERS="$folder" "$program" bench --static -o md
}

# has VERB OPTION: whether this program's verb takes it
has() { "$program" "$1" -h 2> /dev/null | grep -q -- "$2"; }

verify() { run verify "${budget[verify]}" verify.json "$program" verify --device "$device" -o json "${small[@]}"; }

verify16() {
    has verify --dtype || { note verify16 "not found" 0 "verify --dtype"; return; }
    run verify16 "${budget[verify16]}" verify16.json "$program" verify --device "$device" --dtype "$dtype" -o json "${small[@]}"
}

# Every tool looks at the small cases in both arithmetics; racecheck is the slow one.
sanitize() {
    [ -n "$sanitizer" ] || { note sanitize "not found" 0 compute-sanitizer; return; }
    local tool op type chosen only types=(float32)
    IFS=, read -ra chosen <<< "$ops"
    [ "$dtype" = float32 ] || ! has verify --dtype || types+=("$dtype")
    divide sanitize $((4 * ${#chosen[@]} * ${#types[@]}))
    for tool in memcheck synccheck initcheck racecheck; do
        for op in "${chosen[@]}"; do
            for type in "${types[@]}"; do
                only=()
                [ "$op" = all ] || only=(--op "$op")
                [ "$type" = float32 ] || only+=(--dtype "$type")
                share 1
                run "sanitize/$tool-$op-$type" $seconds "sanitize-$tool.txt" \
                    "$sanitizer" --tool "$tool" --error-exitcode 9 --print-limit 5 "$program" verify --device "$device" --small "${only[@]}"
            done
        done
    done
}

# The program and the peers take turns, so that each ratio is of neighbours in time.
mine() {
    local mode i=0
    divide mine 24
    share 1 && ours mine $seconds $i --op paper "${typed[@]}"
    for mode in published tf32 compiled expert; do
        case $mode in compiled | expert) share 7 ;; *) share 2 ;; esac
        peer mine/$mode $seconds mine_step_gpu_torch.py --modes $mode --seconds 4 "${peer_mine[@]}"
        i=$((i + 1))
        share 1 && ours mine $seconds $i --op paper "${typed[@]}"
    done
    [ ${#typed[@]} = 0 ] || { share 1 && ours mine $seconds float32 --op paper; }
}

smine() {
    divide smine 10
    share 1 && ours smine $seconds 0 --op s-mine "${typed[@]}"
    share 4 && peer smine/paper $seconds smine_step_gpu_torch.py --seconds 1 "${peer_smine[@]}"
    share 4 && peer smine/small $seconds smine_step_gpu_torch.py --seconds 1 "${peer_smine_small[@]}"
    share 1 && ours smine $seconds 1 --op s-mine "${typed[@]}"
}

# What a user runs, decomposition and all: the demo, and a cell of the published size, of all four-word lists of the sample model.
cells() {
    divide cells 3
    share 1 && [ $dry = 1 ] || run cells/demo $seconds cells-demo.txt "$program" demo --device "$device" --out "$out/cells-demo"
    share 2 && run cells/lists $seconds cells-lists.txt "$program" measure --model stories260k --data words "${lists[@]}" --sigma none \
        --seeds 1 --device "$device" --out "$out/cells-lists"
}

# A checkpoint of GPT-2 XL's shape with random weights (6 GB) is made for the program, and removed.
forward() {
    local shape=${peer_forward_shapes}
    [ -n "$python" ] || { note forward "not found" 0 "python3 with PyTorch, which makes the model"; return; }
    "$python" -c 'import transformers' 2> /dev/null || note forward/transformers "not found" 0 "transformers: plain blocks in its place"
    has bench --model || { note forward "not found" 0 "bench --model"; return; }
    divide forward 10
    share 3 && run forward/model $seconds forward-model.txt "$python" "$here/peers/random_gpt2.py" "$out/model" "${model_forward[@]}" || { rm -rf "$out/model"; return; }
    share 1 && ours forward $seconds 0 --model "$out/model" --shapes "$shape"
    share 1 && [ ${#typed[@]} = 0 ] || ours forward $seconds 0-bf16 --model "$out/model" --shapes "$shape" "${typed[@]}"
    share 3 && peer forward/torch $seconds forward_gpu_torch.py --seconds 2 --shapes "$shape" "${peer_forward[@]}"
    share 1 && ours forward $seconds 1 --model "$out/model" --shapes "$shape"
    share 1 && [ ${#typed[@]} = 0 ] || ours forward $seconds 1-bf16 --model "$out/model" --shapes "$shape" "${typed[@]}"
    rm -rf "$out/model"
}

bench() { run bench "${budget[bench]}" bench.json "$program" bench --device "$device" -o json "${bench[@]}"; }

bench16() {
    has bench --dtype || { note bench16 "not found" 0 "bench --dtype"; return; }
    run bench16 "${budget[bench16]}" bench16.json "$program" bench --device "$device" --dtype "$dtype" -o json "${bench[@]}"
}

small=() bench=() typed=() model_forward=() peer_forward=() peer_forward_shapes=4096x8,8x128 peer_mine=()
lists=(--shots 4 --sequences 303600 --boundaries 2 --positions 6)
peer_smine=(--classes 600,13800) peer_smine_small=(--pairs 8192 --widths 64,32,16,1 --classes 25,2000)
if [ $dry = 1 ]; then
    few=(--steps 3 --warmup 1 --seconds 1)
    small=(--small) bench=(--seconds 0.01)
    lists=(--shots 1 --boundaries 0 --positions 0)
    peer_mine=(--samples 33 --width 16 --widths 16,8,1 "${few[@]}")
    peer_smine=(--classes 25,7 --pairs 100 --width 16 --widths 16,8,1 "${few[@]}")
    peer_smine_small=(--classes 25 --pairs 100 --width 32 "${few[@]}" --widths 64,32,16,1)
    model_forward=(--layers 2 --width 64 --heads 4 --vocabulary 100)
    peer_forward_shapes=16x8,2x32 peer_forward=("${model_forward[@]}" "${few[@]}")
    export OMP_NUM_THREADS=1
fi
! has bench --dtype || [ "$device" = reference ] || typed=(--dtype "$dtype")
for part in "${order[@]}"; do
    [[ " ${parts[*]} " == *" $part "* ]] || continue
    rm -rf "$out/$part".* "$out/$part"-* # what an earlier run left of this part
    [ ! -f "$out/parts.jsonl" ] || sed -i "/\"part\": \"$part[\"\/]/d" "$out/parts.jsonl"
    "$part"
done
"${python:-python3}" "$here/gpu_table.py" "$out"
