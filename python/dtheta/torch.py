"""Checks of PyTorch: autograd functions and modules, in the place of torch.autograd.gradcheck."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ._check import check as check_gradient
from ._jacobian import check_vjp
from ._numbers import DOUBLE_ROUNDOFF
from ._result import JacobianResult, Result

__all__ = ["check"]

_ROUNDOFF = {
    torch.float64: DOUBLE_ROUNDOFF,
    torch.float32: 2.0**-24,
    torch.float16: 2.0**-11,
    torch.bfloat16: 2.0**-8,
}


def check(
    function_or_module: Any,
    inputs: Any,
    *,
    loss: Callable[..., Any] | None = None,
    names: Sequence[str] | None = None,
    parameters: bool = True,
    dtype: torch.dtype | None = None,
    seed: int | None = None,
    **options: Any,
) -> Result | JacobianResult:
    """Holds what backward computes against finite differences of what forward computes.

    function_or_module: a torch.autograd.Function (the class, or its apply), any function of tensors,
        or a torch.nn.Module. Of a module the parameters that require a gradient are checked, and the
        inputs that do.
    inputs: a tensor or a tuple of arguments, tensors or not. Of a function those tensors are checked
        that require a gradient.
    loss: output -> one number, where the output is to be checked through a loss.
    names: of the inputs that require a gradient, for the report; those of the function's arguments
        unless given.
    parameters: False leaves a module's parameters out.
    dtype: in which backward is to be right: that of the tensors unless given. Forward is evaluated
        in float64 in any case. A backward in float32 or less is first held against it in float64,
        entry by entry, and then in its own dtype, to the tolerance that its digits allow and by
        random weightings of the outputs: an output whose digits cancel is none of backward's faults.
    seed: sets torch's random generator before each evaluation, so that dropout draws the same.
    options: those of dtheta.check where there is one output, and of dtheta.check_vjp otherwise.

    Nothing of the caller's is changed: modules are copied, tensors are cloned."""
    call = _Call(function_or_module, inputs, loss, names, parameters, dtype, seed)
    exact = call.run(torch.float64, options)
    if call.dtype == torch.float64 or exact.verdict == "fail":
        return exact
    own = call.run(call.dtype, options)
    if own.verdict == "fail":
        own.add_note(
            f"in float64 backward is {'right' if exact else 'not wrong'}: what is wrong is wrong in "
            f"{call.dtype} alone, such as digits that cancel, a constant or a branch of its own"
        )
    return exact if own and not exact else own


class _Call:
    """The function or module with its tensors: evaluated in float64, differentiated in any dtype."""

    def __init__(
        self,
        target: Any,
        inputs: Any,
        loss: Any,
        names: Any,
        parameters: bool,
        dtype: torch.dtype | None,
        seed: int | None,
    ) -> None:
        self.inputs = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
        self.loss, self.seed = loss, seed
        if isinstance(target, type) and issubclass(target, torch.autograd.Function):
            target = target.apply
        if not callable(target):
            raise TypeError(
                f"{type(target).__name__} is neither a torch.autograd.Function, nor a function, nor "
                "a module"
            )
        self.module = target if isinstance(target, torch.nn.Module) else None
        self.function = target
        leaves = self._leaves(names, parameters)
        if not leaves:
            raise ValueError(
                "nothing here requires a gradient: set requires_grad on the inputs that are to be "
                "checked, or give a module with parameters"
            )
        self.dtype = dtype or _coarsest(leaves.values())
        if self.dtype not in _ROUNDOFF:
            raise TypeError(f"dtype: {self.dtype} is none of {', '.join(map(str, _ROUNDOFF))}")
        self.theta = {name: _numpy(tensor) for name, tensor in leaves.items()}
        self.modules = {d: self._module_in(d) for d in {torch.float64, self.dtype}}
        self.buffers = {
            d: [] if m is None else [(b, b.clone()) for b in m.buffers()]
            for d, m in self.modules.items()
        }
        with torch.no_grad():
            first = self._forward(self.theta, torch.float64)[0]
        self.scalar = len(first) == 1 and first[0].numel() == 1

    def run(self, dtype: torch.dtype, options: dict[str, Any]) -> Result | JacobianResult:
        """Checks backward as it is in `dtype`."""
        all_options: dict[str, Any] = {}
        if self.scalar:
            all_options.update(gradient_roundoff=_ROUNDOFF[dtype])
            all_options.update(options)
            return check_gradient(
                self.value,
                lambda theta: self.vjp(theta, np.ones(1), dtype),
                self.theta,
                **all_options,
            )
        all_options.update(jacobian_roundoff=_ROUNDOFF[dtype])
        if dtype != torch.float64:
            all_options.update(most_units=0)
        all_options.update(options)
        return check_vjp(
            self.value,
            lambda theta, weights: self.vjp(theta, weights, dtype),
            self.theta,
            **all_options,
        )

    def _leaves(self, names: Any, parameters: bool) -> dict[str, torch.Tensor]:
        leaves: dict[str, torch.Tensor] = {}
        if self.module is not None and parameters:
            for name, parameter in self.module.named_parameters():
                if parameter.requires_grad:
                    leaves[name] = parameter
        self.places: dict[int, str] = {}
        positions = [
            i for i, t in enumerate(self.inputs) if isinstance(t, torch.Tensor) and t.requires_grad
        ]
        if names is not None and len(names) != len(positions):
            raise ValueError(
                f"names: {len(names)} are given, but {len(positions)} inputs require a gradient"
            )
        for k, position in enumerate(positions):
            name = names[k] if names is not None else self._argument(position)
            if name in leaves:
                raise ValueError(f"names: there are two tensors called {name!r}")
            self.places[position] = name
            leaves[name] = self.inputs[position]
        for name, tensor in leaves.items():
            if tensor.is_complex():
                raise TypeError(f"{name} is complex ({tensor.dtype}): check real tensors")
            if tensor.layout != torch.strided:
                raise TypeError(f"{name} is sparse ({tensor.layout}): check dense tensors")
        return leaves

    def _argument(self, position: int) -> str:
        """What the function calls its argument."""
        known: Any = self.function
        skipped = 0
        if self.module is not None:
            known = self.module.forward
        elif isinstance(getattr(known, "__self__", None), type):  # apply of a Function
            known, skipped = known.__self__.forward, 1
        try:
            arguments = list(inspect.signature(known).parameters.values())[skipped:]
        except (TypeError, ValueError):
            arguments = []
        positional = [a.name for a in arguments if a.kind == a.POSITIONAL_OR_KEYWORD]
        return positional[position] if position < len(positional) else f"input{position}"

    def _module_in(self, dtype: torch.dtype) -> Any:
        if self.module is None:
            return None
        return copy.deepcopy(self.module).to(dtype)

    def _forward(self, theta: Mapping[str, Any], dtype: torch.dtype) -> tuple[list, list]:
        """The outputs at theta, and the tensors that theta went into, in theta's order."""
        placed: dict[str, torch.Tensor] = {}
        arguments = []
        for position, value in enumerate(self.inputs):
            if position in self.places:
                name = self.places[position]
                tensor = torch.tensor(theta[name], dtype=dtype, device=value.device)
                placed[name] = tensor.requires_grad_(True)
                value = tensor.clone()  # no leaf, so that a function may write to it in place
            elif isinstance(value, torch.Tensor) and value.is_floating_point():
                value = value.detach().to(dtype, copy=True)
            arguments.append(value)
        target = self.function
        if self.module is not None:
            target = self.modules[dtype]
            with torch.no_grad():
                # What a forward pass keeps, running statistics say, is to be the same at each.
                for buffer, before in self.buffers[dtype]:
                    buffer.copy_(before)
                for name, parameter in target.named_parameters():
                    if name in theta and name not in placed:
                        parameter.copy_(torch.as_tensor(theta[name]))
                        placed[name] = parameter
        outputs = self._run(target, arguments)
        return outputs, [placed[name] for name in self.theta]

    def _run(self, target: Any, arguments: list) -> list[torch.Tensor]:
        if self.seed is None:
            result = target(*arguments)
        else:
            with torch.random.fork_rng():
                torch.manual_seed(self.seed)
                result = target(*arguments)
        if self.loss is not None:
            result = self.loss(result)
        outputs = list(result) if isinstance(result, (tuple, list)) else [result]
        tensors = [t for t in outputs if isinstance(t, torch.Tensor) and t.is_floating_point()]
        if not tensors:
            raise TypeError(
                f"the output is a {type(result).__name__}, and holds no tensor of floating point"
            )
        return tensors

    def value(self, theta: Mapping[str, Any]) -> Any:
        """The outputs in float64, as check and check_vjp take them."""
        with torch.no_grad():
            outputs = [_numpy(t) for t in self._forward(theta, torch.float64)[0]]
        return outputs[0] if len(outputs) == 1 else outputs

    def vjp(self, theta: Mapping[str, Any], weights: Any, dtype: torch.dtype) -> dict[str, Any]:
        """What backward, in `dtype`, makes of these weights of the outputs."""
        outputs, tensors = self._forward(theta, dtype)
        given = weights if isinstance(weights, list) else [weights]
        pairs = [
            (t, torch.as_tensor(np.asarray(w), dtype=t.dtype, device=t.device).reshape(t.shape))
            for t, w in zip(outputs, given)
            if t.requires_grad
        ]
        if not pairs:
            return {name: np.zeros_like(self.theta[name]) for name in self.theta}
        gradients = torch.autograd.grad(
            [t for t, _ in pairs], tensors, [w for _, w in pairs], allow_unused=True
        )
        return {
            name: np.zeros_like(self.theta[name]) if g is None else _numpy(g)
            for name, g in zip(self.theta, gradients)
        }


def _numpy(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().to("cpu", torch.float64).numpy().copy()


def _coarsest(tensors: Any) -> torch.dtype:
    return max((t.dtype for t in tensors), key=lambda d: _ROUNDOFF.get(d, 1.0))
