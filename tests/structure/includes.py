#!/usr/bin/env python3
"""Holds the direction of includes: a file includes what stands on its own floor or below, never
above. The floors of each part, from the ground up, are the table below: the whole of it.

usage: tests/structure/includes.py [ROOT]    prints what goes upwards, and fails if anything does
"""
import fnmatch
import pathlib
import re
import sys

# A line is a floor; its patterns are matched against paths without their ending, the first line
# that has a match in the order given being the file's floor.
FLOORS = """
autodiff/errors autodiff/source_location autodiff/shape autodiff/dtype
autodiff/kernels/simd/*
autodiff/kernels/* autodiff/record/* autodiff/plan/* autodiff/ops/* autodiff/*

nn/lifetime nn/names nn/parameter nn/init nn/fields nn/initialize nn/recording nn/layer nn/model_ref nn/model_cost nn/loss nn/cost nn/regularizer nn/layers/* nn/data/* nn/state nn/inspect/summary nn/inspect/multiply_adds
nn/train/* nn/optimizers/* nn/*

gradcheck/errors gradcheck/cause gradcheck/numeric/same_bits
gradcheck/parameter_vector gradcheck/probe gradcheck/difference gradcheck/shared/team gradcheck/shared/crew gradcheck/shared/shared_probes gradcheck/shared/letter
gradcheck/numeric/*
gradcheck/oracle gradcheck/result gradcheck/badness gradcheck/options gradcheck/gradient
gradcheck/diagnose/*
gradcheck/judge/*
gradcheck/check gradcheck/modes/check_cost gradcheck/check_in gradcheck/compare gradcheck/modes/compare gradcheck/sample gradcheck/modes/sample gradcheck/directions gradcheck/modes/directions gradcheck/parts gradcheck/modes/parts gradcheck/purity gradcheck/modes/purity gradcheck/taylor gradcheck/modes/taylor gradcheck/second_order gradcheck/modes/second_order gradcheck/monitor gradcheck/modes/monitor gradcheck/replay gradcheck/modes/replay gradcheck/modes/direction_check gradcheck/budget gradcheck/modes/budget gradcheck/modes/budgeted gradcheck/modes/conduct gradcheck/modes/draw gradcheck/modes/check_drawn gradcheck/modes/halving gradcheck/modes/known_corners gradcheck/modes/line_check gradcheck/modes/lines gradcheck/modes/part_result gradcheck/modes/theta_copies gradcheck/shared/shared
gradcheck/report gradcheck/report/*
gradcheck/jacobian gradcheck/trace gradcheck/complex gradcheck/modes/trace gradcheck/modes/complex gradcheck/manifold gradcheck/cost_function gradcheck/jacobian/* gradcheck/shrink gradcheck/modes/shrink
gradcheck/gradcheck gradcheck/frameworks/* gradcheck/eigen gradcheck/gtest gradcheck/catch2 gradcheck/doctest
gradcheck/bridge/*
gradcheck/cli/*
"""
INCLUDE = re.compile(r'^ *# *include "([^"]+)"', re.M)


def floor_of(path):
    stem = str(pathlib.PurePosixPath(path).with_suffix(""))
    for number, line in enumerate(FLOORS.strip().split("\n")):
        if any(fnmatch.fnmatchcase(stem, pattern) for pattern in line.split()):
            return number
    return None


def is_alone(path):
    """Whether a file is of the checker that is a library of its own."""
    return path.startswith("gradcheck/") and path.split("/")[1] not in ("bridge", "cli")


def upward_includes(root):
    for part in ("autodiff", "nn", "gradcheck"):
        for path in sorted((root / part).rglob("*.[hc]pp")):
            name = path.relative_to(root).as_posix()
            own = floor_of(name)
            if own is None:
                yield f"{name} stands on no floor"
                continue
            for included in INCLUDE.findall(path.read_text()):
                if is_alone(name) and not is_alone(included):
                    yield f"{name} includes {included}: the checker knows neither tapes nor networks"
                other = floor_of(included)
                if other is None and included.split("/")[0] in ("autodiff", "nn", "gradcheck"):
                    yield f"{name} includes {included}, which stands on no floor"
                elif other is not None and other > own:
                    yield f"{name} includes {included}, which stands above it"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    upwards = list(upward_includes(root))
    print("\n".join(upwards))
    print(f"{len(upwards)} includes go upwards")
    return 1 if upwards else 0


if __name__ == "__main__":
    sys.exit(main())
