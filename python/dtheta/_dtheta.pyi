"""The extension module; dtheta's own functions are those to call."""

from collections.abc import Callable
from typing import Any

import numpy as np

class ShapeError(ValueError):
    """Sizes, shapes or keys that do not belong together."""

class Layout:
    def __init__(
        self, blocks: list[tuple[str, int, tuple[int, ...], str]], values: np.ndarray, build: Any
    ) -> None: ...
    def argument(self, values: np.ndarray) -> Any: ...

class _Held:
    def fields(self) -> dict[str, Any]: ...
    def headline(self) -> str: ...
    def report(self, colour: bool, components: int, failures: int) -> str: ...
    def html(self, title: str) -> str: ...
    def junit(self, suite: str, inconclusive: str) -> str: ...
    def add_note(self, note: str) -> None: ...

class GradientResult(_Held): ...

class JacobianResult(_Held):
    def json(self) -> str: ...

class Manifold:
    """Where an input block lives that cannot be moved number by number.

    Manifold(name, ambient, tangent, plus): plus(x, delta) returns x moved by a tangent vector."""

    name: str
    ambient: int
    tangent: int
    def __init__(
        self,
        name: str,
        ambient: int,
        tangent: int,
        plus: Callable[[np.ndarray, np.ndarray], np.ndarray],
    ) -> None: ...

def unit_quaternion(order: str, frame: str = "body") -> Manifold: ...
def rotation_matrix(frame: str = "body", stored: str = "rows") -> Manifold: ...
def rigid_motion(
    rows: int = 4,
    frame: str = "body",
    order: str = "rotation_first",
    length: float = 1.0,
    stored: str = "rows",
) -> Manifold: ...
def unit_sphere(dimension: int) -> Manifold: ...
def angle() -> Manifold: ...
def one_screen(report: str) -> str: ...
def check(
    layout: Layout, f: Any, number: Any, gradient: Any, options: dict[str, Any], progress: Any
) -> GradientResult: ...
def compare(
    gradient: Layout, reference: Layout, theta: np.ndarray, options: dict[str, Any]
) -> GradientResult: ...
def replay(
    layout: Layout,
    f: Any,
    number: Any,
    gradient: Any,
    entry: str,
    step: float,
    options: dict[str, Any],
) -> dict[str, Any]: ...
def check_jacobian(
    layout: Layout,
    f: Any,
    jacobian: Any,
    pattern: Any,
    hessian: bool,
    options: dict[str, Any],
    progress: Any,
) -> JacobianResult: ...
def check_product(
    kind: str,
    layout: Layout,
    f: Any,
    product: Any,
    direction: Layout,
    options: dict[str, Any],
    progress: Any,
) -> JacobianResult: ...
def replay_entry(
    layout: Layout,
    f: Any,
    jacobian: Any,
    pattern: Any,
    row: int,
    column: int,
    step: float,
    options: dict[str, Any],
) -> dict[str, Any]: ...
