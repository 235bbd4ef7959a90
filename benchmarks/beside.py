#!/usr/bin/env python3
"""What a library costs beside time: to compile a one-file program, to start it, to ship it, and the
memory of training (case c). Prints a table in Markdown; libtorch is in it where its programs are built."""
import json
import os
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

from table import environment_of

# Part of every system, so never shipped.
SYSTEM = ("linux-vdso", "ld-linux", "libc.so", "libm.so", "libstdc++", "libgcc_s", "libpthread",
          "libdl.so", "librt.so")


def run(command, **options):
    """Seconds passed, peak memory in MB and seconds of processor of a command, which must succeed."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, **options)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command} failed")
    return time.monotonic() - start, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def compile_command(build, source, level):
    """The compiler's command for a source, at another level of optimisation."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if entry["file"].endswith(source):
            words = shlex.split(entry["command"])
            while not words[0].endswith(("g++", "clang++", "c++")):  # a launcher
                words = words[1:]
            words[words.index("-o") + 1] = os.devnull
            depends = [words.index(w) for w in ("-MD", "-MQ", "-MF") if w in words]
            drop = {i + k for i in depends for k in ((0,) if words[i] == "-MD" else (0, 1))}
            words = [w for i, w in enumerate(words) if i not in drop]
            return [level if w.startswith("-O") else w for w in words]
    return None


def shipped(program):
    """Bytes of a program and of the libraries that it loads and not every system has."""
    total = program.stat().st_size
    for line in subprocess.run(["ldd", program], capture_output=True, text=True).stdout.splitlines():
        words = line.split()
        if "=>" in words and not words[0].startswith(SYSTEM):
            total += os.path.getsize(os.path.realpath(words[2]))
    return total


def measures(build, name, folder):
    """Title and value of each measure for one library."""
    for level in ("-O0", "-O2"):
        command = compile_command(build, f"beside/{name}.cpp", level)
        _, memory, seconds = run(command, cwd=build)
        yield f"compiling one file, {level}", f"{seconds:.1f} s, {memory:.0f} MB"
    program = build / "benchmarks" / f"beside_{name}"
    yield "start to end of that program", f"{1e3 * statistics.median(run([program])[2] for _ in range(11)):.0f} ms"
    yield "program and what it loads", f"{shipped(program) / 1e6:.0f} MB"
    case = [build / "benchmarks" / folder / name, "c", "1", "0.2"]
    _, memory, _ = run(case, stdin=subprocess.DEVNULL, env=environment_of(1))
    yield "peak memory, training of case c", f"{memory:.0f} MB"


def main():
    build = Path(sys.argv[1] if len(sys.argv) > 1 else "build").resolve()
    columns = {"ours": dict(measures(build, "dtheta", "."))}
    if (build / "benchmarks/beside_libtorch").exists():
        columns["libtorch"] = dict(measures(build, "libtorch", "peers"))
    print("| | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for title in columns["ours"]:
        print(f"| {title} | " + " | ".join(c[title] for c in columns.values()) + " |")


if __name__ == "__main__":
    main()
