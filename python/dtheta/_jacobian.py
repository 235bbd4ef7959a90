"""Checks of functions with several outputs: Jacobians, Hessians and products with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from . import _dtheta
from ._check import Progress, given, names_of, pair_of
from ._dtheta import ShapeError
from ._numbers import Precision, read_array
from ._result import JacobianResult, Replay
from ._tree import Tree

Outputs = Mapping[str, Any] | Sequence[str]


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
    The other options are as in check()."""
    problem = _Problem(f, jacobian, x, tuple(args), dict(manifolds or {}))
    options = given(
        manifolds=problem.manifolds, blocks=names_of(blocks), tolerance=tolerance,
        worst_entries=worst_entries, threads=threads, outputs=problem.output_names(outputs),
        weights=None if weights is None else list(read_array(weights, "weights").reshape(-1)),
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
    problem = _Problem(grad, hessian, theta, tuple(args), {}, like_x=True)
    options = given(
        blocks=names_of(blocks), tolerance=tolerance, worst_entries=worst_entries, threads=threads,
        outputs=problem.output_names(None),
    )
    options["jacobian_roundoff"] = hessian_roundoff or problem.precision.roundoff
    held = _dtheta.check_jacobian(
        problem.layout, problem.flat_f, problem.source, problem.pattern, True, options, progress
    )
    return JacobianResult(held, problem.pattern)


def check_jvp(f: Callable[..., Any], jvp: Callable[..., Any], x: Any, **options: Any) -> JacobianResult:
    """Holds jvp(x, v), the product of f's Jacobian with v, against finite differences of f.

    v is built as x is, the product as f(x). Up to `most_units` (256) entries of x all unit vectors
    are tried, and every entry of the Jacobian is judged; beyond, `directions` (8) random ones, drawn
    with `seed`. Other options: args, tolerance, jacobian_roundoff, worst_entries, threads, progress."""
    return _check_product("jvp", f, jvp, x, **options)


def check_vjp(f: Callable[..., Any], vjp: Callable[..., Any], x: Any, **options: Any) -> JacobianResult:
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
    problem = _Problem(f, jacobian, x, tuple(args), dict(manifolds or {}))
    return Replay(
        _dtheta.replay_entry(
            problem.layout, problem.flat_f, problem.source, problem.pattern, row, column, step,
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
    problem = _Function(f, x, tuple(args), like_x=kind == "hvp")
    direction = problem.outputs if kind == "vjp" else problem.x
    result = problem.outputs if kind == "jvp" else problem.x
    layout = _dtheta.Layout(direction.blocks(), direction.values, direction.build)
    precision = Precision()

    def flat(at: Any, v: Any) -> np.ndarray:
        return result.flat_of(product(at, v, *args), kind, precision)

    if jacobian_roundoff is None:  # known by the product's type
        flat(problem.layout.argument(problem.x.values), layout.argument(direction.values))
    options = given(
        most_units=most_units, directions=directions, seed=seed, tolerance=tolerance,
        worst_entries=worst_entries, threads=threads, outputs=problem.output_names(None),
    )
    options["jacobian_roundoff"] = jacobian_roundoff or precision.roundoff
    held = _dtheta.check_product(kind, problem.layout, problem.flat_f, flat, layout, options, progress)
    return JacobianResult(held)


class _Function:
    """f as the extension calls it, and its outputs at x."""

    def __init__(self, f: Any, x: Any, args: tuple[Any, ...], like_x: bool = False) -> None:
        if not callable(f):
            raise TypeError(f"f is a {type(f).__name__}, and must be a function of x")
        self.f = (lambda at: f(at, *args)) if args else f
        self.x = Tree(x, "theta" if like_x else "x")
        self.layout = _dtheta.Layout(self.x.blocks(), self.x.values, self.x.build)
        first = self.f(self.layout.argument(self.x.values))
        if first is None:
            raise TypeError("f returned None: is its return missing?")
        if like_x:
            self.x.flat_of(first, "grad")
            self.outputs = self.x
        else:
            self.outputs = Tree(first, "f", "at x ")
        self._what = "grad" if like_x else "f"

    def flat_f(self, at: Any) -> np.ndarray:
        value = self.f(at)
        if type(value) is np.ndarray and value.dtype == np.float64 and self.outputs.single:
            if value.shape == self.outputs.leaves[0].shape:
                return value
        return self.outputs.flat_of(value, self._what)

    def output_names(self, outputs: Outputs | None) -> list[tuple[str, tuple[int, ...]]]:
        if outputs is None:
            return [(leaf.name, leaf.shape) for leaf in self.outputs.leaves]
        if isinstance(outputs, Mapping):
            return [
                (name, (shape,) if isinstance(shape, int) else tuple(shape))
                for name, shape in outputs.items()
            ]
        return [(name, ()) for name in outputs]


class _Problem(_Function):
    """f with a Jacobian: values or a function, dense or sparse, as the extension takes them."""

    def __init__(self, f: Any, jacobian: Any, x: Any, args: tuple[Any, ...],
                 manifolds: dict[str, _dtheta.Manifold], like_x: bool = False) -> None:
        if jacobian is None or jacobian is False:
            raise TypeError(
                f"jacobian is {jacobian}: it is an array, a function that returns one, or True "
                "where f returns both"
            )
        what = "(values, Jacobian)"
        if jacobian is True:
            both = f

            def f(at: Any, *args: Any) -> Any:
                return pair_of(both(at, *args), what)[0]

            def jacobian(at: Any, *args: Any) -> Any:
                return pair_of(both(at, *args), what)[1]

        super().__init__(f, x, args, like_x)
        self.manifolds = manifolds
        self.precision = Precision()
        self.name = "hessian" if like_x else "jacobian"
        self.widths = [
            manifolds[leaf.name].tangent if leaf.name in manifolds else leaf.size
            for leaf in self.x.leaves
        ]
        self.rows, self.columns = self.outputs.size, sum(self.widths)
        self.pattern: tuple[Any, Any] | None = None
        function = callable(jacobian) and not hasattr(jacobian, "tocsr")
        first = (
            jacobian(self.layout.argument(self.x.values), *args) if function else jacobian
        )
        if first is None:
            raise TypeError("jacobian returned None: is its return missing?")
        if hasattr(first, "tocsr"):
            first = self._sparse(first)
            self.pattern = (first.indptr, first.indices)
            self.source: Any = (lambda at: self._entries(jacobian(at, *args))) if function else first.data
            self.precision.see(first.dtype)
        else:
            flat = self._dense(first)
            self.source = (lambda at: self._dense(jacobian(at, *args))) if function else flat

    def _sparse(self, matrix: Any) -> Any:
        if matrix.shape != (self.rows, self.columns):
            raise ShapeError(self._misfit(matrix.shape))
        rows = matrix.tocsr(copy=True)
        rows.sum_duplicates()
        rows.sort_indices()
        if rows.dtype.kind not in "iuf":
            raise TypeError(f"{self.name} is no matrix of real numbers: its dtype is {rows.dtype}")
        return rows

    def _entries(self, matrix: Any) -> np.ndarray:
        """The entries at the places of the pattern, which was that at x."""
        if not hasattr(matrix, "tocsr"):
            raise TypeError(f"{self.name} is sparse at x, but a {type(matrix).__name__} beside it")
        assert self.pattern is not None
        rows = self._sparse(matrix)
        starts, columns = self.pattern
        if np.array_equal(rows.indptr, starts) and np.array_equal(rows.indices, columns):
            return np.asarray(rows.data, dtype=np.float64)
        row_of = np.repeat(np.arange(self.rows), np.diff(starts))
        there = np.asarray(rows[row_of, columns], dtype=np.float64).reshape(-1)
        if np.count_nonzero(rows.data) != np.count_nonzero(there):
            raise ShapeError(f"{self.name} has entries beside x that its pattern at x has not")
        return there

    def _dense(self, value: Any) -> np.ndarray:
        return self._matrix(value, self.outputs, self.name).reshape(-1)

    def _matrix(self, value: Any, outputs: Tree | None, place: str) -> np.ndarray:
        """A Jacobian of all outputs as a matrix of m rows and n columns."""
        several_outputs = outputs is not None and not outputs.single
        if isinstance(value, Mapping) or (
            isinstance(value, (tuple, list)) and _holds_arrays(value)
        ):
            if several_outputs and _fits(value, self.outputs):
                return self._by_outputs(value, place)
            if not self.x.single and _fits(value, self.x):
                return self._by_inputs(value, self.rows, None, place)
            raise ShapeError(
                f"{place} is a {type(value).__name__}, but neither built as x nor as f(x) is; a "
                f"Jacobian may always be one array of shape ({self.rows}, {self.columns})"
            )
        array = read_array(value, place, self.precision)
        shapes = [(self.rows, self.columns)]
        if self.outputs.single and self.x.single and not self.manifolds:
            shapes.append(self.outputs.leaves[0].shape + self.x.leaves[0].shape)
        elif self.outputs.single:
            shapes.append(self.outputs.leaves[0].shape + (self.columns,))
        if array.shape not in shapes:
            raise ShapeError(self._misfit(array.shape))
        return array.reshape(self.rows, self.columns)

    def _by_inputs(self, value: Any, rows: int, shape: tuple[int, ...] | None, place: str) -> np.ndarray:
        """One part for each block of x, side by side."""
        parts = []
        for leaf, width in zip(self.x.leaves, self.widths):
            own, where = value, place
            for step in leaf.path:
                own = getattr(own, step.value) if step.kind == "attribute" else own[step.value]
                where += step.python()
            array = read_array(own, where, self.precision)
            output = self.outputs.leaves[0].shape if shape is None and self.outputs.single else shape
            right = [(rows, width)]
            if output is not None:
                right += [output + (width,)] + ([output + leaf.shape] if width == leaf.size else [])
            if array.shape not in right:
                raise ShapeError(
                    f"{where} has shape {array.shape}, but {rows} outputs by {leaf.place} make "
                    f"({rows}, {width})"
                )
            parts.append(array.reshape(rows, width))
        return np.hstack(parts)

    def _by_outputs(self, value: Any, place: str) -> np.ndarray:
        """One part for each block of outputs, one below the other."""
        parts = []
        for leaf in self.outputs.leaves:
            own, where = value, place
            for step in leaf.path:
                own = getattr(own, step.value) if step.kind == "attribute" else own[step.value]
                where += step.python()
            if not self.x.single and not isinstance(own, np.ndarray):
                parts.append(self._by_inputs(own, leaf.size, leaf.shape, where))
                continue
            array = read_array(own, where, self.precision)
            right = [(leaf.size, self.columns), leaf.shape + (self.columns,)]
            if self.x.single:
                right.append(leaf.shape + self.x.leaves[0].shape)
            if array.shape not in right:
                raise ShapeError(
                    f"{where} has shape {array.shape}, but {leaf.size} outputs by x make "
                    f"({leaf.size}, {self.columns})"
                )
            parts.append(array.reshape(leaf.size, self.columns))
        return np.vstack(parts)

    def _misfit(self, shape: tuple[int, ...]) -> str:
        right = (self.rows, self.columns)
        looks = ": it looks transposed" if shape == right[::-1] and shape != right else ""
        return (
            f"{self.name} has shape {shape}, but {self.rows} outputs by {self.columns} entries of "
            f"{self.x.root} make {right}{looks}"
        )


def _holds_arrays(value: Sequence[Any]) -> bool:
    return any(isinstance(part, (np.ndarray, Mapping)) or hasattr(part, "__array__") for part in value)


def _fits(value: Any, tree: Tree) -> bool:
    """Whether every leaf of the tree has its place in `value`."""
    for leaf in tree.leaves:
        own = value
        for step in leaf.path:
            try:
                own = getattr(own, step.value) if step.kind == "attribute" else own[step.value]
            except (AttributeError, KeyError, IndexError, TypeError):
                return False
    return True
