"""Checks of functions with several outputs: Jacobians, Hessians and products with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from . import _dtheta
from ._check import Progress, args_of, given, names_of
from ._forms import Function, Outputs, WithJacobian, manifolds_of
from ._numbers import Precision
from ._result import JacobianResult, Replay


def check_jacobian(
    f: Callable[..., Any],
    jacobian: Any,
    x: Any,
    *,
    args: Sequence[Any] = (),
    outputs: Outputs | None = None,
    manifolds: Mapping[str, _dtheta.Manifold] | None = None,
    blocks: str | Sequence[str] | None = None,
    tolerance: float | None = None,
    jacobian_roundoff: float | None = None,
    worst_entries: int = 5,
    threads: int = 1,
    progress: Progress | None = None,
    weights: Any = None,
    known_corners: str | Sequence[str] | None = None,
) -> JacobianResult:
    """Holds a Jacobian against finite differences of f, entry by entry.

    f: x -> an array, a number, or a tree of arrays, whose names the outputs then have.
    jacobian: values at x, or a function of x that returns them; True where f returns both. An
        array of m rows (outputs) and n columns (entries of x), or of the outputs' shape and x's one
        after the other; a scipy.sparse matrix, whose stored entries are its pattern; where x or the
        outputs are a tree, also a tree like them of such arrays.
    x: an array, a number or a tree of arrays, as theta in check().
    outputs: names of the outputs: {name: shape}, or one name for each.
    manifolds: {block of x: dtheta.unit_quaternion("wxyz"), ...}: these blocks are moved along their
        manifold, and their columns are by its tangent.
    weights: one for each output, which helps to name a cause.
    known_corners: blocks or entries of x or of the outputs known to sit on a corner of f: a
        derivative there that cannot be decided for that reason does not keep a check from passing.
    The other options are as in check()."""
    problem = WithJacobian(f, jacobian, x, args_of(args), manifolds_of(manifolds))
    options = given(
        manifolds=problem.manifolds,
        blocks=names_of(blocks),
        tolerance=tolerance,
        worst_entries=worst_entries,
        threads=threads,
        outputs=problem.output_names(outputs),
        weights=problem.weights_of(weights),
        known_corners=names_of(known_corners, "known_corners"),
    )
    options["jacobian_roundoff"] = jacobian_roundoff or problem.precision.roundoff
    held = _dtheta.check_jacobian(
        problem.layout, problem.flat_f, problem.source, problem.pattern, False, options, progress
    )
    return JacobianResult(held, problem.pattern)


def check_hessian(
    grad: Callable[..., Any],
    hessian: Any,
    theta: Any,
    *,
    args: Sequence[Any] = (),
    blocks: str | Sequence[str] | None = None,
    tolerance: float | None = None,
    hessian_roundoff: float | None = None,
    worst_entries: int = 5,
    threads: int = 1,
    progress: Progress | None = None,
) -> JacobianResult:
    """Holds a Hessian, dense or scipy.sparse, against finite differences of the gradient.

    It must be symmetric; where the differences are not, the gradient is none of any cost, and that
    is said. grad: theta -> the gradient, built as theta is."""
    problem = WithJacobian(grad, hessian, theta, args_of(args), {}, like_x=True)
    options = given(
        blocks=names_of(blocks),
        tolerance=tolerance,
        worst_entries=worst_entries,
        threads=threads,
        outputs=problem.output_names(None),
    )
    options["jacobian_roundoff"] = hessian_roundoff or problem.precision.roundoff
    held = _dtheta.check_jacobian(
        problem.layout, problem.flat_f, problem.source, problem.pattern, True, options, progress
    )
    return JacobianResult(held, problem.pattern)


def check_jvp(
    f: Callable[..., Any], jvp: Callable[..., Any], x: Any, **options: Any
) -> JacobianResult:
    """Holds jvp(x, v), the product of f's Jacobian with v, against finite differences of f.

    v is built as x is, the product as f(x). Up to `most_units` (256) entries of x all unit vectors
    are tried, and every entry of the Jacobian is judged; beyond, `directions` (8) random ones, drawn
    with `seed`. Other options: args, tolerance, jacobian_roundoff, worst_entries, threads, progress.
    """
    return _check_product("jvp", f, jvp, x, **options)


def check_vjp(
    f: Callable[..., Any], vjp: Callable[..., Any], x: Any, **options: Any
) -> JacobianResult:
    """Holds vjp(x, w), the product of the transposed Jacobian with w, against differences of f.

    w is built as f(x) is, the product as x. Options as in check_jvp."""
    return _check_product("vjp", f, vjp, x, **options)


def check_hvp(
    grad: Callable[..., Any], hvp: Callable[..., Any], theta: Any, **options: Any
) -> JacobianResult:
    """Holds hvp(theta, v), the product of the Hessian with v, against differences of the gradient.

    v and the product are built as theta is; the Hessian must be symmetric. Options as in
    check_jvp."""
    return _check_product("hvp", grad, hvp, theta, **options)


def replay_entry(
    f: Callable[..., Any],
    jacobian: Any,
    x: Any,
    row: int,
    column: int,
    step: float,
    *,
    args: Sequence[Any] = (),
    manifolds: Mapping[str, _dtheta.Manifold] | None = None,
) -> Replay:
    """Shows the probe of one entry of a Jacobian again, as a report's line `replay` has it."""
    problem = WithJacobian(f, jacobian, x, args_of(args), manifolds_of(manifolds))
    return Replay(
        _dtheta.replay_entry(
            problem.layout,
            problem.flat_f,
            problem.source,
            problem.pattern,
            row,
            column,
            step,
            given(manifolds=problem.manifolds),
        )
    )


def _check_product(
    kind: str,
    f: Any,
    product: Any,
    x: Any,
    *,
    args: Sequence[Any] = (),
    most_units: int = 256,
    directions: int = 8,
    seed: int = 1,
    tolerance: float | None = None,
    jacobian_roundoff: float | None = None,
    worst_entries: int = 5,
    threads: int = 1,
    progress: Progress | None = None,
) -> JacobianResult:
    if not callable(product):
        raise TypeError(f"{kind} is a {type(product).__name__}, and must be a function of x and v")
    problem = Function(f, x, args_of(args), like_x=kind == "hvp")
    direction = problem.outputs if kind == "vjp" else problem.x
    result = problem.outputs if kind == "jvp" else problem.x
    layout = _dtheta.Layout(direction.blocks(), direction.values, direction.build)
    precision = Precision()

    def flat(at: Any, v: Any) -> np.ndarray:
        return result.flat_of(product(at, v, *args), kind, precision)

    if jacobian_roundoff is None:  # known by the product's type
        flat(problem.layout.argument(problem.x.values), layout.argument(direction.values))
    options = given(
        most_units=most_units,
        directions=directions,
        seed=seed,
        tolerance=tolerance,
        worst_entries=worst_entries,
        threads=threads,
        outputs=problem.output_names(None),
    )
    options["jacobian_roundoff"] = jacobian_roundoff or precision.roundoff
    held = _dtheta.check_product(
        kind, problem.layout, problem.flat_f, flat, layout, options, progress
    )
    return JacobianResult(held)
