#!/usr/bin/env python3
"""Changes every constant of the checker, one at a time, and shows which test notices.

A copy of the sources is built once in which each constant is multiplied, when the program starts, by
a factor that the environment names; then the tests of the checker run once for each constant and
factor, until one fails. Prints a table and ends with the constants that nobody noticed.

usage: tests/pinned_constants.py BUILD_FOLDER [--factor F] [--only TEXT] [--jobs N]
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILES = ["gradcheck/judge/*.cpp", "gradcheck/judge/*.hpp", "gradcheck/numeric/*.cpp",
         "gradcheck/numeric/*.hpp", "gradcheck/modes/monitor.cpp", "gradcheck/modes/parts.cpp",
         "gradcheck/check.cpp", "gradcheck/modes/purity.cpp"]
# What is no choice: numbers of mathematics and of the machine, and sizes of batches.
GIVEN = {"infinity", "nan", "tiny", "any", "u", "roundoff", "unit_roundoff", "rounding_deviation",
         "outer_offset", "low_poison", "high_poison", "bent_by_four", "wanted", "most_probes",
         "corner_gain", "noise_gain", "jump_gain", "ratio2"}
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


def loosen(path, folder):
    """Makes the constants of a file depend on the environment; returns their names."""
    text = path.read_text()
    names = []

    def one(kind, name, value):
        if name in GIVEN or value.strip() in ("0.0", "1.0"):
            return f"{kind} double {name} = {value};"
        label = f"{path.relative_to(folder)}:{name}"
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
        include = '#include "gradcheck/pinned.hpp"\n'
        at = text.index("#include")
        path.write_text(text[:at] + include + text[at:])
    return names


def copy_sources(folder):
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True,
                             text=True).stdout.split("\n")
    for name in filter(None, tracked):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    (folder / "gradcheck/pinned.hpp").write_text(SUPPORT)
    names = []
    for pattern in FILES:
        for path in sorted(folder.glob(pattern)):
            names += loosen(path, folder)
    return names


def build(folder):
    tests = ["tests/gradcheck/test_gradcheck", "tests/gradcheck/test_verdict_families"]
    if not (folder / "build").exists():
        subprocess.run(["meson", "setup", "build", "-Dwerror=false"], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", "build", *tests], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL)
    return [folder / "build" / test for test in reversed(tests)]


def first_failure(program, environment):
    try:
        run = subprocess.run([program, "--log_level=error", "--color_output=no"], env=environment,
                             capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        return "does not end"
    if run.returncode == 0:
        return None
    found = re.search(r'in "([^"]+)"', run.stdout + run.stderr)
    return found[1] if found else f"ends with {run.returncode}"


def noticed_by(programs, name, factor):
    environment = dict(os.environ, DTHETA_CONSTANT=name, DTHETA_FACTOR=repr(factor))
    for program in programs:
        failure = first_failure(program, environment)
        if failure:
            return failure
    return None


def noticed(programs, name, arguments):
    """Both ways or, where that is enough, the one that is noticed first."""
    found = []
    for factor in (arguments.factor, 1.0 / arguments.factor):
        found.append((factor, noticed_by(programs, name, factor)))
        if found[-1][1] and not arguments.both:
            break
    return found


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
        for name, found in zip(names, answers):
            for factor, answer in found:
                print(f"| {name} | {factor:g} | {answer or '-'} |", flush=True)
            if all(answer is None for _, answer in found):
                unnoticed.append(name)
    print(f"\n{len(names)} constants, {len(unnoticed)} of which may change either way unnoticed")
    for name in unnoticed:
        print("  " + name)
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
