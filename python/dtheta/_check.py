"""Checks of a gradient: check, compare, replay."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from . import _dtheta
from ._numbers import DOUBLE_ROUNDOFF, Precision, read_number
from ._result import Replay, Result
from ._tree import Tree

Progress = Callable[[int, int, int, float], Any]


def check(
    f: Callable[..., Any],
    grad: Any,
    theta: Any,
    *,
    args: Sequence[Any] = (),
    method: str = "adaptive",
    epsilon: float | None = None,
    tolerance: float | None = None,
    gradient_roundoff: float | None = None,
    blocks: str | Sequence[str] | None = None,
    layers: Sequence[int] | None = None,
    worst_entries: int = 5,
    sample: int | None = None,
    directions: int | None = None,
    budget: float | Mapping[str, float] | None = None,
    known_corners: str | Sequence[str] | None = None,
    seed: int = 1,
    threads: int = 1,
    progress: Progress | None = None,
    examples: int | None = None,
    l1: float | None = None,
    l2: float | None = None,
    previous: Any = None,
    suspects: Mapping[str, Any] | None = None,
) -> Result:
    """Holds the gradient of a cost against finite differences of it.

    f: theta -> one number.
    grad: the gradient at theta, or a function of theta that returns it, built as theta is (a
        dictionary may have it under dW1 for W1); True where f returns (cost, gradient).
    theta: an array, a number, or a dict, list, tuple, dataclass or any nesting of those with arrays
        at its leaves. It is copied: f gets new float64 arrays each time.
    args: further arguments of f and of grad.

    method: "adaptive", with a step for each entry, error bars and the verdicts pass, fail and
        inconclusive; or "textbook", two-sided differences with one epsilon, and four bands.
    epsilon: the textbook's step (1e-7).
    tolerance: the relative error that must be seen (1e-7, or what a gradient in float32 allows).
    gradient_roundoff: unit roundoff of the gradient's arithmetic; known from the type of its arrays.
    blocks, layers: only these.
    worst_entries: how many entries of each block the result keeps.
    sample: only so many entries, drawn at random; directions: up to so many random directions
        instead of entries, for a theta with very many. seed: of both.
    budget: seconds, or {"seconds": ..., "evaluations": ...} of f: where a check of every entry does
        not fit, all of theta is looked at along random directions, wrong entries are searched for,
        and others drawn; block.sight says what would have been seen.
    known_corners: blocks or entries ("b1", "W1[2, 3]") known to sit on a corner of f: where one
        cannot be decided for that reason, it does not keep the check from passing.
    threads: above 1 f is called from several threads at once, which helps where it frees the
        interpreter's lock.
    progress: called about every tenth of a second as progress(done, total, evaluations, seconds);
        False stops the check.
    examples, l1, l2, previous, suspects: what helps to name a cause: the number of examples, the
        lambdas of lambda*sum|theta| and lambda/2*sum theta^2, the gradient of the step before, and
        gradients of parts of the cost by their names.

    An exception of f at theta passes through. Beside theta an ArithmeticError, a ValueError or a
    LinAlgError means that f has no value there, and a note says so; all others pass through.
    """
    if method == "adaptive" and epsilon is not None:
        raise ValueError("epsilon is the step of method='textbook'; 'adaptive' finds its own")
    if method == "textbook" and tolerance is not None:
        raise ValueError("tolerance is of method='adaptive'; 'textbook' has bands of its own")
    for name, value in (("sample", sample), ("directions", directions)):
        if value is not None and not isinstance(value, numbers.Integral):
            raise TypeError(f"{name}: {value!r} is no whole number")
        if value is not None and value < 1:
            raise ValueError(f"{name}: {value} were asked for, but it takes at least 1")
    if sample is not None and directions is not None:
        raise ValueError("sample and directions: a check takes one or the other")
    if budget is not None and (sample is not None or directions is not None):
        raise ValueError("budget: it plans by itself, without sample and directions")
    tree = Tree(theta)
    problem = _Problem(f, grad, tree, args_of(args))
    options = given(
        method=method,
        epsilon=epsilon,
        tolerance=tolerance,
        blocks=names_of(blocks),
        layers=layers,
        worst_entries=worst_entries,
        sample=sample,
        directions=directions,
        budget=_budget_of(budget),
        known_corners=names_of(known_corners, "known_corners"),
        seed=seed,
        threads=threads,
        examples=examples,
        l1=l1,
        l2=l2,
    )
    if previous is not None:
        options["previous"] = list(tree.flat_of(previous, "previous"))
    if suspects is not None:
        if not isinstance(suspects, Mapping):
            raise TypeError("suspects: they are {name: a gradient of a part of the cost, ...}")
        options["suspects"] = {
            name: list(tree.flat_of(value, f"suspects[{name!r}]"))
            for name, value in suspects.items()
        }
    held = problem.run(options, gradient_roundoff, progress)
    problem.add_notes(held)
    return Result(held, tree)


def compare(
    gradient: Any,
    reference: Any,
    *,
    theta: Any = None,
    tolerance: float | None = None,
    worst_entries: int = 5,
    examples: int | None = None,
) -> Result:
    """Holds a gradient against another that is taken to be right; nothing is evaluated.

    Both are arrays or trees of arrays, built alike. A block fails if |a - b| / (|a| + |b|) exceeds
    the tolerance (1e-7, or what the arrays' types allow). theta, where they were taken, and
    examples, their number, help to name a cause."""
    tree = Tree(reference, "reference", named="gradient")
    precision = tree.precision
    values = tree.flat_of(gradient, "gradient", precision)
    at = np.empty(0) if theta is None else tree.flat_of(theta, "theta")
    if tolerance is None:
        tolerance = _tolerance_between(precision)
    held = _dtheta.compare(
        _dtheta.Layout(tree.blocks(), values, tree.build),
        _dtheta.Layout(tree.blocks(), tree.values, tree.build),
        at,
        given(tolerance=tolerance, worst_entries=worst_entries, examples=examples),
    )
    return Result(held, tree)


def replay(
    f: Callable[..., Any],
    grad: Any,
    theta: Any,
    entry: str,
    step: float | None = None,
    *,
    args: Sequence[Any] = (),
    method: str = "adaptive",
) -> Replay:
    """Shows one entry's probe again: J at the points of its stencil and the differences of them.

    entry: as a report has it, "W1[2, 3]", or "#17" for a position. step: a thousandth of the
    block's size unless given."""
    tree = Tree(theta)
    problem = _Problem(f, grad, tree, args_of(args))
    return Replay(
        _dtheta.replay(
            problem.layout,
            problem.cost,
            problem.number,
            problem.gradient,
            entry,
            step or 0.0,
            given(method=method),
        )
    )


def _budget_of(budget: float | Mapping[str, float] | None) -> dict[str, float] | None:
    """What a check may cost: seconds by themselves, or by name."""
    if budget is None:
        return None
    parts = budget if isinstance(budget, Mapping) else {"seconds": budget}
    for name, value in parts.items():
        if name not in ("seconds", "evaluations"):
            raise ValueError(f"budget: {name!r} is neither 'seconds' nor 'evaluations'")
        if not isinstance(value, numbers.Real):
            raise TypeError(f"budget: {value!r} is no number of {name}")
        if not value > 0:
            raise ValueError(f"budget: {value} {name} buy nothing")
    if not parts:
        raise ValueError("budget: it names neither seconds nor evaluations")
    return {name: float(value) for name, value in parts.items()}


def names_of(names: str | Sequence[str] | None, option: str = "blocks") -> list[str] | None:
    """The names of blocks; one by itself is one."""
    if names is None or isinstance(names, str):
        return None if names is None else [names]
    if isinstance(names, Iterable) and all(isinstance(name, str) for name in names):
        return list(names)
    raise TypeError(f"{option}: {names!r} is neither a name nor a list of names")


def args_of(args: Any) -> tuple[Any, ...]:
    """Further arguments; what is no tuple or list is one by itself, an array for example."""
    return tuple(args) if isinstance(args, (tuple, list)) else (args,)


def given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _tolerance_between(precision: Precision) -> float:
    """As `gradcheck compare` has it: by two gradients in float the last digits may differ."""
    if precision.roundoff <= DOUBLE_ROUNDOFF:
        return 1e-7
    return 1e-5 if precision.roundoff <= 2.0**-24 else 4.0 * precision.roundoff


class _Problem:
    """f and its gradient as the extension calls them."""

    def __init__(self, f: Any, grad: Any, tree: Tree, args: tuple[Any, ...]) -> None:
        if not callable(f):
            raise TypeError(f"f is a {type(f).__name__}, and must be a function of theta")
        self.tree = tree
        self.layout = _dtheta.Layout(tree.blocks(), tree.values, tree.build)
        self.cost_precision = Precision()
        self.precision = Precision()
        if grad is None or grad is False:
            raise TypeError(
                f"grad is {grad}: it is the gradient, a function that returns it, or True where f "
                "returns (cost, gradient)"
            )
        self.cost = (lambda theta: f(theta, *args)) if args else f
        if grad is True:
            self.cost = lambda theta: pair_of(f(theta, *args))[0]

            def grad(theta: Any, *args: Any) -> Any:
                return pair_of(f(theta, *args))[1]

        self.gradient: Any = self._gradient_of(grad, args)

    def _gradient_of(self, grad: Any, args: tuple[Any, ...]) -> Any:
        if not callable(grad):
            return self.tree.flat_of(grad, "gradient", self.precision)

        def flat(theta: Any) -> np.ndarray:
            value = grad(theta, *args)
            if value is None:
                raise TypeError("the gradient returned None: is its return missing?")
            return self.tree.flat_of(value, "gradient", self.precision)

        return flat

    def number(self, value: Any) -> float:
        return read_number(value, "f", self.cost_precision)

    def run(self, options: dict[str, Any], roundoff: float | None, progress: Any) -> Any:
        """The check. Of a gradient that is a function the type is known by its values alone."""
        if callable(self.gradient) and roundoff is None:
            self.gradient(self.layout.argument(self.tree.values))
        options["gradient_roundoff"] = roundoff or self.precision.roundoff
        return _dtheta.check(self.layout, self.cost, self.number, self.gradient, options, progress)

    def add_notes(self, held: Any) -> None:
        if self.cost_precision.name != "float64":
            held.add_note(
                f"f returns {self.cost_precision.name}: differences of such a cost have few digits; "
                "it gets float64 arrays, so look for what turns them into others"
            )


def pair_of(value: Any, what: str = "(cost, gradient)") -> tuple[Any, Any]:
    """What f returns where it returns both."""
    if isinstance(value, tuple) and len(value) == 2:
        return value[0], value[1]
    kind = "None" if value is None else f"a {type(value).__name__}"
    raise TypeError(f"with True in the place of the derivative f returns {what}, not {kind}")
