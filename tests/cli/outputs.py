#!/usr/bin/env python3
"""Holds the JSON of the program gradcheck, byte for byte, against what is stored in outputs/.

usage: tests/cli/outputs.py [--build FOLDER] [--accept] [CASE...]

--accept stores what the program says now: read the difference that git shows before you commit it.
The inputs are fixed: the seeds' network, gradients made of its own by exact changes, and two programs
under test. Each case is run in a folder of its own under names without a path, so that the lines that
repeat a probe are the same everywhere.
"""
import argparse
import difflib
import io
import json
import os
import pathlib
import platform
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
STORED = ROOT / "tests/cli/outputs"

SEED = ["network", "seed_network.npz", "--activations", "relu,relu,sigmoid", "--loss", "binary_cross_entropy"]
OPS = ["tanh", "max", "softmax", "sort", "take", "huber", "pad", "argmax"]

# A name, the words after `gradcheck`, and the exit status.
CASES = {
    "ops": (["ops"] + [word for op in OPS for word in ("--op", op)], 0),
    "ops_one_case": (["ops", "--op", "lgamma", "--case", "3"], 0),
    "network": (SEED, 0),
    "network_textbook": (SEED + ["--method", "textbook"], 0),
    "network_penalties": (SEED + ["--l1", "0.01", "--l2", "0.1", "--layer", "2"], 0),
    "network_dropout": (SEED + ["--keep-prob", "0.8", "--frozen-masks"], 0),
    "network_entry": (SEED + ["--entry", "W2[1, 2]", "--step", "0.001"], 3),
    "network_wrong": (["network", "wrong_network.npz"] + SEED[2:], 1),
    "network_wrong_textbook": (["network", "wrong_network.npz"] + SEED[2:] + ["--method", "textbook"], 1),
    "function": (["function", "--", "python3", "function_protocol.py"], 0),
    "function_bug": (["function", "--", "python3", "function_protocol.py", "--bug"], 1),
    "function_textbook": (["function", "--method", "textbook", "--", "python3", "function_protocol.py"], 0),
    "function_entry": (["function", "--entry", "#1", "--", "python3", "function_protocol.py"], 0),
    "function_wrong": (["function", "--", "./function_child", "wrong"], 1),
    "function_twice": (["function", "--", "./function_child", "twice"], 1),
    "function_nan": (["function", "--", "./function_child", "nan-gradient"], 1),
    "compare": (["compare", "right.npz", "right.npz"], 0),
    "compare_changes": (["compare", "changed.npz", "right.npz"], 1),
    "compare_close": (["compare", "close.npz", "right.npz", "--tolerance", "1e-9"], 1),
    "compare_nan": (["compare", "nan.npz", "right.npz", "--blocks", "dW1,db1"], 1),
}


def write_npz(path, arrays):
    """NumPy's format without NumPy: arrays are (shape, numbers) of doubles."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, (shape, numbers) in arrays.items():
            header = str({"descr": "<f8", "fortran_order": False, "shape": tuple(shape)})
            header += " " * (-(len(header) + 11) % 64) + "\n"
            data = io.BytesIO()
            data.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
            data.write(struct.pack(f"<{len(numbers)}d", *numbers))
            archive.writestr(name + ".npy", data.getvalue())


def read_npz(path):
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for entry in archive.namelist():
            data = archive.read(entry)
            length = struct.unpack("<H", data[8:10])[0]
            shape = [int(n) for n in re.findall(r"\d+", re.search(rb"\(([^)]*)\)", data[10:]).group(1).decode())]
            body = data[10 + length:]
            arrays[entry.removesuffix(".npy")] = (shape, list(struct.unpack(f"<{len(body) // 8}d", body)))
    return arrays


def seed_gradient(network):
    """The gradient of the seeds' network, which NumPy computed, in arrays like those of the network."""
    text = (ROOT / "tests/data/seed_network_expected.hpp").read_text()
    numbers = iter(float(n) for n in re.findall(r"-?\d+\.\d+(?:e-?\d+)?", text.split("seed_gradient{")[1]))
    names = [name for layer in "123" for name in ("W" + layer, "b" + layer)]
    return {"d" + n: (network[n][0], [next(numbers) for _ in network[n][1]]) for n in names}


def changed(gradient, **changes):
    """The gradient with these arrays passed through functions of (index, number)."""
    return {name: (shape, [changes[name](i, v) for i, v in enumerate(numbers)] if name in changes else numbers)
            for name, (shape, numbers) in gradient.items()}


def make_inputs(folder, build):
    shutil.copy(ROOT / "tests/data/seed_network.npz", folder)
    shutil.copy(ROOT / "examples/function_protocol.py", folder)
    os.symlink(build / "gradcheck/gradcheck", folder / "gradcheck")
    os.symlink(build / "tests/cli/function_child", folder / "function_child")
    network = read_npz(folder / "seed_network.npz")
    right = seed_gradient(network)
    shape, w1 = right["dW1"]
    write_npz(folder / "right.npz", right)
    write_npz(folder / "wrong_network.npz", network | changed(right, dW2=lambda i, v: 2 * v))
    write_npz(folder / "changed.npz",
              changed(right, dW1=lambda i, v: -v, dW2=lambda i, v: 4 * v, db3=lambda i, v: 0.0))
    write_npz(folder / "close.npz", changed(right, dW3=lambda i, v: v * (1 + 2.0**-20)))
    write_npz(folder / "nan.npz", changed(right, dW1=lambda i, v: float("nan") if i == 7 else v))


def has_fused_multiply_add():
    """Whether vectors of this machine multiply and add with one rounding. Those of AVX2 and AVX-512, which
    do, give the same bits, and so do the kernels of BLAS and the C library for either; SSE4 rounds twice."""
    try:
        return " avx2 " in pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def c_library():
    """Its functions differ in last bits from version to version."""
    return " ".join(platform.libc_ver())


def without_numbers(text):
    """What does not depend on the last bits of tapes: names, verdicts, causes, shapes, counts of entries."""
    numeric = {"worst", "headline", "notes", "evaluations", "sentence", "replay", "values", "position"}

    def strip(value):
        if isinstance(value, dict):
            return {key: strip(v) for key, v in value.items() if key not in numeric}
        if isinstance(value, list):
            return [strip(v) for v in value]
        return "a number" if isinstance(value, float) else value

    return json.dumps(strip(json.loads(text)), indent=2) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--build", default=os.environ.get("BUILD", "build"), help="the build folder")
    parser.add_argument("--stored", type=pathlib.Path, default=STORED, help="the folder of what is stored")
    parser.add_argument("--accept", action="store_true", help="store what the program says now")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="all of them unless some are named")
    options = parser.parse_args()
    unknown = set(options.cases) - set(CASES)
    if unknown:
        parser.error(f"there is no case {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")

    written_with = options.stored / "c_library.txt"
    if options.accept:
        written_with.write_text(c_library() + "\n")
    rounds = not has_fused_multiply_add()
    functions = written_with.exists() and c_library() != written_with.read_text().strip()
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_inputs(folder, (ROOT / options.build).resolve())
        for case in options.cases or CASES:
            words, status = CASES[case]
            at = words.index("--") if "--" in words else len(words)
            command = ["./gradcheck"] + words[:at] + ["--json", "-"] + words[at:]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
            if done.returncode != status:
                print(f"{case}: exit status {done.returncode} in place of {status}\n{done.stderr}", end="")
                failures += 1
                continue
            now = done.stdout
            stored = options.stored / f"{case}.json"
            if options.accept:
                stored.parent.mkdir(exist_ok=True)
                stored.write_text(now)
                continue
            before = stored.read_text() if stored.exists() else "{}"
            if rounds and case.startswith(("network", "ops")) or functions and not case.startswith("compare"):
                now, before = without_numbers(now), without_numbers(before)
            if now != before:
                failures += 1
                sys.stdout.writelines(difflib.unified_diff(
                    before.splitlines(True), now.splitlines(True), f"stored/{case}", f"now/{case}", n=2))
    if failures:
        print(f"{failures} outputs are not as stored; if that is meant: tests/cli/outputs.py --accept")
    elif not options.accept:
        print(f"{len(options.cases or CASES)} outputs are as stored" + (
            "; of tapes all but the numbers: this machine rounds them differently" if rounds else
            "; but for the numbers: the C library is another" if functions else ""))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
