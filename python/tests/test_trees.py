"""theta as dicts, lists, tuples and whatever else holds arrays."""

import collections
import dataclasses
import time
import types

import numpy as np
import pytest

import dtheta

Pair = collections.namedtuple("Pair", "w b")


@dataclasses.dataclass
class Layer:
    w: np.ndarray
    b: float


def squares(value):
    if isinstance(value, dict):
        return sum(squares(v) for v in value.values())
    if dataclasses.is_dataclass(value):
        return squares(vars(value))
    if isinstance(value, (list, tuple)):
        return sum(squares(v) for v in value)
    return 0.0 if value is None else float(np.sum(np.asarray(value) ** 2))


def doubled(value, wrong=None, path=""):
    """Twice the tree: the gradient of squares; the leaf at `wrong` is off by a tenth."""
    if dataclasses.is_dataclass(value):
        return type(value)(**doubled(vars(value), wrong, path))
    if isinstance(value, collections.abc.Mapping):
        new = {k: doubled(v, wrong, f"{path}/{k}") for k, v in value.items()}
        return new if type(value) is dict else collections.OrderedDict(new)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(doubled(v, wrong, f"{path}/{k}") for k, v in value._asdict().items()))
    if isinstance(value, (list, tuple)):
        return type(value)(doubled(v, wrong, f"{path}/{i}") for i, v in enumerate(value))
    if value is None:
        return None
    return (2.2 if path == wrong else 2.0) * value


def arrays(*shape, seed=0):
    return np.random.default_rng(seed + sum(shape)).normal(size=shape) + 1.5


TREES = {
    "dict": ({"W1": arrays(3, 2), "b1": arrays(3, 1)}, "/W1", "W1"),
    "nested": (
        {"layers": [{"w": arrays(2), "b": 1.0}, {"w": arrays(3), "b": 2.0}]},
        "/layers/1/w",
        "layers[1].w",
    ),
    "list": ([arrays(2, 2), arrays(3)], "/1", "theta[1]"),
    "tuple": ((arrays(2, 2), 3.0), "/0", "theta[0]"),
    "namedtuple": (Pair(arrays(2), 2.0), "/w", "w"),
    "dataclass": ({"first": Layer(arrays(2), 2.0)}, "/first/w", "first.w"),
    "ordered": (collections.OrderedDict(a=arrays(2), b=arrays(3)), "/b", "b"),
    "state_dict": ({"0.weight": arrays(2, 3), "0.bias": arrays(2)}, "/0.weight", "0.weight"),
    "odd keys": ({0: arrays(2), "a b": arrays(3)}, "/a b", "theta['a b']"),
    "none": ({"w": arrays(3), "bias": None}, "/w", "w"),
    "empty": ({"w": arrays(3), "e": np.ones((0, 2)), "more": []}, "/w", "w"),
    "deep": ({"a": {"b": {"c": (arrays(2), [arrays(3)])}}}, "/a/b/c/1/0", "a.b.c[1][0]"),
}


@pytest.mark.parametrize("name", TREES)
def test_trees(name):
    tree, wrong, block = TREES[name]
    seen = []

    def f(t):
        seen.append(type(t))
        return squares(t)

    assert dtheta.check(f, doubled, tree)
    assert set(seen) == {type(tree)}
    result = dtheta.check(f, lambda t: doubled(t, wrong), tree)
    assert not result and result.entries[0].block == block
    assert result[block].verdict == "fail"
    assert [b.verdict for b in result.blocks].count("fail") == 1
    assert type(result.numeric) is type(tree)
    assert squares(result.numeric) == pytest.approx(4 * squares(tree))
    again = dtheta.replay(f, lambda t: doubled(t, wrong), tree, result.entries[0].name)
    assert again.verdict == "fail"


def test_a_deep_tree():
    theta = arrays(2)
    for i in range(55):
        theta = [{"a": theta}, (theta,), Pair(theta, 1.0), Layer(theta, 1.0)][i % 4 if i < 8 else 0]
    assert dtheta.check(squares, doubled, theta)


def test_many_leaves_cost_little_each():
    theta = {"layers": [{"w": arrays(5, 5), "b": arrays(5)} for _ in range(50)]}
    calls = []

    def f(p):
        calls.append(time.perf_counter())
        return float(p["layers"][0]["w"][0, 0])

    dtheta.check(f, lambda p: doubled(p), theta, blocks="layers[0].w")
    gaps = np.diff(calls)
    assert np.min(gaps) < 200e-6, f"{np.min(gaps) * 1e6:.0f} us for 100 arrays"


def test_other_mappings():
    frozen = types.MappingProxyType({"w": arrays(2)})
    assert dtheta.check(lambda p: squares(p["w"]), lambda p: {"w": 2 * p["w"]}, frozen)
    default = collections.defaultdict(list, w=arrays(2))
    assert dtheta.check(
        lambda p: squares(p["w"]) + len(p["x"]), lambda p: {"w": 2 * p["w"]}, default
    )


def test_layers_are_read_off_the_names():
    theta = {"W1": arrays(2), "b1": arrays(2), "W2": arrays(2), "out": arrays(1)}
    result = dtheta.check(squares, doubled, theta)
    assert [b.layer for b in result.blocks] == [1, 1, 2, 0]
    result = dtheta.check(squares, doubled, {"layers": [{"w": arrays(2)}, {"w": arrays(2)}]})
    assert [b.layer for b in result.blocks] == [0, 1]


def test_names_that_meet_become_whole_paths():
    theta = {"a.b": arrays(1), "a": {"b": arrays(2)}}
    result = dtheta.check(squares, doubled, theta)
    assert [b.name for b in result.blocks] == ["theta['a.b']", "theta['a']['b']"]


def test_a_courses_dictionary():
    theta = {"W1": arrays(2, 3), "b1": arrays(2, 1)}
    grads = {"dW1": 2 * theta["W1"], "db1": 2 * theta["b1"], "dZ1": arrays(2, 5), "dA0": 1.0}
    assert dtheta.check(squares, grads, theta)
    grads["dW1"] = grads["dW1"] * 1.1
    assert dtheta.check(squares, grads, theta).entries[0].block == "W1"


def test_a_whole_gradient_as_one_vector():
    theta = {"a": arrays(2), "b": arrays(2, 2)}
    flat = np.concatenate([2 * theta["a"], 2 * theta["b"].ravel()])
    assert dtheta.check(squares, flat, theta)
    assert dtheta.check(squares, flat.reshape(-1, 1), theta)
    with pytest.raises(ValueError, match=r"shape \(5,\).*vector of 6 entries"):
        dtheta.check(squares, flat[:5], theta)


def test_dicts_may_come_in_another_order():
    theta = {"a": arrays(2), "b": arrays(3)}
    assert dtheta.check(squares, lambda p: {"b": 2 * p["b"], "a": 2 * p["a"]}, theta)


@pytest.mark.parametrize(
    "change, error, words",
    [
        (lambda g: g.pop("b"), ValueError, "gradient has no 'b', but theta has; it has 'W', 'n'"),
        (lambda g: g.update(z=1.0), ValueError, "gradient has 'z', but theta has not"),
        (
            lambda g: g.update(W=g["W"].T),
            ValueError,
            r"gradient\['W'\] has shape \(2, 3\), but theta\['W'\] has shape \(3, 2\).*transposed",
        ),
        (
            lambda g: g.update(b=np.ones((3, 1))),
            ValueError,
            r"gradient\['b'\] has shape \(3, 1\), but theta\['b'\] has shape \(3,\).*\(3, 3\)",
        ),
        (
            lambda g: g.update(b=None),
            TypeError,
            r"gradient\['b'\] is no array of numbers: it is None",
        ),
        (lambda g: g.update(b="x"), TypeError, r"gradient\['b'\] is no array of numbers.*'x'"),
        (
            lambda g: g.update(b={"c": 1.0}),
            TypeError,
            r"gradient\['b'\] is a dict, but theta\['b'\]",
        ),
        (lambda g: g.update(n=np.ones(2)), ValueError, r"gradient\['n'\] has 2 parts, .* 1 there"),
        (
            lambda g: g.update(n=[[np.ones(2)]]),
            ValueError,
            r"gradient\['n'\]\[0\] has shape \(1, 2\), but theta\['n'\]\[0\] has shape \(2,\)",
        ),
    ],
)
def test_gradients_that_do_not_fit(change, error, words):
    theta = {"W": arrays(3, 2), "b": arrays(3), "n": [arrays(2)]}

    def grad(p):
        g = doubled(p)
        change(g)
        return g

    with pytest.raises(error, match=words):
        dtheta.check(squares, grad, theta)
    with pytest.raises(error, match=words):
        dtheta.check(squares, grad(theta), theta)


@pytest.mark.parametrize(
    "theta, error, words",
    [
        (np.array([True]), TypeError, "theta is no array of numbers: its dtype is bool"),
        (np.array([1.0, None]), TypeError, "its dtype is object"),
        (np.ones(2) * 1j, TypeError, "theta is complex"),
        ({"w": np.ones(2), "f": "relu"}, TypeError, r"theta\['f'\] is no array.*'relu'"),
        ({"w": np.ones(2), "f": np.tanh}, TypeError, r"theta\['f'\] is no array"),
        ({"w": [np.array(["a"])]}, TypeError, r"theta\['w'\]\[0\] is no array"),
        (np.ma.array([1.0, 2.0], mask=[0, 1]), TypeError, "masked"),
        pytest.param(np.ones((1, 1)).view(np.matrix), TypeError, "np.matrix", id="matrix"),
        ("abc", TypeError, "theta is no array of numbers: it is 'abc'"),
        ({}, ValueError, "theta holds no numbers"),
        (np.ones(0), ValueError, "no entry"),
    ],
)
def test_thetas_that_are_none(theta, error, words):
    with pytest.raises(error, match=words):
        dtheta.check(lambda t: 0.0, lambda t: t, theta)


def test_a_tree_in_itself():
    theta = [np.ones(1)]
    theta.append(theta)
    with pytest.raises(ValueError, match="nested more than 60 deep"):
        dtheta.check(lambda t: 0.0, lambda t: t, theta)


@pytest.mark.parametrize(
    "returned, words",
    [
        (None, "f returned None: is its return missing"),
        (True, "f returned True, and must return a number"),
        ("a", "f returned 'a', and must return a number"),
        (np.ones(3), r"f returned an array of shape \(3,\).*check_jacobian"),
        ((1.0, np.ones(2)), "where it returns cost and gradient, give True"),
        (1j, "complex"),
    ],
)
def test_costs_that_return_no_number(returned, words):
    with pytest.raises(TypeError, match=words):
        dtheta.check(lambda t: returned, lambda t: t, np.ones(2))


@pytest.mark.parametrize(
    "call, error, words",
    [
        (dict(method="foo"), ValueError, "neither 'adaptive' nor 'textbook'"),
        (dict(epsilon=1e-4), ValueError, "epsilon is the step of method='textbook'"),
        (dict(method="textbook", tolerance=1e-4), ValueError, "bands of its own"),
        (dict(method="textbook", epsilon=-1.0), ValueError, "epsilon"),
        (dict(tolerance=-1), ValueError, "tolerance: -1"),
        (dict(tolerance="a"), TypeError, "tolerance: 'a'"),
        (dict(blocks=["W"]), ValueError, "no block is called W"),
        (dict(sample=0), ValueError, "sample: 0"),
        (dict(sample="a"), TypeError, "sample: 'a' is no whole number"),
        (dict(blocks=3), TypeError, "blocks: 3 is neither a name nor"),
        (dict(suspects=[1]), TypeError, "suspects: they are"),
        (dict(sample=5, directions=5), ValueError, "one or the other"),
        (dict(threads=0), ValueError, "threads: 0"),
        (dict(previous=np.ones(3)), ValueError, r"previous has shape \(3,\)"),
    ],
)
def test_options_that_cannot_be_met(call, error, words):
    with pytest.raises(error, match=words):
        dtheta.check(squares, doubled, np.ones(2), **call)


def test_no_gradient_and_no_function():
    with pytest.raises(TypeError, match="grad is None"):
        dtheta.check(squares, None, np.ones(2))
    with pytest.raises(TypeError, match="the gradient returned None"):
        dtheta.check(squares, lambda t: None, np.ones(2))
    with pytest.raises(TypeError, match="must be a function"):
        dtheta.check(3.0, doubled, np.ones(2))
    with pytest.raises(TypeError, match=r"f returns \(cost, gradient\)"):
        dtheta.check(squares, True, np.ones(2))


def test_compare_calls_one_array_the_gradient():
    result = dtheta.compare(np.ones(3), np.zeros(3))
    assert not result and result.entries[0].name == "gradient[0]"


def test_compare():
    right = {"W": arrays(3, 2), "b": arrays(3)}
    assert dtheta.compare(right, right)
    wrong = dtheta.compare({"W": right["W"] * 2, "b": right["b"]}, right)
    assert not wrong and wrong.entries[0].block == "W" and wrong.cause.pattern == "factor"
    assert wrong.method == "comparison"
    transposed = dtheta.compare({"W": right["W"].reshape(2, 3).T, "b": right["b"]}, right)
    assert not transposed
    rounded = {k: v.astype(np.float32) for k, v in right.items()}
    assert dtheta.compare(rounded, right) and dtheta.compare(rounded, right).tolerance == 1e-5
    with pytest.raises(ValueError, match=r"gradient\['W'\] has shape \(2, 3\)"):
        dtheta.compare({"W": right["W"].T, "b": right["b"]}, right)
    theta = {"W": arrays(3, 2, seed=9), "b": arrays(3, seed=9)}
    short = {"W": right["W"] - 0.3 * theta["W"], "b": right["b"]}
    assert dtheta.compare(short, right, theta=theta).cause.pattern == "L2 term"
