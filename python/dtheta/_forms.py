"""f and its Jacobian as the extension takes them, from the forms in which somebody may have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Union

import numpy as np

from . import _dtheta
from ._check import pair_of
from ._dtheta import ShapeError
from ._numbers import Precision, read_array
from ._tree import Leaf, Tree

Outputs = Union[Mapping[str, Any], Sequence[str]]


class Function:
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

    def weights_of(self, weights: Any) -> list[float] | None:
        """One weight for each output, for the diagnosis."""
        if weights is None:
            return None
        values = read_array(weights, "weights").reshape(-1)
        if values.size != self.outputs.size:
            raise ShapeError(
                f"weights: {values.size} are given, but f has {self.outputs.size} outputs"
            )
        return list(values)


def manifolds_of(manifolds: Any) -> dict[str, _dtheta.Manifold]:
    """Which block of x lives on which manifold."""
    if isinstance(manifolds, _dtheta.Manifold):
        raise TypeError(
            "manifolds is one manifold: say which block of x lives on it, as in "
            '{"q": dtheta.unit_quaternion("wxyz")}'
        )
    return dict(manifolds or {})


class WithJacobian(Function):
    """f with a Jacobian: values or a function, dense or sparse, as the extension takes them."""

    def __init__(
        self,
        f: Any,
        jacobian: Any,
        x: Any,
        args: tuple[Any, ...],
        manifolds: dict[str, _dtheta.Manifold],
        like_x: bool = False,
    ) -> None:
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
        first = jacobian(self.layout.argument(self.x.values), *args) if function else jacobian
        if first is None:
            raise TypeError("jacobian returned None: is its return missing?")
        if hasattr(first, "tocsr"):
            first = self._sparse(first)
            self.pattern = (first.indptr, first.indices)
            self.source: Any = (
                (lambda at: self._entries(jacobian(at, *args))) if function else first.data
            )
            self.precision.see(first.dtype)
        else:
            flat = self._dense(first)
            self.source = (lambda at: self._dense(jacobian(at, *args))) if function else flat

    def _sparse(self, matrix: Any) -> Any:
        if matrix.shape != (self.rows, self.columns):
            raise ShapeError(self._misfit(matrix.shape))
        rows = matrix.tocsr(copy=True)
        rows.sum_duplicates()  # and sorts the columns of each row
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
        """The entries of m rows and n columns, row by row, from one array or a tree of arrays."""
        if isinstance(value, Mapping) or (
            isinstance(value, (tuple, list)) and _holds_arrays(value)
        ):
            if not self.outputs.single and _fits(value, self.outputs):
                return self._by_outputs(value, self.name).reshape(-1)
            if not self.x.single and _fits(value, self.x):
                return self._by_inputs(value, self.rows, None, self.name).reshape(-1)
            names = {
                "x": [leaf.name for leaf in self.x.leaves],
                "f(x)": [leaf.name for leaf in self.outputs.leaves],
            }
            built = (f" ({list(value)})" if isinstance(value, Mapping) else "") + (
                f": x has {names['x']}, f(x) has {names['f(x)']}"
            )
            raise ShapeError(
                f"{self.name} is a {type(value).__name__}, but neither built as x nor as f(x) is"
                f"{built}; a Jacobian may always be one array of shape "
                f"({self.rows}, {self.columns})"
            )
        array = read_array(value, self.name, self.precision)
        shapes: list[tuple[int, ...]] = [(self.rows, self.columns)]
        if self.outputs.single and self.x.single and not self.manifolds:
            shapes.append(self.outputs.leaves[0].shape + self.x.leaves[0].shape)
        elif self.outputs.single:
            shapes.append(self.outputs.leaves[0].shape + (self.columns,))
        if array.shape not in shapes:
            raise ShapeError(self._misfit(array.shape))
        return array.reshape(-1)

    def _by_inputs(self, value: Any, rows: int, above: Leaf | None, place: str) -> np.ndarray:
        """One part for each block of x, side by side. above: the block of outputs, of several."""
        output = above or (self.outputs.leaves[0] if self.outputs.single else None)
        parts = []
        for leaf, width in zip(self.x.leaves, self.widths):
            shapes: list[tuple[int, ...]] = [(rows, width)]
            if output is not None:
                shapes.append(output.shape + (width,))
                if width == leaf.size:
                    shapes.append(output.shape + leaf.shape)
            parts.append(self._part(value, leaf, place, (rows, width), shapes))
        return np.hstack(parts)

    def _by_outputs(self, value: Any, place: str) -> np.ndarray:
        """One part for each block of outputs, one below the other."""
        parts = []
        for leaf in self.outputs.leaves:
            own, where = _child_of(value, leaf, place)
            if not self.x.single and not isinstance(own, np.ndarray):
                parts.append(self._by_inputs(own, leaf.size, leaf, where))
                continue
            shapes = [(leaf.size, self.columns), leaf.shape + (self.columns,)]
            if self.x.single:
                shapes.append(leaf.shape + self.x.leaves[0].shape)
            parts.append(self._part(value, leaf, place, (leaf.size, self.columns), shapes))
        return np.vstack(parts)

    def _part(
        self,
        value: Any,
        leaf: Leaf,
        place: str,
        size: tuple[int, int],
        shapes: list[tuple[int, ...]],
    ) -> np.ndarray:
        """What stands in `value` at the place of a leaf, as a matrix; it has one of the shapes."""
        own, where = _child_of(value, leaf, place)
        array = read_array(own, where, self.precision)
        if array.shape not in shapes:
            raise ShapeError(
                f"{where} has shape {array.shape}, but {size[0]} outputs by {size[1]} entries of "
                f"{self.x.root} make {size}"
            )
        return array.reshape(size)

    def _misfit(self, shape: tuple[int, ...]) -> str:
        right = (self.rows, self.columns)
        looks = ": it looks transposed" if shape == right[::-1] and shape != right else ""
        return (
            f"{self.name} has shape {shape}, but {self.rows} outputs by {self.columns} entries of "
            f"{self.x.root} make {right}{looks}"
        )


def _holds_arrays(value: Sequence[Any]) -> bool:
    return any(
        isinstance(part, (np.ndarray, Mapping)) or hasattr(part, "__array__") for part in value
    )


def _child_of(value: Any, leaf: Leaf, place: str) -> tuple[Any, str]:
    """What stands in `value` at the place of a leaf, and that place in words."""
    for step in leaf.path:
        value = getattr(value, step.value) if step.kind == "attribute" else value[step.value]
        place += step.python()
    return value, place


def _fits(value: Any, tree: Tree) -> bool:
    """Whether every leaf of the tree has its place in `value`."""
    try:
        for leaf in tree.leaves:
            _child_of(value, leaf, "")
    except (AttributeError, KeyError, IndexError, TypeError):
        return False
    return True
