#!/usr/bin/env python3
"""A small convolutional net as PyTorch keeps it, for tests/nn/state.cpp.

    tests/pytorch/state_dict.py tests/data/pytorch_net.safetensors

Its state dict in the format safetensors, written by hand for want of the package on Debian 12, as
that would write it; an input and what the net makes of it in evaluation stand in the metadata."""
import json
import struct
import sys

import torch
from torch import nn

torch.manual_seed(3)
NAMES = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64"}


def write(path, tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, t in sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0])):
        part = t.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": NAMES[t.dtype], "shape": list(t.shape),
                        "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def main():
    net = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2),
                        nn.Flatten(), nn.Linear(3 * 2 * 3, 4))
    for _ in range(3):  # so that the running statistics are some
        net(torch.randn(8, 2, 4, 6) * 2 + 1)
    net.eval()
    x = torch.randn(2, 2, 4, 6)
    y = net.double()(x.double())
    net.float()
    write(sys.argv[1], net.state_dict(),
          {"format": "pt", "input": json.dumps(x.flatten().tolist()),
           "output": json.dumps(y.flatten().tolist())})


if __name__ == "__main__":
    main()
