"""The pytest plugin: fixtures assert_gradient and assert_jacobian. What they do is in testing.py."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from . import testing
from ._result import JacobianResult, Result


@pytest.fixture
def assert_gradient() -> Callable[..., Result]:
    """assert_gradient(f, grad, theta, **options): dtheta.check; a failure prints the report."""
    return testing.assert_gradient


@pytest.fixture
def assert_jacobian() -> Callable[..., JacobianResult]:
    """assert_jacobian(f, jacobian, x, **options): dtheta.check_jacobian, in the same way."""
    return testing.assert_jacobian
