#!/usr/bin/env python3
"""Sets this library, hand-written steps and other libraries side by side.

Each program does the same work on the same numbers, and must find the same values. They take turns,
batch by batch, so that whatever disturbs the machine disturbs all of them: a ratio is the median of
those of single rounds.
"""
import argparse
import ctypes
import json
import os
import re
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

OURS, FLOOR = "ours", "by hand"
ANEW = "ours, compiled with each check"
MERGED, FUNCTION = "by hand, update merged", "by hand, function alone"
PROGRAMS = {OURS: "dtheta", ANEW: "dtheta", FLOOR: "floor", MERGED: "floor", FUNCTION: "floor",
            "libtorch": "peers/libtorch", "dlib": "peers/dlib", "ADOL-C": "peers/adolc"}
# Contenders that are another case of their program, and the cases of which there is one.
VARIANTS = {ANEW: ("-anew", {"gc-a", "gc-b", "gc-c"}), MERGED: ("-merged", {"b", "c"}),
            FUNCTION: ("-value", {"gmm-25", "gmm-50", "lstm"})}


# Threads of OpenBLAS and OpenMP look for work some 30 ms after the last, and would take a processor
# from whoever has the next turn.
PAUSE = 0.1


@dataclass
class Row:
    """A line of the table: `target` is what ours must reach as a multiple of `against`, if anything."""
    case: str
    title: str
    against: str = ""
    target: float = 0
    threads: int = 1
    tolerance: float = 1e-4  # by which values may differ: that of float32 over three steps
    alone: bool = False  # ours only: any other would take minutes
    seconds: dict = field(default_factory=dict)  # median for each program
    ratio: dict = field(default_factory=dict)  # median of ours / theirs
    rounds: int = 0
    others: float = 0  # programs on this machine that were computing too


# Targets: what was measured on another machine, as ratios. Our training plans merge updates into the
# products that make their gradients, so b and c are held against steps by hand that do the same.
TRAINING = [
    Row("a", "5-6-3-1, batch 4", FLOOR, 1.0 / 0.39),
    Row("b", "784-128-10, batch 64", MERGED, 1.05),
    Row("c", "784-512-512-10, batch 128", MERGED, 4500 / 4421),
    Row("d", "LeNet-5, batch 64", "libtorch", 2600 / 5212),
    Row("e", "LSTM 128, 32 steps, batch 16", "libtorch", 4400 / 7873),
    Row("f", "encoder 128, 64 steps, batch 8", "libtorch", 6600 / 8120),
]
TRAINING_2 = [
    Row("b", "784-128-10, batch 64", MERGED, 190 / 179, 2),
    Row("c", "784-512-512-10, batch 128", MERGED, 2550 / 2518, 2),
    Row("d", "LeNet-5, batch 64", "libtorch", 1500 / 3015, 2),
    Row("e", "LSTM 128, 32 steps, batch 16", "libtorch", 2900 / 5864, 2),
    Row("f", "encoder 128, 64 steps, batch 8", "libtorch", 3800 / 4956, 2),
]
CHAIN = [
    Row("chain-1-replay", "1 element, replay", "libtorch", 30 / 4400),
    Row("chain-1-record", "1 element, recorded anew", "libtorch", 120 / 4400),
    Row("chain-16-replay", "16 elements, replay", "libtorch", 30 / 4400),
    Row("chain-16-record", "16 elements, recorded anew", "libtorch", 120 / 4400),
]
CHECKS = [
    Row("gc-a", "5-6-3-1, batch 4: 61 parameters", FLOOR, 0.030 / 0.038),
    Row("gc-b", "20-16-8-1, batch 32: 481", FLOOR, 1.0 / 4.5),
    Row("gc-c", "784-32-10, batch 32: 25,450", FLOOR, 40 / 7730),
]
CHECKS_2 = [
    Row("gc-c", "784-32-10, batch 32: 25,450", threads=2, alone=True),
    Row("gc-d", "784-128-10, batch 32: 101,770", threads=2, alone=True),
]
ADBENCH = [
    Row("gmm-25", "GMM, d = 10, K = 25", FLOOR, 1.4 / 3.56, tolerance=1e-9),
    Row("gmm-50", "GMM, d = 10, K = 50", FLOOR, 2.8 / 7.07, tolerance=1e-9),
    # The gradient by hand that the target was measured against took seven times the function; it
    # can be done in less than two. So the function is the yardstick.
    Row("lstm", "LSTM, 2 layers, 1024 characters", FUNCTION, 3.5 / 1.42, tolerance=1e-9),
    Row("ba", "BA, 49 cameras, 31,843 errors", tolerance=1e-9),
]
SECTIONS = {
    "Training step, one thread": TRAINING,
    "Training step, two threads": TRAINING_2,
    "Chain of 1,000 small ops, forward and backward, per op": CHAIN,
    "Full gradient check": CHECKS,
    "Full gradient check, two threads": CHECKS_2,
    "ADBench, gradient (of BA the Jacobian)": ADBENCH,
}


def openblas_core():
    """The kernels to tell OpenBLAS to use where it does not know the processor, else None."""
    try:
        blas = ctypes.CDLL("libopenblas.so.0")
        blas.openblas_get_corename.restype = ctypes.c_char_p
        if blas.openblas_get_corename() not in (b"Prescott", b"Core2"):
            return None
        flags = set(re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.M)[1].split())
    except (OSError, AttributeError, TypeError):
        return None
    if {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= flags:
        return "SkylakeX"
    return "Haswell" if {"avx2", "fma"} <= flags else None


def environment_of(threads):
    """Fair settings for a peer: what its layers need to use so many threads and no more."""
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS="1")
    if core := openblas_core():
        environment["OPENBLAS_CORETYPE"] = core
    return environment


class Contender:
    """A program at one case, waiting for its turn."""

    def __init__(self, name, folder, row, batch_seconds):
        self.name, self.times = name, []
        environment = dict(os.environ) if PROGRAMS[name] == PROGRAMS[OURS] else environment_of(row.threads)
        case = row.case + (VARIANTS[name][0] if name in VARIANTS else "")
        self.process = subprocess.Popen(
            [folder / PROGRAMS[name], case, str(row.threads), str(batch_seconds)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        answer = self.process.stdout.readline().split()
        if not answer:
            sys.exit(f"{name}, case {case}: ended without an answer")
        self.value = float(answer[1]) if answer[0] == "value" else None

    def batch(self):
        """Seconds for one piece of work, by a batch of it."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def wanted(name, row):
    """Whether a program takes part in a row."""
    if row.alone:
        return name == OURS
    return name not in VARIANTS or row.case in VARIANTS[name][1]


def running_others():
    """How many other programs want a processor now: the median of some looks."""
    looks = []
    for _ in range(11):
        time.sleep(0.02)
        looks.append(int(Path("/proc/loadavg").read_text().split()[3].split("/")[0]) - 1)
    return statistics.median(looks)


def measure(row, folder, rounds, batch_seconds, budget):
    """Fills in a row. Stops early when `budget` seconds have gone, but not before one round."""
    contenders = []
    for name, program in PROGRAMS.items():
        if wanted(name, row) and (folder / program).exists():
            contender = Contender(name, folder, row, batch_seconds)
            contenders.append(contender) if contender.value is not None else contender.close()
    if not contenders or contenders[0].name != OURS:
        sys.exit(f"case {row.case}: {folder / PROGRAMS[OURS]} is not built or does not have it")
    ours = contenders[0]
    for other in contenders[1:]:
        if other.name == FUNCTION:
            continue
        if abs(other.value - ours.value) > row.tolerance * abs(ours.value):
            sys.exit(f"case {row.case}: {other.name} finds {other.value}, ours {ours.value}")
    row.others = running_others()
    start = time.monotonic()
    while row.rounds < rounds and (row.rounds == 0 or time.monotonic() - start < budget):
        for contender in contenders:
            if row.threads > 1:
                time.sleep(PAUSE)
                contender.batch()  # wakes its threads, and the processors they sleep on
            contender.times.append(contender.batch())
        row.rounds += 1
    for contender in contenders:
        contender.close()
        row.seconds[contender.name] = statistics.median(contender.times)
        if contender is not ours:
            row.ratio[contender.name] = statistics.median(
                o / t for o, t in zip(ours.times, contender.times))


def duration(seconds):
    for unit, size in ("s", 1), ("ms", 1e-3), ("µs", 1e-6):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def verdict(row):
    if not row.against:
        return ""
    if row.against not in row.ratio:
        return "not measured"
    if row.threads > 1 and row.others > 0:
        return "machine busy"
    return "met" if row.ratio[row.against] <= row.target else "behind"


def section_table(title, rows):
    """A section as a table in Markdown: times, and in brackets ours as a multiple of it."""
    names = [n for n in PROGRAMS if any(n in r.seconds for r in rows)]
    goal = any(r.against for r in rows)

    def cell(row, name):
        if name not in row.seconds:
            return ""
        time_taken = duration(row.seconds[name])
        return time_taken if name == OURS else f"{time_taken} ({row.ratio[name]:.3g})"

    lines = [[title, *names] + ["must reach", ""] * goal]
    lines.append(["---"] * len(lines[0]))
    for row in rows:
        target = f"{row.target:.3g} × {row.against}" if row.against else ""
        lines.append([row.title, *(cell(row, n) for n in names)] + [target, verdict(row)] * goal)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_tables(path, tables):
    """Into a page between its two marks, or where there are none as the whole of it."""
    first, last = "<!-- benchmarks/table.py writes from here -->\n", "<!-- to here -->\n"
    text = "\n\n".join(tables) + "\n"
    page = path.read_text() if path.exists() else ""
    if first in page and last in page:
        before, after = page[:page.index(first) + len(first)], page[page.index(last):]
        text = f"{before}\n{text}\n{after}"
    path.write_text(text)


def as_json(row):
    return {"case": row.case, "threads": row.threads, "rounds": row.rounds, "seconds": row.seconds,
            "ratio": row.ratio,
            "others": row.others, "against": row.against, "target": row.target, "verdict": verdict(row)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--programs", type=Path, default=Path("build/benchmarks"), metavar="DIR")
    parser.add_argument("--case", action="append", metavar="NAME", help="only this case; repeatable")
    parser.add_argument("--threads", type=int, help="only rows with so many threads")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter batches")
    parser.add_argument("--json", metavar="FILE", help="all figures; - for standard output")
    parser.add_argument("--markdown", metavar="FILE", help="the tables; into a page that has marks for them, between those")
    options = parser.parse_args()

    rounds, batch_seconds, budget = (3, 0.02, 5) if options.quick else (15, 0.05, 40)
    report = sys.stderr if options.json == "-" else sys.stdout
    tables, measured = [], []
    for title, rows in SECTIONS.items():
        rows = [r for r in rows if (not options.case or r.case in options.case)
                and options.threads in (None, r.threads)]
        for row in rows:
            measure(row, options.programs, rounds, batch_seconds, budget)
        if rows:
            tables.append(section_table(title, rows))
            measured += rows
            print(tables[-1], end="\n\n", file=report, flush=True)
    if not measured:
        parser.error("there is no such case")
    if options.markdown:
        write_tables(Path(options.markdown), tables)
    if options.json:
        text = json.dumps({"rows": [as_json(r) for r in measured]}, indent=2)
        print(text) if options.json == "-" else Path(options.json).write_text(text + "\n")


if __name__ == "__main__":
    main()
