"""dtheta.torch.check in the place of torch.autograd.gradcheck."""

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="python3-torch is not installed")

import dtheta  # noqa: E402

BOTH = pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)


class Right(torch.autograd.Function):
    """tanh(x w) with a backward by hand."""

    @staticmethod
    def forward(ctx, x, w):
        y = torch.tanh(x @ w)
        ctx.save_for_backward(x, w, y)
        return y

    @staticmethod
    def backward(ctx, g):
        x, w, y = ctx.saved_tensors
        d = g * (1 - y * y)
        return d @ w.T, x.T @ d


class Forgetful(Right):
    @staticmethod
    def backward(ctx, g):
        x, w, y = ctx.saved_tensors
        d = g * (1 - y)  # not y * y
        return d @ w.T, x.T @ d


class OneWrong(Right):
    @staticmethod
    def backward(ctx, g):
        dx, dw = Right.backward(ctx, g)
        dw = dw.clone()
        dw[1, 0] *= 1 + 1e-3
        return dx, dw


class InFloatAlone(Right):
    """A constant that was rounded for the sake of float32."""

    @staticmethod
    def backward(ctx, g):
        dx, dw = Right.backward(ctx, g)
        return (dx, dw) if g.dtype == torch.float64 else (dx, dw * 1.0005)


def inputs(dtype, seed=0):
    torch.manual_seed(seed)
    return tuple(torch.randn(*s, dtype=dtype, requires_grad=True) for s in ((3, 4), (4, 2)))


@BOTH
def test_functions(dtype):
    right = dtheta.torch.check(Right, inputs(dtype))
    assert right, str(right)
    assert right.tolerance == (1e-7 if dtype == torch.float64 else 2.0**-17)
    assert {b.input for b in right.blocks} == {"x", "w"}
    assert dtheta.torch.check(Right.apply, inputs(dtype))
    wrong = dtheta.torch.check(Forgetful, inputs(dtype))
    assert not wrong and wrong.verdict == "fail"
    one = dtheta.torch.check(OneWrong.apply, inputs(dtype), names=["a", "b"])
    assert not one and {b.input for b in one.blocks if b.failed} == {"b"}
    assert {e.input_index for e in one.entries if e.verdict == "fail"} == {(1, 0)}


@pytest.mark.parametrize("seed", range(20))
def test_float32_gives_no_false_alarm(seed):
    """Where 1 - y^2 has lost its digits it may be left open, but is accused by nobody."""
    assert dtheta.torch.check(Right, inputs(torch.float32, seed)).verdict != "fail"


def test_a_bug_of_float32_alone_is_said_to_be_one():
    assert dtheta.torch.check(InFloatAlone, inputs(torch.float64))
    result = dtheta.torch.check(InFloatAlone, inputs(torch.float32))
    assert not result and any("in float64 backward is right" in note for note in result.notes)
    assert dtheta.torch.check(InFloatAlone, inputs(torch.float32), dtype=torch.float64)


@BOTH
def test_modules(dtype):
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Tanh(), torch.nn.Linear(5, 3)).to(
        dtype
    )
    before = copy.deepcopy(module.state_dict())
    x = torch.randn(6, 4, dtype=dtype)
    result = dtheta.torch.check(module, x, loss=lambda out: (out**2).mean())
    assert result and [b.name for b in result.blocks] == [
        "0.weight",
        "0.bias",
        "2.weight",
        "2.bias",
    ]
    assert dtheta.torch.check(module, x)
    both = dtheta.torch.check(
        module, x.clone().requires_grad_(), loss=lambda out: (out**2).mean()
    )
    assert both and both.blocks[-1].name == "input"
    alone = dtheta.torch.check(
        module, x.clone().requires_grad_(), parameters=False, loss=lambda out: (out**2).mean()
    )
    assert alone and [b.name for b in alone.blocks] == ["input"]
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(p.grad is None for p in module.parameters())


class Scaled(torch.nn.Module):
    """A module with a hand-written function inside."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.w = torch.nn.Parameter(torch.randn(4, 2, dtype=torch.float64))
        self.frozen = torch.nn.Parameter(torch.ones(2, dtype=torch.float64), requires_grad=False)

    def forward(self, points):
        return self.function.apply(points, self.w) * self.frozen


def test_a_wrong_function_inside_of_a_module():
    x = torch.randn(3, 4, dtype=torch.float64)
    torch.manual_seed(0)
    right = dtheta.torch.check(Scaled(Right), x, loss=torch.sum)
    assert right and [b.name for b in right.blocks] == ["w"]
    wrong = dtheta.torch.check(Scaled(OneWrong), x, loss=torch.sum)
    assert not wrong and wrong.entries[0].name == "w[1, 0]"


def test_running_statistics_and_dropout():
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.BatchNorm1d(4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 2)
    )
    module.double()
    before = copy.deepcopy(module.state_dict())
    x, labels = torch.randn(6, 4, dtype=torch.float64), torch.randint(0, 2, (6,))

    def loss(out):
        return torch.nn.functional.cross_entropy(out, labels)

    live = dtheta.torch.check(module, x, loss=loss)
    assert live.verdict == "inconclusive" and not live.deterministic
    state = torch.random.get_rng_state()
    frozen = dtheta.torch.check(module, x, loss=loss, seed=3)
    assert frozen, str(frozen)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert dtheta.torch.check(module, x, loss=loss, seed=3).cost == frozen.cost
    assert dtheta.torch.check(module, x, loss=loss, seed=4).cost != frozen.cost
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name]), name


class Counting(torch.nn.Module):
    """What it gives depends on how often it was called."""

    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.ones(2, dtype=torch.float64))
        self.register_buffer("calls", torch.zeros((), dtype=torch.float64))

    def forward(self, x):
        self.calls += 1
        return torch.sum(self.calls * self.w * x)


def test_buffers_are_the_same_at_each_evaluation():
    module = Counting()
    assert dtheta.torch.check(module, torch.ones(2, dtype=torch.float64)) and module.calls == 0


def test_arguments_that_are_no_tensors_and_several_outputs():
    def f(a, power, mask, b):
        return (a**power).sum(), torch.where(mask, a, b), torch.arange(3)

    a, b = (torch.rand(3, dtype=torch.float64, requires_grad=True) for _ in range(2))
    result = dtheta.torch.check(f, (a, 3, torch.tensor([True, False, True]), b))
    assert result and {b.input for b in result.blocks} == {"a", "b"}
    assert {b.output for b in result.blocks} == {"f[0]", "f[1]"}


def test_an_unused_input_has_a_gradient_of_zero():
    a, b = (torch.rand(3, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert dtheta.torch.check(lambda a, b: a**2, (a, b))
    assert not dtheta.torch.check(lambda a, b: a.detach() ** 2 + b, (a, b))


def test_in_place_functions_and_the_callers_tensors():
    a = torch.rand(3, dtype=torch.float64, requires_grad=True)
    before = a.detach().clone()
    assert dtheta.torch.check(lambda a: a.mul_(2.0).exp_(), a)
    assert torch.equal(a.detach(), before) and a.grad is None


def test_a_scalar_function_gives_a_result_by_blocks():
    a = torch.rand(2, 3, dtype=torch.float64, requires_grad=True)
    result = dtheta.torch.check(lambda weights: (weights**3).sum(), a, method="textbook")
    assert result.method == "textbook" and result["weights"].shape == (2, 3)
    np.testing.assert_allclose(result.analytic["weights"], 3 * a.detach().numpy() ** 2)


@pytest.mark.parametrize(
    "target, arguments, error, words",
    [
        (
            Right,
            (torch.ones(2, 2), torch.ones(2, 2)),
            ValueError,
            "nothing here requires a gradient",
        ),
        (3, torch.ones(2, requires_grad=True), TypeError, "neither a torch.autograd.Function"),
        (
            lambda x: x,
            torch.ones(2, dtype=torch.complex64, requires_grad=True),
            TypeError,
            "complex",
        ),
        (lambda x: "a", torch.ones(2, requires_grad=True), TypeError, "holds no tensor"),
    ],
)
def test_calls_that_cannot_be_met(target, arguments, error, words):
    with pytest.raises(error, match=words):
        dtheta.torch.check(target, arguments)


def test_names_that_do_not_fit():
    with pytest.raises(ValueError, match="names: 1 are given, but 2 inputs"):
        dtheta.torch.check(Right, inputs(torch.float64), names=["x"])


def test_exceptions_of_backward_come_through():
    class Broken(Right):
        @staticmethod
        def backward(ctx, g):
            raise RuntimeError("in backward")

    with pytest.raises(RuntimeError, match="in backward"):
        dtheta.torch.check(Broken, inputs(torch.float64))


def test_tensors_in_the_place_of_arrays():
    with pytest.raises(TypeError, match="dtheta.torch.check"):
        dtheta.check(lambda t: 0.0, lambda t: t, torch.ones(3))
    # What a function returns may be a tensor.
    assert dtheta.check(
        lambda t: torch.as_tensor(t).pow(2).sum(), lambda t: 2 * torch.as_tensor(t), np.ones(3)
    )
