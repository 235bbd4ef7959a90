"""Writes coefficients.hpp: minimax polynomials by Remez exchange. Needs mpmath.

    python3 coefficients.py > coefficients.hpp
"""
from mpmath import mp, mpf

mp.dps = 60


def remez(f, weight, lo, hi, degree, grid=3000, rounds=40):
    """The p of that degree which minimises max |p - f| * weight on [lo, hi], and that maximum."""
    lo, hi = mpf(lo), mpf(hi)
    n = degree + 2
    node = lambda j, m: (lo + hi) / 2 - (hi - lo) / 2 * mp.cos(mp.pi * (2 * j + 1) / (2 * m))
    nodes = [node(j, n) for j in range(n)]
    points = [node(j, grid) for j in range(grid)]
    values = [(f(t), weight(t)) for t in points]
    for _ in range(rounds):
        rows = [[t**k for k in range(degree + 1)] + [(-1) ** i / weight(t)]
                for i, t in enumerate(nodes)]
        solution = mp.lu_solve(mp.matrix(rows), mp.matrix([f(t) for t in nodes]))
        p, level = [solution[k] for k in range(degree + 1)], abs(solution[degree + 1])
        error = [(mp.polyval(p[::-1], t) - v) * w for t, (v, w) in zip(points, values)]
        runs, start = [], 0  # one extremum from each run of equal sign
        for i in range(1, grid + 1):
            if i == grid or (error[i] > 0) != (error[start] > 0):
                runs.append(max(range(start, i), key=lambda j: abs(error[j])))
                start = i
        while len(runs) > n:
            runs.pop(0 if abs(error[runs[0]]) < abs(error[runs[-1]]) else -1)
        if len(runs) < n:
            raise ArithmeticError("the exchange lost an extremum: raise the working precision")
        nodes = [points[j] for j in runs]
        worst = max(abs(e) for e in error)
        if worst < level * mpf("1.001"):
            break
    return p, worst


def tables():
    """name: (note, function, weight, interval, degrees for double and float).

    The weight makes the error relative to what is finally computed from the polynomial.
    """
    half_ln2 = mp.log(2) / 2 * mpf("1.0005")
    edge = mpf("0.1716") ** 2 * mpf("1.001")
    quarter = (mp.pi / 4) ** 2 * mpf("1.0005")
    tiny = mpf(10) ** -15
    r = mp.sqrt
    smooth_abs = lambda t: mp.sqrt(t**2 + mpf("0.01"))  # a weight must not vanish inside
    erf_ratio = lambda t: mp.erf(r(t)) / r(t)

    def erfcx_scaled(t):
        x = 4 * (1 + t) / (1 - t)
        return (x + 4) * mp.exp(x * x) * mp.erfc(x)

    return {
        "exp": ("(e^r - 1 - r) / r^2 for |r| <= ln(2)/2",
                lambda t: (mp.expm1(t) - t) / t**2 if abs(t) > tiny else mpf(1) / 2 + t / 6,
                smooth_abs, -half_ln2, half_ln2, (10, 5)),
        "exp2": ("(2^r - 1) / r for |r| <= 1/2",
                 lambda t: (mpf(2) ** t - 1) / t if abs(t) > tiny else mp.log(2),
                 smooth_abs, -0.5002, 0.5002, (10, 6)),
        "log": ("(log((1 + s)/(1 - s)) / s - 2) / s^2 in s^2 for |s| <= 0.1716",
                lambda t: (2 * mp.atanh(r(t)) / r(t) - 2) / t, lambda t: t, tiny, edge, (6, 3)),
        "log_wide": ("the same for |s| <= 1/3",
                     lambda t: (2 * mp.atanh(r(t)) / r(t) - 2) / t, lambda t: t, tiny,
                     mpf(1) / 9 * mpf("1.0001"), (10, 4)),
        "sin": ("(sin(r)/r - 1) / r^2 in r^2 for |r| <= pi/4",
                lambda t: (mp.sin(r(t)) / r(t) - 1) / t, lambda t: t, tiny, quarter, (6, 3)),
        "cos": ("(cos(r) - 1 + r^2/2) / r^4 in r^2 for |r| <= pi/4",
                lambda t: (mp.cos(r(t)) - 1 + t / 2) / t**2, lambda t: t**2, tiny, quarter, (5, 2)),
        "asin": ("(asin(r)/r - 1) / r^2 in r^2 for |r| <= 1/2",
                 lambda t: (mp.asin(r(t)) / r(t) - 1) / t, lambda t: t, tiny, 0.2501, (12, 5)),
        "atan": ("(atan(r)/r - 1) / r^2 in r^2 for |r| <= 7/16",
                 lambda t: (mp.atan(r(t)) / r(t) - 1) / t, lambda t: t, tiny, 0.1916, (10, 5)),
        "erf": ("erf(x)/x - 1 in x^2 for |x| <= 1", lambda t: erf_ratio(t) - 1,
                lambda t: 1 / erf_ratio(t), tiny, 1.0005, (11, 6)),
        "log_erfc": ("-log(erfc(x)) for 1 <= x <= 5.95 (3.95 for float)",
                     lambda x: -mp.log(mp.erfc(x)), mp.erfc, 1, (5.95, 3.95), (18, 7)),
        "erfcx": ("(x + 4) exp(x^2) erfc(x) in (x - 4)/(x + 4) for 0 <= x <= 28 (10.5 for float)",
                  erfcx_scaled, lambda t: 1 / erfcx_scaled(t), -1, (24 / 32, 6.5 / 14.5),
                  (22, 10)),
    }


def main():
    print("""#pragma once

#include <array>

// clang-format off

/// Minimax polynomials, lowest power first, written by coefficients.py beside this file. `A` is the
/// accuracy that is wanted; in float arithmetic the literals are rounded once more.
namespace dtheta::simd::coefficients {
""")
    for name, (note, f, weight, lo, hi, degrees) in tables().items():
        ends = hi if isinstance(hi, tuple) else (hi, hi)
        for scalar, degree, end in zip(("double", "float"), degrees, ends):
            p, worst = remez(f, weight, lo, end, degree)
            general = scalar == "double"
            bits = mp.nstr(mp.log(worst, 2), 3)
            print(f"/// {note if general else 'The same'}; within 2^{bits}.")
            print("template <class A>" if general else "template <>")
            print(f"inline constexpr std::array<double, {degree + 1}> "
                  f"{name}{'' if general else '<float>'}{{")
            print("".join(f"    {float(c)!r},\n" for c in p) + "};")
        print()
    print("}  // namespace dtheta::simd::coefficients")


main()
