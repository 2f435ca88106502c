#!/usr/bin/env python3
"""Writes scripts.txt, the script of every character that Unicode 9.0 knew, from the Unicode character database.

The pre-tokenizer "UnicodeScripts" has that version's table; later characters have no script there.
Run as: python3 scripts.py /usr/share/unicode > scripts.txt (Debian's package unicode-data, here version 15.0).
"""
import sys

WIDTH = 138
NEWEST = (9, 0)


def entries(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.split("#")[0].strip()
            if line:
                span, value = (part.strip() for part in line.split(";")[:2])
                ends = [int(end, 16) for end in span.split("..")]
                yield ends[0], ends[-1], value


def main():
    folder = sys.argv[1]
    known = set()
    for first, last, age in entries(f"{folder}/DerivedAge.txt"):
        if tuple(map(int, age.split("."))) <= NEWEST:
            known.update(range(first, last + 1))
    scripts = {}
    for first, last, script in entries(f"{folder}/Scripts.txt"):
        for i in range(first, last + 1):
            if i in known:
                scripts.setdefault(script, []).append(i)

    print("Scripts of the characters of Unicode 9.0, written by scripts.py.")
    for script in sorted(scripts):
        spans = []
        for i in sorted(scripts[script]):
            if spans and spans[-1][1] == i - 1:
                spans[-1][1] = i
            else:
                spans.append([i, i])
        print(f"[{script}]")
        line = ""
        for first, last in spans:
            entry = f"{first:X}" if first == last else f"{first:X}-{last:X}"
            if line and len(line) + 1 + len(entry) > WIDTH:
                print(line)
                line = ""
            line += (" " if line else "") + entry
        print(line)


if __name__ == "__main__":
    main()
