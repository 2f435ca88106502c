#!/usr/bin/env python3
"""Writes normalization.txt, the tables of Unicode normalization (UAX #15), from Python's copy of the Unicode character database.

.NET without ICU leaves text as it is in string.Normalize, so the library carries these tables itself.
Run as: python3 normalization.py > normalization.txt (Python 3.13 holds Unicode 15.1; assigned characters never change).
"""
import sys
import unicodedata

WIDTH = 138


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
    return (i for i in range(sys.maxunicode + 1) if not 0xD800 <= i <= 0xDFFF and not 0xAC00 <= i <= 0xD7A3)


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

    print(f"Unicode {unicodedata.unidata_version} normalization data, written by normalization.py. Hangul syllables follow from arithmetic.")
    paragraph("[combining classes]", classes)
    paragraph("[canonical: = composes again, > does not]", canonical)
    paragraph("[compatibility]", compatible)


if __name__ == "__main__":
    main()
