"""theta as its owner has it, an array or a tree of arrays, and as one vector with named blocks."""

from __future__ import annotations

import dataclasses
import numbers
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from ._containers import Accessor, Build, Node, expression, node_of
from ._dtheta import ShapeError
from ._numbers import Precision, is_torch, read_array


@dataclasses.dataclass(frozen=True)
class Leaf:
    """One array of the tree."""

    path: tuple[Any, ...]  #: the accessors that lead to it
    name: str  #: "W1", "layers[0].w": what the reports call it
    place: str  #: "theta['layers'][0]['w']": how Python finds it
    shape: tuple[int, ...]
    kind: str  #: "array", "scalar" or "number": what a function gets in its place
    layer: int

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))


def _layer_of(path: tuple[Accessor, ...]) -> int:
    """W2, b2 and "2.weight" belong to layer 2, as does what stands below an index 2."""
    for position, step in enumerate(path):
        if step.kind == "index" and position + 1 < len(path):
            return int(step.value)
        found = re.search(r"\d+", step.value) if isinstance(step.value, str) else None
        if found and len(found.group()) <= 4:
            return int(found.group())
    return 0


def _kind_of(value: Any) -> str:
    if isinstance(value, np.generic):
        return "scalar"
    return "number" if isinstance(value, numbers.Real) else "array"


class Tree:
    """A tree of arrays with its values, and the way from one to the other and back."""

    def __init__(
        self, value: Any, root: str = "theta", said: str = "", named: str | None = None
    ) -> None:
        self.root = root
        self._named = named or root  #: where it is to have another name in reports than in errors
        self.said = said  #: "at x ": when it had the shapes that it is held to
        self.precision = Precision()  #: of its arrays, as their types say
        self.leaves: list[Leaf] = []
        self._arrays: list[np.ndarray] = []
        self._found: list[tuple[tuple[Accessor, ...], Any, np.ndarray]] = []
        self._build = self._walk(value, ())
        names = self._names()
        for (path, original, array), name in zip(self._found, names):
            place = self._place(path)
            self.leaves.append(
                Leaf(path, name, place, array.shape, _kind_of(original), _layer_of(path))
            )
            self._arrays.append(array)
        self._found.clear()
        if not self.leaves:
            raise ShapeError(f"{root} holds no numbers")
        self.single = len(self.leaves) == 1 and self.leaves[0].path == ()
        self.values = np.concatenate([a.reshape(-1) for a in self._arrays])
        self._arrays.clear()
        #: makes the tree of the list of its leaves; None where it is a leaf itself
        self.build: Build | None = None if self.single else self._compiled()

    def _place(self, path: tuple[Accessor, ...]) -> str:
        return self.root + "".join(step.python() for step in path)

    def _walk(self, value: Any, path: tuple[Accessor, ...]) -> Any:
        """Collects the leaves under `value`; returns their number, None, or (node, children)."""
        if len(path) > 60:
            raise ShapeError(f"{self.root}: nested more than 60 deep, or in itself")
        if value is None and path:
            return None
        node = node_of(value)
        if node is not None:
            return node, [self._walk(child, path + (step,)) for step, child in node.children]
        place = self._place(path)
        if is_torch(value):
            raise TypeError(f"{place} is a torch tensor: dtheta.torch.check takes those")
        if type(value) is np.matrix:
            raise TypeError(
                f"{place} is a np.matrix, of which NumPy advises against: give an array"
            )
        if isinstance(value, (str, bytes, bool)) or callable(value):
            raise TypeError(
                f"{place} is no array of numbers: it is {value!r} ({type(value).__name__}); what is "
                "not differentiated goes into the function by itself, not by theta"
            )
        self._found.append((path, value, read_array(value, place, self.precision)))
        return len(self._found) - 1

    def _names(self) -> list[str]:
        plain = []
        for path, _, _ in self._found:
            text = "".join(step.name() for step in path)
            words = text.startswith(".")
            plain.append((text[1:] if words else self._named + text) or self._named)
        if len(set(plain)) == len(plain):
            return plain
        return [self._place(path) for path, _, _ in self._found]

    def _compiled(self) -> Build:
        """A function that is one expression: it is called with every evaluation."""
        node, children = self._build
        if children == list(range(len(children))):
            return node.build  # flat: the container's own function is all there is to do
        names: dict[str, Any] = {}
        text = expression(self._build, names)
        return eval(f"lambda leaves: {text}", names)

    @property
    def size(self) -> int:
        return int(self.values.size)

    def blocks(self) -> list[tuple[str, int, tuple[int, ...], str]]:
        """What the extension's Layout is made of."""
        return [(leaf.name, leaf.layer, leaf.shape, leaf.kind) for leaf in self.leaves]

    def tree_of(self, flat: np.ndarray) -> Any:
        """The tree with other values: arrays everywhere, NumPy's scalars for single numbers."""
        parts, first = [], 0
        for leaf in self.leaves:
            part = np.array(flat[first : first + leaf.size]).reshape(leaf.shape)
            parts.append(part if leaf.kind == "array" else part[()])
            first += leaf.size
        return parts[0] if self.build is None else self.build(parts)

    def flat_of(self, other: Any, what: str, precision: Precision | None = None) -> np.ndarray:
        """A gradient, or whatever is laid out as this tree, as one vector.

        Throws ValueError that names the leaf and both shapes, the key that is missing or one too
        many; TypeError where something is no array of numbers."""
        if self.build is not None and isinstance(other, np.ndarray) and other.dtype.kind in "iuf":
            return self._whole(other, what, precision)
        parts: list[np.ndarray] = []
        self._follow(self._build, other, (), what, parts, precision)
        return np.concatenate(parts)

    def _whole(self, other: np.ndarray, what: str, precision: Precision | None) -> np.ndarray:
        if other.shape in ((self.size,), (self.size, 1)):
            return read_array(other, what, precision).reshape(-1)
        raise ShapeError(
            f"{what} is an array of shape {other.shape}; as {self.root} is a tree, it is one like "
            f"that, or all of it in one vector of {self.size} entries"
        )

    def _follow(
        self,
        part: Any,
        other: Any,
        path: tuple[Accessor, ...],
        what: str,
        parts: list[np.ndarray],
        precision: Precision | None,
    ) -> None:
        place = what + "".join(step.python() for step in path)
        if part is None:
            return
        if isinstance(part, int):
            parts.append(self._leaf_of(self.leaves[part], other, place, precision).reshape(-1))
            return
        node, children = part
        for step, child in zip((s for s, _ in node.children), children):
            if child is None:
                continue
            own = _child(other, step, node, place, self.root)
            self._follow(child, own, path + (step,), what, parts, precision)
        _require_no_more(other, node, place, self.root)

    def _leaf_of(
        self, leaf: Leaf, other: Any, place: str, precision: Precision | None
    ) -> np.ndarray:
        if isinstance(other, Mapping):
            raise TypeError(f"{place} is a {type(other).__name__}, but {leaf.place} is an array")
        array = read_array(other, place, precision)
        if array.shape == leaf.shape or array.size == leaf.size == 1:
            return array
        raise ShapeError(
            f"{place} has shape {array.shape}, but {self.said}{leaf.place} has shape {leaf.shape}"
            + _consequence(array.shape, leaf.shape)
        )


def _consequence(given: tuple[int, ...], right: tuple[int, ...]) -> str:
    """What the wrong shape looks like, or would do in theta - rate * gradient."""
    if len(right) > 1 and given == right[::-1]:
        return ": it looks transposed"
    try:
        both = np.broadcast_shapes(given, right)
    except ValueError:
        return ""
    return f"; theta - rate * gradient would have shape {both}" if both != right else ""


def _child(other: Any, step: Accessor, node: Node, place: str, root: str) -> Any:
    """What stands in `other` where the tree has a child."""
    if step.kind == "attribute":
        if hasattr(other, str(step.value)):
            return getattr(other, step.value)
        if isinstance(other, Mapping) and step.value in other:
            return other[step.value]
        if isinstance(other, (list, tuple)) and len(other) == len(node.children):
            return other[[s for s, _ in node.children].index(step)]
        raise ShapeError(f"{place} has no {step.value}, but {root} has")
    if step.kind == "index":
        if not hasattr(other, "__getitem__") or isinstance(other, (Mapping, str)):
            raise ShapeError(
                f"{place} is a {type(other).__name__}, but {root} has a {node.type.__name__} there"
            )
        if len(other) != len(node.children):
            raise ShapeError(
                f"{place} has {len(other)} parts, but {root} has {len(node.children)} there"
            )
        return other[step.value]
    if not isinstance(other, Mapping):
        raise ShapeError(
            f"{place} is a {type(other).__name__}, but {root} has a {node.type.__name__} there"
        )
    key = _key_in(other, step.value)
    if key is None:
        raise ShapeError(
            f"{place} has no {step.value!r}, but {root} has; it has {', '.join(map(repr, other))}"
        )
    return other[key]


def _key_in(other: Mapping, key: Any) -> Any:
    """The key itself, or as courses have it in gradients: dW1 for W1."""
    if key in other:
        return key
    derived = f"d{key}" if isinstance(key, str) else None
    return derived if derived in other else None


def _require_no_more(other: Any, node: Node, place: str, root: str) -> None:
    """Keys that theta has not are a mistake, unless they belong to a course's dictionary, which
    holds dZ1 and dA1 beside dW1."""
    if not isinstance(other, Mapping) or not all(s.kind == "key" for s, _ in node.children):
        return
    keys = [s.value for s, _ in node.children]
    plain = set(keys)
    more = [k for k in other if k not in plain]
    derived = {f"d{k}" for k in keys if isinstance(k, str)}
    if not more or all(isinstance(k, str) and k in derived for k in more):
        return
    if not any(k in other for k in keys):
        return
    raise ShapeError(f"{place} has {', '.join(map(repr, more))}, but {root} has not")
