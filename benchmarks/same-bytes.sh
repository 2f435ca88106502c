#!/usr/bin/env bash
# Runs two builds of the program on the same work and compares what they write, byte for byte: does a change leave every result as
# it was? Prints a line a comparison and exits with 1 if one differs.
#
#   benchmarks/same-bytes.sh OLD NEW [SMOLLM2]      e.g. benchmarks/same-bytes.sh /tmp/before/emergence build/publish/.../emergence
#
# OLD and NEW are programs (emergence, or Emergence.Cli of a build). SMOLLM2 is a folder with SmolLM2-135M, measured between few
# boundaries; left out without it. FOLDER=DIR in the environment keeps what was written, DIR/old beside DIR/new.
#
# Only what names a build or a moment is taken out before: version and module, keys of cells (which hash the module), checksums of
# lines, dates, lines of progress; of --dry-run also the seconds, which are measured, and the memory that is free. The GPU listing needs what
# EMERGENCE_CUDA_CHECKERS names (CONTRIBUTING.md); without it both builds refuse alike.
set -uo pipefail
[ $# -ge 2 ] || { sed -n '5p' "$0" | cut -c3-; exit 2; }
declare -A program=([old]=$(realpath "$1") [new]=$(realpath "$2"))
smollm2=${3:+$(realpath "$3")}
folder=${FOLDER:-$(mktemp -d)}
[ -n "${FOLDER:-}" ] || trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder"
failed=0

# Ten tables: numbers that depend little, much, not at all and not in line, rows that repeat, labels, constants, one long, one wide.
tables() {
    awk 'function u() { s = (s * 16807) % 2147483647; return s / 2147483647 }
         function z() { return sqrt(-2 * log(u())) * cos(6.283185307179586 * u()) }
         BEGIN {
            s = 20261130
            for (file = 0; file < 10; file++) {
                name = "t" file ".csv"
                print (file == 9 ? "a,b,c,d" : "x,y") > name
                rows = file == 8 ? 3000 : 400
                for (i = 0; i < rows; i++) {
                    x = z(); y = z()
                    if (file == 0) y = x / 2 + y
                    if (file == 1) y = x + y / 20
                    if (file == 3) y = x * x + y / 4
                    if (file == 4) { x = int(4 * u()); y = (x + int(2 * u())) % 4 }
                    if (file == 5) { x = int(3 * u()); y = x + z() / 3 }
                    if (file == 6) { x = sprintf("%c", 97 + int(5 * u())); y = (x == "a" ? "yes" : u() < 0.3 ? "yes" : "no") }
                    if (file == 7) y = 1
                    if (file == 9) { printf "%.6f,%.6f,%.6f,%.6f\n", x, y, x - y, x * y > name; continue }
                    print (x ~ /[a-z]/ ? x : sprintf("%.6f", x)) "," (y ~ /[a-z]/ ? y : sprintf("%.6f", y)) > name
                }
                close(name)
            }
         }'
}

# One piece of work: a name and the arguments; standard output and error and the folder of a run are what is compared.
work() {
    local name=$1
    shift
    for side in old new; do
        mkdir -p "$folder/$side"
        (cd "$folder/$side" && { [ -e t0.csv ] || tables; } && rm -rf "$name.run" &&
            { "${program[$side]}" "$@" > "$name.out" 2> "$name.err" < /dev/null; echo "exit code $?" >> "$name.out"; })
        without_build "$side" "$name"
    done
    if difference=$(diff -r "$folder/old/$name.same" "$folder/new/$name.same" 2>&1); then
        echo "equal    $name: $(cat $(find "$folder/new/$name.same" -type f) | wc -c) bytes in $(find "$folder/new/$name.same" -type f | wc -l) files"
    else
        echo "DIFFERS  $name: ${program[old]##*/} $*"
        head -n 5 <<< "$difference" | cut -c1-300
        failed=1
    fi
}

without_build() {
    local from=$folder/$1 to=$folder/$1/$2.same build
    rm -rf "$to"
    mkdir "$to"
    cp "$from/$2.out" "$from/$2.err" "$to"
    [ ! -d "$from/$2.run" ] || cp -r "$from/$2.run" "$to/run"
    rm -f "$to"/run/run.lock
    build=$(grep -ho '"build": *"[0-9a-f]*"' "$to"/run/manifest.json 2> /dev/null | grep -o '[0-9a-f]\{32\}')
    find "$to" -type f -exec sed -i -E \
        -e 's/[0-9]+\.[0-9]+\.[0-9]+(\+|\\u002B|&#43;)[0-9a-f]{40}/VERSION/g' \
        -e "s#$(dirname "${program[$1]}")#PROGRAM#g; s#$from#HERE#g" ${build:+-e "s/$build/BUILD/g"} \
        -e 's/"(cell|manifest_sha256)":"[0-9a-f]{64}"/"\1":"HASH"/; s/\t[0-9a-f]{8}$//' \
        -e 's/20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/TIME/g; /^[0-9]+\/[0-9]+ cells, .* passed/d' {} +
    case $2 in
        dry-run*)
            awk 'NR == 1 { for (i = 1; i <= NF; i++) isTime[i] = $i ~ /^seconds/ }
                 NR <= 3 { for (i = 1; i <= NF; i++) if (!isTime[i]) printf "%s ", $i; print ""; next }
                 !/^(free|about|at most) / { print }' "$from/$2.out" > "$to/$2.out"
            sed -i -E '/^(about|at most) /d' "$to/$2.err" ;;
    esac
}

cells=(--data words --sequences 200 --seeds 2 --preset demo --device cpu)
work dry-run measure --model stories260k "${cells[@]}" --out dry-run.run --dry-run
work stories260k measure --model stories260k "${cells[@]}" --boundaries 0,3 --positions 0-3 --self-check --out stories260k.run
work exact measure --model stories260k --data words --estimator exact --device cpu --micro-position own --out exact.run
work show show stories260k.run -o jsonl
if [ -n "$smollm2" ]; then
    work dry-run-smollm2 measure --model "$smollm2" --data country --boundaries 0,29 --device cpu --out dry-run-smollm2.run --dry-run
    work smollm2 measure --model "$smollm2" --data country --sequences 60 --estimator exact --boundaries 0,29 --device cpu --out smollm2.run
fi
for file in 0 1 2 3 4 5 6 7 8; do
    work "mi-t$file" mi "t$file.csv" --x 0 --y 1 --estimator auto,exact,ksg,mixed-ksg,gaussian --permutations 20 --device cpu --json
done
work mi-t9 mi t9.csv --pairs all --device cpu
work static bench --static
exit $failed
