#!/usr/bin/env python3
"""Attributes of ops are no plain floating-point numbers: == takes 0 and -0 for the same, and a plan
then computes two ops once. They are RealAttribute, which compares bits.

usage: tests/structure/attributes.py [ROOT]    prints those that are, and fails if any is
"""
import pathlib
import re
import sys

COMPARED = re.compile(r"friend constexpr bool operator==\(const (\w+)&, const \w+&\) = default;")
NUMBER = re.compile(r"^\s*(?:std::array<)?(?:float|double|long double)\b[^()]*;")
# Arguments of a call, which the op that is made of them does not keep.
NO_ATTRIBUTES = {"Interval"}


def plain_numbers(text):
    """The members that are plain numbers, of each struct that compares its members."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        compared = COMPARED.search(line)
        if not compared or compared[1] in NO_ATTRIBUTES:
            continue
        start = at
        while start > 0 and not re.search(rf"\bstruct {compared[1]}\b", lines[start]):
            start -= 1
        for number in range(start, at):
            if NUMBER.match(lines[number]):
                yield number + 1, compared[1], lines[number].strip()


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    structs = found = 0
    for path in sorted((root / "autodiff").rglob("*.?pp")):
        text = path.read_text()
        structs += len(COMPARED.findall(text))
        for line, struct, member in plain_numbers(text):
            found += 1
            print(f"{path.relative_to(root)}:{line}: {struct} has `{member}`: make it a RealAttribute")
    print(f"{structs} structs compare their members, {found} members are plain numbers")
    return found > 0 or structs == 0


if __name__ == "__main__":
    sys.exit(main())
