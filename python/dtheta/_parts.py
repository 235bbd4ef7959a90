"""What a result consists of: blocks, entries, causes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Cause:
    """A guess at why a derivative is wrong."""

    pattern: str  #: "factor", "transposed", "L2 term", ...
    amount: float  #: a factor, a coefficient, an offset; 0 where there is none
    confidence: float  #: between 0 and 1
    sureness: str  #: "certain", "very likely", "likely" or "possible"
    sentence: str  #: what a person reads
    where: str = ""  #: of a Jacobian: the block, rows or columns that it concerns

    def __str__(self) -> str:
        return f"{self.pattern} ({self.sureness}): {self.sentence}"


@dataclass(frozen=True)
class _Derivatives:
    name: str  #: "W1[2, 3]"; of a Jacobian "r[2] by pose[1]"
    analytic: float
    numeric: float
    bar: float  #: the numeric derivative is believed to be off by no more than this
    step: float  #: how far theta was moved
    verdict: str  #: "pass", "fail" or "inconclusive"
    corner: bool  #: there is a corner here; held against the slopes on both sides
    replay: str  #: the call that shows this probe again; empty where it accuses nobody

    @property
    def error(self) -> float:
        """|analytic - numeric|"""
        return abs(self.analytic - self.numeric)

    @property
    def relative_error(self) -> float:
        """|analytic - numeric| / (|analytic| + |numeric|); 0 if both are 0."""
        size = abs(self.analytic) + abs(self.numeric)
        return self.error / size if size != 0.0 else 0.0


@dataclass(frozen=True)
class Entry(_Derivatives):
    """One entry of theta with both derivatives."""

    block: str
    index: tuple[int, ...]
    position: int  #: in theta as one vector


@dataclass(frozen=True)
class JacobianEntry(_Derivatives):
    """One entry of a Jacobian with both derivatives."""

    row: int
    column: int
    output: str
    output_index: tuple[int, ...]
    input: str
    input_index: tuple[int, ...]


@dataclass(frozen=True)
class Sight:
    """What was seen of a block of which not every entry was measured."""

    error: float  #: |error| / |gradient| of the block, from which on an error counts
    probability: float  #: with which an error of that size would have been seen
    measured: int  #: entries that were measured by themselves


@dataclass(frozen=True)
class Block:
    """One array of theta."""

    name: str
    layer: int
    shape: tuple[int, ...]
    size: int
    difference: float  #: of this block alone
    band: str
    verdict: str
    detectable: float  #: an error above this part of the largest derivative is not passed
    failed: int  #: entries that contradict the numeric derivative
    inconclusive: int  #: entries about which nothing can be said
    corners: int
    excused: int  #: open ones among known_corners, not held against the block
    sight: Sight | None  #: within a budget; None where every entry was measured
    sensitive: bool  #: False: J was not seen to depend on this block
    entries: list[Entry] = field(repr=False)  #: worst first
    causes: list[Cause] = field(repr=False)


@dataclass(frozen=True)
class JacobianBlock:
    """The derivatives of one block of outputs by one block of inputs."""

    output: str
    input: str
    first_row: int
    rows: int
    first_column: int
    columns: int
    size: int  #: entries of the pattern
    difference: float
    verdict: str
    detectable: float
    failed: int
    inconclusive: int
    corners: int
    excused: int  #: open ones among known_corners, not held against the block
    entries: list[JacobianEntry] = field(repr=False)
    causes: list[Cause] = field(repr=False)


@dataclass(frozen=True)
class Outside:
    """A derivative that is not zero where a sparse pattern has no entry."""

    row: int
    column: int
    output: str
    input: str
    numeric: float
    bar: float


def block_of(fields: dict[str, Any]) -> Block:
    entries = [Entry(**e) for e in fields.pop("entries")]
    causes = [Cause(**c) for c in fields.pop("causes")]
    sight = fields.pop("sight")
    return Block(
        **fields, sight=sight and Sight(**sight), entries=entries, causes=causes
    )


def jacobian_block_of(fields: dict[str, Any]) -> JacobianBlock:
    entries = [JacobianEntry(**e) for e in fields.pop("entries")]
    causes = [Cause(**c) for c in fields.pop("causes")]
    return JacobianBlock(**fields, entries=entries, causes=causes)
