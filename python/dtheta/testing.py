"""Assertions for tests: they say nothing where all is well, and otherwise print the report."""

from __future__ import annotations

from typing import Any

from . import _dtheta
from ._check import check
from ._jacobian import check_jacobian
from ._result import BaseResult, JacobianResult, Result

__all__ = ["assert_gradient", "assert_jacobian", "assert_pass"]


def assert_pass(result: BaseResult, *, inconclusive: str = "fail") -> None:
    """Raises AssertionError with the report, and no more of it than a screen, unless it passed.

    inconclusive: "fail", "skip" (the running pytest test is skipped) or "pass"."""
    __tracebackhide__ = True
    if inconclusive not in ("fail", "skip", "pass"):
        raise ValueError(f"inconclusive: {inconclusive!r} is none of 'fail', 'skip' and 'pass'")
    if result or (result.verdict == "inconclusive" and inconclusive == "pass"):
        return
    if result.verdict == "inconclusive" and inconclusive == "skip":
        import pytest

        pytest.skip(result.headline)
    raise AssertionError(f"{result.headline}\n{_dtheta.one_screen(str(result))}")


def assert_gradient(
    f: Any, grad: Any, theta: Any, *, inconclusive: str = "fail", **options: Any
) -> Result:
    """dtheta.check for a test; returns the result where it passes."""
    __tracebackhide__ = True
    result = check(f, grad, theta, **options)
    assert_pass(result, inconclusive=inconclusive)
    return result


def assert_jacobian(
    f: Any, jacobian: Any, x: Any, *, inconclusive: str = "fail", **options: Any
) -> JacobianResult:
    """dtheta.check_jacobian for a test; returns the result where it passes."""
    __tracebackhide__ = True
    result = check_jacobian(f, jacobian, x, **options)
    assert_pass(result, inconclusive=inconclusive)
    return result
