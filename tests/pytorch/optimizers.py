#!/usr/bin/env python3
"""Steps of optimisers and schedules as PyTorch does them in double, for tests/nn/pytorch_steps.cpp.

    tests/pytorch/optimizers.py tests/data/optimizers.json

Every optimiser makes 20 steps on one cost, every schedule 50. What a PyTorch does not have (1.13,
Debian 12's, lacks Adafactor and Muon, and its NAdam has a factor twice; none has Lion) is written
down here in tensors, by the formulas of its documentation or paper; Muon's product is in double,
where PyTorch's is in bfloat16.
"""
import json
import math
import sys

import torch

torch.manual_seed(7)
D = torch.float64
STEPS = 20
KEPT = (1, 2, 3, 10, 20)
SHAPES = [(3,), (4, 3), (2, 5), (2, 2, 3), ()]
START = [torch.rand(s, dtype=D) * 4 - 2 for s in SHAPES]
PULL = [torch.rand(s, dtype=D) * 3 + 0.1 for s in SHAPES]
TARGET = [torch.rand(s, dtype=D) * 4 - 2 for s in SHAPES]


def cost(parameters):
    """Sum of c/2 (p - q)^2 + sin(p)."""
    return sum((c * (p - q) ** 2 / 2 + p.sin()).sum() for p, c, q in zip(parameters, PULL, TARGET))


class Written(torch.optim.Optimizer):
    """An optimiser by its rule for one parameter: rule(p, g, state, t) gives the next p."""

    def __init__(self, parameters, rule):
        super().__init__(parameters, {})
        self.rule = rule

    @torch.no_grad()
    def step(self):
        for p in self.param_groups[0]["params"]:
            state = self.state[p]
            state["t"] = state.get("t", 0) + 1
            p.copy_(self.rule(p.clone(), p.grad, state, state["t"]))


def mean_of(state, name, keep, value):
    state[name] = keep * state.get(name, torch.zeros_like(value)) + (1 - keep) * value
    return state[name]


def lion(lr=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0):
    """Algorithm 2 of Chen et al. 2023, arXiv 2302.06675."""
    def rule(p, g, s, t):
        m = s.get("m", torch.zeros_like(p))
        direction = torch.sign(beta1 * m + (1 - beta1) * g)
        s["m"] = beta2 * m + (1 - beta2) * g
        return p - lr * (direction + weight_decay * p)
    return lambda parameters: Written(parameters, rule)


def adafactor(lr=0.01, beta2_decay=-0.8, eps1=torch.finfo(D).eps, eps2=1e-3, d=1.0, weight_decay=0.0):
    """As torch.optim.Adafactor is documented in PyTorch 2.5."""
    if hasattr(torch.optim, "Adafactor"):
        return lambda parameters: torch.optim.Adafactor(
            parameters, lr, beta2_decay=beta2_decay, eps=(eps1, eps2), d=d, weight_decay=weight_decay)

    def rms(x):
        return (x * x).mean().sqrt().item()

    def rule(p, g, s, t):
        keep = 1 - t ** beta2_decay
        alpha = max(eps2, rms(p)) * min(lr, 1 / math.sqrt(t))
        squares = g * g
        if g.dim() > 1:
            rows = mean_of(s, "rows", keep, squares.mean(-1, keepdim=True))
            columns = mean_of(s, "columns", keep, squares.mean(-2, keepdim=True))
            v = rows @ columns / rows.mean(-2, keepdim=True).clamp(min=eps1)
        else:
            v = mean_of(s, "v", keep, squares)
        u = g / v.sqrt().clamp(min=eps1)
        return (1 - lr * weight_decay) * p - alpha * u / max(1.0, rms(u) / d)
    return lambda parameters: Written(parameters, rule)


def muon(lr=1e-3, momentum=0.95, nesterov=True, weight_decay=0.1, match_adamw=False):
    """As torch.optim.Muon is documented in PyTorch 2.9, for matrices; filters are rows, and what
    has fewer axes than two goes by AdamW at the same rate."""
    a, b, c = 3.4445, -4.7750, 2.0315

    def orthogonal(x):
        x = x / x.norm().clamp(min=1e-7)
        if x.size(0) > x.size(1):
            return orthogonal(x.T).T
        for _ in range(5):
            gram = x @ x.T
            x = a * x + (b * gram + c * gram @ gram) @ x
        return x

    def adamw(p, g, s, t):
        m = mean_of(s, "m", 0.9, g) / (1 - 0.9 ** t)
        v = mean_of(s, "v", 0.999, g * g) / (1 - 0.999 ** t)
        return (1 - lr * 0.01) * p - lr * m / (v.sqrt() + 1e-8)

    def rule(p, g, s, t):
        if p.dim() < 2:
            return adamw(p, g, s, t)
        buffer = mean_of(s, "buffer", momentum, g)
        x = ((1 - momentum) * g + momentum * buffer if nesterov else buffer).flatten(1)
        scale = 0.2 * math.sqrt(max(x.shape)) if match_adamw else math.sqrt(max(1, x.size(0) / x.size(1)))
        return (1 - lr * weight_decay) * p - lr * scale * orthogonal(x).reshape(p.shape)
    return lambda parameters: Written(parameters, rule)


def nadam(lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, momentum_decay=4e-3, decoupled=False):
    """As torch.optim.NAdam is documented in PyTorch 2.1 on."""
    if torch.__version__ >= "2.1":
        return lambda parameters: torch.optim.NAdam(parameters, lr, betas, eps, weight_decay, momentum_decay,
                                                    decoupled_weight_decay=decoupled)

    def mu(t):
        return betas[0] * (1 - 0.5 * 0.96 ** (t * momentum_decay))

    def rule(p, g, s, t):
        if decoupled:
            p = (1 - lr * weight_decay) * p
        else:
            g = g + weight_decay * p
        s["product"] = s.get("product", 1.0) * mu(t)
        m, v = mean_of(s, "m", betas[0], g), mean_of(s, "v", betas[1], g * g) / (1 - betas[1] ** t)
        ahead = mu(t + 1) * m / (1 - s["product"] * mu(t + 1)) + (1 - mu(t)) * g / (1 - s["product"])
        return p - lr * ahead / (v.sqrt() + eps)
    return lambda parameters: Written(parameters, rule)


O = torch.optim
OPTIMIZERS = {
    "sgd": lambda p: O.SGD(p, 0.01),
    "sgd/momentum": lambda p: O.SGD(p, 0.05, momentum=0.9, weight_decay=0.1),
    "sgd/nesterov": lambda p: O.SGD(p, 0.05, momentum=0.8, nesterov=True),
    "adagrad": O.Adagrad,
    "adagrad/all": lambda p: O.Adagrad(p, 0.2, weight_decay=0.1, initial_accumulator_value=0.3, eps=1e-3),
    "adadelta": O.Adadelta,
    "adadelta/all": lambda p: O.Adadelta(p, 0.5, rho=0.8, eps=1e-3, weight_decay=0.1),
    "rmsprop": O.RMSprop,
    "rmsprop/all": lambda p: O.RMSprop(p, 0.02, alpha=0.9, eps=1e-3, weight_decay=0.1, momentum=0.5,
                                       centered=True),
    "adam": O.Adam,
    "adam/all": lambda p: O.Adam(p, 0.1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1, amsgrad=True),
    "adamw": O.AdamW,
    "adamw/all": lambda p: O.AdamW(p, 0.1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.2, amsgrad=True),
    "adamax": O.Adamax,
    "adamax/all": lambda p: O.Adamax(p, 0.1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1),
    "nadam": nadam(),
    "nadam/all": nadam(0.1, (0.8, 0.95), 1e-3, 0.1, 0.02),
    "nadam/decoupled": nadam(weight_decay=0.1, decoupled=True),
    "lion": lion(),
    "lion/all": lion(0.05, 0.8, 0.95, 0.1),
    "adafactor": adafactor(),
    "adafactor/all": adafactor(0.2, -0.5, 1e-2, 0.5, 1.5, 0.1),
    "muon": muon(),
    "muon/all": muon(0.05, 0.8, False, 0.2, True),
}


def steps_of(make):
    parameters = [p.clone().requires_grad_() for p in START]
    optimizer = make(parameters)
    after = []
    for step in range(1, STEPS + 1):
        optimizer.zero_grad()
        cost(parameters).backward()
        optimizer.step()
        if step in KEPT:
            after.append([x for p in parameters for x in p.detach().flatten().tolist()])
    return after


S = torch.optim.lr_scheduler
SCHEDULES = {
    "step": lambda o: S.StepLR(o, 7, 0.3),
    "exponential": lambda o: S.ExponentialLR(o, 0.93),
    "cosine": lambda o: S.CosineAnnealingLR(o, 49, 0.01),
    "warm_up": lambda o: S.LinearLR(o, 1 / 12, 1.0, 11),
    "plateau": lambda o: S.ReduceLROnPlateau(o, factor=0.5, patience=2, threshold=0.05, min_lr=0.02),
}
LOSSES = [2 / (1 + 0.3 * t) + 0.2 * math.sin(1.7 * t) + (0.5 if t > 30 else 0) for t in range(50)]


def rates_of(make):
    """The rate of each step, from 0; of a plateau that after each loss."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.4)
    schedule = make(optimizer)
    rates = []
    for loss in LOSSES:
        if isinstance(schedule, S.ReduceLROnPlateau):
            schedule.step(loss)
            rates.append(optimizer.param_groups[0]["lr"])
        else:
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
    return rates


def main():
    flat = [[x for t in part for x in t.flatten().tolist()] for part in (START, PULL, TARGET)]
    result = {"torch": torch.__version__, "shapes": SHAPES,
              "start": flat[0], "pull": flat[1], "target": flat[2], "losses": LOSSES, "kept": KEPT,
              "optimizers": {name: steps_of(make) for name, make in OPTIMIZERS.items()},
              "schedules": {name: rates_of(make) for name, make in SCHEDULES.items()}}
    with open(sys.argv[1], "w") as file:
        json.dump(result, file, separators=(",", ":"))
        file.write("\n")
    print(f"{len(OPTIMIZERS)} optimisers, {len(SCHEDULES)} schedules")


if __name__ == "__main__":
    main()
