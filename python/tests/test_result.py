"""What a result is good for after the check: text, JSON, notebooks, pickles."""

import copy
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dtheta

ROOT = Path(__file__).resolve().parents[2]


def failing():
    theta = {"W": np.arange(6.0).reshape(2, 3) + 1, "b": np.array([1.0, -3.0, 0.2])}
    return dtheta.check(
        lambda p: float(np.sum(p["W"] ** 2) + np.sum(p["b"] ** 2)),
        lambda p: {"W": 2 * p["W"], "b": 2.2 * p["b"]},
        theta,
    )


def failing_jacobian():
    return dtheta.check_jacobian(lambda x: x**2, np.diag([2.0, 4.1]), np.array([1.0, 2.0]))


BOTH = pytest.mark.parametrize("make", [failing, failing_jacobian])


@BOTH
def test_it_prints_the_report(make, capsys):
    result = make()
    print(result)
    out = capsys.readouterr().out
    assert result.headline in out and "fail" in out and result.cause.sentence in out
    assert repr(result).startswith(f"<dtheta.{type(result).__name__} fail: ")
    assert "\n" not in repr(result)
    assert "\x1b[" in result.report(colour=True) and "\x1b[" not in result.report()
    assert len(result.report(components=1, failures=0)) < len(result.report())


@BOTH
def test_it_pickles_and_copies(make):
    result = make()
    for again in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result), copy.copy(result)):
        assert str(again) == str(result) and not again and again.verdict == "fail"
        assert again.to_dict() == result.to_dict()
        assert again.to_html() == result.to_html() and again.entries == result.entries
        assert again._repr_html_() == result._repr_html_()
        assert again.to_junit() == result.to_junit()
    twice = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(result))))
    assert str(twice) == str(result)


@BOTH
def test_it_shows_itself_in_a_notebook(make):
    page = make()._repr_html_()
    assert page.startswith("<iframe srcdoc=") and page.count("<iframe") == 1
    assert "<script" not in page and "&lt;html" in page.lower()


@BOTH
def test_junit(make):
    assert "<testsuite" in make().to_junit() and "<failure" in make().to_junit()
    with pytest.raises(ValueError):
        make().to_junit(inconclusive="perhaps")


@BOTH
def test_json(make):
    found = json.loads(make().to_json())
    assert found["verdict"] == "fail" and found["blocks"] and found["notes"] == []
    assert json.loads(make().to_json(indent=None)) == found


def test_json_has_no_nan():
    result = dtheta.check(lambda t: np.nan, lambda t: t, np.ones(2))
    text = result.to_json()
    assert "NaN" not in text and json.loads(text)["cost"] is None


def test_json_is_that_of_the_program():
    """The same keys as `gradcheck function --json`, and the same words."""
    program = ROOT / os.environ.get("BUILD", "build") / "gradcheck" / "gradcheck"
    if not program.exists():
        pytest.skip("the program gradcheck was not built")
    example = ROOT / "examples" / "function_protocol.py"
    made = subprocess.run(
        [program, "function", "--json", "-", "--", sys.executable, example, "--bug"],
        capture_output=True,
        text=True,
        check=False,
    )
    theirs = json.loads(made.stdout)
    sys.path.insert(0, str(example.parent))
    import function_protocol as protocol

    def numbers(p):
        return list(p["w"]), float(p["b"])

    ours = dtheta.check(
        lambda p: protocol.cost(*numbers(p)),
        lambda p: dict(zip("wb", np.split(protocol.gradient(*numbers(p), True), [3]))),
        {"w": np.array([0.6, -0.4, 0.25]), "b": 0.1},
    ).to_dict()
    assert ours.keys() == theirs.keys()
    assert ours["blocks"][0].keys() == theirs["blocks"][0].keys()
    assert ours["blocks"][0]["worst"].keys() == theirs["blocks"][0]["worst"].keys()
    assert ours["cause"].keys() == theirs["cause"].keys()
    for key in ("verdict", "method", "headline", "complete"):
        assert ours[key] == theirs[key]
    assert ours["difference"] == pytest.approx(theirs["difference"])
    assert ours["cause"]["sentence"] == theirs["cause"]["sentence"]


def test_blocks_by_name():
    result = failing()
    assert result["b"].verdict == "fail" and result["W"].verdict == "pass"
    assert result["W"].shape == (2, 3) and result["b"].causes[0].sureness != ""
    with pytest.raises(KeyError, match="no block 'x' was checked; there are W, b"):
        result["x"]


def test_gradients_are_built_as_theta():
    result = failing()
    assert result.numeric["W"].shape == (2, 3)
    np.testing.assert_allclose(result.numeric["b"], [2, -6, 0.4], rtol=1e-8)
    np.testing.assert_allclose(result.analytic["b"], [2.2, -6.6, 0.44])
    assert np.all(result.bar["W"] < 1e-6)


def test_replay_prints_itself():
    again = dtheta.replay(
        lambda t: float(t @ t), lambda t: 3 * t, np.array([1.0, 2.0]), "theta[1]", 0.5
    )
    assert again.step == 0.5 and len(again.values) == 4 and again.theta == 2.0
    assert again.two_sided == pytest.approx(4.0) and again.analytic == 6.0
    assert "theta[1]" in str(again) and "replay" in repr(again).lower()
    assert (
        dtheta.replay(lambda t: float(t @ t), lambda t: 2 * t, np.ones(2), "#1").verdict == "pass"
    )
    for entry in ("theta[2]", "W[0]", "theta[x]", "#9"):
        with pytest.raises(ValueError):
            dtheta.replay(lambda t: float(t @ t), lambda t: 2 * t, np.ones(2), entry)
