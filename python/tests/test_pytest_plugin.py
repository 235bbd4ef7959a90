"""The plugin and the assertions behind it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dtheta
from dtheta import testing

TESTS = """
import numpy as np
import pytest
from dtheta.testing import assert_gradient as imported

def cost(t):
    return float(np.sum(t ** 4))

def wrong(t):
    return 4 * t ** 3 * np.where(np.arange(t.size) % 2, 1, 1.5)

THETA = np.linspace(1, 2, 400)

def test_right(assert_gradient, assert_jacobian):
    assert assert_gradient(cost, lambda t: 4 * t ** 3, THETA).verdict == "pass"
    assert_jacobian(np.sin, lambda x: np.diag(np.cos(x)), THETA[:5])

def test_wrong(assert_gradient):
    assert_gradient(cost, wrong, THETA)

def test_wrong_jacobian(assert_jacobian):
    assert_jacobian(np.sin, lambda x: np.diag(np.sin(x)), THETA[:100])

def test_imported():
    imported(cost, wrong, THETA)

def test_inconclusive(assert_gradient):
    assert_gradient(lambda t: cost(t) + np.random.rand(), wrong, THETA)

def test_skipped(assert_gradient):
    assert_gradient(lambda t: cost(t) + np.random.rand(), wrong, THETA, inconclusive="skip")

def test_let_pass(assert_gradient):
    assert_gradient(lambda t: cost(t) + np.random.rand(), wrong, THETA, inconclusive="pass")

def test_plain_assert():
    import dtheta
    assert dtheta.check(cost, wrong, THETA)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "test_it.py").write_text(TESTS)
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "dtheta.pytest_plugin",
            "-p",
            "no:cacheprovider",
            "-rA",
            "--color=no",
            "test_it.py",
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(dtheta.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def test_what_passes_and_what_fails(run):
    words = {
        line.split()[1].split("::")[1]: line.split()[0]
        for line in run.splitlines()
        if "::" in line and line.startswith(("PASSED", "FAILED"))
    }
    assert words == {
        "test_right": "PASSED",
        "test_wrong": "FAILED",
        "test_wrong_jacobian": "FAILED",
        "test_imported": "FAILED",
        "test_inconclusive": "FAILED",
        "test_let_pass": "PASSED",
        "test_plain_assert": "FAILED",
    }
    assert "1 skipped" in run and "SKIPPED" in run


def test_a_failure_prints_the_report_and_no_more_than_a_screen(run):
    parts = run.split("____ test_")
    for part in parts[1:]:
        name = part.split()[0]
        if name in ("wrong", "wrong_jacobian", "imported"):
            lines = [line for line in part.split("====")[0].splitlines() if line.startswith("E ")]
            assert any("is wrong: " in line for line in lines), part
            assert len(lines) <= 42 and max(map(len, lines)) < 180
            # The helpers' own frames are hidden.
            assert "testing.py:" not in part.split("short test summary")[0]


def test_a_plain_assert_names_the_result(run):
    assert "<dtheta.Result fail: The gradient is wrong" in run


def test_without_pytest_it_is_an_assertion():
    with pytest.raises(AssertionError, match="The gradient is wrong"):
        testing.assert_gradient(lambda t: float(t @ t), lambda t: t, np.ones(3))
    with pytest.raises(ValueError, match="inconclusive: 'maybe'"):
        testing.assert_gradient(
            lambda t: float(t @ t), lambda t: t, np.ones(3), inconclusive="maybe"
        )
