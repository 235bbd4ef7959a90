"""What a check found, as plain data: it prints itself, pickles, and shows itself in notebooks."""

from __future__ import annotations

import html as _html
import json
import math
from typing import Any, ClassVar

import numpy as np

from . import _dtheta
from ._parts import (
    Block,
    Cause,
    Entry,
    JacobianBlock,
    JacobianEntry,
    Outside,
    block_of,
    jacobian_block_of,
)


class _Rendered:
    """The texts of a result whose other half stayed in another process."""

    def __init__(self, held: Any, title: str) -> None:
        self._headline = held.headline()
        self._report = held.report(False, 10, 3)
        self._html = held.html(title)
        self._junit = held.junit("dtheta", "fail")
        self._json = held.json() if isinstance(held, _dtheta.JacobianResult) else ""

    def add_note(self, note: str) -> None:
        self._report += f"\nnote: {note}\n"

    def headline(self) -> str:
        return self._headline

    def report(self, colour: bool, components: int, failures: int) -> str:
        return self._report

    def html(self, title: str) -> str:
        return self._html

    def junit(self, suite: str, inconclusive: str) -> str:
        return self._junit

    def json(self) -> str:
        return self._json


class BaseResult:
    """What all results have in common. True if and only if the verdict is "pass"."""

    verdict: str  #: "pass", "fail" or "inconclusive"
    difference: float  #: |a - n| / (|a| + |n|) over every entry that was checked
    tolerance: float
    evaluations: int
    deterministic: bool  #: the function gave the same bits each time
    complete: bool  #: False: stopped by `progress`
    notes: list[str]  #: what this check could not see, in words
    causes: list[Cause]  #: why it fails, likeliest first

    _title: ClassVar[str] = "Gradient check"

    def __init__(self, held: Any) -> None:
        self._held = held

    def __bool__(self) -> bool:
        return self.verdict == "pass"

    @property
    def cause(self) -> Cause | None:
        """The likeliest cause of a failure; None where nothing failed."""
        return self.causes[0] if self.causes else None

    @property
    def headline(self) -> str:
        """The one sentence that stands on top of the report."""
        return self._held.headline()

    def add_note(self, note: str) -> None:
        """Adds a sentence to the notes, here and in the report."""
        self._held.add_note(note)
        self.notes.append(note)

    def report(self, *, colour: bool = False, components: int = 10, failures: int = 3) -> str:
        """The report: blocks and entries worst first, causes, failures in full, notes."""
        return self._held.report(colour, components, failures)

    def to_html(self) -> str:
        """The report as one self-contained page."""
        return self._held.html(self._title)

    def to_junit(self, suite: str = "dtheta", inconclusive: str = "fail") -> str:
        """JUnit XML, a test case for each block. `inconclusive`: "pass", "skip" or "fail"."""
        return self._held.junit(suite, inconclusive)

    def to_dict(self) -> dict[str, Any]:
        raise NotImplementedError

    def to_json(self, *, indent: int | None = 2) -> str:
        """The result as JSON; what JSON cannot write (NaN, infinity) is null."""
        return json.dumps(_finite(self.to_dict()), indent=indent, allow_nan=False)

    def __str__(self) -> str:
        return self.report()

    def __repr__(self) -> str:
        return f"<dtheta.{type(self).__name__} {self.verdict}: {self.headline}>"

    def _repr_html_(self) -> str:
        # A frame keeps the page's style to itself; a notebook has one of its own.
        page = _html.escape(self.to_html(), quote=True)
        return (
            f'<iframe srcdoc="{page}" style="width:100%;height:36em;border:1px solid #ccc" '
            f'title="{_html.escape(self.headline, quote=True)}"></iframe>'
        )

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        if not isinstance(self._held, _Rendered):
            state["_held"] = _Rendered(self._held, self._title)
        return state


class Result(BaseResult):
    """What the check of a gradient found."""

    method: str  #: "adaptive", "textbook" or "comparison"
    band: str  #: the courses' name for the difference
    cost: float  #: J(theta)
    noise: float  #: of one evaluation of J
    epsilon: float  #: step of the textbook's method
    gradient_evaluations: int
    sampled: bool  #: only a part of theta was looked at
    blocks: list[Block]
    entries: list[Entry]  #: the worst entries of all blocks, worst first
    analytic: Any  #: the gradient under test, as theta is built
    numeric: Any  #: the numeric gradient, as theta is built; NaN where nothing was measured
    bar: Any  #: its error bar, as theta is built; infinite where nothing was measured

    def __init__(self, held: _dtheta.GradientResult, tree: Any) -> None:
        super().__init__(held)
        fields = held.fields()
        positions = fields.pop("positions")
        _set_common(self, fields)
        self.blocks = [block_of(b) for b in fields.pop("blocks")]
        self.entries = [Entry(**e) for e in fields.pop("entries")]
        for name, missing in (("analytic", math.nan), ("numeric", math.nan), ("bar", math.inf)):
            values = fields.pop(name)
            if positions:
                whole = np.full(tree.size, missing)
                whole[positions] = values
                values = whole
            setattr(self, name, tree.tree_of(values) if len(values) == tree.size else values)
        self.__dict__.update(fields)

    def __getitem__(self, name: str) -> Block:
        """One block by its name."""
        for block in self.blocks:
            if block.name == name:
                return block
        known = ", ".join(block.name for block in self.blocks)
        raise KeyError(f"no block {name!r} was checked; there are {known}")

    def to_dict(self) -> dict[str, Any]:
        """What `gradcheck function --json` writes, as a dictionary."""
        return {
            "difference": self.difference,
            "verdict": _word(self.method, self.verdict, self.band),
            "method": self.method,
            "headline": self.headline,
            "complete": self.complete,
            "sampled": self.sampled,
            "cost": None if self.method == "comparison" else self.cost,
            "evaluations": self.evaluations,
            "gradient_evaluations": self.gradient_evaluations,
            "blocks": [self._block_dict(block) for block in self.blocks],
            "notes": self.notes,
            "cause": _cause_dict(self.cause),
        }

    def _block_dict(self, block: Block) -> dict[str, Any]:
        worst = block.entries[0] if block.entries else None
        return {
            "name": block.name,
            "layer": block.layer,
            "shape": list(block.shape),
            "difference": block.difference,
            "verdict": _word(self.method, block.verdict, block.band),
            "detectable": block.detectable,
            "failed": block.failed,
            "inconclusive": block.inconclusive,
            "excused": block.excused,
            "sight": block.sight
            and {
                "error": block.sight.error,
                "probability": block.sight.probability,
                "measured": block.sight.measured,
            },
            "worst": worst
            and {
                "index": list(worst.index),
                "position": worst.position,
                "analytic": worst.analytic,
                "numeric": worst.numeric,
                "bar": worst.bar,
                "step": worst.step,
                "corner": worst.corner,
                "kink": worst.corner,  # its name before 0.3
                "replay": worst.replay or None,
            },
        }


class JacobianResult(BaseResult):
    """What the check of a Jacobian, a Hessian or a product found."""

    subject: str  #: "Jacobian", "Hessian", ...
    shape: tuple[int, int]  #: outputs by inputs
    dense: bool
    colours: int  #: columns that were moved one after the other
    values: np.ndarray  #: f(x) as one vector
    noise: np.ndarray  #: of one evaluation, by output
    blocks: list[JacobianBlock]
    entries: list[JacobianEntry]  #: the worst entries of all blocks, worst first
    outside: list[Outside]  #: dependences outside of a sparse pattern
    analytic: Any  #: the Jacobian under test: an array, or a sparse matrix as it was given
    numeric: Any  #: the numeric one
    bar: Any  #: its error bars

    _title: ClassVar[str] = "Jacobian check"

    def __init__(self, held: _dtheta.JacobianResult, pattern: Any = None) -> None:
        super().__init__(held)
        fields = held.fields()
        _set_common(self, fields)
        self.shape = (fields.pop("rows"), fields.pop("columns"))
        self.blocks = [jacobian_block_of(b) for b in fields.pop("blocks")]
        self.entries = [JacobianEntry(**e) for e in fields.pop("entries")]
        self.outside = [Outside(**e) for e in fields.pop("outside")]
        for name in ("analytic", "numeric", "bar"):
            setattr(self, name, _matrix(fields.pop(name), self.shape, pattern))
        self.__dict__.update(fields)

    def __getitem__(self, name: tuple[str, str]) -> JacobianBlock:
        """One block by its names: result["residual", "pose"]."""
        for block in self.blocks:
            if (block.output, block.input) == name:
                return block
        known = ", ".join(f"{block.output} by {block.input}" for block in self.blocks)
        raise KeyError(f"no block {name!r} was checked; there are {known}")

    def to_dict(self) -> dict[str, Any]:
        """The result as a dictionary: verdict, blocks with their worst entries, causes, notes."""
        return json.loads(self._held.json())


class Replay:
    """The probe of one entry with every number that went into it."""

    entry: str
    theta: float  #: the entry's own value
    step: float
    cost: float  #: J(theta)
    noise: float
    values: list[tuple[float, float, float]]  #: (steps from theta, theta, J) of each point
    two_sided: float
    fourth_order: float
    analytic: float
    bar: float
    verdict: str
    text: str

    def __init__(self, fields: dict[str, Any]) -> None:
        self.__dict__.update(fields)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<dtheta.Replay {self.entry}: {self.verdict}>"


def _set_common(result: BaseResult, fields: dict[str, Any]) -> None:
    result.causes = [Cause(**c) for c in fields.pop("causes")]
    for name in (
        "verdict",
        "difference",
        "tolerance",
        "evaluations",
        "deterministic",
        "complete",
        "notes",
    ):
        setattr(result, name, fields.pop(name))


def _matrix(values: np.ndarray, shape: tuple[int, int], pattern: Any) -> Any:
    if pattern is not None:
        import scipy.sparse

        starts, columns = pattern
        return scipy.sparse.csr_matrix((values, columns, starts), shape=shape)
    return values.reshape(shape) if values.size == shape[0] * shape[1] else values


def _word(method: str, verdict: str, band: str) -> str:
    """The textbook's words for its method, but no "excellent" over what is no pass."""
    praised = band == "excellent" and verdict != "pass"
    return band if method == "textbook" and not praised else verdict


def _cause_dict(cause: Cause | None) -> dict[str, Any] | None:
    if cause is None:
        return None
    return {
        "pattern": cause.pattern,
        "amount": cause.amount,
        "confidence": cause.confidence,
        "sentence": cause.sentence,
    }


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
