"""dtheta.check as somebody meets it who knows NumPy."""

import math
import threading
import time
import traceback

import numpy as np
import pytest

import dtheta


def cost(theta):
    return float(np.sum(np.sin(theta) ** 2) + theta[0] * theta[1])


def gradient(theta):
    g = np.sin(2 * theta)
    g[0] += theta[1]
    g[1] += theta[0]
    return g


THETA = np.linspace(0.1, 1.0, 6)


def squares(theta):
    return float(np.sum(np.asarray(theta) ** 2))


def test_a_right_gradient_passes_and_says_so():
    result = dtheta.check(cost, gradient, THETA)
    assert result and result.verdict == "pass" and result.cause is None
    assert "pass" in str(result) and str(result).startswith("gradient check (adaptive): pass")
    np.testing.assert_allclose(result.numeric, gradient(THETA), rtol=1e-9)
    assert result.cost == cost(THETA) and result.evaluations > 12
    assert result.tolerance == 1e-7 and result.deterministic and result.complete


def test_a_wrong_entry_is_found_placed_and_shown_again():
    def wrong(theta):
        g = gradient(theta)
        g[3] *= 1 + 1e-5
        return g

    result = dtheta.check(cost, wrong, THETA)
    assert not result and result.verdict == "fail"
    worst = result.entries[0]
    assert (worst.name, worst.block, worst.index, worst.position) == ("theta[3]", "theta", (3,), 3)
    assert worst.error > 100 * worst.bar and result["theta"].failed == 1
    # The report's replay line is Python that runs.
    again = eval(worst.replay, {"dtheta": dtheta, "f": cost, "grad": wrong, "theta": THETA})
    assert again.verdict == "fail" and again.entry == "theta[3]"
    assert again.fourth_order == pytest.approx(gradient(THETA)[3], rel=1e-8)


@pytest.mark.parametrize("factor, pattern", [(-1.0, "sign"), (2.0, "factor"), (0.0, "zero")])
def test_a_cause_is_named(factor, pattern):
    result = dtheta.check(cost, lambda t: factor * gradient(t), THETA)
    assert not result and result.cause.pattern == pattern
    assert result.cause.sentence in str(result)


def test_values_serve_as_well_as_a_function():
    assert dtheta.check(cost, gradient(THETA), THETA)
    assert not dtheta.check(cost, 1.001 * gradient(THETA), THETA)
    assert dtheta.check(squares, [2.0, 4.0, 6.0], [1, 2, 3])


def test_one_function_may_return_both():
    assert dtheta.check(lambda t: (cost(t), gradient(t)), True, THETA)
    assert not dtheta.check(lambda t: (cost(t), -gradient(t)), True, THETA)


def test_further_arguments():
    assert dtheta.check(
        lambda t, a, b: a * squares(t) + b, lambda t, a, b: 2 * a * t, THETA, args=(3.0, 1.0)
    )
    weights = np.arange(6.0)
    assert dtheta.check(lambda t, w: w @ t**2, lambda t, w: 2 * w * t, THETA, args=weights)


def test_the_textbook_has_its_own_words():
    result = dtheta.check(cost, gradient, THETA, method="textbook", epsilon=1e-6)
    assert result and result.band == "excellent" and result.epsilon == 1e-6
    wrong = dtheta.check(cost, lambda t: 1.01 * gradient(t), THETA, method="textbook")
    assert wrong.band == "critical" and not wrong
    assert wrong.difference == pytest.approx(0.01 / 2.01, rel=1e-3)


@pytest.mark.parametrize(
    "theta",
    [
        2.0,
        2,
        np.array(2.0),
        np.float64(2.0),
        np.float32(2.0),
        np.array([2.0]),
        np.array([[2.0]]),
        np.array([2]),
        [2.0],
        (2.0,),
        {"x": 2.0},
        {"x": np.array([2.0])},
    ],
    ids=repr,
)
def test_one_number_in_any_dress(theta):
    def only(t):
        return float(np.asarray(t["x"] if isinstance(t, dict) else t).reshape(-1)[0])

    result = dtheta.check(
        lambda t: only(t) ** 3, 12.0 if not isinstance(theta, dict) else {"x": 12}, theta
    )
    assert result, str(result)
    assert not dtheta.check(
        lambda t: only(t) ** 3, 12.1 if not isinstance(theta, dict) else {"x": 12.1}, theta
    )


def test_what_the_function_gets_is_what_theta_is():
    seen = {}

    def f(p):
        seen.update({k: type(v) for k, v in p.items()})
        seen["dtype"] = p["array"].dtype
        return p["array"].sum() + p["scalar"] + p["number"] + p["zero"]

    theta = {
        "array": np.arange(3, dtype=np.int32),
        "scalar": np.float32(1.0),
        "number": 2,
        "zero": np.array(1.0),
    }
    assert dtheta.check(f, lambda p: {k: np.ones(np.shape(v)) for k, v in theta.items()}, theta)
    assert seen == {
        "array": np.ndarray,
        "scalar": np.float64,
        "number": float,
        "zero": np.ndarray,
        "dtype": np.dtype(np.float64),
    }


@pytest.mark.parametrize(
    "theta",
    [
        np.asfortranarray(np.arange(6.0).reshape(2, 3) + 1),
        (np.arange(24.0).reshape(4, 6) + 1)[::-2, ::2],
        np.arange(6).reshape(2, 3),
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.broadcast_to(np.arange(3.0), (2, 3)),
        np.arange(6.0).astype(">f8").reshape(2, 3),
    ],
    ids=["fortran", "strided", "int", "float32", "broadcast and read-only", "big-endian"],
)
def test_any_order_and_any_real_type(theta):
    weights = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    before = theta.copy()
    right = dtheta.check(lambda t: np.sum(weights * t**2), lambda t: 2 * weights * t, theta)
    assert right and right.cost == pytest.approx(np.sum(weights * theta.astype(float) ** 2))
    wrong = dtheta.check(
        lambda t: np.sum(weights * t**2),
        lambda t: np.where(weights == 6, 1.1, 1) * 2 * weights * t,
        theta,
    )
    assert wrong.entries[0].index == (1, 2)
    np.testing.assert_array_equal(theta, before)


def test_read_only_theta_is_fine_and_theta_is_never_touched():
    theta = THETA.copy()
    theta.flags.writeable = False
    assert dtheta.check(cost, gradient, theta)

    def careless(t):
        t *= 2.0
        return squares(t)

    theta = THETA.copy()
    result = dtheta.check(careless, lambda t: 8 * t, theta)
    assert result and np.array_equal(theta, THETA)
    assert any("writes into the theta" in note for note in result.notes)


def test_a_function_may_keep_what_it_got():
    kept = []

    def hoards(t):
        kept.append(t)
        return cost(t)

    dtheta.check(hoards, gradient, THETA)
    assert len({k.tobytes() for k in kept}) > 10 and np.array_equal(kept[0], THETA)


@pytest.mark.parametrize(
    "returned",
    [np.float32, np.float64, np.array, lambda v: np.array([v]), lambda v: np.array([[v]])],
)
def test_numbers_that_a_cost_may_return(returned):
    result = dtheta.check(lambda t: returned(squares(t)), lambda t: 2 * t, THETA)
    assert result.verdict == ("inconclusive" if returned is np.float32 else "pass")
    assert any("float32" in note for note in result.notes) == (returned is np.float32)


def test_a_float32_gradient_is_held_to_what_it_has():
    result = dtheta.check(squares, lambda t: (2 * t).astype(np.float32), THETA)
    assert result and result.tolerance == 2.0**-17
    assert not dtheta.check(squares, lambda t: (2.001 * t).astype(np.float32), THETA)


def test_nan_is_never_passed():
    assert not dtheta.check(lambda t: math.nan, gradient, THETA)
    assert not dtheta.check(cost, np.full(6, np.nan), THETA)
    assert not dtheta.check(cost, gradient, np.array([np.nan] * 6))


def test_randomness_is_named():
    random = np.random.default_rng(1)
    result = dtheta.check(lambda t: squares(t) + random.random(), lambda t: 2 * t, THETA)
    assert result.verdict == "inconclusive" and not result.deterministic


def test_a_sample_stands_where_it_was_drawn():
    theta = np.random.default_rng(0).normal(size=(40, 50))

    def wrong(t):
        g = 2 * t
        g[:, 7] *= 1.5
        return g

    result = dtheta.check(squares, wrong, theta, sample=400, seed=3)
    assert not result and result.sampled
    assert np.count_nonzero(~np.isnan(result.numeric)) == 400
    assert result.entries[0].index[1] == 7
    np.testing.assert_allclose(
        result.numeric[result.entries[0].index], 2 * theta[result.entries[0].index]
    )
    other = dtheta.check(squares, wrong, theta, sample=400, seed=4)
    assert not np.array_equal(np.isnan(result.numeric), np.isnan(other.numeric))


def test_directions():
    theta = np.random.default_rng(0).normal(size=3000)
    right = dtheta.check(squares, lambda t: 2 * t, theta, directions=20)
    assert right and right.evaluations < 500
    assert not dtheta.check(squares, lambda t: 2.02 * t, theta, directions=20)


def test_blocks_alone():
    theta = {"first": np.ones(2), "second": np.ones(2)}
    result = dtheta.check(
        lambda p: squares(p["first"]) + squares(p["second"]),
        lambda p: {"first": 2 * p["first"], "second": 3 * p["second"]},
        theta,
        blocks="first",
    )
    assert result and [b.name for b in result.blocks] == ["first"]


def test_hints_name_causes():
    theta, before = np.array([0.3, 0.2, 0.9]), np.array([1.0, 2.0, 4.0])
    result = dtheta.check(squares, lambda t: 2 * t + before, theta, previous=before)
    assert result.cause.pattern == "accumulated"
    result = dtheta.check(
        squares, lambda t: 2 * t + before, theta, suspects={"the last one": before}
    )
    assert result.cause.pattern == "suspect" and "the last one" in result.cause.sentence
    result = dtheta.check(lambda t: squares(t) / 50, lambda t: 2 * t, theta, examples=50)
    assert "examples" in result.cause.sentence or "m" in result.cause.sentence


def test_threads_give_the_same_numbers():
    one = dtheta.check(cost, gradient, THETA)
    four = dtheta.check(cost, gradient, THETA, threads=4)
    assert four and np.array_equal(one.numeric, four.numeric)


def test_checks_in_several_python_threads():
    results = [None] * 8

    def run(i):
        results[i] = dtheta.check(cost, gradient if i % 2 else (lambda t: -gradient(t)), THETA)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [bool(r) for r in results] == [False, True] * 4


def test_other_threads_go_on_meanwhile():
    ticks, stop = [], threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    theta = np.random.default_rng(0).normal(size=20000)
    start = time.perf_counter()
    dtheta.check(lambda t: float(t @ t), lambda t: 2.001 * t, theta)
    end = time.perf_counter()
    stop.set()
    thread.join()
    during = [t for t in ticks if start < t < end]
    assert len(during) > 5 or end - start < 0.05


def test_progress_is_told_and_may_stop():
    told = []

    def slow(t):
        time.sleep(0.003)
        return cost(t)

    def progress(done, total, evaluations, seconds):
        told.append((done, total, evaluations, seconds))
        return len(told) < 2

    result = dtheta.check(slow, gradient, np.tile(THETA, 40), progress=progress)
    assert not result.complete and not result
    assert told[0][1] == 240 and told[-1][2] > 0


# What the user's functions raise.


def test_an_exception_at_theta_comes_through_with_its_traceback():
    def broken(theta):
        raise ZeroDivisionError("here")

    with pytest.raises(ZeroDivisionError, match="here") as caught:
        dtheta.check(broken, gradient, THETA)
    names = [frame.name for frame in traceback.extract_tb(caught.tb)]
    assert names[-1] == "broken"
    with pytest.raises(ZeroDivisionError) as caught:
        dtheta.check(cost, broken, THETA)
    assert traceback.extract_tb(caught.tb)[-1].name == "broken"


@pytest.mark.parametrize("error", [KeyError, TypeError, RuntimeError, AttributeError, MemoryError])
def test_a_bug_beside_theta_comes_through(error):
    def broken(theta):
        if theta[2] != THETA[2]:
            raise error("only when moved")
        return cost(theta)

    with pytest.raises(error, match="only when moved"):
        dtheta.check(broken, gradient, THETA)
    with pytest.raises(error, match="only when moved"):
        dtheta.check(broken, gradient, THETA, threads=3)


def test_beside_theta_no_value_is_the_edge_of_a_domain():
    theta = np.array([1e-9, 1.0])
    result = dtheta.check(
        lambda t: math.sqrt(t[0] - 1e-9) + t[1] ** 2 if t[0] > 5 else math.sqrt(t[0]) + t[1] ** 2,
        lambda t: [0.5 / np.sqrt(t[0]), 2 * t[1]],
        theta,
    )
    assert result, str(result)
    on_it = dtheta.check(
        lambda t: math.sqrt(t[0]) ** 3 + t[1] ** 2, lambda t: [0.0, 2 * t[1]], np.array([0.0, 1.0])
    )
    assert any("ValueError: math domain error" in note for note in on_it.notes), on_it.notes

    def cholesky(t):
        return float(np.log(np.linalg.det(np.linalg.cholesky([[t[0], 1], [1, t[0]]]))) * 2)

    near = dtheta.check(cholesky, lambda t: [2 * t[0] / (t[0] ** 2 - 1)], np.array([1.0001]))
    assert near.verdict != "fail"


def test_system_exit_and_stop_iteration_come_through():
    for error in (SystemExit, StopIteration, GeneratorExit):

        def raises(theta):
            raise error

        with pytest.raises(error):
            dtheta.check(raises, gradient, THETA)


# Speed.


def test_a_call_costs_microseconds():
    """The time beside the function itself, for 10,000 entries: a copy of theta and little more."""
    theta = np.random.default_rng(0).normal(size=10000)
    calls = 0

    def f(t):
        nonlocal calls
        calls += 1
        return 0.5 * float(t @ t)

    def seconds_of(work):
        start = time.process_time()
        work()
        return time.process_time() - start

    best = math.inf
    for _ in range(3):
        calls = 0
        whole = seconds_of(lambda: dtheta.check(f, lambda t: t, theta))
        count = calls
        alone = seconds_of(lambda: [f(theta) for _ in range(count)])
        best = min(best, (whole - alone) / count)
    assert best < 50e-6, f"{best * 1e6:.1f} us for each call"


def _many(size=3000):
    rng = np.random.default_rng(3)
    theta = {"w": rng.normal(size=(size // 10, 10)), "b": rng.normal(size=20)}

    def f(t):
        return np.sum(np.sin(t["w"])) + np.sum(t["b"] ** 3)

    def grad(t):
        return {"w": np.cos(t["w"]), "b": 3 * t["b"] ** 2}

    return f, grad, theta


def test_a_budget_of_evaluations():
    f, grad, theta = _many()
    result = dtheta.check(f, grad, theta, budget={"evaluations": 2000})
    assert result, result
    assert result.sampled and result.evaluations <= 2400
    sight = result["w"].sight
    assert 0 < sight.error < 1e-4 and sight.probability == 0.999 and sight.measured < 3000
    assert np.isnan(result.numeric["w"]).sum() == 3000 - sight.measured
    assert result.to_dict()["blocks"][0]["sight"]["measured"] == sight.measured
    assert any("a check of all would take about" in note for note in result.notes)


def test_a_budget_finds_one_wrong_entry():
    f, grad, theta = _many()
    wrong = grad(theta)
    wrong["w"][123, 4] += 1e-4
    result = dtheta.check(f, wrong, theta, budget={"evaluations": 2000}, seed=5)
    assert result.verdict == "fail" and result.entries[0].name == "w[123, 4]"
    assert result["b"].verdict == "pass"


def test_seconds_are_a_budget_by_themselves():
    f, grad, theta = _many()
    whole = dtheta.check(f, grad, theta, budget=100.0, blocks="b")
    assert whole and not whole.sampled and whole["b"].sight is None


@pytest.mark.parametrize(
    "budget, error", [(0, ValueError), ({"years": 1}, ValueError), ({}, ValueError), ("9", TypeError)]
)
def test_budgets_that_are_none(budget, error):
    f, grad, theta = _many()
    with pytest.raises(error, match="budget"):
        dtheta.check(f, grad, theta, budget=budget)


def test_known_corners_are_names():
    f, grad, theta = _many(100)
    result = dtheta.check(f, grad, theta, known_corners=["b", "w[3, 4]"])
    assert result and result["b"].excused == 0
    with pytest.raises(ValueError, match="known_corners: 'c' is neither a block nor an entry"):
        dtheta.check(f, grad, theta, known_corners="c")
