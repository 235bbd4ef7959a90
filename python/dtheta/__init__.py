"""dtheta: gradients, Jacobians and Hessians that somebody wrote, held against finite differences.

    result = dtheta.check(f, grad, theta)
    print(result)        # the report
    assert result        # true only if it passed

theta is an array, or a dict, list or any nesting of arrays with names. dtheta.torch takes functions
and modules of PyTorch, dtheta.testing has assertions for tests.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from . import testing
from ._check import check, compare, replay
from ._dtheta import (
    Manifold,
    ShapeError,
    angle,
    rigid_motion,
    rotation_matrix,
    unit_quaternion,
    unit_sphere,
)
from ._jacobian import (
    check_hessian,
    check_hvp,
    check_jacobian,
    check_jvp,
    check_vjp,
    replay_entry,
)
from ._parts import Block, Cause, Entry, JacobianBlock, JacobianEntry, Outside, Sight
from ._result import JacobianResult, Replay, Result

if TYPE_CHECKING:
    from . import torch

__all__ = [
    "Block",
    "Cause",
    "Entry",
    "JacobianBlock",
    "JacobianEntry",
    "JacobianResult",
    "Manifold",
    "Outside",
    "Replay",
    "Result",
    "ShapeError",
    "Sight",
    "angle",
    "check",
    "check_hessian",
    "check_hvp",
    "check_jacobian",
    "check_jvp",
    "check_vjp",
    "compare",
    "replay",
    "replay_entry",
    "rigid_motion",
    "rotation_matrix",
    "testing",
    "unit_quaternion",
    "unit_sphere",
]


def __getattr__(name: str) -> Any:
    # PyTorch is large: it is imported when it is asked for.
    if name == "torch":
        return importlib.import_module(".torch", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
