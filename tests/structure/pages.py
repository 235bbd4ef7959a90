#!/usr/bin/env python3
"""Holds the C++ of README.md, docs/ and comments of headers against files that are compiled and run.

Each fence of C++ must stand in one source of the tests or examples: its includes anywhere in the file,
its paragraphs one after the other; how lines are broken does not matter. One that cannot be compiled
says why in the line before it:

    <!-- not compiled: the reason -->

usage: tests/structure/pages.py [ROOT]     prints the fences that stand nowhere, and fails if there are any
"""
import pathlib
import re
import sys

FENCE = re.compile(r"^(?:<!-- not compiled: (?P<reason>[^\n]*) -->\n)?```cpp\n(?P<code>.*?)^```$", re.M | re.S)


def words(text):
    return re.sub(r"([([{]) ", r"\1", " ".join(text.split()))


def is_compiled(source):
    """Whether the list of sources of the folder has the file."""
    listed = source.parent / "meson.build"
    return listed.exists() and f"'{source.name}'" in listed.read_text()


def stands_in(code, source):
    """Whether the paragraphs of the code stand in the source, both without superfluous blanks."""
    lines = code.splitlines()
    includes = [line for line in lines if line.startswith("#include")]
    if any(words(line) not in source for line in includes):
        return False
    rest = "\n".join("" if line in includes else line for line in lines)
    at = 0
    for paragraph in re.split(r"\n\s*\n", rest.strip()):
        found = source.find(words(paragraph), at)
        if found < 0:
            return False
        at = found + len(words(paragraph))
    return True


def main(root):
    sources = [s for folder in ("tests", "examples") for s in sorted((root / folder).rglob("*.cpp")) if is_compiled(s)]
    texts = [words(s.read_text()) for s in sources]
    compared, excused, missing = 0, 0, 0
    headers = [h for part in ("autodiff", "nn", "gradcheck") for h in sorted((root / part).rglob("*.hpp"))]
    for page in [root / "README.md", *sorted((root / "docs").glob("*.md")), *headers]:
        text = page.read_text()
        if page.suffix == ".hpp":
            text = re.sub(r"^///? ?", "", text, flags=re.M)
        for fence in FENCE.finditer(text):
            if fence["reason"]:
                excused += 1
                continue
            compared += 1
            if not any(stands_in(fence["code"], source) for source in texts):
                missing += 1
                line = text.count("\n", 0, fence.start("code")) + 1
                print(f"{page.relative_to(root)}:{line}: not compiled anywhere:\n{fence['code']}")
    print(f"{compared} pieces of C++ on pages, {excused} more that say why they are not compiled, {missing} missing")
    return 1 if missing or not compared else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
