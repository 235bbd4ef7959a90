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
from pathlib import Path

from rows import FLOOR, FUNCTION, MERGED, OURS, SECTIONS, Row

ANEW = "ours, compiled with each check"
PROGRAMS = {OURS: "dtheta", ANEW: "dtheta", FLOOR: "floor", MERGED: "floor", FUNCTION: "floor",
            "libtorch": "peers/libtorch", "oneDNN": "peers/onednn", "dlib": "peers/dlib",
            "ADOL-C": "peers/adolc"}
# Contenders that are another case of their program, and the cases of which there is one.
VARIANTS = {ANEW: ("-anew", {"gc-a", "gc-b", "gc-c"}), MERGED: ("-merged", {"b", "c"}),
            FUNCTION: ("-value", {"gmm-25", "gmm-50", "lstm"})}


# Threads of OpenBLAS and OpenMP look for work some 30 ms after the last, and would take a processor
# from whoever has the next turn.
PAUSE = 0.1
# For so long a program with several threads works before its time is taken: meanwhile the system
# spreads threads that it woke on one processor, and a virtual machine gets all of its processors.
WAKING = 0.3


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
    """Fair settings for a peer: what its layers need to use so many threads and no more. An
    OPENBLAS_CORETYPE of the caller's would decide for everybody, so nobody sees it."""
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS="1")
    if core := openblas_core():
        environment["OPENBLAS_CORETYPE"] = core
    return environment


class Contender:
    """A program at one case, waiting for its turn."""

    def __init__(self, name, folder, case, threads, batch_seconds):
        self.name, self.times, self.kernels, self.version = name, [], "", ""
        environment = dict(os.environ) if PROGRAMS[name] == PROGRAMS[OURS] else environment_of(threads)
        self.process = subprocess.Popen(
            [folder / PROGRAMS[name], case, str(threads), str(batch_seconds)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        answer = self.process.stdout.readline().split()
        if not answer:
            sys.exit(f"{name}, case {case}: ended without an answer")
        self.value = float(answer[1]) if answer[0] == "value" else None
        if "kernels" in answer:
            self.kernels = answer[answer.index("kernels") + 1]
        if "version" in answer:
            self.version = answer[answer.index("version") + 1]

    def batch(self):
        """Seconds for one piece of work, by a batch of it."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def wake(self):
        start = time.monotonic()
        while time.monotonic() - start < WAKING:
            self.batch()

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


def peak_of(row, folder, batch_seconds):
    """What times one operation, or one byte, at the machine's peak; None where no work is counted."""
    if not row.work or not (folder / PROGRAMS[FLOOR]).exists():
        return None
    case = "peak-bytes" if row.bytes else "peak-f32"
    return Contender(FLOOR, folder, case, row.threads, batch_seconds)


def measure(row, folder, rounds, batch_seconds, budget):
    """Fills in a row. Stops early when `budget` seconds have gone, but not before one round."""
    contenders = []
    for name, program in PROGRAMS.items():
        if wanted(name, row) and (folder / program).exists():
            case = row.case + (VARIANTS[name][0] if name in VARIANTS else "")
            contender = Contender(name, folder, case, row.threads, batch_seconds)
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
    row.kernels = {c.name: c.kernels for c in contenders if c.kernels}
    row.versions = {c.name: c.version for c in contenders if c.version}
    yardstick = peak_of(row, folder, batch_seconds)
    taking_turns = contenders + ([yardstick] if yardstick else [])
    start = time.monotonic()
    while row.rounds < rounds and (row.rounds == 0 or time.monotonic() - start < budget):
        for contender in taking_turns:
            if row.threads > 1:
                time.sleep(PAUSE)
                contender.wake()
            contender.times.append(contender.batch())
        row.rounds += 1
    if yardstick:
        row.reached = statistics.median(row.work * p / o for o, p in zip(ours.times, yardstick.times))
    for contender in taking_turns:
        contender.close()
    for contender in contenders:
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
    held_against = [row.ratio[name] for name in row.against.split(" and ") if name in row.ratio]
    if not held_against:
        return "not measured"
    if row.threads > 1 and row.others > 0:
        return "machine busy"
    if max(held_against) > row.mark():
        return "behind"
    return f"below {row.share:.0%} of peak" if row.reached < row.share else "met"


def section_table(title, rows):
    """A section as a table in Markdown: times, and in brackets ours as a multiple of it."""
    names = [n for n in PROGRAMS if any(n in r.seconds for r in rows)]
    goal, counted = any(r.against for r in rows), any(r.reached for r in rows)

    def cell(row, name):
        if name not in row.seconds:
            return ""
        time_taken = duration(row.seconds[name])
        return time_taken if name == OURS else f"{time_taken} ({row.ratio[name]:.3g})"

    lines = [[title, *names] + ["share of peak"] * counted + ["must reach", ""] * goal]
    lines.append(["---"] * len(lines[0]))
    for row in rows:
        target = f"{row.mark():.3g} × {row.against}" if row.against else ""
        share = [f"{row.reached:.0%}" if row.reached else ""] * counted
        lines.append([row.title, *(cell(row, n) for n in names)] + share + [target, verdict(row)] * goal)
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
            "ratio": row.ratio, "share_of_peak": row.reached, "kernels": row.kernels,
            "versions": row.versions, "others": row.others, "against": row.against, "target": row.mark(),
            "verdict": verdict(row)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--programs", type=Path, default=Path("build/benchmarks"), metavar="DIR")
    parser.add_argument("--case", action="append", metavar="NAME", help="only this case; repeatable")
    parser.add_argument("--threads", type=int, help="only rows with so many threads")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter batches")
    parser.add_argument("--json", metavar="FILE", help="all figures; - for standard output")
    parser.add_argument("--markdown", metavar="FILE", help="the tables; into a page that has marks for them, between those")
    options = parser.parse_args()

    os.environ.pop("OPENBLAS_CORETYPE", None)
    rounds, batch_seconds, budget = (3, 0.02, 5) if options.quick else (15, 0.05, 40)
    report = sys.stderr if options.json == "-" else sys.stdout
    tables, measured, kernels = [], [], {}
    for title, rows in SECTIONS.items():
        rows = [r for r in rows if (not options.case or r.case in options.case)
                and options.threads in (None, r.threads)]
        for row in rows:
            measure(row, options.programs, rounds, batch_seconds, budget)
        if rows:
            tables.append(section_table(title, rows))
            kernels.update(kernel for r in rows for kernel in r.kernels.items())
            measured += rows
            print(tables[-1], end="\n\n", file=report, flush=True)
    if not measured:
        parser.error("there is no such case")
    if kernels:
        tables.append("Kernels that OpenBLAS runs: " + ", ".join(f"{n} {k}" for n, k in kernels.items()) + ".")
        print(tables[-1], file=report)
    if options.markdown:
        write_tables(Path(options.markdown), tables)
    if options.json:
        text = json.dumps({"rows": [as_json(r) for r in measured]}, indent=2)
        print(text) if options.json == "-" else Path(options.json).write_text(text + "\n")


if __name__ == "__main__":
    main()
