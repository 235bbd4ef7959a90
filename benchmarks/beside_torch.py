#!/usr/bin/env python3
"""torch.autograd.gradcheck and dtheta.torch.check on the same functions: verdicts and time per check.

usage: PYTHONPATH=build/python benchmarks/beside_torch.py [REPEATS]
Needs python3-torch; prints a Markdown table.
"""
import sys
import time
import warnings

import torch

import dtheta

warnings.filterwarnings("ignore")
torch.set_num_threads(1)


def function(value, slope):
    """y = value(x) elementwise, whose backward is slope(x), off by `planted` of itself in one entry."""

    class F(torch.autograd.Function):
        planted = 0.0
        entry = 0

        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return value(x)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            d = slope(x).clone()
            d.view(-1)[F.entry] *= 1.0 + F.planted
            return g * d

    return F


def cases():
    generator = torch.Generator().manual_seed(1)

    def drawn(n, scale=1.0):
        return scale * torch.randn(n, dtype=torch.float64, generator=generator)

    yield "tanh, 10", function(torch.tanh, lambda x: 1 - torch.tanh(x) ** 2), drawn(10)
    yield "tanh, 100", function(torch.tanh, lambda x: 1 - torch.tanh(x) ** 2), drawn(100)
    yield "offset 1e6", function(lambda x: 1e6 + torch.sin(x), torch.cos), drawn(10)
    yield "units 1e-6", function(
        lambda x: torch.sin(1e6 * x), lambda x: 1e6 * torch.cos(1e6 * x)
    ), drawn(10, 1e-6)
    yield "small slopes", function(lambda x: 1e-6 * torch.sin(x), lambda x: 1e-6 * torch.cos(x)), drawn(
        10
    )
    yield "beside a corner", function(
        lambda x: x.abs() + x**2, lambda x: torch.sign(x) + 2 * x
    ), torch.full((10,), 1e-7, dtype=torch.float64)
    yield "fast wave", function(
        lambda x: torch.sin(1e3 * x), lambda x: 1e3 * torch.cos(1e3 * x)
    ), drawn(10)


def by_torch(f, x):
    try:
        return "pass" if torch.autograd.gradcheck(f.apply, (x,)) else "fail"
    except RuntimeError:
        return "fail"


def by_us(f, x):
    return dtheta.torch.check(f, x).verdict


def main():
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    print("| function | planted | checker | pass | fail | inconclusive | ms per check |")
    print("|---|---|---|---|---|---|---|")
    for name, f, x in cases():
        x.requires_grad_(True)
        for planted in (0.0, 1e-2, 1e-4, 1e-6):
            f.planted = planted
            for who, check in (("gradcheck", by_torch), ("dtheta", by_us)):
                counts = {"pass": 0, "fail": 0, "inconclusive": 0}
                start = time.perf_counter()
                for k in range(repeats):
                    f.entry = 7 * k % x.numel()
                    counts[check(f, x)] += 1
                each = 1e3 * (time.perf_counter() - start) / repeats
                what = "nothing" if planted == 0 else f"{planted:.0e} of an entry"
                numbers = " | ".join(str(n) for n in counts.values())
                print(f"| {name} | {what} | {who} | {numbers} | {each:.3g} |")


if __name__ == "__main__":
    main()
