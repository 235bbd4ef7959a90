#!/usr/bin/env python3
"""Changes every constant of the checker, one at a time, and shows which test notices.

A copy of the sources is built once in which each constant is multiplied, when the program starts, by
a factor that the environment names; then the tests of the checker run once for each constant and
factor, until one fails: the ledger first, and what it does not notice the other programs are asked
about. Prints a table and ends with the constants that nobody noticed.

usage: tests/pinned_constants.py BUILD_FOLDER [--factor F] [--only TEXT] [--jobs N]
"""
import argparse
import concurrent.futures
import fnmatch
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILES = ["gradcheck/judge/*.cpp", "gradcheck/judge/*.hpp", "gradcheck/numeric/*.cpp",
         "gradcheck/numeric/*.hpp", "gradcheck/modes/*.cpp", "gradcheck/check.cpp"]
# What is no choice: numbers of mathematics and of the machine, and sizes of batches.
GIVEN = {"infinity", "infinite", "nan", "tiny", "any", "u", "roundoff", "unit_roundoff",
         "rounding_deviation", "outer_offset", "low_poison", "high_poison", "bent_by_four",
         "wanted", "most_probes", "corner_gain", "noise_gain", "jump_gain", "ratio2",
         "root_of_three", "gradcheck/judge/adaptive.cpp:least", "gradcheck/judge/adaptive.cpp:most",
         "gradcheck/check.cpp:most",
         "gradcheck/modes/budgeted.cpp:safe"}  # only the clock reaches this one
DECLARATION = re.compile(
    r"^(?P<space> *)(?P<static>static )?(?P<inline>inline )?constexpr double (?P<name>\w+) = "
    r"(?P<value>[^;{]+?);(?P<rest>.*)$", re.M)
SUPPORT = """#pragma once
#include <cstdlib>
#include <cstring>
inline double pinned(const char* name, double value) {
  const char* const which = std::getenv("DTHETA_CONSTANT");
  const char* const factor = std::getenv("DTHETA_FACTOR");
  const bool off = which != nullptr && factor != nullptr && std::strcmp(which, name) == 0;
  return off ? value * std::atof(factor) : value;
}
"""


def loosen(text, file):
    """Makes the constants of a file depend on the environment; returns it and their names."""
    names = []

    def one(kind, name, value):
        label = f"{file}:{name}"
        if name in GIVEN or label in GIVEN or value.strip() in ("0.0", "1.0"):
            return f"{kind} double {name} = {value};"
        while label in names:
            label += "'"  # another function's, of the same name
        names.append(label)
        return f'{kind} double {name} = pinned("{label}", {value});'

    def replace(match):
        inside = len(match["space"]) > 0
        kind = "static inline const" if match["static"] else (
            "static const" if inside else "inline const" if match["inline"] else "const")
        declared = re.split(r", (\w+) = ", match["value"])
        declared = [match["name"]] + declared
        each = [one(kind, declared[k], declared[k + 1]) for k in range(0, len(declared), 2)]
        return match["space"] + " ".join(each) + match["rest"]

    text = DECLARATION.sub(replace, text)
    if names:
        at = text.index("#include")
        text = text[:at] + '#include "gradcheck/pinned.hpp"\n' + text[at:]
    return text, names


def write(path, content):
    """Leaves a file alone that has this content: nothing is built again for it."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def copy_sources(folder):
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, check=True, capture_output=True, text=True)
    write(folder / "gradcheck/pinned.hpp", SUPPORT.encode())
    names = []
    for file in sorted(set(listed.stdout.split("\n"))):
        source = ROOT / file
        if not source.is_file():
            continue
        content = source.read_bytes()
        if any(fnmatch.fnmatch(file, pattern) for pattern in FILES):
            text, own = loosen(content.decode(), file)
            content = text.encode()
            names += own
        write(folder / file, content)
        shutil.copymode(source, folder / file)
    return names


def build(folder):
    tests = [f"tests/gradcheck/test_{name}" for name in ("ledger", "verdict_families", "gradcheck")]
    if not (folder / "build").exists():
        subprocess.run(["meson", "setup", "build", "-Dwerror=false"], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", "build", *tests], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL)
    programs = [folder / "build" / test for test in tests]
    # Where the C library is another than the one that it was written with, it would see less.
    subprocess.run([programs[0], "--", "--accept"], check=True, stdout=subprocess.DEVNULL)
    return programs


def first_failure(program, environment):
    """The first test that fails, or None; what runs after it need not."""
    run = subprocess.Popen([program, "--log_level=error", "--color_output=no"], env=environment,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    late = threading.Timer(300, run.kill)
    late.start()
    try:
        for line in run.stdout:
            found = re.search(r'error: in "([^"]+)": (.*)', line)
            if found:
                run.kill()
                in_ledger = found[1].startswith("ledger/")
                return "ledger: " + found[2].replace(" |", ",") if in_ledger else found[1]
        code = run.wait()
        if code == 0:
            return None
        return "does not end" if code == -signal.SIGKILL else f"ends with {code}"
    finally:
        late.cancel()
        run.wait()


def noticed_by(programs, name, factor):
    environment = dict(os.environ, DTHETA_CONSTANT=name, DTHETA_FACTOR=repr(factor))
    for program in programs:
        failure = first_failure(program, environment)
        if failure:
            return failure
    return None


def noticed(programs, name, arguments):
    """Both ways or, where that is enough, the one that is noticed first, by the fastest program."""
    factors = (arguments.factor, 1.0 / arguments.factor)
    if arguments.both:
        return [(factor, noticed_by(programs, name, factor)) for factor in factors]
    for program in programs:
        for factor in factors:
            failure = noticed_by([program], name, factor)
            if failure:
                return [(factor, failure)]
    return [(factor, None) for factor in factors]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--factor", type=float, default=10.0)
    parser.add_argument("--only", default="", help="constants whose name holds this")
    parser.add_argument("--both", action="store_true",
                        help="change it the other way, too, where the first way is noticed")
    parser.add_argument("--list", action="store_true", help="names them, and changes none")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    names = [n for n in copy_sources(folder) if arguments.only in n]
    if arguments.list:
        print("\n".join(names))
        return 0
    programs = build(folder)
    if noticed_by(programs, "", 1.0):
        sys.exit("the tests fail with every constant as it is")
    print("| constant | times | noticed by |\n|---|---|---|")
    unnoticed = []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        answers = pool.map(lambda name: noticed(programs, name, arguments), names)
        for count, (name, found) in enumerate(zip(names, answers), 1):
            for factor, answer in found:
                print(f"| {name} | {factor:g} | {answer or '-'} |", flush=True)
            if all(answer is None for _, answer in found):
                unnoticed.append(name)
            progress = f"{count} of {len(names)}, {len(unnoticed)} unnoticed"
            print(progress, file=sys.stderr, flush=True)
    print(f"\n{len(names)} constants, {len(unnoticed)} of which may change either way unnoticed")
    for name in unnoticed:
        print("  " + name)
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
