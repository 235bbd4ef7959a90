"""Jacobians, Hessians, products and manifolds."""

import numpy as np
import pytest

import dtheta


def seen(x):
    """Distance and bearing of a landmark from a pose."""
    d = x["landmark"] - x["pose"][:2]
    return {"range": np.hypot(*d), "bearing": np.arctan2(d[1], d[0]) - x["pose"][2]}


def seen_jacobian(x):
    d = x["landmark"] - x["pose"][:2]
    r2 = d @ d
    r = np.sqrt(r2)
    return np.array(
        [
            [-d[0] / r, -d[1] / r, 0, d[0] / r, d[1] / r],
            [d[1] / r2, -d[0] / r2, -1, -d[1] / r2, d[0] / r2],
        ]
    )


X = {"pose": np.array([1.0, 2.0, 0.3]), "landmark": np.array([4.0, 6.0])}


def test_named_blocks():
    result = dtheta.check_jacobian(seen, seen_jacobian, X)
    assert result and result.shape == (2, 5) and result.dense
    np.testing.assert_allclose(result.numeric, seen_jacobian(X), atol=1e-8)
    assert {(b.output, b.input) for b in result.blocks} == {
        (o, i) for o in ("range", "bearing") for i in ("pose", "landmark")
    }


def test_a_wrong_sign_is_placed_and_shown_again():
    def wrong(x):
        j = seen_jacobian(x)
        j[1, 0] *= -1
        return j

    result = dtheta.check_jacobian(seen, wrong, X)
    worst = result.entries[0]
    assert not result and (worst.row, worst.column) == (1, 0)
    assert (worst.output, worst.input, worst.input_index) == ("bearing", "pose", (0,))
    assert result["bearing", "pose"].failed == 1 and result["range", "pose"].failed == 0
    names = {"dtheta": dtheta, "f": seen, "jacobian": wrong, "x": X}
    assert eval(worst.replay, names).verdict == "fail"
    assert result.cause is not None and result.cause.sentence in str(result)
    with pytest.raises(KeyError, match="bearing by pose"):
        result["bearing", "wheel"]


def by_blocks(j):
    return {
        name: {"pose": row[:3], "landmark": row[3:]} for name, row in zip(("range", "bearing"), j)
    }


@pytest.mark.parametrize(
    "form",
    [
        lambda j: j,
        np.asfortranarray,
        lambda j: j.tolist(),
        by_blocks,
        lambda j: {"range": j[0], "bearing": j[1:]},
        lambda j: {"pose": j[:, :3], "landmark": j[:, 3:]},
    ],
    ids=["matrix", "fortran", "lists", "by outputs and inputs", "by outputs", "by inputs"],
)
def test_forms_of_a_jacobian(form):
    assert dtheta.check_jacobian(seen, lambda x: form(seen_jacobian(x)), X)
    assert dtheta.check_jacobian(seen, form(seen_jacobian(X)), X)
    wrong = seen_jacobian(X)
    wrong[0, 3] *= 1.001
    found = dtheta.check_jacobian(seen, form(wrong), X).entries[0]
    assert (found.row, found.column) == (0, 3)


def test_arrays_of_any_rank():
    x = np.random.default_rng(0).normal(size=(2, 3))

    def f(x):
        return np.sin(x) @ np.ones((3, 4))

    full = np.zeros((2, 4, 2, 3))
    for i in range(2):
        full[i, :, i, :] = np.cos(x[i])
    assert dtheta.check_jacobian(f, full, x)
    assert dtheta.check_jacobian(f, full.reshape(8, 6), x)
    with pytest.raises(
        ValueError, match=r"jacobian has shape \(6, 8\).*\(8, 6\): it looks transposed"
    ):
        dtheta.check_jacobian(f, full.reshape(8, 6).T, x)


def test_one_output_and_one_input():
    assert dtheta.check_jacobian(lambda x: x @ x, lambda x: 2 * x, np.ones(3))
    assert dtheta.check_jacobian(lambda x: np.array([x, x**2]), lambda x: [1.0, 2 * x], 3.0)
    assert dtheta.check_jacobian(lambda x: (np.sin(x), np.diag(np.cos(x))), True, np.ones(3))


def test_names_for_outputs():
    result = dtheta.check_jacobian(
        lambda x: 2 * x, 2 * np.eye(3), np.ones(3), outputs={"a": 1, "rest": (2,)}
    )
    assert [b.output for b in result.blocks] == ["a", "rest"]
    result = dtheta.check_jacobian(lambda x: 2 * x, 2 * np.eye(3), np.ones(3), outputs="xyz")
    assert [b.output for b in result.blocks] == ["x", "y", "z"]


@pytest.mark.parametrize(
    "jacobian, error, words",
    [
        (None, TypeError, "jacobian is None"),
        (
            np.ones((2, 4)),
            ValueError,
            r"shape \(2, 4\), but 2 outputs by 5 entries of x make \(2, 5\)",
        ),
        (
            {"pose": np.ones((2, 3)), "landmark": np.ones((2, 3))},
            ValueError,
            r"jacobian\['landmark'\] has shape \(2, 3\).*\(2, 2\)",
        ),
        (
            {"pose": np.ones((2, 3)), "landmarks": np.ones((2, 2))},
            ValueError,
            r"neither built as x nor as f\(x\) is \(\['pose', 'landmarks'\]\): x has "
            r"\['pose', 'landmark'\]",
        ),
        (np.ones((2, 5)) * 1j, TypeError, "complex"),
        (lambda x: None, TypeError, "jacobian returned None"),
    ],
)
def test_jacobians_that_do_not_fit(jacobian, error, words):
    with pytest.raises(error, match=words):
        dtheta.check_jacobian(seen, jacobian, X)


def test_manifolds_that_are_none():
    q = {"q": np.array([0.5, 0.5, -0.5, 0.5])}
    with pytest.raises(TypeError, match="say which block of x lives on it"):
        dtheta.check_jacobian(
            lambda x: x["q"][:3], np.ones((3, 3)), q, manifolds=dtheta.unit_quaternion("wxyz")
        )
    nowhere = dtheta.Manifold("nowhere", 4, 3, lambda x, delta: None)
    with pytest.raises(TypeError, match="plus returned None"):
        dtheta.check_jacobian(lambda x: x["q"][:3], np.ones((3, 3)), q, manifolds={"q": nowhere})
    with pytest.raises(ValueError, match="stored: 'fortran' is neither 'rows' nor 'columns'"):
        dtheta.rotation_matrix(stored="fortran")


def test_weights_one_for_each_output():
    with pytest.raises(dtheta.ShapeError, match="weights: 2 are given, but f has 3 outputs"):
        dtheta.check_jacobian(lambda x: 2 * x, 2 * np.eye(3), np.ones(3), weights=[1, 2])
    root = np.array([1.0, 2.0, 5.0])
    forgotten = dtheta.check_jacobian(
        lambda x: root * np.sin(x * [1, 2, 3]),
        lambda x: np.diag(np.cos(x * [1, 2, 3]) * [1, 2, 3]) + 0 * x,
        np.array([0.3, 0.2, 0.1]),
        weights=root,
    )
    assert not forgotten


def test_outputs_that_change_are_named():
    def f(x):
        return np.ones(2 if x[0] == 1.0 else 3)

    with pytest.raises(dtheta.ShapeError, match=r"f has shape \(3,\), but at x f has shape \(2,\)"):
        dtheta.check_jacobian(f, np.zeros((2, 2)), np.ones(2))


def test_sparse():
    sparse = pytest.importorskip("scipy.sparse")
    a = sparse.random(60, 40, density=0.05, random_state=0).tocsr()
    x = np.linspace(0.1, 1.0, 40)

    def jacobian(x):
        return a @ sparse.diags(np.cos(x))

    result = dtheta.check_jacobian(lambda x: a @ np.sin(x), jacobian, x)
    assert result and not result.dense and result.colours < 20
    assert abs(result.numeric - jacobian(x)).max() < 1e-8
    for form in ("csc", "coo", "lil"):
        assert dtheta.check_jacobian(lambda x: a @ np.sin(x), jacobian(x).asformat(form), x)
    unsorted = jacobian(x).tocsr()
    for row in range(60):
        part = slice(unsorted.indptr[row], unsorted.indptr[row + 1])
        unsorted.indices[part] = unsorted.indices[part][::-1].copy()
        unsorted.data[part] = unsorted.data[part][::-1].copy()
    unsorted.has_sorted_indices = False
    assert dtheta.check_jacobian(lambda x: a @ np.sin(x), unsorted, x)
    wrong = jacobian(x).tocsr()
    wrong.data[7] *= 1.1
    row = int(np.searchsorted(wrong.indptr, 7, side="right")) - 1
    found = dtheta.check_jacobian(lambda x: a @ np.sin(x), wrong, x)
    assert (found.entries[0].row, found.entries[0].column) == (row, wrong.indices[7])
    short = jacobian(x).tolil()
    short[row, wrong.indices[7]] = 0
    missing = dtheta.check_jacobian(lambda x: a @ np.sin(x), short.tocsr(), x)
    assert not missing and [(o.row, o.column) for o in missing.outside] == [(row, wrong.indices[7])]
    with pytest.raises(ValueError, match=r"shape \(40, 60\).*transposed"):
        dtheta.check_jacobian(lambda x: a @ np.sin(x), jacobian(x).T, x)


H = np.array([[2.0, 1.0, 0.5], [1.0, 3.0, 0.0], [0.5, 0.0, 1.0]])


def test_hessians():
    assert dtheta.check_hessian(lambda t: H @ t, H, np.ones(3))
    assert dtheta.check_hessian(lambda t: H @ t, lambda t: H, np.ones(3))
    wrong = H.copy()
    wrong[2, 0] += 1e-3
    result = dtheta.check_hessian(lambda t: H @ t, wrong, np.ones(3))
    assert not result and (result.entries[0].row, result.entries[0].column) == (2, 0)
    assert not dtheta.check_hessian(lambda t: wrong @ t, wrong, np.ones(3))


def test_products():
    x = X
    names = ("range", "bearing")

    def jvp(x, v):
        return dict(zip(names, seen_jacobian(x) @ np.r_[v["pose"], v["landmark"]]))

    def vjp(x, w):
        flat = seen_jacobian(x).T @ np.r_[w["range"], w["bearing"]]
        return {"pose": flat[:3], "landmark": flat[3:]}

    assert dtheta.check_jvp(seen, jvp, x)
    assert dtheta.check_vjp(seen, vjp, x)
    assert not dtheta.check_jvp(seen, lambda x, v: {**jvp(x, v), "range": 0.0}, x)
    assert not dtheta.check_vjp(seen, lambda x, w: {**vjp(x, w), "pose": np.zeros(3)}, x)
    assert dtheta.check_hvp(lambda t: H @ t, lambda t, v: H @ v, np.ones(3))
    assert not dtheta.check_hvp(lambda t: H @ t, lambda t, v: H.T @ v + 0.01, np.ones(3))
    many = np.linspace(0, 1, 1000)
    assert dtheta.check_jvp(np.sin, lambda x, v: np.cos(x) * v, many, directions=4)
    with pytest.raises(ValueError, match=r"jvp has shape \(2,\), but at x f has shape \(3,\)"):
        dtheta.check_jvp(np.sin, lambda x, v: v[:2], np.ones(3))
    with pytest.raises(TypeError, match="must be a function of x and v"):
        dtheta.check_jvp(np.sin, np.eye(3), np.ones(3))


def rotation(q):
    w, x, y, z = q
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def cross(v):
    return np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])


def test_rotations():
    q, p = np.array([0.5, 0.5, -0.5, 0.5]), np.array([1.0, 2.0, 3.0])
    manifolds = {"q": dtheta.unit_quaternion("wxyz")}

    def f(x):
        return rotation(x["q"]) @ p

    right = dtheta.check_jacobian(
        f, lambda x: -rotation(x["q"]) @ cross(p), {"q": q}, manifolds=manifolds
    )
    assert right, str(right)
    other = dtheta.check_jacobian(
        f, lambda x: -cross(rotation(x["q"]) @ p), {"q": q}, manifolds=manifolds
    )
    assert not other and other.cause.pattern == "other side"
    names = {
        "dtheta": dtheta,
        "f": f,
        "jacobian": lambda x: -cross(rotation(x["q"]) @ p),
        "x": {"q": q},
        "manifolds": manifolds,
    }
    assert eval(other.entries[0].replay, names).verdict == "fail"
    assert dtheta.check_jacobian(
        f,
        lambda x: -cross(rotation(x["q"]) @ p),
        {"q": q},
        manifolds={"q": dtheta.unit_quaternion("wxyz", frame="space")},
    )
    with pytest.raises(ValueError, match="neither 'wxyz' nor 'xyzw'"):
        dtheta.unit_quaternion("xyz")


def test_a_manifold_of_ones_own():
    def plus(x, delta):
        c, s = np.cos(delta[0]), np.sin(delta[0])
        return np.array([[c, -s], [s, c]]) @ x

    circle = dtheta.Manifold("circle", 2, 1, plus)
    x = np.array([0.6, 0.8])
    jacobian = [[-3 * x[1]], [3 * x[0]]]
    assert dtheta.check_jacobian(lambda x: 3 * x, jacobian, x, manifolds={"x": circle})
    stuck = dtheta.Manifold("stuck", 2, 1, lambda x, delta: x)
    assert not dtheta.check_jacobian(lambda x: 3 * x, jacobian, x, manifolds={"x": stuck})

    def broken(x, delta):
        raise KeyError("plus")

    with pytest.raises(KeyError, match="plus"):
        dtheta.check_jacobian(
            lambda x: 3 * x, jacobian, x, manifolds={"x": dtheta.Manifold("broken", 2, 1, broken)}
        )


def test_exceptions_come_through():
    def broken(x):
        if x[0] != 1.0:
            raise KeyError("beside x")
        return x

    with pytest.raises(KeyError, match="beside x"):
        dtheta.check_jacobian(broken, np.eye(2), np.ones(2))


def test_known_corners_excuse_what_is_open():
    f = lambda x: np.array([max(x[0] + x[1], 0) - max(x[0] - x[1], 0)])
    jac = lambda x: np.array([[float(x[0] + x[1] > 0) - float(x[0] - x[1] > 0),
                               float(x[0] + x[1] > 0) + float(x[0] - x[1] > 0)]])
    x = np.zeros(2)
    assert dtheta.check_jacobian(f, jac, x).verdict == "inconclusive"
    result = dtheta.check_jacobian(f, jac, x, known_corners="x[1]")
    assert result.blocks[0].excused == 1
    with pytest.raises(ValueError, match="known_corners: 'y' is neither"):
        dtheta.check_jacobian(f, jac, x, known_corners="y")
