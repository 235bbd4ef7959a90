#!/usr/bin/env python3
"""docs/headers.md: what users include, from the headers themselves.

usage: tests/structure/headers.py [ROOT]            fails where the page, or the source that includes
                                                    all of them, is not what the headers say
       tests/structure/headers.py --accept [ROOT]   writes both
"""
import pathlib
import re
import sys

PAGE, SOURCE = "docs/headers.md", "tests/pages/all_headers.cpp"

# A part: its title, its folders, and the header that includes all of it.
PARTS = [
    ("autodiff", ["autodiff", "autodiff/scalar"], "autodiff/autodiff.hpp"),
    ("Ops", ["autodiff/ops/elementwise", "autodiff/ops/shape", "autodiff/ops/reduction",
             "autodiff/ops/linalg", "autodiff/ops/spatial", "autodiff/ops/network",
             "autodiff/ops/loss"], "autodiff/ops.hpp"),
    ("nn", ["nn", "nn/inspect", "nn/layers", "nn/layers/spatial", "nn/layers/norm",
            "nn/layers/sequence", "nn/optimizers", "nn/data", "nn/train", "nn/distributed"], "nn/nn.hpp"),
    ("gradcheck", ["gradcheck", "gradcheck/shared", "gradcheck/jacobian"], "gradcheck/gradcheck.hpp"),
    ("gradcheck with a tape", ["gradcheck/bridge"], None),
]
# Found only where a package is: <Eigen/...>, a test framework, MPI.
OPTIONAL = {"gradcheck/eigen.hpp": "Eigen", "gradcheck/gtest.hpp": "GoogleTest",
            "gradcheck/catch2.hpp": "Catch2", "gradcheck/doctest.hpp": "doctest",
            "gradcheck/check_in.hpp": "Boost.Test", "nn/distributed/mpi.hpp": "MPI",
            "autodiff/multi_array.hpp": "Boost.MultiArray"}
NAMESPACE = re.compile(r"^namespace ([\w:]+) \{", re.M)


def first_sentence(text):
    """Of the first comment that is documentation."""
    comment = re.search(r"^(?:/// .*\n)+", text, re.M)
    if not comment:
        return ""
    words = re.sub(r"\s+", " ", comment.group(0).replace("/// ", "")).strip()
    return re.split(r"(?<=[.:])\s(?=[A-Z]|$|```)", words)[0].rstrip(":.") + "."


def is_inner(path, text):
    """Whether a header has nothing for users: all of its namespaces are details, or it says what the
    passes of a plan look for in an op."""
    names = NAMESPACE.findall(text)
    return path.stem.endswith("_form") or bool(names) and all("detail" in name for name in names)


def headers_of(root, folders):
    for folder in folders:
        for path in sorted((root / folder).glob("*.hpp")):
            text = path.read_text()
            if not is_inner(path, text):
                yield path.relative_to(root).as_posix(), text


def page_of(root):
    lines = ["# Headers", "",
             "What users include, by part. Paths begin at the repository's root, or at",
             "`include/dtheta` of an installation. Folders that are not here are the library's own",
             "and may change. This page and a source that includes all of it are written by",
             "`tests/structure/headers.py --accept`."]
    for title, folders, whole in PARTS:
        lines += ["", f"## {title}", ""]
        if whole:
            lines += [f"`{whole}` has the usual of them.", ""]
        lines += ["| header | what is there |", "|---|---|"]
        for name, text in headers_of(root, folders):
            needs = f" Needs {OPTIONAL[name]}." if name in OPTIONAL else ""
            lines.append(f"| `{name}` | {first_sentence(text).replace('|', chr(92) + '|')}{needs} |")
    return "\n".join(lines) + "\n"


def source_of(root):
    names = [name for _, folders, _ in PARTS for name, _ in headers_of(root, folders)]
    lines = "\n".join(f'#include "{name}"' for name in sorted(names) if name not in OPTIONAL)
    return ("// Every header of docs/headers.md, but for those that need a package of their own: they\n"
            "// compile, and no two of them exclude each other.\n" + lines + "\n")


def main():
    words = [w for w in sys.argv[1:] if w != "--accept"]
    root = pathlib.Path(words[0] if words else pathlib.Path(__file__).parents[2]).resolve()
    made = {PAGE: page_of(root), SOURCE: source_of(root)}
    if "--accept" in sys.argv:
        for name, text in made.items():
            (root / name).write_text(text)
        return 0
    old = [name for name, text in made.items() if (root / name).read_text() != text]
    for name in old:
        print(f"{name} is not what the headers say; tests/structure/headers.py --accept writes it")
    if not old:
        print("docs/headers.md is what the headers say")
    return 1 if old else 0


sys.exit(main())
