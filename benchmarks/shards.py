#!/usr/bin/env python3
"""What sharing a grid out brings: measured on this machine, counted, and as --dry-run promises it.

    benchmarks/shards.py FOLDER --model DIR --data NAME [options of measure]

After a build of the program. Every shard runs with one thread, as a task of one processor does. N = 1, 2 and 4 shards are run, as many
at a time as there are processors, and each line says how long the whole took here and what processor time the slowest shard had: its
ratio to that of one process is what N nodes would bring. The journal of one process then tells the work of every cell (multiply-adds of
its trainings), from which, with that of the blocks which every shard runs again, the largest share is counted for N = 2 to 96.
FOLDER holds the runs, which must not be there yet. Prints Markdown. SHARDS_MEASURED=1,2 in the environment leaves N = 4 out, and so on.
"""
import json
import os
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.environ.get("EMERGENCE", os.path.join(ROOT, "src/Emergence.Cli/bin/Release/net10.0/Emergence.Cli"))
COUNTED = [1, 2, 4, 8, 32, 96]


def units(count, number, all_units):
    """Shard `number` of `count`: a contiguous range of all units."""
    start, end = len(all_units) * (number - 1) // count, len(all_units) * number // count
    return all_units[start:end]


def measure(command, count, at_once):
    """Runs all shards; returns seconds of the whole, and of the processor for each shard."""
    began, waiting, running, used = time.monotonic(), list(range(1, count + 1)), {}, []
    while waiting or running:
        while waiting and len(running) < at_once:
            number = waiting.pop(0)
            process = subprocess.Popen(command + ["--shard", f"{number}/{count}"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            running[process.pid] = process
        pid, status, usage = os.wait4(-1, 0)
        process = running.pop(pid)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(process.stderr.read().decode())
        used.append(usage.ru_utime + usage.ru_stime)
    return time.monotonic() - began, used


def dry_run(command, most):
    """Rows of N, and the prefixes that run through the model."""
    text = subprocess.run(command + ["--dry-run", "--shards", str(most), "--json"], check=True, capture_output=True).stdout
    tables = json.loads(text)
    flat = tables if isinstance(tables[0], dict) else [row for table in tables for row in table]
    return {row["shards"]: row for row in flat if "speed_up" in row}, next(row["prefixes"] for row in flat if "prefixes" in row)


def block_work(model, prefixes):
    """Multiply-adds of all prefixes through one block of a Llama."""
    config = json.load(open(os.path.join(model, "config.json")))
    width, inner = config["hidden_size"], config["intermediate_size"]
    heads, keys = config["num_attention_heads"], config.get("num_key_value_heads", config["num_attention_heads"])
    return prefixes * (width * width * (2 + 2 * keys / heads) + 3 * width * inner)


def main():
    folder, options = sys.argv[1], sys.argv[2:]
    model = options[options.index("--model") + 1]
    common = [PROGRAM, "measure", *options, "--device", "cpu", "--threads", "1"]
    processors = len(os.sched_getaffinity(0))
    measured, cells = {}, []
    for count in [int(n) for n in os.environ.get("SHARDS_MEASURED", "1,2,4").split(",")]:
        run = os.path.join(folder, f"of{count}")
        measured[count] = measure(common + ["--out", run], count, processors)
        if count == 1:
            for name in sorted(os.listdir(run)):
                if name.startswith("results."):
                    cells = [json.loads(line.split("\t")[0]) for line in open(os.path.join(run, name))][1:]
    promised, prefixes = dry_run(common + ["--out", os.path.join(folder, "of1")], COUNTED[-1])

    every = sorted({(cell["boundary"], cell["seed"]) for cell in cells})
    trained = dict.fromkeys(every, 0.0)
    for cell in cells:
        trained[cell["boundary"], cell["seed"]] += cell["multiply_adds"]
    block = block_work(model, prefixes)

    def slowest(count):
        shares = [units(count, number, every) for number in range(1, count + 1)]
        return max(sum(trained[unit] for unit in share) + (share[-1][0] + 1) * block for share in shares if share)

    with open("/proc/cpuinfo") as info:
        name = next(line for line in info if line.startswith("model name")).split(":")[1].strip()
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    print(f"{name}, {processors} processors, {time.strftime('%Y-%m-%d')}, commit {commit}: `measure {' '.join(options)}`, "
          f"{len(cells)} cells in {len(every)} units, one thread a shard; {sum(trained.values()) / 1e9:.0f} billion multiply-adds of "
          f"trainings, {block / 1e9:.1f} a block.\n")
    print("| shards | seconds here | processor time of the slowest, s | speed-up, here | of that time | counted | promised |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    one = measured[1]
    for count in COUNTED:
        wall, used = measured.get(count, (None, None))
        here = [f"{wall:.1f}", f"{max(used):.1f}", f"{one[0] / wall:.2f}", f"{max(one[1]) / max(used):.2f}"] if wall else ["", "", "", ""]
        print(f"| {count} | {' | '.join(here)} | {slowest(1) / slowest(count):.2f} | {promised[count]['speed_up']:.2f} |")


if __name__ == "__main__":
    main()
