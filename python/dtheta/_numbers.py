"""What counts as numbers: how arrays and values of the caller are read, and what is said of others."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

# Unit roundoff of the arithmetic that made an array of this type.
_ROUNDOFF = {"float16": 2.0**-11, "float32": 2.0**-24}
DOUBLE_ROUNDOFF = 2.0**-53


class Precision:
    """The coarsest arithmetic among what was read, as its types say."""

    def __init__(self) -> None:
        self.roundoff = DOUBLE_ROUNDOFF
        self.name = "float64"

    def see(self, dtype: np.dtype[Any]) -> None:
        roundoff = _ROUNDOFF.get(dtype.name, DOUBLE_ROUNDOFF)
        if roundoff > self.roundoff:
            self.roundoff, self.name = roundoff, dtype.name


def is_torch(value: Any) -> bool:
    return type(value).__module__.split(".")[0] == "torch"


def read_array(value: Any, what: str, precision: Precision | None = None) -> np.ndarray:
    """The numbers in `value` as float64, row by row. Throws TypeError that begins with `what`."""
    if is_torch(value):
        value = value.detach().cpu()
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(
            f"{what} is a masked array: what is masked has no derivative; give its data"
        )
    try:
        array = np.asarray(value)
    except ValueError as error:  # ragged lists
        raise TypeError(f"{what} is no array of numbers: {error}") from None
    kind = array.dtype.kind
    if kind == "c":
        raise TypeError(
            f"{what} is complex ({array.dtype}): give real and imaginary parts as arrays of their own"
        )
    if kind not in "iuf":
        raise TypeError(f"{what} is no array of numbers: {_described(value, array)}")
    if precision is not None:
        precision.see(array.dtype)
    return np.ascontiguousarray(array, dtype=np.float64).reshape(array.shape)


def _described(value: Any, array: np.ndarray) -> str:
    if value is None:
        return "it is None"
    if isinstance(value, np.ndarray):
        return f"its dtype is {array.dtype}" + (
            "; .astype(float) makes numbers of what are some" if array.dtype == object else ""
        )
    return f"it is {_short(value)} ({type(value).__name__})"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def read_number(value: Any, what: str, precision: Precision) -> float:
    """One number: a Python or NumPy one, or an array that holds one."""
    if isinstance(value, bool) or isinstance(value, np.bool_):
        raise TypeError(f"{what} returned {value!r}, and must return a number")
    if value is None:
        raise TypeError(f"{what} returned None: is its return missing?")
    if isinstance(value, numbers.Real) and not isinstance(value, np.generic):
        return float(value)
    if isinstance(value, (tuple, list)) and not all(
        isinstance(item, numbers.Real) for item in value
    ):
        raise TypeError(
            f"{what} returned a {type(value).__name__} of {len(value)}, and must return one number; "
            "where it returns cost and gradient, give True as the gradient"
        )
    if isinstance(value, (str, bytes)):
        raise TypeError(f"{what} returned {_short(value)}, and must return a number")
    array = read_array(value, f"what {what} returned", precision)
    if array.size != 1:
        raise TypeError(
            f"{what} returned an array of shape {array.shape}, and must return one number; "
            "dtheta.check_jacobian takes functions of several outputs"
        )
    return float(array.reshape(())[()])
