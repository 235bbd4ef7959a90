#!/usr/bin/env python3
"""Values and gradients of ops as PyTorch computes them in double, for tests/pytorch/cases.cpp.

    tests/pytorch/fixtures.py tests/data/pytorch.json

Each case has a name, which the test knows, operands, results, a cotangent for each real result and
the gradients of the operands, null for those that have none here."""
import json
import sys

import torch
import torch.nn.functional as F

torch.manual_seed(11)
D = torch.float64
CASES = []


def rand(*shape, low=-2.0, high=2.0):
    return torch.rand(shape, dtype=D) * (high - low) + low


def index(*values, shape=None):
    t = torch.tensor(values, dtype=torch.int64)
    return t if shape is None else t.reshape(shape)


def dump(t):
    kind = "real" if t.is_floating_point() else "index"
    return {"shape": list(t.shape), "kind": kind, "values": t.detach().contiguous().flatten().tolist()}


def case(name, f, *operands, fixed=()):
    """f(*operands) gives one result or several; operands named in `fixed` have no gradient."""
    leaves = [t.clone().requires_grad_(t.is_floating_point() and i not in fixed)
              for i, t in enumerate(operands)]
    results = f(*leaves)
    results = [results] if isinstance(results, torch.Tensor) else list(results)
    cotangents, total = [], torch.zeros((), dtype=D)
    for y in results:
        c = rand(*y.shape) if y.is_floating_point() else None
        cotangents.append(None if c is None else dump(c))
        if c is not None and y.requires_grad:
            total = total + (c * y).sum()
    asked = [t for t in leaves if t.requires_grad]
    found = iter(torch.autograd.grad(total, asked, allow_unused=True) if total.requires_grad else
                 [None] * len(asked))
    gradients = []
    for t in leaves:
        g = next(found) if t.requires_grad else None
        gradients.append(None if g is None else dump(g))
    CASES.append({"name": name, "operands": [dump(t) for t in operands],
                  "results": [dump(y) for y in results], "cotangents": cotangents,
                  "gradients": gradients})


def reductions_by_index():
    at = index(0, 2, 0, 1, 2, 2, 1, 0, shape=(4, 2))
    for how in ("sum", "prod", "mean", "amax", "amin"):
        for self_too in (True, False):
            name = f"scatter_reduce/{how}/{int(self_too)}"
            x, u = rand(3, 2), rand(4, 2)
            case(name, lambda x, at, u: x.scatter_reduce(0, at, u, how, include_self=self_too), x, at, u)
            x, u = rand(2, 3, 2), rand(2, 2, 2)
            case(name.replace("/", "_1/", 1),
                 lambda x, at, u: x.scatter_reduce(1, at, u, how, include_self=self_too),
                 x, index(0, 2, 1, 1, 2, 2, 0, 0, shape=(2, 2, 2)), u)
            if how != "sum":
                # PyTorch's own index_reduce has no derivative for prod where factors are equal to 0.
                case(f"index_reduce/{how}/{int(self_too)}",
                     lambda x, at, u: x.index_reduce(0, at, u, how, include_self=self_too),
                     rand(4, 2), index(1, 1, 3), rand(3, 2))
    zeros = rand(4, 2)
    zeros[0, 0] = zeros[1, 1] = 0
    for self_too in (True, False):
        case(f"scatter_reduce/prod/{int(self_too)}",
             lambda x, at, u: x.scatter_reduce(0, at, u, "prod", include_self=self_too),
             rand(3, 2), at, zeros)


def ctc():
    targets = index(1, 2, 2, 3, 0, 0, 4, 1, 1, 2, 3, 0, shape=(4, 3))
    inputs, lengths = index(7, 3, 5, 6), index(3, 1, 3, 2)
    for name, infinity in (("ctc_loss", False), ("ctc_loss/zero_infinity", True)):
        case(name, lambda z, t, i, l: F.ctc_loss(F.log_softmax(z, -1), t, i, l, reduction="none",
                                                 zero_infinity=infinity),
             rand(7, 4, 5), targets, inputs, lengths)
    case("ctc_loss/zero_infinity",  # too short for its target
         lambda z, t, i, l: F.ctc_loss(F.log_softmax(z, -1), t, i, l, reduction="none",
                                       zero_infinity=True),
         rand(4, 2, 3), index(1, 1, 1, 1, 2, 0, shape=(2, 3)), index(4, 4), index(3, 2))
    case("ctc_loss/blank",
         lambda z, t, i, l: F.ctc_loss(F.log_softmax(z, -1), t, i, l, blank=2, reduction="none"),
         rand(5, 2, 3), index(0, 1, 1, 0, shape=(2, 2)), index(5, 4), index(2, 1))


def options():
    y = torch.rand(3, 4, dtype=D)
    case("bce/pos_weight", lambda z, y, w: F.binary_cross_entropy_with_logits(
        z, y, pos_weight=w, reduction="none"), rand(3, 4), y, rand(4, low=0.5, high=3), fixed=(2,))
    labels = index(0, -100, 3, 1)
    case("cross_entropy/ignored", lambda z, t: F.cross_entropy(z, t, reduction="none"), rand(4, 4), labels)
    case("cross_entropy/weights", lambda z, t, w: F.cross_entropy(z, t, weight=w, reduction="none"),
         rand(4, 4), labels, rand(4, low=0.5, high=2), fixed=(2,))
    case("nll/weights", lambda z, t, w: F.nll_loss(z, t, weight=w, reduction="none"),
         rand(4, 4), labels, rand(4, low=0.5, high=2), fixed=(2,))
    case("cross_entropy/smoothed_ignored",
         lambda z, t: F.cross_entropy(z, t, label_smoothing=0.2, reduction="none"), rand(4, 4), labels)
    case("kl_div/log_target", lambda q, p: F.kl_div(q, p, log_target=True, reduction="none"),
         rand(3, 4), F.log_softmax(rand(3, 4), -1))
    case("softplus/beta", lambda x: F.softplus(x, beta=2.5, threshold=1000), rand(9, low=-4, high=4))
    case("clamp/tensors", torch.clamp, rand(4, 3), rand(3, low=-1, high=0), rand(4, 1, low=-0.5, high=1))
    case("clamp/crossed", torch.clamp, rand(6), torch.ones(6, dtype=D), -torch.ones(6, dtype=D))
    for dilation in (1, 2):
        case(f"conv2d/same/{dilation}",
             lambda x, w: F.conv2d(x, w, padding="same", dilation=dilation), rand(2, 2, 6, 7), rand(3, 2, 2, 3))
    a = rand(2, 3, 3) + 4 * torch.eye(3, dtype=D)
    case("solve/right", lambda a, b: torch.linalg.solve(a, b, left=False), a, rand(2, 4, 3))


def indices():
    x = rand(3, 5)
    x[1, 3] = x[1, 0]
    case("cummax", lambda x: torch.cummax(x, 1), x)
    case("cummin", lambda x: torch.cummin(x, 0), x)
    case("median", lambda x: torch.median(x, 1), rand(3, 5))
    case("median/keepdims", lambda x: torch.median(x, 0, keepdim=True), rand(4, 3))
    for axes, shape, size in ((1, (2, 3, 7), 3), (2, (2, 2, 5, 7), (2, 3)), (3, (1, 2, 4, 3, 5), (2, 2, 3))):
        f = getattr(F, f"adaptive_max_pool{axes}d")
        case(f"adaptive_max_pool/{axes}", lambda x: f(x, size, return_indices=True), rand(*shape))


def decompositions():
    def factors(a):
        p, l, u = torch.linalg.lu(a)
        return p, l, u
    for n, shape in enumerate(((3, 3), (2, 4), (4, 2), (2, 3, 3))):
        case("lu", factors, rand(*shape))
    a = rand(2, 4, 4)
    case("lu_pivots", lambda a: torch.linalg.lu_factor(a)[1].long() - 1, a)
    case("lu_solve", lambda a, b: torch.linalg.solve(a, b), a, rand(2, 4, 3))
    case("lu_solve", lambda a, b: torch.linalg.solve(a, b), rand(3, 3), rand(3))
    for shape in ((24, 20), (18, 30)):  # large enough for LAPACK
        case("svd/values", torch.linalg.svdvals, rand(*shape))
        case("pinv", torch.linalg.pinv, rand(*shape))


def ranks():
    x = rand(4, 5)
    x[1, 2] = float("nan")
    case("kthvalue", lambda x: torch.kthvalue(x, 2, 1), rand(3, 6))
    case("kthvalue/0", lambda x: torch.kthvalue(x, 3, 0, keepdim=True), rand(3, 4))
    case("nanmedian", lambda x: torch.nanmedian(x, 1), x)
    case("nanmedian/all", torch.nanmedian, x)
    case("mode", lambda x: torch.mode(x, 1)[0], index(2, 1, 2, 3, 1, 1, 4, 4, shape=(2, 4)).to(D))
    for how in ("linear", "lower", "higher", "nearest", "midpoint"):
        case(f"quantile/{how}", lambda x: torch.quantile(x, 0.35, 1, interpolation=how), rand(3, 6))
    case("quantile/several", lambda x: torch.quantile(x, torch.tensor([0, 0.1, 0.75, 1], dtype=D), 0, keepdim=True),
         rand(5, 3))
    case("quantile/all", lambda x: torch.quantile(x, 0.6), rand(3, 4))
    case("quantile/linear", lambda x: torch.quantile(x, 0.35, 1).nan_to_num(), rand(3, 6))
    case("nansum", lambda x: torch.nansum(x, 1), x)
    case("nansum/all", torch.nansum, x)
    case("nanmean", lambda x: torch.nanmean(x, 0), x)


def distances():
    for p in (1.0, 2.0, 3.0, float("inf")):
        case(f"cdist/{p}", lambda a, b: torch.cdist(a, b, p=p, compute_mode="donot_use_mm_for_euclid_dist"),
             rand(2, 4, 3), rand(2, 5, 3))
        case(f"pdist/{p}", lambda x: F.pdist(x, p=p), rand(5, 3))


def margins():
    labels, w = index(0, 2, 1), rand(4, low=0.5, high=2)
    for p in (1, 2):
        case(f"multi_margin/{p}", lambda z, t: F.multi_margin_loss(z, t, p=p, margin=0.75, reduction="none"),
             rand(3, 4), labels)
        case(f"multi_margin/{p}/weights",
             lambda z, t, w: F.multi_margin_loss(z, t, p=p, weight=w, reduction="none"),
             rand(3, 4), labels, w, fixed=(2,))
    case("multilabel_margin", lambda z, t: F.multilabel_margin_loss(z, t, reduction="none"),
         rand(3, 4), index(3, 0, -1, 1, -1, 0, 0, 0, 1, 2, 0, 3, shape=(3, 4)))
    y = (torch.rand(3, 4) > 0.5).to(D)
    case("multilabel_soft_margin", lambda z, y: F.multilabel_soft_margin_loss(z, y, reduction="none"),
         rand(3, 4), y, fixed=(1,))
    case("multilabel_soft_margin/weights",
         lambda z, y, w: F.multilabel_soft_margin_loss(z, y, weight=w, reduction="none"),
         rand(3, 4), y, w, fixed=(1,))
    case("soft_margin", lambda z, y: F.soft_margin_loss(z, y, reduction="none"), rand(3, 4), 2 * y - 1, fixed=(1,))


def grids():
    for mode in ("bilinear", "nearest"):
        for padding in ("zeros", "border", "reflection"):
            for corners in (False, True):
                f = lambda x, g: F.grid_sample(x, g, mode=mode, padding_mode=padding, align_corners=corners)
                name = f"grid_sample/{mode}/{padding}/{int(corners)}"
                case(name, f, rand(2, 3, 4, 5), rand(2, 3, 2, 2, low=-1.6, high=1.6))
                case(name, f, rand(2, 2, 3, 4, 2), rand(2, 2, 3, 2, 3, low=-1.6, high=1.6))
    for corners in (False, True):
        case(f"affine_grid/{int(corners)}",
             lambda t: F.affine_grid(t, (2, 1, 3, 4), align_corners=corners), rand(2, 2, 3))


def bags():
    at, starts = index(1, 3, 3, 0, 2, 4), index(0, 2, 2)
    for how in ("sum", "mean", "max"):
        case(f"embedding_bag/{how}", lambda t, i: F.embedding_bag(i, t, mode=how),
             rand(5, 3), at.reshape(2, 3))
        case(f"embedding_bag/{how}/offsets", lambda t, i, o: F.embedding_bag(i, t, o, mode=how),
             rand(5, 3), at, starts)
    case("embedding_bag/weights", lambda t, i, w: F.embedding_bag(i, t, mode="sum", per_sample_weights=w),
         rand(5, 3), at.reshape(2, 3), rand(2, 3))
    case("embedding_bag/weights/offsets",
         lambda t, i, o, w: F.embedding_bag(i, t, o, mode="sum", per_sample_weights=w),
         rand(5, 3), at, starts, rand(6))


def special():
    s = torch.special
    case("erfcx", s.erfcx, torch.tensor([-3, -1, -0.25, 0, 0.5, 0.75, 2, 5, 7.5, 12, 60], dtype=D))
    case("log_ndtr", s.log_ndtr, torch.tensor([-30, -8, -2, -1, -0.5, 0, 0.5, 1, 3], dtype=D))
    case("i0", torch.i0, rand(8, low=-20, high=20))
    case("i1", s.i1, rand(8, low=-20, high=20))
    a = torch.tensor([0.5, 1, 2.5, 7, 20, 3], dtype=D)
    x = torch.tensor([0.1, 3, 2, 9, 15, 12], dtype=D)
    case("igamma", torch.igamma, a, x, fixed=(0,))
    case("igammac", torch.igammac, a, x, fixed=(0,))
    case("zeta", s.zeta, torch.tensor([1.5, 2, 3, 7.25, 3], dtype=D),
         torch.tensor([0.5, 1, 3.5, 2, 30], dtype=D), fixed=(0,))


def transforms():
    parts = lambda z: (z.real, z.imag)
    for n in (1, 4, 6, 7, 15, 16):
        for norm in ("backward", "forward", "ortho"):
            case(f"fft/{norm}", lambda a, b: parts(torch.fft.fft(torch.complex(a, b), norm=norm)), rand(2, n), rand(2, n))
            case(f"ifft/{norm}", lambda a, b: parts(torch.fft.ifft(torch.complex(a, b), norm=norm)), rand(2, n), rand(2, n))
        case("rfft", lambda x: parts(torch.fft.rfft(x)), rand(2, n))
        half = n // 2 + 1
        case(f"irfft/{n}", lambda a, b: torch.fft.irfft(torch.complex(a, b), n=n), rand(2, half), rand(2, half))
    case("fft/0", lambda a, b: parts(torch.fft.fft(torch.complex(a, b), dim=0)), rand(6, 3), rand(6, 3))
    case("fft2", lambda a, b: parts(torch.fft.fft2(torch.complex(a, b))), rand(2, 3, 4), rand(2, 3, 4))
    case("ifft2", lambda a, b: parts(torch.fft.ifft2(torch.complex(a, b))), rand(2, 3, 4), rand(2, 3, 4))


def attention():
    def f(q, k, v):
        w = torch.softmax(q @ k.transpose(-1, -2) / 2, -1)
        return w @ v, w
    case("attend", f, rand(2, 3, 4), rand(2, 5, 4), rand(2, 5, 3))


def main():
    for group in (reductions_by_index, ctc, options, indices, decompositions, ranks, distances, margins,
                  grids, bags, special, transforms, attention):
        group()
    with open(sys.argv[1], "w") as file:
        json.dump({"torch": torch.__version__, "cases": CASES}, file, separators=(",", ":"))
        file.write("\n")
    print(f"{len(CASES)} cases")


if __name__ == "__main__":
    main()
