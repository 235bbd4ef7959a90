"""Checks of PyTorch: autograd functions and modules, in the place of torch.autograd.gradcheck."""

from __future__ import annotations

import copy
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
    names: of the inputs that are tensors and require a gradient, for the report.
    parameters: False leaves a module's parameters out.
    dtype: in which backward is computed: float64, or float32 and less; that of the tensors unless
        given. Forward is evaluated in float64 in any case, so a float32 gradient is held against
        differences that are much sharper than itself, to the tolerance that its seven digits allow.
    seed: sets torch's random generator before each evaluation, so that dropout draws the same.
    options: those of dtheta.check where there is one output, and of dtheta.check_vjp otherwise.

    Nothing of the caller's is changed: modules are copied, tensors are cloned."""
    call = _Call(function_or_module, inputs, loss, names, parameters, dtype, seed)
    roundoff = _ROUNDOFF[call.dtype]
    if call.scalar:
        return check_gradient(call.value, call.gradient, call.theta,
                              gradient_roundoff=roundoff, **options)
    return check_vjp(call.value, call.vjp, call.theta, jacobian_roundoff=roundoff, **options)


class _Call:
    """The function or module with its tensors, evaluated in float64 and differentiated in `dtype`."""

    def __init__(self, target: Any, inputs: Any, loss: Any, names: Any, parameters: bool,
                 dtype: torch.dtype | None, seed: int | None) -> None:
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
        with torch.no_grad():
            first = self._outputs(self.theta, torch.float64)
        self.scalar = len(first) == 1 and first[0].numel() == 1

    def _leaves(self, names: Any, parameters: bool) -> dict[str, torch.Tensor]:
        leaves: dict[str, torch.Tensor] = {}
        if self.module is not None and parameters:
            for name, tensor in self.module.named_parameters():
                if tensor.requires_grad:
                    leaves[name] = tensor
        self.places: dict[int, str] = {}
        positions = [
            i for i, t in enumerate(self.inputs) if isinstance(t, torch.Tensor) and t.requires_grad
        ]
        if names is not None and len(names) != len(positions):
            raise ValueError(
                f"names: {len(names)} are given, but {len(positions)} inputs require a gradient"
            )
        for k, position in enumerate(positions):
            name = names[k] if names is not None else f"input[{position}]"
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

    def _module_in(self, dtype: torch.dtype) -> Any:
        if self.module is None:
            return None
        return copy.deepcopy(self.module).to(dtype)

    def _outputs(self, theta: Mapping[str, Any], dtype: torch.dtype) -> list[torch.Tensor]:
        return self._forward(theta, dtype)[0]

    def _forward(self, theta: Mapping[str, Any], dtype: torch.dtype) -> tuple[list, list]:
        """The outputs at theta, and the tensors that theta went into, in theta's order."""
        placed: dict[str, torch.Tensor] = {}
        arguments = []
        for position, value in enumerate(self.inputs):
            if position in self.places:
                name = self.places[position]
                tensor = torch.tensor(theta[name], dtype=dtype, device=value.device)
                value = placed[name] = tensor.requires_grad_(True)
                value = value.view_as(value)  # no leaf, so that it may be written to in place
            elif isinstance(value, torch.Tensor) and value.is_floating_point():
                value = value.detach().to(dtype, copy=True)
            arguments.append(value)
        target = self.function
        if self.module is not None:
            # What a forward pass keeps, running statistics say, is to be the same at each.
            target = copy.deepcopy(self.modules[dtype])
            for name, parameter in target.named_parameters():
                if name in theta and name not in placed:
                    with torch.no_grad():
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
            outputs = [_numpy(t) for t in self._outputs(theta, torch.float64)]
        return outputs[0] if len(outputs) == 1 else outputs

    def vjp(self, theta: Mapping[str, Any], weights: Any) -> dict[str, np.ndarray]:
        """What backward makes of these weights of the outputs."""
        outputs, tensors = self._forward(theta, self.dtype)
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

    def gradient(self, theta: Mapping[str, Any]) -> dict[str, np.ndarray]:
        return self.vjp(theta, np.ones(1))


def _numpy(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().to("cpu", torch.float64).numpy().copy()


def _coarsest(tensors: Any) -> torch.dtype:
    return max((t.dtype for t in tensors), key=lambda d: _ROUNDOFF.get(d, 1.0))
