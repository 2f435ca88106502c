#!/usr/bin/env python3
"""Writes normalization.txt, the tables of Unicode normalization (UAX #15), from Python's copy of the Unicode character database.

.NET without ICU leaves text as it is in string.Normalize, so the library carries these tables itself. They are those of Unicode 9,
by which Hugging Face's tokenizers library normalizes: what later versions added is a plain character to it, and has to be one here.
Run as: python3 normalization.py > normalization.txt (assigned characters never change, so that any Python will do).
"""
import sys
import unicodedata

WIDTH = 138

# Characters with a class or a decomposition that Unicode 10 to 15.1 added, found by holding every character against the library.
NEWER = """7FD 898-89F 8CA-8D3 9FE C3C D3B-D3C EBA 1715 1ABF-1ACE 1DF6-1DFA 32FF A7F2-A7F4 A82C AB69 10781-10785 10787-107B0 107B2-107BA
10D24-10D27 10EAB-10EAC 10EFD-10EFF 10F46-10F50 10F82-10F85 11070 1133B 1145E 11839-1183A 11938 1193D-1193E 11943 119E0 11A34 11A47
11A99 11D42 11D44-11D45 11D97 11F41-11F42 16FF0-16FF1 1E030-1E06D 1E08F 1E130-1E136 1E2AE 1E2EC-1E2EF 1E4EC-1E4EF 1F16C 1FBF0-1FBF9"""


def newer():
    for entry in NEWER.split():
        ends = [int(end, 16) for end in entry.split("-")]
        yield from range(ends[0], ends[-1] + 1)


def paragraph(title, entries):
    print(title)
    line = ""
    for entry in entries:
        if line and len(line) + 1 + len(entry) > WIDTH:
            print(line)
            line = ""
        line += (" " if line else "") + entry
    print(line)


def scalars():
    passed = set(newer())
    return (i for i in range(sys.maxunicode + 1) if not 0xD800 <= i <= 0xDFFF and not 0xAC00 <= i <= 0xD7A3 and i not in passed)


def main():
    classes, start, previous, value = [], 0, -2, 0
    for i in list(scalars()) + [sys.maxunicode + 2]:
        now = unicodedata.combining(chr(i)) if i <= sys.maxunicode else 0
        if now != value or i != previous + 1:
            if value:
                classes.append(f"{start:X}-{previous:X}={value}" if previous > start else f"{start:X}={value}")
            start, value = i, now
        previous = i

    canonical, compatible = [], []
    for i in scalars():
        fields = unicodedata.decomposition(chr(i)).split()
        if not fields:
            continue
        tagged = fields[0].startswith("<")
        parts = [int(f, 16) for f in fields[1 if tagged else 0:]]
        text = "+".join(f"{p:X}" for p in parts)
        if tagged:
            compatible.append(f"{i:X}~{text}")
        else:
            composes = len(parts) == 2 and unicodedata.normalize("NFC", "".join(map(chr, parts))) == chr(i)
            canonical.append(f"{i:X}{'=' if composes else '>'}{text}")

    print("Unicode 9 normalization data, written by normalization.py. Hangul syllables follow from arithmetic.")
    paragraph("[combining classes]", classes)
    paragraph("[canonical: = composes again, > does not]", canonical)
    paragraph("[compatibility]", compatible)


if __name__ == "__main__":
    main()
