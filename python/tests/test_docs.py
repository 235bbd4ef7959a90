"""The code on the pages runs, and says what they say."""

import re
from pathlib import Path

import numpy as np
import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


def blocks_of(page):
    return re.findall(
        r"^```python\n(.*?)^```$", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL
    )


def test_python_md(capsys):
    names = {}
    ran = 0
    for block in blocks_of("python.md"):
        if "import torch" in block:
            pytest.importorskip("torch", reason="python3-torch is not installed")
            import torch

            torch.manual_seed(0)
        exec(compile(block, "docs/python.md", "exec"), names)
        ran += 1
        if ran == 1:
            out = capsys.readouterr().out
            said = re.search(
                r"^```\n(gradient check.*?)^```$",
                (DOCS / "python.md").read_text(),
                re.MULTILINE | re.DOTALL,
            ).group(1)
            printed = [without_steps(line) for line in out.splitlines()]
            for line in said.splitlines():
                assert line == "  ..." or without_steps(line) in printed, line
    assert ran >= 6


def test_python_course_md(capsys):
    definition, one_line, *rest = blocks_of("python-course.md")
    names = {}
    for block in rest:
        exec(compile(block, "docs/python-course.md", "exec"), names)
    exec(one_line, names)
    capsys.readouterr()
    # The one line gives the number that the course's loop does.
    names.update(to_vector=to_vector, to_dict=to_dict)
    exec(definition, names)
    theirs = names["gradient_checking"](names["params"], names["grads"], names["X"], names["Y"])
    assert names["result"].difference == pytest.approx(theirs, rel=1e-6)


def without_steps(line):
    """Of a replay line the step may differ in its last digits from one BLAS to the next."""
    return re.sub(r", 0\.\d+\)$", ", step)", line)


def to_vector(params, keys=None):
    return np.concatenate([params[key].ravel() for key in keys or params])


def to_dict(vector, like):
    parts, first = {}, 0
    for key, value in like.items():
        parts[key] = vector[first : first + value.size].reshape(value.shape)
        first += value.size
    return parts
