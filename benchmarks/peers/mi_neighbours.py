#!/usr/bin/env python3
"""Processor time of the information of neighbours (KSG, k = 5) from 1,000 to 100,000 rows, beside scikit-learn and npeet.

    benchmarks/peers/mi_neighbours.py [PROGRAM] [--rows 1000,5000,20000,100000] [--columns 1,3,10] [--most SECONDS]

PROGRAM is by default that of the last build. Each pair is normal, with a correlation of 0.6 from column to column, from one seed. The
program's time is that of its whole process on all threads, start and reading included; what a start alone takes stands above the table.
The libraries' is that of their call, in a process that has loaded them already. scikit-learn takes one column a side. A line ends behind
a size that took longer than --most (120 s). Prints Markdown, and "not run here" where a library is not installed; at the end the exponent
of the rows, from the last two sizes, the start taken off.
"""
import argparse
import array
import math
import os
import random
import resource
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def write(path, columns):
    """A table of doubles as .npy, row by row."""
    rows, width = len(columns[0]), len(columns)
    flat = array.array("d", bytes(8 * rows * width))
    for j, column in enumerate(columns):
        flat[j::width] = array.array("d", column)
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, {width}), }}"
    header = header.ljust((len(header) + 11 + 63) // 64 * 64 - 11) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode("latin1"))
        flat.tofile(file)


def pair(rows, columns):
    """X and Y, each a list of columns."""
    draw = random.Random(rows + columns)
    x = [[draw.gauss(0, 1) for _ in range(rows)] for _ in range(columns)]
    return x, [[0.6 * value + 0.8 * draw.gauss(0, 1) for value in column] for column in x]


def seconds(call, who=resource.RUSAGE_SELF):
    """Of the processor, in this process or in those that it started."""
    def used():
        usage = resource.getrusage(who)
        return usage.ru_utime + usage.ru_stime
    began = used()
    call()
    return used() - began


def run_program(*words):
    return seconds(lambda: subprocess.run(words, check=False, capture_output=True), resource.RUSAGE_CHILDREN)


def program_call(program):
    def run(folder, x, y):
        paths = [os.path.join(folder, name) for name in ("x.npy", "y.npy")]
        for path, columns in zip(paths, (x, y)):
            write(path, columns)
        return run_program(program, "mi", *paths, "--estimator", "ksg")
    return run


def sklearn_call(folder, x, y):
    import numpy
    from sklearn.feature_selection import mutual_info_regression
    left, right = numpy.array(x).T, numpy.array(y[0])
    return seconds(lambda: mutual_info_regression(left, right, n_neighbors=5)) if len(x) == 1 else None


def npeet_call(folder, x, y):
    import numpy
    from npeet import entropy_estimators
    left, right = numpy.array(x).T.tolist(), numpy.array(y).T.tolist()
    return seconds(lambda: entropy_estimators.mi(left, right, k=5))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", nargs="?", default=os.path.join(ROOT, "src/Emergence.Cli/bin/Release/net10.0/Emergence.Cli"))
    parser.add_argument("--rows", default="1000,5000,20000,100000")
    parser.add_argument("--columns", default="1,3,10")
    parser.add_argument("--most", type=float, default=120)
    arguments = parser.parse_args()
    sizes = [int(word) for word in arguments.rows.split(",")]
    start = min(run_program(arguments.program, "mi", "--help") for _ in range(3))
    print(f"{time.strftime('%Y-%m-%d')}, {len(os.sched_getaffinity(0))} processors; a start alone {start:.2f} s.\n")
    print(f"| columns a side | library | {' | '.join(f'{size:,} rows' for size in sizes)} | exponent |")
    print("|---:|---|" + "---:|" * (len(sizes) + 1))
    for columns in [int(word) for word in arguments.columns.split(",")]:
        pairs = {size: pair(size, columns) for size in sizes}
        for name, call in (("emergence", program_call(arguments.program)), ("scikit-learn", sklearn_call), ("npeet", npeet_call)):
            taken = []
            with tempfile.TemporaryDirectory() as folder:
                try:
                    for size in sizes:
                        taken.append(call(folder, *pairs[size]))
                        if taken[-1] is None or taken[-1] > arguments.most:
                            break
                except ImportError:
                    print(f"| {columns} | {name} | {' | '.join(['not run here'] * len(sizes))} | |")
                    continue
            done = [(size, value) for size, value in zip(sizes, taken) if value is not None]
            words = [f"{value:.2f}" if value is not None else "" for value in taken] + [""] * (len(sizes) - len(taken))
            less = start if name == "emergence" else 0
            exponent = (f"{math.log((done[-1][1] - less) / (done[-2][1] - less)) / math.log(done[-1][0] / done[-2][0]):.2f}"
                        if len(done) > 1 and done[-2][1] > less else "")
            print(f"| {columns} | {name} | {' | '.join(words)} | {exponent} |", flush=True)


if __name__ == "__main__":
    main()
