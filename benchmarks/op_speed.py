#!/usr/bin/env python3
"""Single ops and their gradients beside PyTorch's, both on one thread and in one run.

    benchmarks/op_speed.py BUILD [NAME]

Prints a table in Markdown: ms of this library, ms of PyTorch, and how many times that is."""
import subprocess
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F


def svd(x):  # with the vectors, of which the gradient is made
    return torch.linalg.svd(x, full_matrices=False)[1]


CASES = {
    "svd_96": ([(96, 96)], svd),
    "svd_256": ([(256, 256)], svd),
    "pinv_96": ([(96, 96)], torch.linalg.pinv),
    "pinv_256": ([(256, 256)], torch.linalg.pinv),
    "prod_last": ([(1000, 1000)], lambda x: torch.prod(x, -1)),
    "batch_norm": ([(32, 64, 28, 28), (64,), (64,)],
                   lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True)),
    "batch_norm_rows": ([(256, 512), (512,), (512,)],
                        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True)),
    "bilinear": ([(8, 16, 64, 64)],
                 lambda x: F.interpolate(x, (128, 128), mode="bilinear", align_corners=False)),
    "transpose": ([(1024, 1024)], lambda x: x.transpose(0, 1).contiguous()),
    "permute": ([(32, 64, 28, 28)], lambda x: x.permute(0, 2, 3, 1).contiguous()),
}


def milliseconds(run):
    best, spent, rounds = float("inf"), 0.0, 0
    while rounds < 5 or (spent < 300 and rounds < 200):
        start = time.perf_counter()
        run()
        ms = (time.perf_counter() - start) * 1e3
        best, spent, rounds = min(best, ms), spent + ms, rounds + 1
    return best


def of_torch(name, dtype):
    shapes, f = CASES[name]
    torch.manual_seed(7)
    x = [torch.rand(s, dtype=dtype) * 0.2 + 0.9 for s in shapes]
    with torch.no_grad():
        value = milliseconds(lambda: f(*x))
    leaves = [v.requires_grad_() for v in x]
    c = f(*leaves).detach()
    gradient = milliseconds(lambda: torch.autograd.grad((f(*leaves) * c).sum(), leaves))
    return value, gradient


def main():
    torch.set_num_threads(1)
    build = Path(sys.argv[1])
    ours = subprocess.run([build / "benchmarks" / "op_speed", *sys.argv[2:3]], check=True,
                          capture_output=True, text=True).stdout
    print("| op | precision | value, ms | PyTorch | times | gradient, ms | PyTorch | times |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for line in ours.splitlines():
        name, precision, value, gradient = line.split()
        value, gradient = float(value), float(gradient)
        peer = of_torch(name, getattr(torch, precision))
        print(f"| {name} | {precision} | {value:.3f} | {peer[0]:.3f} | {value / peer[0]:.1f} "
              f"| {gradient:.3f} | {peer[1]:.3f} | {gradient / peer[1]:.1f} |")


if __name__ == "__main__":
    main()
