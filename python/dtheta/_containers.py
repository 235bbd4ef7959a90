"""Containers: dicts, lists, tuples and whatever else holds arrays; and how others like them are built."""

from __future__ import annotations

import copy
import dataclasses
import numbers
import re
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

import numpy as np

Build = Callable[[list], Any]


@dataclasses.dataclass(frozen=True)
class Accessor:
    """A step into a tree: a key, an index or an attribute."""

    kind: str  # "key", "index", "attribute"
    value: Any

    def python(self) -> str:
        return f".{self.value}" if self.kind == "attribute" else f"[{self.value!r}]"

    def name(self) -> str:
        """As a part of a name: words join by points, all else stands in brackets."""
        if isinstance(self.value, str) and re.fullmatch(r"[\w./-]+", self.value):
            return f".{self.value}"
        return self.python()


class Node:
    """A container: its children, and how one like it is built of others."""

    def __init__(self, value: Any, children: list[tuple[Accessor, Any]], build: Build) -> None:
        self.type = type(value)
        self.children = children
        self.build = build


def _is_numbers(value: Any, depth: int = 0) -> bool:
    """A list of numbers, or of equally long ones of those: what NumPy calls an array."""
    if not isinstance(value, (list, tuple)) or hasattr(value, "_fields") or not value:
        return False
    if all(isinstance(v, numbers.Real) for v in value):
        return True
    if depth > 32 or not all(_is_numbers(v, depth + 1) for v in value):
        return False
    return len({np.shape(v) for v in value}) == 1


def _copied(mapping: MutableMapping, keys: list, children: list) -> MutableMapping:
    new = copy.copy(mapping)
    new.update(zip(keys, children))
    return new


def node_of(value: Any) -> Node | None:
    """The container that `value` is; None for a leaf."""
    if isinstance(value, Mapping):
        keys = list(value)
        children = [(Accessor("key", k), value[k]) for k in keys]
        if type(value) is dict:
            return Node(value, children, lambda new: dict(zip(keys, new)))
        if isinstance(value, MutableMapping):
            blank = copy.copy(value)
            return Node(value, children, lambda new: _copied(blank, keys, new))
        kind: Any = type(value)
        return Node(value, children, lambda new: kind(dict(zip(keys, new))))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        named: Any = type(value)
        children = [(Accessor("attribute", f), v) for f, v in zip(named._fields, value)]
        return Node(value, children, lambda new: named(*new))
    if isinstance(value, (list, tuple)) and not _is_numbers(value):
        sequence = type(value)
        children = [(Accessor("index", i), v) for i, v in enumerate(value)]
        return Node(value, children, lambda new: sequence(new))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        blank, fields = value, [f.name for f in dataclasses.fields(value) if f.init]
        children = [(Accessor("attribute", f), getattr(value, f)) for f in fields]
        return Node(
            value, children, lambda new: dataclasses.replace(blank, **dict(zip(fields, new)))
        )
    return None


def expression(part: Any, names: dict[str, Any]) -> str:
    """Python that makes a part of a tree of `leaves`; what it refers to goes into `names`."""

    def named(value: Any) -> str:
        name = f"_{len(names)}"
        names[name] = value
        return name

    if not isinstance(part, tuple):
        return "None" if part is None else f"leaves[{part}]"
    node, parts = part
    inner = [expression(p, names) for p in parts]
    if node.type is dict:
        keys = [named(step.value) for step, _ in node.children]
        return "{" + ", ".join(f"{k}: {v}" for k, v in zip(keys, inner)) + "}"
    items = "[" + ", ".join(inner) + "]"
    return items if node.type is list else f"{named(node.build)}({items})"
