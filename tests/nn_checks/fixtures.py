#!/usr/bin/env python3
"""Layers as PyTorch computes them in double, for tests/nn_checks/beside_pytorch.cpp.

    tests/nn_checks/fixtures.py tests/data/pytorch_layers.json

Each case has the name by which the test knows the layer, the mode, the parameters and buffers by
their paths, inputs, results, a cotangent for each result, the gradients of real inputs and of the
parameters, and the buffers after the step."""
import json
import sys

import torch
from torch import nn

torch.manual_seed(13)
torch.set_default_dtype(torch.float64)
CASES = []


def rand(*shape, low=-2.0, high=2.0):
    """Of three digits, so that the file stays small."""
    return (torch.rand(shape) * (high - low) + low).mul(1000).round().div(1000)


def index(*values, shape=None):
    t = torch.tensor(values, dtype=torch.int64)
    return t if shape is None else t.reshape(shape)


def dump(t):
    kind = "real" if t.is_floating_point() else "index"
    return {"shape": list(t.shape), "kind": kind, "values": t.detach().contiguous().flatten().tolist()}


def dump_all(named):
    return {name: dump(t) for name, t in named if not name.endswith("num_batches_tracked")}


def case(name, layer, *inputs, run=None, mode="train", draw=True):
    """layer(*inputs), or run(layer, *inputs), gives one result or several."""
    layer.train(mode == "train")
    with torch.no_grad():
        for path, p in layer.named_parameters():
            if draw:
                p.copy_(rand(*p.shape, low=-1, high=1))
        for path, b in layer.named_buffers():
            if b.is_floating_point():
                b.copy_(rand(*b.shape, low=0.5, high=1.5))
    before = dump_all(layer.named_buffers())
    leaves = [t.clone().requires_grad_(t.is_floating_point()) for t in inputs]
    results = run(layer, *leaves) if run else layer(*leaves)
    results = [results] if isinstance(results, torch.Tensor) else list(results)
    cotangents = [rand(*y.shape) for y in results]
    total = sum((c * y).sum() for c, y in zip(cotangents, results))
    total.backward()
    CASES.append({
        "name": name, "mode": mode,
        "parameters": dump_all(layer.named_parameters()), "buffers": before,
        "inputs": [dump(t) for t in inputs], "results": [dump(y) for y in results],
        "cotangents": [dump(c) for c in cotangents],
        "input_gradients": [dump(t.grad) if t.grad is not None else None for t in leaves],
        "gradients": {path: dump(p.grad if p.grad is not None else torch.zeros_like(p))
                      for path, p in layer.named_parameters()},
        "next": dump_all(layer.named_buffers())})


def convolutions():
    case("conv1d", nn.Conv1d(2, 3, 3), rand(2, 2, 6))
    case("conv1d/one_sample", nn.Conv1d(2, 3, 3), rand(2, 6))
    case("conv1d/circular", nn.Conv1d(2, 2, 3, padding=2, padding_mode="circular"), rand(2, 2, 5))
    case("conv2d", nn.Conv2d(2, 3, 3, padding=1), rand(2, 2, 4, 5))
    case("conv2d/window", nn.Conv2d(1, 2, (3, 2), stride=(2, 1), padding=(2, 1), dilation=(1, 2)),
         rand(2, 1, 6, 5))
    case("conv2d/same", nn.Conv2d(2, 2, (2, 3), padding="same", bias=False), rand(1, 2, 4, 4))
    case("conv2d/groups", nn.Conv2d(4, 6, 2, groups=2), rand(2, 4, 3, 3))
    case("conv2d/reflect", nn.Conv2d(1, 2, 3, padding=1, padding_mode="reflect"), rand(1, 1, 4, 3))
    case("conv2d/replicate", nn.Conv2d(1, 1, 2, padding="same", padding_mode="replicate"),
         rand(1, 1, 3, 4))
    case("conv3d", nn.Conv3d(1, 2, 2, stride=(1, 2, 1)), rand(1, 1, 3, 4, 3))
    case("conv_transpose1d", nn.ConvTranspose1d(2, 3, 3, stride=2, output_padding=1), rand(2, 2, 4))
    case("conv_transpose2d", nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1, groups=2),
         rand(1, 4, 3, 2))
    case("conv_transpose2d/dilated", nn.ConvTranspose2d(2, 2, 2, dilation=2, bias=False),
         rand(1, 2, 3, 3))
    case("conv_transpose3d", nn.ConvTranspose3d(2, 1, 2), rand(1, 2, 2, 2, 2))


def pooling():
    case("max_pool1d", nn.MaxPool1d(2), rand(2, 2, 7))
    case("max_pool2d", nn.MaxPool2d(3, stride=2, padding=1), rand(2, 2, 5, 6))
    case("max_pool2d/ceil", nn.MaxPool2d(2, ceil_mode=True), rand(1, 2, 5, 3))
    case("max_pool3d", nn.MaxPool3d((1, 2, 2)), rand(1, 1, 2, 4, 4))
    case("avg_pool1d", nn.AvgPool1d(2), rand(2, 2, 6))
    case("avg_pool2d", nn.AvgPool2d(3, stride=2, padding=1), rand(2, 2, 5, 6))
    case("avg_pool2d/no_pad", nn.AvgPool2d(3, 2, 1, count_include_pad=False), rand(1, 2, 5, 4))
    case("avg_pool3d", nn.AvgPool3d(2), rand(1, 1, 2, 4, 3))
    case("adaptive_avg_pool1d", nn.AdaptiveAvgPool1d(3), rand(2, 2, 7))
    case("adaptive_avg_pool2d", nn.AdaptiveAvgPool2d((2, 3)), rand(2, 1, 5, 4))
    case("adaptive_avg_pool3d", nn.AdaptiveAvgPool3d(1), rand(1, 2, 2, 3, 2))
    case("adaptive_max_pool1d", nn.AdaptiveMaxPool1d(3), rand(2, 2, 7))
    case("adaptive_max_pool2d", nn.AdaptiveMaxPool2d((2, 1)), rand(2, 1, 5, 4))
    case("adaptive_max_pool3d", nn.AdaptiveMaxPool3d((1, 2, 2)), rand(1, 2, 2, 3, 2))


class RmsNorm(nn.Module):
    """torch.nn.RMSNorm of PyTorch 2, by its documented formula."""

    def __init__(self, shape, eps=None):
        super().__init__()
        self.shape, self.eps = shape, torch.finfo(torch.float64).eps if eps is None else eps
        self.weight = nn.Parameter(torch.ones(shape))

    def forward(self, x):
        axes = tuple(range(-len(self.shape), 0))
        return x / torch.sqrt((x * x).mean(axes, keepdim=True) + self.eps) * self.weight


def norms():
    for mode in ("train", "evaluate"):
        case("batch_norm1d", nn.BatchNorm1d(3), rand(5, 3), mode=mode)
        case("batch_norm1d", nn.BatchNorm1d(3), rand(2, 3, 4), mode=mode)
        case("batch_norm2d", nn.BatchNorm2d(2, eps=1e-3, momentum=0.3), rand(3, 2, 2, 3), mode=mode)
        case("batch_norm2d/plain", nn.BatchNorm2d(2, affine=False), rand(3, 2, 2, 3), mode=mode)
        case("batch_norm2d/untracked", nn.BatchNorm2d(2, track_running_stats=False),
             rand(3, 2, 2, 3), mode=mode)
    case("batch_norm3d", nn.BatchNorm3d(2), rand(2, 2, 2, 1, 2))
    case("layer_norm", nn.LayerNorm(4), rand(2, 3, 4))
    case("layer_norm/axes", nn.LayerNorm((3, 4)), rand(2, 3, 4))
    case("group_norm", nn.GroupNorm(2, 4), rand(2, 4, 3))
    case("group_norm/plain", nn.GroupNorm(3, 6, affine=False, eps=1e-3), rand(2, 6, 2, 2))
    case("instance_norm1d", nn.InstanceNorm1d(2), rand(2, 2, 5))
    case("instance_norm2d", nn.InstanceNorm2d(2, affine=True), rand(2, 2, 3, 2))
    case("instance_norm3d", nn.InstanceNorm3d(2), rand(2, 2, 1, 3, 2))
    case("rms_norm", RmsNorm((4,)), rand(2, 3, 4))
    case("rms_norm/axes", RmsNorm((3, 4), 1e-3), rand(2, 3, 4))
    case("weight_norm/linear", nn.utils.weight_norm(nn.Linear(3, 2)), rand(4, 3))
    case("weight_norm/conv2d", nn.utils.weight_norm(nn.Conv2d(2, 3, 2)), rand(1, 2, 3, 3))
    case("weight_norm/conv_transpose1d",
         nn.utils.weight_norm(nn.ConvTranspose1d(2, 3, 2, stride=2), dim=1), rand(1, 2, 3))


def dense():
    case("linear", nn.Linear(3, 2), rand(4, 3))
    case("linear/no_bias", nn.Linear(3, 2, bias=False), rand(2, 2, 3))
    case("bilinear", nn.Bilinear(3, 2, 4), rand(5, 3), rand(5, 2))
    case("bilinear/no_bias", nn.Bilinear(2, 2, 1, bias=False), rand(2, 3, 2), rand(2, 3, 2))
    case("embedding", nn.Embedding(5, 3), index(1, 4, 1, 0, shape=(2, 2)))
    case("embedding/padding", nn.Embedding(4, 2, padding_idx=1), index(1, 3, 1, 0, 2))
    case("flatten", nn.Flatten(), rand(2, 3, 2, 2))
    case("flatten/axes", nn.Flatten(0, 1), rand(2, 3, 2))
    case("unflatten", nn.Unflatten(1, (2, 3)), rand(2, 6))
    case("upsample", nn.Upsample(scale_factor=2), rand(1, 2, 2, 3))
    case("upsample/bilinear", nn.Upsample(scale_factor=2, mode="bilinear"), rand(1, 1, 3, 2))
    case("upsample/size", nn.Upsample(size=(5, 4), mode="bilinear", align_corners=True),
         rand(1, 1, 3, 2))
    case("upsample/linear", nn.Upsample(scale_factor=3, mode="linear"), rand(1, 2, 4))
    case("upsample/bicubic", nn.Upsample(scale_factor=2, mode="bicubic"), rand(1, 1, 3, 4))


class HardSigmoid(nn.Module):
    """By its documented formula: nn.Hardsigmoid has the 1/6 of its derivative in single precision."""

    def forward(self, x):
        return nn.functional.relu6(x + 3) / 6


def activations():
    x = rand(3, 6, low=-4, high=4)
    for name, layer in {
            "identity": nn.Identity(), "relu": nn.ReLU(), "relu6": nn.ReLU6(),
            "leaky_relu": nn.LeakyReLU(), "elu": nn.ELU(), "celu": nn.CELU(), "selu": nn.SELU(),
            "gelu": nn.GELU(), "gelu_tanh": nn.GELU(approximate="tanh"), "silu": nn.SiLU(),
            "mish": nn.Mish(), "softplus": nn.Softplus(threshold=1000), "softsign": nn.Softsign(),
            "sigmoid": nn.Sigmoid(), "log_sigmoid": nn.LogSigmoid(),
            "hardsigmoid": HardSigmoid(), "hardswish": nn.Hardswish(), "tanh": nn.Tanh(),
            "hardtanh": nn.Hardtanh(), "softshrink": nn.Softshrink(),
            "hardshrink": nn.Hardshrink(), "tanhshrink": nn.Tanhshrink(),
            "softmax": nn.Softmax(-1), "log_softmax": nn.LogSoftmax(-1), "softmin": nn.Softmin(-1),
            "glu": nn.GLU()}.items():
        case("activation/" + name, layer, x)
    for name, layer in {
            "leaky_relu": nn.LeakyReLU(0.2), "elu": nn.ELU(0.5), "celu": nn.CELU(2.0),
            "softplus": nn.Softplus(2.0, 1000), "hardtanh": nn.Hardtanh(-2, 0.5),
            "softshrink": nn.Softshrink(1.5), "hardshrink": nn.Hardshrink(1.5),
            "threshold": nn.Threshold(0.5, -3.0), "softmax": nn.Softmax(0),
            "log_softmax": nn.LogSoftmax(0), "softmin": nn.Softmin(0), "glu": nn.GLU(1),
            "prelu": nn.PReLU(), "prelu/channels": nn.PReLU(6)}.items():
        case(name, layer, x)


def packed(layer, x, lengths, state):
    sequence = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    y, last = layer(sequence, state)
    y, _ = nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])
    return y, last


def flat(y, last):
    return (y, *last) if isinstance(last, tuple) else (y, last)


def recurrent():
    kinds = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
    for name, kind in kinds.items():
        case(name, kind(3, 2, batch_first=True), rand(2, 4, 3), run=lambda m, x: flat(*m(x)))
        deep = dict(num_layers=2, bidirectional=True, batch_first=True)
        case(name + "/deep", kind(3, 2, **deep), rand(2, 4, 3), run=lambda m, x: flat(*m(x)))
        case(name + "/lengths", kind(3, 2, **deep), rand(3, 4, 3), index(2, 4, 1),
             run=lambda m, x, n: flat(*packed(m, x, n, None)))
        if name == "lstm":
            case("lstm/state", kind(3, 2, **deep), rand(3, 4, 3), index(2, 4, 3), rand(4, 3, 2),
                 rand(4, 3, 2), run=lambda m, x, n, h, c: flat(*packed(m, x, n, (h, c))))
        else:
            case(name + "/state", kind(3, 2, **deep), rand(3, 4, 3), index(2, 4, 3), rand(4, 3, 2),
                 run=lambda m, x, n, h: flat(*packed(m, x, n, h)))
    case("rnn/relu", nn.RNN(3, 2, nonlinearity="relu", bias=False, batch_first=True), rand(2, 4, 3),
         run=lambda m, x: flat(*m(x)))


def attention():
    width, heads = 4, 2

    def weights(m, q, k, v, **masks):
        return m(q, k, v, average_attn_weights=False, **masks)

    make = lambda **o: nn.MultiheadAttention(width, heads, batch_first=True, **o)
    x, memory = rand(2, 3, width), rand(2, 5, width)
    case("attention/self", make(), x, run=lambda m, x: weights(m, x, x, x))
    case("attention/no_bias", make(bias=False), x, run=lambda m, x: weights(m, x, x, x))
    case("attention/cross", make(), x, memory, run=lambda m, q, k: weights(m, q, k, k))
    case("attention/three", make(), x, memory, rand(2, 5, width), run=weights)
    triangle = torch.ones(3, 3, dtype=torch.bool).triu(1)
    case("attention/causal", make(), x, run=lambda m, x: weights(m, x, x, x, attn_mask=triangle))
    padding = index(0, 0, 0, 0, 1, 0, 0, 1, 1, 1, shape=(2, 5))
    case("attention/key_padding", make(), x, memory, padding,
         run=lambda m, q, k, p: weights(m, q, k, k, key_padding_mask=p.bool()))
    case("attention/forbidden", make(), x, memory, index(0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 1,
                                                         shape=(3, 5)),
         run=lambda m, q, k, f: weights(m, q, k, k, attn_mask=f.bool()))
    case("attention/additive", make(), x, memory, rand(3, 5), padding,
         run=lambda m, q, k, b, p: weights(m, q, k, k, attn_mask=b, key_padding_mask=p.bool()))
    options = dict(dropout=0.0, batch_first=True)
    for name, first, f in (("post", False, "relu"), ("pre", True, "gelu")):
        case(f"encoder/{name}",
             nn.TransformerEncoderLayer(width, heads, 6, norm_first=first, activation=f, **options),
             x, run=lambda m, x: m(x, src_mask=triangle))
        case(f"decoder/{name}",
             nn.TransformerDecoderLayer(width, heads, 6, norm_first=first, activation=f, **options),
             x, memory, padding,
             run=lambda m, x, y, p: m(x, y, tgt_mask=triangle, memory_key_padding_mask=p.bool()))
    case("encoder/padding", nn.TransformerEncoderLayer(width, heads, 6, **options), memory, padding,
         run=lambda m, x, p: m(x, src_key_padding_mask=p.bool()))
    deep = dict(norm_first=True, **options)
    case("encoder/stack", nn.TransformerEncoder(nn.TransformerEncoderLayer(width, heads, 6, **deep),
                                                2, nn.LayerNorm(width)), x)
    case("decoder/stack", nn.TransformerDecoder(nn.TransformerDecoderLayer(width, heads, 6, **deep),
                                                2, nn.LayerNorm(width)), x, memory)


for part in (convolutions, pooling, norms, dense, activations, recurrent, attention):
    part()
with open(sys.argv[1], "w") as file:
    json.dump({"pytorch": torch.__version__, "cases": CASES}, file, separators=(",", ":"))
print(f"{len(CASES)} cases")
