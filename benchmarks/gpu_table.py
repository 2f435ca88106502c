#!/usr/bin/env python3
"""The table of ratios of benchmarks/gpu.sh: reads the JSON of its output folder, writes table.md and table.json there, prints it.

usage: gpu_table.py OUT
A ratio over 1 says that the program is faster (or smaller). Times of the program are medians; where it was measured before and
after a peer, the mean of both, and how far they lie apart is in the column "drift".
"""
import glob
import json
import os
import re
import statistics
import sys

# The published step at N = 300,000 on an H200: what its arithmetic and its bytes take at the least.
FLOOR_MS = 3.77
MINE = [("published", "published script, fp32", 20), ("tf32", "the same with TF32", 6),
        ("compiled", "torch.compile + bf16, same layout", 2), ("expert", "expert PyTorch", 1.5)]
PRESETS = {"64,32,16,1": "s-mine small", "16,8,1": "s-mine tiny"}  # by the critic's widths
COLUMNS = ["what", "program", "peer", "unit", "ratio", "target", "drift", "note"]


def read(path):
    """Rows of a JSON or JSONL file; none where it is absent or cut off."""
    try:
        text = open(path, encoding="utf-8").read()
    except OSError:
        return []
    try:
        found = json.loads(text)
        found = found.get("rows", [found]) if isinstance(found, dict) else found
        return [row for row in found if isinstance(row, dict)]
    except ValueError:
        rows = []
        for line in text.splitlines():
            try:
                rows.append(json.loads(line))
            except ValueError:
                pass
        return rows


def milliseconds(row):
    """Of a row of the program or of a peer."""
    for unit, factor in (("ms", 1.0), ("s", 1e3)):
        for key in (unit, f"median_{unit}"):
            if isinstance(row.get(key), (int, float)):
                return factor * row[key]
    return None


def of_step(rows, kind, op, *numbers):
    """The program's row whose shape begins with these numbers; none is an empty one."""
    for row in rows:
        said = [int(n) for n in re.findall(r"\d+", row.get("shape", ""))]
        if row.get("kind") == kind and row.get("op") == op and said[:len(numbers)] == list(numbers):
            return row
    return {}


def trouble(out, *parts):
    """What became of those of these steps that did not end well, in words; nothing where all did."""
    ended = {row.get("part"): row for row in read(f"{out}/parts.jsonl")}
    lines = [(part, ended[part]) for part in parts if part in ended and ended[part].get("status") != "ok"]
    return "; ".join(f"{part} {row['status']}" + (f": {row['why']}" if row.get("why") else "") for part, row in lines)


class Table:
    def __init__(self):
        self.rows = []

    def add(self, what, ours=None, peer=None, unit="ms", ratio=None, target="", note=""):
        """`ours`: times of the program, those that were measured."""
        ours = [t for t in (ours or []) if t is not None]
        program = statistics.fmean(ours) if ours else None
        if ratio is None and program and peer:
            ratio = peer / program
        drift = f"{100 * (max(ours) / min(ours) - 1):.0f} %" if len(ours) > 1 else ""
        shown = [what, *(f"{v:.3f}" if isinstance(v, float) else "" for v in (program, peer)), unit, f"{ratio:.2f}" if ratio else "", target, drift, note]
        self.rows.append(dict(zip(COLUMNS, shown)))

    def markdown(self):
        lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
        return "\n".join(lines + ["| " + " | ".join(row[c].replace("|", "/") for c in COLUMNS) + " |" for row in self.rows]) + "\n"


def mine(table, out):
    peers = {row["mode"]: row for row in read(f"{out}/mine.jsonl") if row.get("name") == "mine_step"}
    rounds = [read(f"{out}/mine-{i}.json") for i in range(5)]
    samples = next((row["samples"] for row in peers.values()), 300_000)
    found = [of_step(rows, "step", "paper", samples) for rows in rounds]
    times = [milliseconds(row) for row in found]
    if not peers and not any(times) and not trouble(out, "mine/0", *(f"mine/{mode}" for mode, _, _ in MINE)):
        return
    for i, (mode, label, target) in enumerate(MINE):
        row, ended = peers.get(mode, {}), trouble(out, f"mine/{i}", f"mine/{mode}", f"mine/{i + 1}")
        table.add(f"MINE step, N = {samples:,}: {label}", times[i:i + 2], milliseconds(row), target=f">= {target}", note=row.get("failed") or ended or ("" if row else "not run"))
    known = [t for t in times if t]
    shares = [row["of_roof"] for row in found if row.get("of_roof")]
    if shares:
        table.add(f"MINE step, N = {samples:,}: its products at the rate of the fastest product of this run", known, ratio=statistics.median(shares), note="share of that roof")
    if known and samples == 300_000:
        table.add(f"MINE step, N = {samples:,}: floor on an H200", known, FLOOR_MS, ratio=FLOOR_MS / statistics.fmean(known), target=">= 0.80", note="share of the floor")
    single = milliseconds(of_step(read(f"{out}/mine-float32.json"), "step", "paper", samples))
    published = peers.get("published", {})
    if single:
        table.add(f"MINE step in float32, N = {samples:,}: published script, fp32", [single], milliseconds(published))


def smine(table, out):
    rounds = [read(f"{out}/smine-{i}.json") for i in range(2)]
    peers = {}
    for row in read(f"{out}/smine.jsonl"):
        peers.setdefault((row["classes"], row["pairs"], row["cells"], row["widths"]), []).append(row)
    for (classes, pairs, cells, widths), rows in peers.items():
        timed = [row for row in rows if milliseconds(row) is not None]
        best = min(timed, key=milliseconds) if timed else {"mode": "none", "failed": rows[0].get("failed", "")}
        together = classes + min(pairs, classes * classes - classes)
        preset = PRESETS.get(widths, "s-mine paper")
        times = [milliseconds(of_step(r, "step", preset, classes, together)) for r in rounds] if cells == 1 else []
        table.add(f"{preset}, K = {classes:,}, {together:,} rows{f', {cells} cells' if cells > 1 else ''}: expert PyTorch ({best['mode']})",
                  times, milliseconds(best), note=best.get("failed", ""))
    # A peer that is cut off has the rows that it came to.
    for part in ("smine/paper", "smine/small", "smine/0", "smine/1"):
        if ended := trouble(out, part):
            table.add(f"s-mine, what {part} did not come to", note=ended)


def forward(table, out):
    rounds = {"": [read(f"{out}/forward-{i}.json") for i in range(2)], "-bf16": [read(f"{out}/forward-{i}-bf16.json") for i in range(2)]}
    for row in read(f"{out}/forward.jsonl"):
        numbers = [int(n) for n in row["shape"].split("x")]
        ours = rounds["-bf16" if row["mode"] == "bf16" else ""]
        table.add(f"forward, {row['shape']} tokens: {row['through']}, {row['mode']}", [milliseconds(of_step(r, "forward", "gpt2", *numbers)) for r in ours], milliseconds(row), note=row.get("failed", ""))
    for part in ("forward/model", "forward/torch", *(f"forward/{i}{dtype}" for i in range(2) for dtype in rounds)):
        if ended := trouble(out, part):
            table.add(f"forward, what {part} did not come to", note=ended)


def parts(out):
    lines = ["| part | status | seconds | why |", "|---|---|---|---|"]
    for row in read(f"{out}/parts.jsonl"):
        lines.append("| " + " | ".join(str(row.get(c, "")).replace("|", "/") for c in ("part", "status", "seconds", "why")) + " |")
    return "\n".join(lines) + "\n"


def main():
    if len(sys.argv) != 2 or not os.path.isdir(sys.argv[1]):
        sys.exit(__doc__)
    out, table = sys.argv[1], Table()
    for part in (mine, smine, forward):
        part(table, out)
    peers = [row for path in glob.glob(f"{out}/*.jsonl") for row in read(path) if "torch" in row]
    device = f"Peers on {peers[0]['device']}, torch {peers[0]['torch']}, CUDA {peers[0]['cuda']}.\n\n" if peers else ""
    text = device + table.markdown() + "\n" + parts(out)
    with open(f"{out}/table.md", "w", encoding="utf-8") as file:
        file.write(text)
    with open(f"{out}/table.json", "w", encoding="utf-8") as file:
        json.dump(table.rows, file, indent=1)
    print(text, end="")


if __name__ == "__main__":
    main()
